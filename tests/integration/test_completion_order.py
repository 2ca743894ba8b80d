"""Whoever waits for the records of a partition hears of them in their order, by every way."""

import asyncio
from typing import Any

import pytest

from dekaf import ProduceError, Producer, RecordMetadata, SyncProducer
from tests.kafka import Cluster, TopicFactory

COUNT = 20_000
SETTINGS: dict[str, Any] = {"batch_size": 4_000, "linger_ms": 0}

compressed = pytest.mark.parametrize("codec", ["none", "gzip"])


class Told:
    """Offsets in the order in which somebody was told of them, by partition."""

    def __init__(self) -> None:
        self.offsets: dict[int, list[int]] = {}

    def __call__(self, metadata: RecordMetadata | None, error: ProduceError | None) -> None:
        assert metadata is not None, error
        self.offsets.setdefault(metadata.partition, []).append(metadata.offset)

    def check(self) -> None:
        assert sum(map(len, self.offsets.values())) == COUNT
        for offsets in self.offsets.values():
            assert offsets == list(range(len(offsets)))


@compressed
@pytest.mark.asyncio
async def test_futures(kafka: Cluster, topic: TopicFactory, codec: Any) -> None:
    name, told = topic(kafka, partitions=3), Told()

    def done(future: asyncio.Future[RecordMetadata]) -> None:
        told(future.result(), None)

    async with Producer(kafka.bootstrap(), compression=codec, **SETTINGS) as producer:
        for n in range(COUNT):
            producer.produce(name, b"%d" % n + b"v" * 80).add_done_callback(done)
            if n % 100 == 0:
                await asyncio.sleep(0)
        await producer.flush()
    told.check()


@compressed
@pytest.mark.asyncio
async def test_callbacks_on_a_loop(kafka: Cluster, topic: TopicFactory, codec: Any) -> None:
    name, told = topic(kafka, partitions=3), Told()
    async with Producer(kafka.bootstrap(), compression=codec, **SETTINGS) as producer:
        for n in range(COUNT):
            producer.send(name, b"%d" % n + b"v" * 80, on_delivery=told)
            if n % 100 == 0:
                await asyncio.sleep(0)
    told.check()


@compressed
def test_callbacks_without_a_loop(kafka: Cluster, topic: TopicFactory, codec: Any) -> None:
    name, told = topic(kafka, partitions=3), Told()
    with SyncProducer(kafka.bootstrap(), compression=codec, **SETTINGS) as producer:
        for n in range(COUNT):
            producer.send(name, b"%d" % n + b"v" * 80, on_delivery=told)
    told.check()
