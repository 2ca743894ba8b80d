"""Processes that others make: greenlets for threads, workers that end in a way of their own."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dekaf.testing import Broker

PATIENCE = 60.0
PATCHES = {
    "gevent": "from gevent import monkey; monkey.patch_all()",
    "eventlet": "import eventlet; eventlet.monkey_patch()",
}
GREENLETS = """
import os, sys, threading, time
servers = sys.argv[1]
told = []
with SyncProducer(servers) as producer:
    producer.produce("orders", b"first")
    producer.send("orders", b"second", on_delivery=lambda metadata, error: told.append(metadata))
    producer.flush()
    assert [metadata.offset for metadata in told] == [1], told

    def work():
        for n in range(20):
            producer.produce("orders", b"%d" % n)
            time.sleep(0)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    producer.send("orders", b"last", on_delivery=lambda *_: time.sleep(0.01))
"""


@pytest.mark.parametrize("library", PATCHES)
@pytest.mark.parametrize("first", ["patched", "imported"])
def test_greenlets(dekaf_broker: Broker, library: str, first: str) -> None:
    """However early threads become greenlets, nothing hangs and everything is delivered."""
    lines = [PATCHES[library], "from dekaf import SyncProducer"]
    program = "\n".join(lines if first == "patched" else reversed(lines)) + GREENLETS
    command = [sys.executable, "-c", program, dekaf_broker.bootstrap_servers]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert len(dekaf_broker.records("orders")) == 103


CELERY = """
import os
from celery import Celery
from dekaf import SyncProducer

app = Celery("tasks", broker="filesystem://")
folder = os.environ["FOLDER"]
app.conf.broker_transport_options = {
    "data_folder_in": folder, "data_folder_out": folder, "control_folder": folder + "-control",
}
app.conf.task_ignore_result = True
# Nothing leaves before the worker ends.
producer = SyncProducer(os.environ["SERVERS"], linger_ms=60_000, delivery_timeout_ms=120_000)

@app.task
def publish(n):
    producer.send("orders", str(n))
"""


@pytest.mark.parametrize(
    "options",
    [["-P", "prefork"], ["-P", "prefork", "--max-tasks-per-child", "4"], ["-P", "solo"]],
    ids=["prefork", "recycled", "solo"],
)
def test_celery(dekaf_broker: Broker, tmp_path: Path, options: list[str]) -> None:
    """A warm stop, and a worker that has done its share, lose nothing."""
    count = 10
    (tmp_path / "tasks.py").write_text(CELERY)
    folder = tmp_path / "queue"
    folder.mkdir()
    environment = os.environ | {
        "SERVERS": dekaf_broker.bootstrap_servers,
        "FOLDER": str(folder),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
    }
    order = f"import tasks\nfor n in range({count}): tasks.publish.delay(n)"
    subprocess.run([sys.executable, "-c", order], env=environment, check=True, timeout=PATIENCE)
    log = tmp_path / "worker.log"
    with log.open("w") as output:
        command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-c", "2", *options]
        worker = subprocess.Popen(
            [*command, "-l", "INFO"], env=environment, stdout=output, stderr=output
        )
        try:
            until = time.monotonic() + PATIENCE
            while len(re.findall("succeeded in", log.read_text())) < count:
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.05)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(PATIENCE) == 0, log.read_text()
        finally:
            worker.kill()
    stored = {record.value for record in dekaf_broker.records("orders")}
    assert stored == {str(n).encode() for n in range(count)}


def test_a_subinterpreter_is_refused(dekaf_broker: Broker) -> None:
    """The main interpreter goes on as if nothing had been."""
    program = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
from dekaf import SyncProducer

modern = sys.version_info >= (3, 13)
other = interpreters.create("legacy") if modern else interpreters.create(isolated=False)
interpreters.run_string(other, '''
try:
    import dekaf
except ImportError as error:
    print(error, flush=True)
''')
interpreters.destroy(other)
with SyncProducer(sys.argv[1]) as producer:
    producer.produce("orders", b"v")
"""
    command = [sys.executable, "-c", program, dekaf_broker.bootstrap_servers]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert "main interpreter" in done.stdout
    assert "WSGIApplicationGroup %{GLOBAL}" in done.stdout
    assert len(dekaf_broker.records("orders")) == 1


CHILD = """
import multiprocessing, os, sys
from dekaf import SyncProducer

if __name__ != "__main__":
    producer = SyncProducer(os.environ["SERVERS"], linger_ms=60_000, delivery_timeout_ms=120_000)
    producer.send("orders", b"import")

def work():
    producer.send("orders", b"work")

if __name__ == "__main__":
    child = multiprocessing.get_context(sys.argv[1]).Process(target=work)
    child.start()
    child.join()
    sys.exit(child.exitcode)
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_producer_used_while_a_child_imports_main(
    dekaf_broker: Broker, tmp_path: Path, method: str
) -> None:
    """The child discards the finalizers that were registered during the import."""
    program = tmp_path / "child.py"
    program.write_text(CHILD)
    environment = os.environ | {
        "SERVERS": dekaf_broker.bootstrap_servers,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, str(program), method],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert [record.value for record in dekaf_broker.records("orders")] == [b"import", b"work"]
