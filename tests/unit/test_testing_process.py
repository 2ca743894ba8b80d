"""The broker in the box: forks, and the interpreter's end."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dekaf import Producer
from dekaf.testing import Broker
from tests.unit.blocking import produce_all
from tests.unit.forks import in_child

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def values(broker: Broker) -> list[bytes | None]:
    return [record.value for record in broker.records("orders")]


@needs_fork
def test_a_child_cannot_use_its_parents(dekaf_broker: Broker) -> None:
    def work() -> None:
        for use in (dekaf_broker.start, lambda: dekaf_broker.topics, dekaf_broker.faults.clear):
            with pytest.raises(RuntimeError, match="in the parent process; a forked child starts"):
                use()
        dekaf_broker.close()
        with pytest.raises(RuntimeError, match="in the parent process; a forked child starts"):
            dekaf_broker.records("orders")

    assert in_child(work) == 0
    produce_all(dekaf_broker, {"value": "after"})
    assert values(dekaf_broker) == [b"after"]


@needs_fork
def test_a_child_may_produce_to_its_parents(dekaf_broker: Broker) -> None:
    assert in_child(lambda: produce_all(dekaf_broker, {"value": "child"})) == 0
    assert values(dekaf_broker) == [b"child"]


@needs_fork
def test_a_child_may_start_its_own(dekaf_broker: Broker) -> None:
    def work() -> None:
        with Broker() as own:
            produce_all(own, {"value": "child"})
            assert values(own) == [b"child"]

    produce_all(dekaf_broker, {"value": "parent"})
    assert in_child(work) == 0
    assert values(dekaf_broker) == [b"parent"]


@needs_fork
def test_a_child_may_start_what_was_not_started() -> None:
    broker = Broker()

    def work() -> None:
        with broker:
            produce_all(broker, {"value": "child"})

    assert in_child(work) == 0
    with broker:
        assert values(broker) == []


@needs_fork
def test_a_child_drops_its_copy_in_silence() -> None:
    broker: Broker | None = Broker().start()

    def work() -> None:
        nonlocal broker
        broker = None

    assert in_child(work) == 0
    assert broker is not None
    produce_all(broker, {"value": "after"})
    assert values(broker) == [b"after"]
    broker.close()


@needs_fork
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc to find sockets")
def test_a_child_has_none_of_its_parents_sockets(dekaf_broker: Broker) -> None:
    """Or the port would stay taken for as long as it lives."""

    def work() -> None:
        descriptors = [
            str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.exists()
        ]
        inodes = {text[8:-1] for text in descriptors if text.startswith("socket:")}
        table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        port = int(dekaf_broker.bootstrap_servers.rpartition(":")[2])
        own = [row for row in table if row[9] in inodes and row[1].endswith(f":{port:04X}")]
        assert own == []

    async def main() -> None:
        # Some connections, too.
        host, port = dekaf_broker.bootstrap_servers.split(":")
        connections = [await asyncio.open_connection(host, int(port)) for _ in range(5)]
        assert in_child(work) == 0
        for _, writer in connections:
            writer.close()
            await writer.wait_closed()

    asyncio.run(main())


@needs_fork
def test_forks_while_it_is_busy(dekaf_broker: Broker) -> None:
    """Whatever its thread holds at that moment, the child is free of it."""

    async def main() -> None:
        async with Producer(dekaf_broker.bootstrap_servers) as producer:
            for turn in range(20):
                futures = [producer.produce("orders", f"{turn}-{n}") for n in range(200)]

                def work() -> None:
                    dekaf_broker.close()
                    with Broker() as own:
                        assert own.topics == {}

                assert in_child(work) == 0
                await asyncio.gather(*futures)

    asyncio.run(main())
    expected = [f"{turn}-{n}".encode() for turn in range(20) for n in range(200)]
    assert values(dekaf_broker) == expected


def run(script: str) -> str:
    """Return what a program printed; it must end well, by itself, and say nothing else."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


ENDS = {
    "open": "broker = Broker().start()",
    "in use": "broker = Broker().start(); asyncio.run(produce(broker))",
    "in a cycle": "broker = Broker().start(); broker.itself = broker",
    "in a module": "broker = Broker().start(); sys.keep = broker; asyncio.keep = broker",
    "hanging": "broker = Broker().start(); asyncio.run(produce(broker)); broker.faults.pause()",
    "with a producer open": """
broker = Broker().start()
async def main():
    global producer
    producer = Producer(broker.bootstrap_servers)
    await producer.produce("orders", b"v")
asyncio.run(main())
""",
    "with messages on their way": """
broker = Broker().start()
broker.faults.delay("produce", 0.1)
async def main():
    global producer
    producer = Producer(broker.bootstrap_servers)
    for _ in range(100):
        producer.produce("orders", b"v")
asyncio.run(main())
""",
    "by sys.exit": "broker = Broker().start(); sys.exit(0)",
    "from a thread": """
import threading
thread = threading.Thread(target=lambda: sys.__dict__.update(keep=Broker().start()))
thread.start()
""",
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_the_interpreter_ends_while_it_is_open(end: str) -> None:
    script = f"""
import asyncio, sys
from dekaf import Producer
from dekaf.testing import Broker

async def produce(broker):
    async with Producer(broker.bootstrap_servers) as producer:
        await producer.produce("orders", b"v")

print("begin")
{end}
"""
    assert run(script) == "begin\n"


def test_the_interpreter_ends_before_its_with_block() -> None:
    script = """
from dekaf.testing import Broker
try:
    with Broker() as broker:
        raise SystemExit(0)
finally:
    print(broker)
"""
    assert run(script).endswith(", closed>\n")
