"""Forks: the child makes a core of its own, the parent's is left alone."""

import asyncio
import contextlib
import os
import warnings
from pathlib import Path
from typing import Any

import pytest

from dekaf import BrokerUnreachable, Producer, ProducerClosed
from dekaf.testing import Broker
from tests.kafka import wait_until
from tests.unit.forks import in_child
from tests.unit.peers import closed_port, peer

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


PROC = Path("/proc/self/fd")


def sockets_to(address: str) -> set[str]:
    """Find this process's TCP sockets that are connected to an address, by their inodes."""
    port = int(address.rpartition(":")[2])
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {f"socket:[{row[9]}]" for row in table if row[2].endswith(f":{port:04X}")}
    found: set[str] = set()
    for descriptor in PROC.iterdir():
        # The one that lists the others is gone by now.
        with contextlib.suppress(FileNotFoundError):
            found.add(str(descriptor.readlink()))
    return found & inodes


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
