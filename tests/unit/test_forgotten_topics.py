"""A topic that nothing is produced to for long is forgotten, and comes back as if never gone."""

import asyncio
import gc
import weakref
from typing import Any

import pytest

from dekaf import Message, Producer, RecordMetadata, SyncProducer
from dekaf.testing import Broker
from tests.kafka.waiting import wait_until


def until_forgotten(producer: Producer | SyncProducer) -> None:
    wait_until(lambda: not producer.metrics().topics, what="all topics are forgotten")


@pytest.mark.asyncio
async def test_each_way_in_survives_it(dekaf_broker: Broker) -> None:
    offsets: list[int] = []

    def told(metadata: RecordMetadata | None, error: object) -> None:
        assert metadata is not None, error
        offsets.append(metadata.offset)

    async with Producer(dekaf_broker.bootstrap_servers, metadata_max_idle_ms=1_000) as producer:
        orders = producer.topic("orders")

        @producer.publisher("orders")
        async def publish(value: str) -> str:
            return value

        for again in range(3):
            offsets.append((await producer.produce("orders", f"{again} by name")).offset)
            offsets.append((await orders.produce(f"{again} bound")).offset)
            producer.send("orders", f"{again} sent", on_delivery=told)
            await producer.flush()
            results = await orders.produce_all([f"{again} of two", f"{again} of both"])
            offsets += [metadata.offset for metadata in results]
            (metadata,) = await producer.publish_batch(
                f"{again} whole", topic="orders", atomic=True
            )
            offsets.append(metadata.offset)
            assert await publish(f"{again} published") == f"{again} published"
            assert len(await producer.partitions("orders")) == 1

            metrics = producer.metrics()
            (topic,) = metrics.topics
            assert topic.records.acknowledged == 7
            assert metrics.records.acknowledged == 7 * (again + 1)
            await asyncio.to_thread(until_forgotten, producer)
            # Totals still count the records of topics that are forgotten.
            assert producer.metrics().records == metrics.records
        before = producer.metrics().records
    assert producer.metrics().records == before
    # The publisher's offsets, 6, 13 and 20, are not returned.
    assert offsets == [offset for offset in range(21) if offset % 7 != 6]
    stored = [record.value for record in dekaf_broker.records("orders")]
    ways = [b"by name", b"bound", b"sent", b"of two", b"of both", b"whole", b"published"]
    assert [(value or b"").strip(b'"').partition(b" ")[2] for value in stored] == ways * 3


def test_a_blocking_producer_survives_it(dekaf_broker: Broker) -> None:
    with SyncProducer(dekaf_broker.bootstrap_servers, metadata_max_idle_ms=1_000) as producer:
        orders = producer.topic("orders")
        for offset in range(0, 6, 2):
            assert producer.produce("orders", b"v").offset == offset
            assert orders.produce(b"v").offset == offset + 1
            until_forgotten(producer)
            assert producer.metrics().records.acknowledged == offset + 2


@pytest.mark.asyncio
async def test_a_partitioner_is_asked_again(dekaf_broker: Broker) -> None:
    dekaf_broker.create_topic("orders", partitions=4)
    asked: list[int] = []

    def last(_key: bytes | None, partitions: int) -> int:
        asked.append(partitions)
        return partitions - 1

    async with Producer(
        dekaf_broker.bootstrap_servers, metadata_max_idle_ms=1_000, partitioner=last
    ) as producer:
        for offset in range(2):
            metadata = await producer.produce("orders", b"v", key=b"k")
            assert (metadata.partition, metadata.offset) == (3, offset)
            await asyncio.to_thread(until_forgotten, producer)
    assert asked == [4, 4]


class Name(str):
    """The name of a topic, which can be watched."""

    __slots__ = ("__weakref__",)


@pytest.mark.asyncio
async def test_no_cache_grows_with_the_names(dekaf_broker: Broker) -> None:
    """Nothing keeps names, bound topics, publishers or callbacks of topics that were used."""
    watched: list[weakref.ref[Any]] = []

    async def use(producer: Producer, name: Name) -> None:
        bound = producer.topic(name)
        publisher = producer.publisher(name)

        def told(metadata: RecordMetadata | None, error: object) -> None:
            assert metadata is not None, error

        @publisher
        async def publish() -> str:
            return "v"

        watched.extend(map(weakref.ref, (name, bound, publisher, publish, told)))
        await producer.produce(name, b"v")
        await producer.produce(Message(topic=name, value=b"v"))
        await bound.produce(b"v")
        await publish()
        producer.send(name, b"v", on_delivery=told)
        bound.send(b"v", on_delivery=told)
        await producer.flush()

    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        for topic in range(20):
            await use(producer, Name(f"topic-{topic}"))
        await producer.produce("other", b"v")
        gc.collect()
        assert [kept for reference in watched if (kept := reference()) is not None] == []
        assert producer.metrics().records.acknowledged == 20 * 6 + 1
