"""The jars of a Kafka release, from Maven Central.

They lie in target/kafka/<version>, or in <version> under $DEKAF_KAFKA_LIBS, and are
fetched where they are missing.
"""

import os
import shutil
import subprocess
from pathlib import Path

from tests.kafka.cache import CACHE, made_once
from tests.kafka.release import Release

LIBRARY = Path(os.environ.get("DEKAF_KAFKA_LIBS", CACHE))

_POMS = Path(__file__).parent / "maven"


class MissingToolError(RuntimeError):
    """Something that a person has to install before a broker can start."""


def class_path(release: Release) -> tuple[Path, ...]:
    """List the jars that a broker and its tools run from."""
    found = _jars(release.version, release.pom, f"-Dkafka.version={release.version}")
    if not release.brings_logging:
        found += _jars("slf4j-simple-1.7.36", "pom-logging.xml", "-DexcludeArtifactIds=slf4j-api")
    return found


def _jars(name: str, pom: str, *options: str) -> tuple[Path, ...]:
    directory = made_once(LIBRARY / name, lambda part: _fetch(part, pom, *options))
    jars = tuple(sorted(directory.glob("*.jar")))
    if not jars:
        raise FileNotFoundError(f"{directory} holds no jars: remove it, so that they are fetched")
    return jars


def _fetch(directory: Path, pom: str, *options: str) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingToolError(
            "Maven is needed to fetch Kafka's jars for the integration tests: install it "
            "(Debian: apt install maven, macOS: brew install maven), so that mvn is in PATH"
        )
    # A jar that does not match its checksum is an error, not a warning.
    command = [maven, "-q", "-B", "--strict-checksums", "-f", str(_POMS / pom)]
    command += ["dependency:copy-dependencies", f"-DoutputDirectory={directory}", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        raise RuntimeError("Maven could not fetch Kafka's jars:\n" + "\n".join(errors[:5]))
