"""After `close` nothing of a producer is left: no descriptor, no thread, no byte of its buffer."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from dekaf import InvalidRecord, Producer
from tests.integration.counters import Counters
from tests.kafka import Cluster, FaultProxy, TopicFactory, wait_until

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform != "linux", reason="descriptors and threads are read in /proc"),
]

OWN = Path("/proc/self")


def descriptors() -> dict[str, str]:
    """Return what each descriptor leads to."""
    found = {}
    for entry in (OWN / "fd").iterdir():
        try:
            found[entry.name] = str(entry.readlink())
        except FileNotFoundError:  # the one that listed them
            continue
    return found


def threads() -> list[str]:
    """Return the names of the core's threads."""
    names = []
    for task in (OWN / "task").iterdir():
        try:
            names.append((task / "comm").read_text().strip())
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
    return [name for name in names if name == "dekaf"]


def no_threads_are_left() -> None:
    """Wait for the core's thread: its last word is said a moment before its end."""
    wait_until(lambda: not threads(), what="the core's thread ends", timeout=10)


async def use(kafka: Cluster, topic: str) -> None:
    async with Producer(kafka.bootstrap()) as producer:
        counters = Counters(producer, topic)
        await counters.hand_over(1_000)


async def test_descriptors_and_threads(kafka3: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka3, partitions=6)
    await use(kafka3, name)  # what belongs to the loop is made once, and stays
    before = descriptors()
    no_threads_are_left()
    async with Producer(kafka3.bootstrap()) as producer:
        counters = Counters(producer, name)
        await counters.hand_over(1_000)
        await counters.until_settled()
        assert threads() == ["dekaf"]
        sockets = [goal for goal in descriptors().values() if goal.startswith("socket")]
        assert len(sockets) > len([goal for goal in before.values() if goal.startswith("socket")])
    no_threads_are_left()
    assert descriptors() == before


async def test_after_faults(kafka: Cluster, topic: TopicFactory) -> None:
    """Connections that broke, hung or were refused leave nothing behind either."""
    name = topic(kafka)
    await use(kafka, name)
    before = descriptors()
    with FaultProxy(kafka.routes("PROXIED")) as proxy:
        short: dict[str, Any] = {"request_timeout_ms": 300, "metadata_timeout_ms": 1_000}
        async with Producer(kafka.bootstrap("PROXIED"), **short) as producer:
            counters = Counters(producer, name)
            for fault in (proxy.cut, proxy.hold, proxy.refuse, proxy.close_ports, proxy.cut):
                await counters.hand_over(100)
                fault()
                await counters.hand_over(100)
                await asyncio.sleep(0.5)  # for it to try again, and again in vain
                proxy.heal()
            await counters.until_settled()
        assert not counters.failed, str(counters)
    no_threads_are_left()
    assert descriptors() == before


async def test_closed_while_nobody_answers(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka)
    await use(kafka, name)
    before = descriptors()
    with FaultProxy(kafka.routes("PROXIED")) as proxy:
        producer = Producer(kafka.bootstrap("PROXIED"))
        counters = Counters(producer, name)
        await counters.hand_over(100)
        await counters.until_settled()
        proxy.hold()
        await counters.hand_over(100)
        await producer.close(timeout=0.2)
        assert not counters.open, str(counters)
        assert len(counters.failed) == 100, str(counters)
    no_threads_are_left()
    assert descriptors() == before


async def test_the_buffer_is_empty_again(
    kafka: Cluster, proxy: FaultProxy, topic: TopicFactory
) -> None:
    """A record that takes the whole buffer is sent only when not one byte of it is in use.

    Requests time out with the records in them, so that batches are given up in flight, too.
    """
    name = topic(kafka)
    memory = 20_000
    short: dict[str, Any] = {
        "buffer_memory": memory,
        "linger_ms": 0,
        "delivery_timeout_ms": 3_000,
        "request_timeout_ms": 3_000,
    }
    async with Producer(kafka.bootstrap("PROXIED"), **short) as producer:
        counters = Counters(producer, name)
        await counters.hand_over(2_000)
        proxy.cut_after("down", 5)
        await counters.hand_over(2_000)
        await counters.until_settled()
        assert not counters.failed, str(counters)
        proxy.hold("down")
        await counters.hand_over(2_000)
        await counters.until_settled()
        assert len(counters.failed) == 2_000, str(counters)
        assert counters.failed[0].maybe_written, repr(counters.failed[0])
        proxy.heal()
        await produce_the_largest(producer, name, memory)


async def produce_the_largest(producer: Producer, topic: str, memory: int) -> None:
    """Try ever smaller records; the first that is not refused takes the buffer to its last byte."""
    for size in range(memory, 0, -1):
        try:
            await producer.produce(topic, b"x" * size)
        except InvalidRecord as error:
            assert "buffer_memory" in str(error)  # noqa: PT017 - of each that is refused
        else:
            return
