"""What a start rests on: jars, things made once, ports that are one's own, the command line."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.kafka import ports
from tests.kafka.cache import made_once

_ONCE_FROM_MANY = 8


def test_a_missing_maven_is_one_clear_line(tmp_path: Path) -> None:
    done = _run("-m", "tests.kafka.prepare", "4.3.1", DEKAF_KAFKA_LIBS=str(tmp_path), PATH="")
    assert done.returncode == 1
    assert done.stderr.startswith("Maven is needed to fetch Kafka's jars")
    assert done.stderr.count("\n") == 1


def test_a_missing_java_is_one_clear_line(tmp_path: Path) -> None:
    done = _run("-m", "tests.kafka.prepare", "4.3.1", JAVA_HOME=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("Java 17 is needed to run the integration tests: install it")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("said", ['openjdk version "11.0.2"', 'java version "1.8.0_402"'])
def test_an_old_java_is_one_clear_line(tmp_path: Path, said: str) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
    java.chmod(0o755)
    done = _run("-m", "tests.kafka", JAVA_HOME=str(tmp_path))
    assert done.returncode == 1
    assert "Java 17 is needed" in done.stderr
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_many_ask_and_one_makes(tmp_path: Path) -> None:
    made: list[Path] = []
    together = threading.Barrier(_ONCE_FROM_MANY)

    def make(path: Path) -> None:
        made.append(path)
        path.write_text("whole")

    def ask() -> None:
        together.wait()
        assert made_once(tmp_path / "thing", make).read_text() == "whole"

    threads = [threading.Thread(target=ask) for _ in range(_ONCE_FROM_MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_what_failed_half_way_is_made_anew(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.mkdir()
        (path / "half").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        made_once(tmp_path / "thing", fail)
    assert not (tmp_path / "thing").exists()
    assert made_once(tmp_path / "thing", lambda path: path.mkdir()).is_dir()


def test_a_reserved_port_is_nobody_elses() -> None:
    reserved = [ports.reserve() for _ in range(50)]
    try:
        assert len(set(reserved)) == 50
        script = (
            "import sys\n"
            "from tests.kafka import ports\n"
            "sys.exit(any(ports._lock(int(port)) for port in sys.argv[1:]))\n"
        )
        assert _run("-c", script, *map(str, reserved)).returncode == 0
    finally:
        for port in reserved:
            ports.release(port)


def test_a_port_in_use_is_not_reserved(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        monkeypatch.setattr(ports, "_FIRST", taken.getsockname()[1])
        monkeypatch.setattr(ports, "_LAST", taken.getsockname()[1] + 1)
        with pytest.raises(RuntimeError, match="no free port"):
            ports.reserve()


def test_a_person_can_start_a_cluster_and_end_it(kafka_version: str) -> None:
    command = [sys.executable, "-m", "tests.kafka", "--version", kafka_version]
    command += ["--listeners", "PLAINTEXT,SASL_SSL"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as cluster:
        assert cluster.stdout is not None
        said = ""
        for line in cluster.stdout:
            said += line
            if line.startswith("data in "):
                break
        data = Path(line.removeprefix("data in ").partition(";")[0])
        assert "SASL_SSL: 127.0.0.1:" in said
        assert "alice / alice-secret" in said
        assert data.is_dir()
        cluster.send_signal(signal.SIGINT)
    assert cluster.returncode == 0
    assert not data.exists()


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
