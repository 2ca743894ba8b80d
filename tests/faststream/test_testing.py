"""FastStream's way to test an application, without Kafka, and the messages dekaf would publish."""

import asyncio
import uuid
from typing import Any

import faststream.kafka
import pytest
from aiokafka.structs import RecordMetadata, TopicPartition
from faststream import FastStream
from pydantic import BaseModel

import dekaf
from dekaf import BatchResult
from dekaf.faststream import (
    KafkaBroker,
    KafkaMessage,
    KafkaPublishMessage,
    TestApp,
    TestKafkaBroker,
)
from dekaf.testing import Broker

pytestmark = pytest.mark.asyncio


class Data(BaseModel):
    data: float


async def test_handlers_are_called_and_publishers_are_mocked() -> None:
    broker = KafkaBroker("nowhere:1")
    publisher = broker.publisher("out", batch=True)

    @publisher
    @broker.subscriber("in")
    async def scale(msg: Data) -> tuple[Data, Data]:
        return Data(data=msg.data * 0.5), Data(data=msg.data * 2)

    async with TestKafkaBroker(broker):
        await broker.publish(Data(data=2.0), "in")
        assert scale.mock is not None
        scale.mock.assert_called_once_with({"data": 2.0})
        publisher.mock.assert_called_once_with([{"data": 1.0}, {"data": 4.0}])
        await publisher.publish("direct")
        publisher.mock.assert_called_with(["direct"])


async def test_messages_have_what_dekaf_would_send() -> None:
    broker = KafkaBroker("nowhere:1")
    single: list[KafkaMessage] = []
    together: list[KafkaMessage] = []

    @broker.subscriber("out")
    async def each(message: KafkaMessage) -> None:
        single.append(message)

    @broker.subscriber("out", batch=True)
    async def all_of_them(message: KafkaMessage) -> None:
        together.append(message)

    async with TestKafkaBroker(broker):
        await broker.publish_batch(
            KafkaPublishMessage("a", key=b"A", headers={"h": "1", "n": None}, timestamp_ms=7),
            KafkaPublishMessage(None, key=b"B", correlation_id="b"),
            "c",
            topic="out",
            headers={"h": "all"},
            correlation_id="all",
        )
        await broker.publish("d", "out", key="D", headers={"h": b"\xc3\xa9"}, partition=3)
    records: list[Any] = [message.raw_message for message in single]
    assert [(each.key, each.value, each.partition, each.offset) for each in records] == [
        (b"A", b"a", 0, 0),
        (b"B", None, 0, 1),
        (b"", b"c", 0, 2),
        (b"D", b"d", 3, 0),
    ]
    assert records[0].timestamp == 7
    assert [message.headers["h"] for message in single] == ["1", "all", "all", "\u00e9"]
    assert single[0].headers["n"] == ""
    assert [message.correlation_id for message in single[:3]] == ["all", "b", "all"]
    bodies: list[Any] = [message.raw_message for message in together]
    assert [[record.value for record in batch] for batch in bodies] == [[b"a", None, b"c"], [b"d"]]


async def test_publishing_returns_what_it_would() -> None:
    broker = KafkaBroker("nowhere:1")
    publisher = broker.publisher("out", batch=True)
    async with TestKafkaBroker(broker):
        first: Any = await broker.publish("1", "out", partition=2, timestamp_ms=7)
        assert type(first) is RecordMetadata
        assert first == RecordMetadata("out", 2, TopicPartition("out", 2), 0, 7, 0, None)
        results = await publisher.publish("2", "3", partition=2)
        assert isinstance(results, BatchResult)
        assert [(each.topic, each.partition, each.offset) for each in results] == [
            ("out", 2, 1),
            ("out", 2, 2),
        ]
        future = await broker.publish("4", "out", no_confirm=True)
        assert isinstance(future, asyncio.Future)
        assert type(await future) is dekaf.RecordMetadata
        assert (await future).offset == 0
        later = await publisher.publish("5", no_confirm=True)
        assert [each.offset for each in await later] == [1]
        assert list(await publisher.publish()) == []


async def test_the_calls_that_faststream_asserts(dekaf_broker: Broker) -> None:
    """With its own methods, where this FastStream has them; with Kafka beneath, too."""
    broker = KafkaBroker(dekaf_broker.bootstrap_servers)
    name = f"topic-{uuid.uuid4().hex[:8]}"
    dekaf_broker.create_topic(name)

    @broker.subscriber(name, auto_offset_reset="earliest")
    async def handle(body: str) -> None:
        assert body

    async with TestKafkaBroker(broker, with_real=True):
        await broker.publish("hello", name)
        await handle.wait_call(timeout=10)
        assert handle.mock is not None
        handle.mock.assert_called_once_with("hello")
    assert [record.value for record in dekaf_broker.records(name)] == [b"hello"]


async def test_several_brokers_and_answers() -> None:
    one, other = KafkaBroker("nowhere:1"), KafkaBroker("nowhere:2")
    seen: list[str] = []

    @other.subscriber("in")
    async def double(body: int) -> int:
        return 2 * body

    @one.subscriber("answers")
    async def answered(body: int) -> None:
        seen.append(str(body))

    async with TestKafkaBroker(one, other):
        await one.publish(21, "in", reply_to="answers")
        answer = await one.request(4, "in")
        assert await answer.decode() == 8
    assert seen == ["42"]


async def test_an_exception_of_a_handler_reaches_the_test() -> None:
    broker = KafkaBroker("nowhere:1")

    @broker.subscriber("in")
    async def fail(body: str) -> None:
        raise LookupError(body)

    async with TestKafkaBroker(broker):
        with pytest.raises(LookupError, match="why"):
            await broker.publish("why", "in")


async def test_an_application() -> None:
    broker = KafkaBroker("nowhere:1")
    app = FastStream(broker)
    started: list[str] = []

    @broker.subscriber("in")
    async def handle(body: str) -> None:
        started.append(body)

    @app.after_startup
    async def publish() -> None:
        await broker.publish("started", "in")

    async with TestKafkaBroker(broker), TestApp(app):
        pass
    assert started == ["started"]


async def test_routers_of_faststreams_own() -> None:
    broker, router = KafkaBroker("nowhere:1"), faststream.kafka.KafkaRouter()
    broker.include_router(router)
    publisher: Any = router.publisher("out", batch=True)
    async with TestKafkaBroker(broker):
        results = await publisher.publish(KafkaPublishMessage("a", headers={"h": "1"}))
        assert [each.offset for each in results] == [0]


async def test_faststreams_own_test_broker() -> None:
    """It serves an application, too, as it would one of FastStream's own."""
    broker = KafkaBroker("nowhere:1")
    publisher = broker.publisher("out", batch=True)

    @publisher
    @broker.subscriber("in")
    async def twice(body: str) -> list[str]:
        return [body, body]

    async with faststream.kafka.TestKafkaBroker(broker):
        await broker.publish("a", "in")
        publisher.mock.assert_called_once_with(["a", "a"])
        await broker.publish_batch(KafkaPublishMessage("b", key=b"k"), topic="in")
        publisher.mock.assert_called_with(["b", "b"])


async def test_it_publishes_for_real_again_afterwards(dekaf_broker: Broker) -> None:
    broker = KafkaBroker(dekaf_broker.bootstrap_servers)
    async with TestKafkaBroker(broker):
        await broker.publish("fake", "out")
    async with broker:
        await broker.publish("real", "out")
    assert [record.value for record in dekaf_broker.records("out")] == [b"real"]
