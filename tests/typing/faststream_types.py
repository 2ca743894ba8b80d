"""What type checkers must infer of a FastStream broker; mypy and pyright read this."""

from asyncio import Future
from typing import assert_type

import dekaf
from dekaf import BatchResult, ProducerConfig
from dekaf.faststream import (
    BatchPublisher,
    DefaultPublisher,
    KafkaBroker,
    KafkaPublishMessage,
    KafkaRouter,
    RecordMetadata,
    TestKafkaBroker,
)
from dekaf.faststream.fastapi import KafkaRouter as FastAPIRouter


async def one(broker: KafkaBroker, publisher: DefaultPublisher, waits: bool) -> None:
    assert_type(await broker.publish({"n": 1}, "out", key="k"), RecordMetadata)
    later = await broker.publish(b"1", "out", headers={"a": b"1"}, no_confirm=True)
    assert_type(later, Future[dekaf.RecordMetadata])
    assert_type((await later).offset, int)
    assert_type(await publisher.publish("1", partition=0), RecordMetadata)
    assert_type(await publisher.publish("1", no_confirm=True), Future[dekaf.RecordMetadata])
    either = await broker.publish("1", "out", no_confirm=waits)
    assert_type(either, RecordMetadata | Future[dekaf.RecordMetadata])
    await broker.publish("1", "out", kee="k")  # type: ignore[call-overload]
    await broker.publish("1", "out", partition="0")  # type: ignore[call-overload]


async def many(broker: KafkaBroker, publisher: BatchPublisher, waits: bool) -> None:
    message = KafkaPublishMessage("1", key=b"k", headers={"a": "1"}, timestamp_ms=0)
    results = await broker.publish_batch(message, {"n": 2}, None, topic="out", key="k")
    assert_type(results, BatchResult[dekaf.RecordMetadata])
    assert_type([metadata.offset for metadata in results], list[int])
    later = await broker.publish_batch(message, topic="out", no_confirm=True)
    assert_type(later, Future[BatchResult[dekaf.RecordMetadata]])
    assert_type(await publisher.publish(message), BatchResult[dekaf.RecordMetadata])
    either = await publisher.publish(message, no_confirm=waits)
    assert_type(
        either, BatchResult[dekaf.RecordMetadata] | Future[BatchResult[dekaf.RecordMetadata]]
    )
    await publisher.publish(message, tpoic="out")  # type: ignore[call-overload]


def publishers(broker: KafkaBroker, router: KafkaRouter, routes: FastAPIRouter) -> None:
    assert_type(broker.publisher("out"), DefaultPublisher)
    assert_type(router.publisher("out", batch=False, key=b"k"), DefaultPublisher)
    assert_type(broker.publisher("out", batch=True, autoflush=True), BatchPublisher)
    assert_type(router.publisher("out", batch=True, headers={"a": "1"}), BatchPublisher)
    assert_type(routes.publisher("out", batch=True), BatchPublisher)
    assert_type(routes.broker, KafkaBroker)
    broker.publisher("out", bach=True)  # type: ignore[call-overload]


async def handlers(broker: KafkaBroker) -> None:
    @broker.publisher("out", batch=True)
    @broker.subscriber("in")
    async def scale(n: float) -> tuple[float, float]:
        return n / 2, n * 2

    assert_type(await scale(1.0), tuple[float, float])

    async with TestKafkaBroker(broker) as tested:
        await tested.publish(1.0, "in")


def brokers() -> None:
    KafkaBroker(["one:9092", "two"], acks="all", linger_ms=5, client_id="mine")
    KafkaBroker(producer=ProducerConfig("h:1"))
    KafkaBroker(producer={})  # type: ignore[arg-type]
    KafkaBroker(nonsense=1)  # type: ignore[call-arg]
    KafkaBroker(linger_ms="5")  # type: ignore[arg-type]
