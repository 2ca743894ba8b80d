"""What type checkers must infer of many messages: results, streams and bound topics."""

from asyncio import Future
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, assert_type

from dekaf import (
    BatchResult,
    Message,
    ProduceError,
    ProduceErrorGroup,
    Producer,
    RecordMetadata,
    Stream,
    SyncProducer,
    SyncStream,
    SyncTopic,
    Topic,
)


@dataclass
class Order:
    id: str


def to_bytes(order: Order) -> bytes:
    return order.id.encode()


async def results(producer: Producer) -> None:
    pairs = [("k1", b"v1"), ("k2", b"v2")]
    stored = await producer.produce_all("orders", pairs)
    assert_type(stored, BatchResult[RecordMetadata])
    assert_type(stored[0], RecordMetadata)
    assert_type(stored[1:], list[RecordMetadata])
    assert_type(stored.failed, list[ProduceError])
    assert_type(await producer.produce_all(Message("orders", v) for v in "abc"), BatchResult)
    mixed = await producer.produce_all("orders", [b"v"], return_exceptions=True)
    assert_type(mixed[0], RecordMetadata | ProduceError)
    published = await producer.publish_batch({"any": "thing"}, 3, None, topic="orders")
    assert_type(published, BatchResult[RecordMetadata])
    try:
        await producer.produce_all([{"topic": "orders", "value": b"v"}])
    except ProduceErrorGroup as group:
        assert_type([error.index for error in group.failed], list[int])
        assert_type(group.results, BatchResult[RecordMetadata | ProduceError])
        assert_type(group.succeeded, list[RecordMetadata])


async def streams(producer: Producer, source: AsyncIterator[bytes]) -> None:
    assert_type(producer.stream(source, topic="orders"), Stream[RecordMetadata])
    async for metadata in producer.stream([Message("orders", "v")]):
        assert_type(metadata, RecordMetadata)
    async with producer.stream(source, topic="orders", return_exceptions=True) as mixed:
        assert_type(mixed, Stream[RecordMetadata | ProduceError])


async def topics(producer: Producer[str, bytes]) -> None:
    plain = producer.topic("orders", key="k")
    assert_type(plain, Topic[str, bytes])
    orders = producer.topic("orders", key=lambda order: order.id, value_serializer=to_bytes)
    assert_type(orders, Topic[str, Order])
    assert_type(orders.produce(Order("o-1")), Future[RecordMetadata])
    orders.send(Order("o-2"), key="other")
    await orders.produce_all([Order("o-3"), ("key", Order("o-4"))])
    assert_type(producer.topic("orders", value_serializer="json"), Topic[str, Any])


def blocking(producer: SyncProducer[str, bytes]) -> None:
    assert_type(producer.produce_all("orders", [b"v"]), BatchResult[RecordMetadata])
    assert_type(producer.stream([b"v"], topic="orders"), SyncStream[RecordMetadata])
    orders = producer.topic("orders", value_serializer=to_bytes)
    assert_type(orders, SyncTopic[str, Order])
    assert_type(orders.produce(Order("o-1")), RecordMetadata)
