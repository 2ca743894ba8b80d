"""What users of Kafka producers suffer from: memory that is never given back.

Each test is named after a pain, as it should be with dekaf.
"""

import asyncio
import gc
import threading
import tracemalloc
import weakref
from typing import Any

import pytest

from dekaf import (
    ProduceError,
    Producer,
    RecordMetadata,
    SyncProducer,
    UnclaimedFailures,
)
from dekaf.testing import Broker
from tests.unit.blocking import close

BOUND = 60.0  # seconds; against hanging, and far below what a lost deadline would take

# -- memory that is never given back --------------------------------------------------------


class Told:
    """A callback that can be watched."""

    def __call__(self, metadata: RecordMetadata | None, error: ProduceError | None) -> None:
        pass


def test_nothing_is_kept_of_what_is_settled(dekaf_broker: Broker) -> None:
    """Of sends that succeed, that fail, that nobody asks about, and of those given up."""
    watched: list[weakref.ref[Any]] = []

    async def some(producer: Producer, count: int) -> None:
        futures = [producer.produce("orders", b"v", headers={"n": b"1"}) for _ in range(count)]
        watched.extend(weakref.ref(future) for future in futures)
        for future in futures[::3]:
            future.cancel()
        dropped = producer.produce("orders", b"v")
        watched.append(weakref.ref(dropped))
        del dropped
        for _ in range(count):
            told = Told()
            watched.append(weakref.ref(told))
            producer.send("orders", b"v", key=b"k", on_delivery=told)
            producer.send("orders", b"v")
        del told, future
        await asyncio.gather(*futures, return_exceptions=True)
        try:
            await producer.flush()
        except UnclaimedFailures as unclaimed:
            assert unclaimed.count >= count  # noqa: PT017 - it is raised in every other round

    async def main() -> None:
        async with Producer(dekaf_broker.bootstrap_servers, batch_size=1_000) as producer:
            sizes = []
            tracemalloc.start()
            for n in range(10):
                if n % 2:
                    dekaf_broker.faults.fail("produce", "INVALID_RECORD", times=None)
                await some(producer, 1_000)
                dekaf_broker.faults.clear()
                await asyncio.sleep(0)
                gc.collect()
                assert not [None for ref in watched if ref() is not None]
                watched.clear()
                sizes.append(tracemalloc.get_traced_memory()[0])
            tracemalloc.stop()
            # The first rounds make what is made once: 18,000 messages are in the others.
            assert sizes[-1] - sizes[3] < 18_000, "not one byte of a message stays"

    asyncio.run(main())


def wait_for_callbacks(producer: SyncProducer) -> None:
    """Send one more: they come in order."""
    last = threading.Event()
    producer.send("orders", b"v", on_delivery=lambda _, __: last.set())
    assert last.wait(BOUND)


def test_nothing_is_kept_without_a_loop(dekaf_broker: Broker) -> None:
    watched: list[weakref.ref[Told]] = []
    producer = SyncProducer(dekaf_broker.bootstrap_servers, batch_size=1_000)
    for fails in (False, True):
        if fails:
            dekaf_broker.faults.fail("produce", "INVALID_RECORD", times=None)
        for _ in range(5_000):
            told = Told()
            watched.append(weakref.ref(told))
            producer.send("orders", b"v", on_delivery=told)
        del told
        wait_for_callbacks(producer)
    producer.close()
    gc.collect()
    assert not [None for ref in watched if ref() is not None]


@pytest.mark.parametrize("kind", [Producer, SyncProducer])
def test_nothing_is_kept_of_a_producer(dekaf_broker: Broker, kind: Any) -> None:
    """Whether it was closed, used and dropped, or never used; serializers may refer back to it."""

    class Serializer:
        producer: Any = None

        def __call__(self, value: bytes) -> bytes:
            return value

    watched: list[weakref.ref[Serializer]] = []
    for is_used, is_closed in ((False, False), (True, False), (True, True)):
        serializer = Serializer()
        watched.append(weakref.ref(serializer))
        producer = kind(dekaf_broker.bootstrap_servers, value_serializer=serializer)
        serializer.producer = producer
        if is_used:
            producer.send("orders", b"v")
        if is_closed:
            close(producer)
    del serializer, producer
    gc.collect()
    assert [ref() for ref in watched] == [None] * 3
