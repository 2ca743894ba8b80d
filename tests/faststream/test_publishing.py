"""One message: its bytes, its headers, where it goes, and what `publish` returns."""

import itertools
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka.structs import RecordMetadata, TopicPartition
from faststream import FastStream
from pydantic import BaseModel

import dekaf
from dekaf.faststream import KafkaBroker, KafkaPublishMessage
from dekaf.testing import Broker
from tests.faststream.apps import headers_of, stored
from tests.producer.conftest import Target

pytestmark = pytest.mark.asyncio


class Order(BaseModel):
    total: float
    at: datetime


NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
BODIES: list[tuple[Any, bytes, bytes]] = [
    (b"\xff\x00", b"\xff\x00", b""),
    ("caf\u00e9", "caf\u00e9".encode(), b"text/plain"),
    ("", b"", b"text/plain"),
    (7, b"7", b"application/json"),
    ({"total": 4.5}, b'{"total":4.5}', b"application/json"),
    ([1, None], b"[1,null]", b"application/json"),
    (Order(total=1, at=NOON), b'{"total":1.0,"at":"2020-01-01T12:00:00Z"}', b"application/json"),
    (None, b"", b""),
]


async def test_bodies_are_encoded_as_faststream_does(target: Target) -> None:
    topic = target.topic()
    async with KafkaBroker(target.servers) as broker:
        for body, _, _ in BODIES:
            await broker.publish(body, topic)
    records = target.records(topic)
    assert [record.value for record in records] == [value for _, value, _ in BODIES]
    assert [headers_of(record) for record in records] == [
        {"content-type": content_type} for _, _, content_type in BODIES
    ]
    assert len({dict(record.headers)["correlation_id"] for record in records}) == len(records)


async def test_a_key_without_a_body_is_a_tombstone(target: Target) -> None:
    topic = target.topic()
    async with KafkaBroker(target.servers) as broker:
        publisher = broker.publisher(topic, key="k2")
        await broker.publish(None, topic, key="k1")
        await publisher.publish(None)
        await broker.publish(KafkaPublishMessage(None, key=b"k3"), topic)
        await broker.publish(None, topic)
        await publisher.publish("", key=b"")
    assert stored(target, topic) == [
        (b"k1", None),
        (b"k2", None),
        (b"k3", None),
        (None, b""),
        (b"", b""),
    ]


async def test_headers(target: Target) -> None:
    """Also bytes that are no text; what has no value is empty, for FastStream's subscribers."""
    topic = target.topic()
    given = {"a": "caf\u00e9", "b": b"\xff\xfe", "c": None}
    async with KafkaBroker(target.servers) as broker:
        await broker.publish("1", topic, headers=given)
        await broker.publish("2", topic, headers={"content-type": "own", "correlation_id": "mine"})
        publisher = broker.publisher(topic, headers={"a": "publisher", "d": "4"})
        await publisher.publish("3", headers={"a": "call"})
    first, second, third = target.records(topic)
    assert headers_of(first) == {
        "content-type": b"text/plain",
        "a": "caf\u00e9".encode(),
        "b": b"\xff\xfe",
        "c": b"",
    }
    assert dict(second.headers) == {"content-type": b"own", "correlation_id": b"mine"}
    assert headers_of(third) == {"content-type": b"text/plain", "a": b"call", "d": b"4"}
    assert given == {"a": "caf\u00e9", "b": b"\xff\xfe", "c": None}


async def test_correlation_ids_and_reply_to(target: Target) -> None:
    topic = target.topic()
    numbers = itertools.count(1)
    async with KafkaBroker(target.servers, id_generator=lambda: f"id-{next(numbers)}") as broker:
        publisher = broker.publisher(topic, reply_to="answers")
        await broker.publish("a", topic, correlation_id="given", reply_to="here")
        await broker.publish("b", topic)
        await publisher.publish("c")
        await publisher.publish("d", correlation_id="own", reply_to="there")
    found = [dict(record.headers) for record in target.records(topic)]
    assert [(each["correlation_id"], each.get("reply_to")) for each in found] == [
        (b"given", b"here"),
        (b"id-1", None),
        (b"id-2", b"answers"),
        (b"own", b"there"),
    ]


async def test_a_message_says_more_of_itself(target: Target) -> None:
    """With `publish`, too, a KafkaPublishMessage has all its parts."""
    topic = target.topic()
    message = KafkaPublishMessage(
        {"n": 1}, key=b"k", headers={"a": "own"}, correlation_id="c", timestamp_ms=1_600_000_000_007
    )
    async with KafkaBroker(target.servers) as broker:
        stored_at = await broker.publish(message, topic, key=b"other", headers={"a": "1", "b": "2"})
    (record,) = target.records(topic)
    assert (record.key, record.value) == (b"k", b'{"n":1}')
    assert record.timestamp == stored_at.timestamp == 1_600_000_000_007
    assert dict(record.headers) == {
        "content-type": b"application/json",
        "correlation_id": b"c",
        "a": b"own",
        "b": b"2",
    }


