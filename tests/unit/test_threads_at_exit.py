"""Threads that Python ends while they are in the middle of a call of ours.

CPython up to 3.13 ends daemon threads with `pthread_exit` as soon as they ask for the interpreter
while it is taken apart. The process must end as without them: with exit code 0, and with files
written that no such thread keeps alive.
"""

import subprocess
import sys
from pathlib import Path

import pytest

HEAD = """
import asyncio, sys, threading, time
from dekaf import Producer, SyncProducer
from dekaf.testing import Broker

broker = Broker().start()
servers = broker.bootstrap_servers
settings = {"exit_timeout_ms": 200}

def daemon(work, threads=2):
    def run():
        while True:
            try:
                work()
            except Exception:
                pass
    for _ in range(threads):
        threading.Thread(target=run, daemon=True).start()

def nap():
    for _ in range(100):
        time.sleep(0.0005)
"""

# A module of its own: what the globals of a daemon thread's functions reach is never closed.
KEEPER = """
import sys
kept = open(sys.argv[1], "w")
kept.write("kept")
"""

PROGRAMS = {
    "produce": """
producer = SyncProducer(servers, **settings)
daemon(lambda: producer.produce("t", b"v"), threads=8)
""",
    "send": """
producer = SyncProducer(servers, **settings)
daemon(lambda: producer.send("t", b"v"))
""",
    "submit": """
producer = SyncProducer(servers, **settings)
def submit():
    future = producer.submit("t", b"v")
    future.add_done_callback(lambda future: nap())
    future.result()
daemon(submit)
""",
    "serializer": """
def serialize(value):
    nap()
    return b"v"
producer = SyncProducer(servers, value_serializer=serialize, **settings)
daemon(lambda: producer.send("t", 1))
""",
    "partitioner": """
def choose(key, partitions):
    nap()
    return 0
producer = SyncProducer(servers, partitioner=choose, **settings)
producer.produce("t", b"v")
daemon(lambda: producer.send("t", b"v"))
""",
    "on_delivery on a loop": """
async def main():
    producer = Producer(servers, **settings)
    while True:
        producer.send("t", b"v", on_delivery=lambda *_: nap())
        await producer.produce("t", b"v")
daemon(lambda: asyncio.run(main()), threads=1)
""",
    "tasks that await": """
async def work(producer):
    while True:
        await producer.produce("t", b"v")
        sum(range(100))
async def main():
    producer = Producer(servers, **settings)
    await asyncio.gather(*(work(producer) for _ in range(10)))
daemon(lambda: asyncio.run(main()), threads=1)
""",
    "produce_all": """
producer = SyncProducer(servers, value_serializer="json", **settings)
daemon(lambda: producer.produce_all("t", [{"n": n} for n in range(5_000)]))
""",
    "iterator": """
def values():
    while True:
        nap()
        yield b"v"
producer = SyncProducer(servers, **settings)
daemon(lambda: list(producer.topic("t").stream(values())))
""",
    "headers": """
class Headers(list):
    def __iter__(self):
        nap()
        return iter([("name", b"v")])
producer = SyncProducer(servers, **settings)
daemon(lambda: producer.send("t", b"v", headers=Headers()))
""",
    "buffer": """
class Buffer:
    def __buffer__(self, flags):
        nap()
        return memoryview(b"v")
producer = SyncProducer(servers, **settings)
daemon(lambda: producer.send("t", Buffer() if sys.version_info >= (3, 12) else bytearray(b"v")))
""",
    "a full buffer": """
producer = SyncProducer(servers, buffer_memory=40_000, batch_size=1_000, **settings)
broker.faults.delay("produce", 0.02)
daemon(lambda: producer.send("t", b"v" * 900), threads=4)
""",
    "on_error": """
def failed(error):
    nap()
producer = SyncProducer(servers, on_error=failed, **settings)
broker.faults.fail("produce", "INVALID_RECORD", times=None)
daemon(lambda: producer.send("t", b"v"))
""",
    "a busy on_delivery that outlasts the exit": """
def told(metadata, error):
    while True:
        sum(range(100))
producer = SyncProducer(servers, **settings)
producer.send("t", b"v", on_delivery=told)
""",
    "an on_delivery that sleeps and outlasts the exit": """
def told(metadata, error):
    while True:
        nap()
producer = SyncProducer(servers, **settings)
producer.send("t", b"v", on_delivery=told)
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_process_ends_well(name: str, tmp_path: Path) -> None:
    (tmp_path / "keeper.py").write_text(KEEPER)
    program = tmp_path / "program.py"
    program.write_text(f"{HEAD}{PROGRAMS[name]}time.sleep(0.2)\nimport keeper\n")
    for attempt in range(3):
        kept = tmp_path / f"kept-{attempt}"
        command = [sys.executable, str(program), str(kept)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        assert kept.read_text() == "kept"
