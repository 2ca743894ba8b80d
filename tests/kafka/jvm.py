"""The command line of one Java process of Kafka: which java, which flags, which class path."""

import functools
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.kafka.cache import CACHE, made_once
from tests.kafka.jars import MissingToolError, class_path
from tests.kafka.release import Release

# A short-lived broker: a small heap, one cheap collector, the quick compiler only.
# A benchmark wants its own: without TieredStopAtLevel, and with more heap.
JVM_FLAGS = (
    "-Xms64m",
    "-Xmx256m",
    "-Xss512k",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Djava.security.egd=file:/dev/urandom",
)
CLASS_DATA_IN_SILENCE = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off")

_OLDEST_JAVA = 17


def command(
    release: Release,
    main: str,
    *arguments: str,
    flags: Sequence[str] = JVM_FLAGS,
    log_level: str = "info",
) -> list[str]:
    """Compose what starts Kafka's class `main`; its log goes to stderr."""
    return [
        java()[0],
        *flags,
        *_logging(release, log_level),
        "-cp",
        os.pathsep.join(map(str, class_path(release))),
        main,
        *arguments,
    ]


@functools.cache
def java() -> tuple[str, str]:
    """Find the java of JAVA_HOME or PATH, and what it says of its version."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None)
    # macOS has a /usr/bin/java that only says where to get one: ask before believing.
    done = found and subprocess.run(
        [found, "-version"], capture_output=True, text=True, check=False
    )
    if not found or not done or done.returncode:
        raise MissingToolError(_java_needed("there is none in JAVA_HOME or PATH"))
    said = re.search(r'version "(\d+)', done.stderr)
    if said is None or int(said[1]) < _OLDEST_JAVA:
        raise MissingToolError(_java_needed(f"{found} is {done.stderr.partition(chr(10))[0]}"))
    return found, done.stderr


def _java_needed(instead: str) -> str:
    return (
        f"Java {_OLDEST_JAVA} is needed to run the integration tests: install it (Debian: apt "
        f"install openjdk-17-jre-headless, macOS: brew install openjdk@17); {instead}"
    )


def class_data(release: Release) -> Path:
    """Say where the class data archive of a release belongs: it fits one java and class path."""
    seen = [java()[1]]
    for jar in class_path(release):
        status = jar.stat()
        seen.append(f"{jar} {status.st_size} {status.st_mtime_ns}")
    key = hashlib.sha256("\n".join(seen).encode()).hexdigest()[:12]
    return CACHE / f"class-data-{release.version}-{key}.jsa"


def with_class_data(release: Release) -> tuple[str, ...]:
    """Return flags that skip most of class loading, if the archive has been made."""
    archive = class_data(release)
    if not archive.exists():
        return ()
    return (f"-XX:SharedArchiveFile={archive}", "-Xshare:auto", *CLASS_DATA_IN_SILENCE)


def _logging(release: Release, level: str) -> list[str]:
    if not release.brings_logging:
        return [
            f"-Dorg.slf4j.simpleLogger.defaultLogLevel={level}",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
        ]
    properties = made_once(
        CACHE / f"log4j-{level}.properties",
        lambda part: _write_log4j_properties(part, level),
    )
    return [f"-Dlog4j.configuration=file:{properties}"]


def _write_log4j_properties(path: Path, level: str) -> None:
    path.write_text(
        f"log4j.rootLogger={level.upper()}, out\n"
        "log4j.appender.out=org.apache.log4j.ConsoleAppender\n"
        "log4j.appender.out.target=System.err\n"
        "log4j.appender.out.layout=org.apache.log4j.PatternLayout\n"
        "log4j.appender.out.layout.ConversionPattern=%d{HH:mm:ss.SSS} %p %c: %m%n\n"
    )
