"""The interpreter's end: messages are waited for, and those that are lost are counted."""

import re
import subprocess
import sys

import pytest

from dekaf.testing import Broker
from tests.unit.peers import closed_port, peer
from tests.unit.programs import DROPS

PREAMBLE = """
import asyncio, sys
from dekaf import BrokerUnreachable, Producer, UnclaimedFailures
address = sys.argv[1]
"""


def run(script: str, address: str) -> tuple[str, str]:
    """Return what a program wrote to stdout and stderr; it must end well, and by itself."""
    command = [sys.executable, *DROPS, "-c", PREAMBLE + script, address]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout, done.stderr


@pytest.mark.parametrize("count", [1, 3])
def test_undelivered_messages_are_counted(count: int) -> None:
    script = f"""
async def main():
    producer = Producer(address, exit_timeout_ms=200)
    for _ in range({count}):
        producer.produce("orders", b"v")
asyncio.run(main())
print("end")
"""
    with peer(answer=None) as address:
        stdout, stderr = run(script, address)
    assert stdout == "end\n"
    counted = "1 message was" if count == 1 else f"{count} messages were"
    assert stderr.startswith(f"dekaf: {counted} not delivered before the interpreter ended")
    assert stderr.count("\n") == 1


def test_a_stream_that_refuses_hides_no_loss() -> None:
    script = """
from dekaf import SyncProducer
producer = SyncProducer(address, exit_timeout_ms=200)
producer.send("orders", b"v")
sys.stderr = open(sys.executable)
"""
    with peer(answer=None) as address:
        _, stderr = run(script, address)
    assert "dekaf: 1 message was not delivered before the interpreter ended" in stderr


def test_a_failure_that_was_told_is_no_loss() -> None:
    script = """
async def main():
    producer = Producer(address)
    future = producer.produce("orders", b"v")
    await producer.close(timeout=0)
    future.exception()
asyncio.run(main())
"""
    stdout, stderr = run(script, closed_port())
    assert stdout == ""
    # It may have been closed before it could tell that nobody is there.
    assert re.fullmatch(r"(the cluster cannot be reached: .*\n)?", stderr)


def test_a_producer_that_was_never_used() -> None:
    assert run("producer = Producer(address)", closed_port()) == ("", "")


def test_a_loop_that_closed_before_the_result_came() -> None:
    script = """
async def main():
    producer = Producer(address, metadata_timeout_ms=300)
    producer.produce("orders", b"v")
    return producer

producer = asyncio.run(main())

async def again():
    # The first message fails beside these; its loop is gone, and so nobody could claim it.
    for _ in range(2):
        try:
            await producer.produce("orders", b"v")
        except BrokerUnreachable:
            print("unreachable")
    try:
        await producer.close()
    except UnclaimedFailures as unclaimed:
        print(unclaimed.count)

asyncio.run(again())
"""
    stdout, stderr = run(script, closed_port())
    assert stdout == "unreachable\nunreachable\n1\n"
    first, second = stderr.splitlines()
    assert first.startswith("the cluster cannot be reached: ")
    assert second.startswith("a message failed that nobody waits for")


def test_threads_do_not_outlive_the_interpreter_badly() -> None:
    """Exit while the core is busy, many times: it never attaches, so nothing can abort."""
    script = """
import logging
logging.getLogger("dekaf").addHandler(logging.NullHandler())
async def main():
    producer = Producer(address, exit_timeout_ms=20, metadata_timeout_ms=50, retry_backoff_ms=1)
    for _ in range(500):
        producer.produce("orders", b"v")
asyncio.run(main())
"""
    for _ in range(5):
        stdout, stderr = run(script, closed_port())
        assert stdout == ""
        # Some may have failed in time, and were not lost then.
        assert re.fullmatch(r"(dekaf: \d+ messages? w.* not delivered before .*\n)?", stderr)


@pytest.mark.parametrize("library", ["CDLL", "PyDLL"])
def test_an_end_by_cs_exit_loses_nothing(dekaf_broker: Broker, library: str) -> None:
    """Servers that embed Python may end so, with the interpreter or without it."""
    script = f"""
import ctypes
from dekaf import SyncProducer
producers = [SyncProducer(address, linger_ms=60_000) for _ in range(2)]
for producer in producers:
    producer.send("orders", b"v")
ctypes.{library}(None).exit(0)
"""
    assert run(script, dekaf_broker.bootstrap_servers) == ("", "")
    assert len(dekaf_broker.records("orders")) == 2


@pytest.mark.parametrize("cause", ["nobody is there", "no such partition"])
def test_what_an_end_by_cs_exit_loses_is_counted(dekaf_broker: Broker, cause: str) -> None:
    script = f"""
import ctypes
from dekaf import SyncProducer
producer = SyncProducer(address, linger_ms=60_000, exit_timeout_ms=200)
producer.send("orders", b"v", partition={99 if cause == "no such partition" else 0})
ctypes.PyDLL(None).exit(0)
"""
    known = cause == "no such partition"
    _, stderr = run(script, dekaf_broker.bootstrap_servers if known else closed_port())
    assert "dekaf: 1 message was not delivered before the process called exit(): " in stderr
    assert ("99" if known else "Connection refused") in stderr
