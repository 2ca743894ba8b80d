"""Forks: the child makes a core of its own, the parent's is left alone."""

import asyncio
import contextlib
import os
import warnings
from typing import Any

import pytest

from dekaf import BrokerUnreachable, Producer, ProducerClosed
from dekaf.testing import Broker
from tests.kafka import wait_until
from tests.unit.forks import PROC, in_child, sockets_to
from tests.unit.peers import closed_port, peer
from tests.unit.programs import run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


async def fails(producer: Producer) -> None:
    with pytest.raises(BrokerUnreachable):
        await producer.produce("orders", b"v")


def test_child_uses_the_parents_producer() -> None:
    producer = Producer(closed_port(), metadata_timeout_ms=300)
    asyncio.run(fails(producer))
    assert in_child(lambda: asyncio.run(fails(producer))) == 0
    asyncio.run(fails(producer))
    asyncio.run(producer.close())


def test_child_closes_what_it_inherited() -> None:
    producer = Producer(closed_port(), metadata_timeout_ms=300)
    asyncio.run(fails(producer))

    def work() -> None:
        asyncio.run(producer.close())
        # Dropping it must not touch the parent's core either.
        globals().pop("producer", None)

    assert in_child(work) == 0
    asyncio.run(fails(producer))
    asyncio.run(producer.close())


def test_fork_while_messages_wait() -> None:
    """The parent's futures stay the parent's, and end there."""

    async def main() -> None:
        producer = Producer(closed_port(), metadata_timeout_ms=300)
        futures = [producer.produce("orders", b"v") for _ in range(100)]
        assert in_child(lambda: None) == 0
        failures = await asyncio.gather(*futures, return_exceptions=True)
        assert {type(failure) for failure in failures} == {BrokerUnreachable}
        await producer.close()

    asyncio.run(main())


def test_child_goes_on_with_a_turn_of_its_parents(dekaf_broker: Broker) -> None:
    """What the loop was asked to do for the parent's messages, it does for nobody in the child."""

    async def turn(producer: Producer[Any, Any]) -> None:
        futures = [producer.produce("orders", b"v") for _ in range(100)]
        child = os.fork()
        if child == 0:
            try:
                for _ in range(3):
                    await asyncio.sleep(0)
            finally:
                os._exit(0)
        await asyncio.gather(*futures)
        children.append(child)

    async def main() -> None:
        async with Producer(dekaf_broker.bootstrap_servers) as producer:
            await producer.produce("orders", b"first")
            for _ in range(20):
                await turn(producer)

    children: list[int] = []

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        asyncio.run(main())
    wait_until(lambda: all(map(has_ended, children)), what="the children have ended")


def has_ended(child: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(child, os.WNOHANG) != (0, 0)
    return True  # it was seen before


def test_child_produces_on_its_parents_loop(dekaf_broker: Broker) -> None:
    """The loop's port is the parent's; the child makes another one."""
    producer = Producer(dekaf_broker.bootstrap_servers)

    async def produce(value: str) -> None:
        async with asyncio.timeout(20):
            await producer.produce("orders", value)

    with asyncio.Runner() as runner:
        runner.run(produce("before"))
        assert in_child(lambda: runner.run(produce("child"))) == 0
        runner.run(produce("after"))
        runner.run(producer.close())
    values = [(record.value or b"").decode() for record in dekaf_broker.records("orders")]
    assert values == ["before", "child", "after"]


@pytest.mark.skipif(not PROC.exists(), reason="needs /proc to find sockets")
def test_child_has_none_of_the_parents_sockets() -> None:
    async def main(address: str) -> None:
        producer = Producer(address)
        future = producer.produce("orders", b"v")
        # Connected, and waiting for an answer that does not come.
        while not sockets_to(address):  # noqa: ASYNC110 - the kernel sets no event
            await asyncio.sleep(0.001)

        def work() -> None:
            assert sockets_to(address) == set()

        assert in_child(work) == 0
        assert sockets_to(address)
        await producer.close(timeout=0)
        with pytest.raises(ProducerClosed):
            await future
        assert sockets_to(address) == set()

    with peer(answer=None) as address:
        asyncio.run(main(address))


HOOKS = """
# threading marks all threads of a child as stopped, in a hook of its own that must come first.
import os, sys, threading, warnings

warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads

def deliver(value):
    producer.send("orders", value)
    producer.flush(timeout=20)

# Before dekaf is imported: of such hooks, those before a fork run last, the others first.
os.register_at_fork(
    before=lambda: deliver("before the fork"),
    after_in_parent=lambda: deliver("after it, in the parent"),
    after_in_child=lambda: deliver("after it, in the child"),
)

from dekaf import SyncProducer

# A child that waits for the parent's core at its exit is killed before that ends.
producer = SyncProducer(sys.argv[1], linger_ms=20_000, exit_timeout_ms=120_000)
if sys.argv[2] == "connected":
    producer.produce("orders", "first")
producer.send("orders", "not sent yet")
child = os.fork()
if child == 0:
    # Delivered by the end of the interpreter: it knows the core that the hook started.
    producer.send("orders", "at the child's exit")
else:
    print("the child ended with", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    producer.produce("orders", "parent")
    producer.close()
"""


@pytest.mark.parametrize("state", ["connected", "not connected"])
def test_hooks_that_were_registered_first_may_deliver(dekaf_broker: Broker, state: str) -> None:
    output = run(HOOKS, dekaf_broker.bootstrap_servers, state)
    assert output == ("the child ended with 0\n", "")
    values = sorted((record.value or b"").decode() for record in dekaf_broker.records("orders"))
    expected = [
        *(["first"] if state == "connected" else []),
        "not sent yet",
        "before the fork",
        "after it, in the parent",
        "after it, in the child",
        "at the child's exit",
        "parent",
    ]
    assert values == sorted(expected)


FORK_IN_C = """
import asyncio, signal, sys
from dekaf import Producer
from tests.unit.forks import PROC, fork_in_c, in_child, sockets_to

address = sys.argv[1]
producer = Producer(address)

async def produce(value):
    await producer.produce("orders", value)

def work():
    signal.alarm(20)  # a child that hangs must end
    assert not PROC.exists() or not sockets_to(address)
    asyncio.run(produce("child"))
    asyncio.run(producer.close())

asyncio.run(produce("before"))
assert not PROC.exists() or sockets_to(address)
print(in_child(work, fork=fork_in_c))
asyncio.run(produce("after"))
asyncio.run(producer.close())
"""


def test_a_fork_without_pythons_hooks(dekaf_broker: Broker) -> None:
    """A program of its own: a thread that waits for the interpreter would hang such a child."""
    assert run(FORK_IN_C, dekaf_broker.bootstrap_servers) == ("0\n", "")
    values = sorted((record.value or b"").decode() for record in dekaf_broker.records("orders"))
    assert values == ["after", "before", "child"]
