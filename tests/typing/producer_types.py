"""What type checkers must infer; mypy and pyright read this, nothing runs it."""

import asyncio
from datetime import UTC, datetime
from typing import Any, TypedDict, assert_type

from dekaf import (
    BrokerInfo,
    Cluster,
    FlushTimeout,
    Message,
    PartitionInfo,
    ProduceError,
    Producer,
    RecordMetadata,
    SyncProducer,
    ThrottleTime,
    TopicInfo,
    UnclaimedFailures,
)


class Order(TypedDict):
    number: int


def to_bytes(order: Order) -> bytes:
    return repr(order).encode()


async def produce(producer: Producer) -> None:
    future = producer.produce("orders", b"v", key="k")
    assert_type(future, asyncio.Future[RecordMetadata])
    metadata = await future
    assert_type(metadata, RecordMetadata)
    assert_type(metadata.topic, str)
    assert_type(metadata.partition, int)
    assert_type(metadata.offset, int)
    assert_type(metadata.timestamp, int)


async def arguments(producer: Producer) -> None:
    await producer.produce("orders")
    await producer.produce("orders", None, key=bytearray(b"k"), partition=0)
    await producer.produce("orders", memoryview(b"v"), headers={"a": "1"})
    await producer.produce("orders", "v", headers=[("a", b"1"), ("a", None)])
    await producer.produce("orders", timestamp=datetime.now(UTC))
    await producer.produce("orders", {"a": 1})  # type: ignore[call-overload]
    await producer.produce("orders", "k", b"v")  # type: ignore[call-overload]
    await producer.produce("orders", b"v", headers="a=b")  # type: ignore[arg-type]


async def lifecycle() -> None:
    async with Producer(["a:1", "b:2"], linger_ms=10) as producer:
        assert_type(producer, Producer)
        assert_type(await producer.flush(), None)
        assert_type(await producer.close(timeout=1.5), None)


def errors(error: ProduceError) -> None:
    assert_type(error.topic, str | None)
    assert_type(error.partition, int | None)
    assert_type(error.code, str | None)
    assert_type(error.maybe_written, bool)
    assert_type(FlushTimeout(1).remaining, int)
    assert_type(UnclaimedFailures(1, [error]).failures, list[ProduceError])


async def serializers(order: Order) -> None:
    orders = Producer("a:1", key_serializer=str.encode, value_serializer=to_bytes)
    assert_type(orders, Producer[str, Order])
    await orders.produce("orders", order, key="k")
    await orders.produce(Message("orders", order, key="k"))
    orders.send("orders", order)
    orders.send("orders", b"v")  # type: ignore[call-overload]
    orders.send("orders", order, key=b"k")  # type: ignore[call-overload]
    anything = Producer("a:1", value_serializer="json")
    await anything.produce("orders", {"any": ["thing"]}, key=b"k")
    chosen: Producer[str, Order] = Producer("a:1", key_serializer="str", value_serializer="json")
    chosen.send("orders", [1])  # type: ignore[call-overload]
    with SyncProducer("a:1", value_serializer=to_bytes) as producer:
        assert_type(producer.produce("orders", order), RecordMetadata)


async def sending(producer: Producer) -> None:
    def told(metadata: RecordMetadata | None, error: ProduceError | None) -> None: ...
    async def told_later(metadata: RecordMetadata | None, error: ProduceError | None) -> None: ...

    assert_type(producer.send("orders", b"v", on_delivery=told), None)
    producer.send("orders", on_delivery=told_later)
    producer.send(Message("orders", "v"), on_delivery=lambda metadata, error: error or metadata)
    producer.send("orders", b"v", on_delivery=len)  # type: ignore[arg-type]
    assert_type(await producer.partitions("orders"), list[PartitionInfo])
    assert_type(await producer.ping(), float)
    assert_type(await producer.flush(timeout=1), None)
    cluster = await producer.cluster()
    assert_type(cluster, Cluster)
    assert_type(cluster.cluster_id, str | None)
    assert_type(cluster.controller, int | None)
    assert_type(cluster.brokers, tuple[BrokerInfo, ...])
    assert_type(cluster.topics, tuple[TopicInfo, ...])
    await producer.cluster(timeout="1")  # type: ignore[arg-type]
    assert_type(len(producer), int)
    assert_type(producer.metrics().requests.throttle_time, ThrottleTime)
    assert_type(producer.purge(in_flight=False), None)
    producer.purge(in_queue="no")  # type: ignore[arg-type]


def messages(message: Message[str, Order]) -> None:
    assert_type(message.key, str | None)
    assert_type(message.value, Order | None)
    assert_type(Message("orders", b"v", key="k"), Message[str, bytes])
    any_message: Message[str | bytes, str | bytes] = Message("orders", b"v", key="k")
    assert_type(any_message.replace(key=b"k"), Message[Any, Any])


def blocking() -> None:
    with SyncProducer("a:1", linger_ms=1) as producer:
        assert_type(producer, SyncProducer)
        assert_type(producer.produce("orders", b"v"), RecordMetadata)
        producer.produce("orders", b"v", on_delivery=print)  # type: ignore[call-overload]
        assert_type(producer.flush(1), None)
        assert_type(producer.ping(1), float)
        assert_type(producer.cluster(1), Cluster)