async def test_what_publish_returns_is_where_it_is_stored(target: Target) -> None:
    topic = target.topic(3)
    async with KafkaBroker(target.servers) as broker:
        publisher = broker.publisher(topic, partition=1)
        results: list[Any] = [
            await broker.publish("a", topic, partition=2, timestamp_ms=1_600_000_000_000),
            await publisher.publish("b"),
            await publisher.publish("c"),
            await publisher.publish("d", partition=0),
            await broker.publish("e", topic, key="customer-7"),
        ]
    records = {(record.partition, record.offset): record for record in target.records(topic)}
    assert len(records) == 5
    for value, result in zip("abcde", results, strict=True):
        assert type(result) is RecordMetadata
        record = records[result.partition, result.offset]
        assert record.value == value.encode()
        assert result == RecordMetadata(
            topic,
            record.partition,
            TopicPartition(topic, record.partition),
            record.offset,
            record.timestamp,
            0,
            None,
        )
    assert [(each.partition, each.offset) for each in results[:4]] == [
        (2, 0),
        (1, 0),
        (1, 1),
        (0, 0),
    ]
    assert results[0].timestamp == 1_600_000_000_000


async def test_keys_go_where_dekaf_sends_them(target: Target) -> None:
    topic, other = target.topic(7), target.topic(7)
    keys = [f"k{n}" for n in range(40)]
    async with KafkaBroker(target.servers) as broker:
        ours = [(await broker.publish("v", topic, key=key)).partition for key in keys]
    async with dekaf.Producer(target.servers) as producer:
        theirs = [(await producer.produce(other, "v", key=key)).partition for key in keys]
    assert ours == theirs
    assert len(set(ours)) == 7


async def test_a_publisher_may_publish_elsewhere(target: Target) -> None:
    usual, other = target.topic(), target.topic()
    async with KafkaBroker(target.servers) as broker:
        publisher = broker.publisher(usual)
        assert (await publisher.publish("1", other)).topic == other
        assert (await publisher.publish("2")).topic == usual
    assert (target.values(usual), target.values(other)) == ([b"2"], [b"1"])


async def test_a_message_that_is_too_large_says_so(target: Target) -> None:
    topic = target.topic()
    async with KafkaBroker(target.servers, max_request_size=10_000) as broker:
        with pytest.raises(dekaf.ProduceError, match="max_request_size") as caught:
            await broker.publish("x" * 20_000, topic)
        assert (await broker.publish("small", topic)).offset == 0
    assert caught.value.topic == topic


async def test_serializers_are_given_what_faststream_encoded(target: Target) -> None:
    topic = target.topic()
    async with KafkaBroker(
        target.servers,
        key_serializer=lambda key: b"key-%d" % key,
        value_serializer=lambda value: value[::-1],
    ) as broker:
        await broker.publish("abc", topic, key=7)
        await broker.publish_batch("def", {"n": 1}, topic=topic, key=8)
    assert stored(target, topic) == [
        (b"key-7", b"cba"),
        (b"key-8", b"fed"),
        (b"key-8", b'}1:"n"{'),
    ]


async def test_what_cannot_be_encoded_is_named(dekaf_broker: Broker) -> None:
    """It fails where it is published, and before anything of a batch is."""
    async with KafkaBroker(dekaf_broker.bootstrap_servers) as broker:
        for publish in (
            broker.publish(object(), "out"),
            broker.publish_batch("good", object(), topic="out"),
        ):
            with pytest.raises(Exception, match=r"object|serializ"):
                await publish
    assert "out" not in dekaf_broker.topics


async def test_request_is_refused_as_faststream_does(dekaf_broker: Broker) -> None:
    async with KafkaBroker(dekaf_broker.bootstrap_servers) as broker:
        with pytest.raises(Exception, match="request"):
            await broker.request("question", "out")


async def test_ping(dekaf_broker: Broker) -> None:
    broker = KafkaBroker(dekaf_broker.bootstrap_servers)
    assert not await broker.ping(timeout=0.01)
    async with broker:
        assert await broker.ping(timeout=5)


async def test_an_application_publishes_when_it_has_started(dekaf_broker: Broker) -> None:
    broker = KafkaBroker(dekaf_broker.bootstrap_servers)
    app = FastStream(broker)
    name = f"topic-{uuid.uuid4().hex[:8]}"

    @app.after_startup
    async def publish() -> None:
        await broker.publish("started", name)
        app.exit()

    await app.run()
    assert [record.value for record in dekaf_broker.records(name)] == [b"started"]
