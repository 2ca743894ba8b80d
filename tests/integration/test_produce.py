"""One message end to end, judged by Kafka's own DumpLogSegments and by another client."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import confluent_kafka
import pytest

from dekaf import InvalidRecord, Producer, RecordMetadata, UnknownPartition, UnknownTopic
from tests.integration.judge import assert_numbered
from tests.kafka import Cluster, TopicFactory

pytestmark = pytest.mark.asyncio


def consume(kafka: Cluster, topic: str, count: int) -> Iterator[confluent_kafka.Message]:
    """Read a topic from its beginning with librdkafka."""
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": kafka.bootstrap(),
            "group.id": f"reader-of-{topic}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "check.crcs": True,
        }
    )
    consumer.subscribe([topic])
    try:
        while count:
            message = consumer.poll(30)
            assert message is not None, f"{count} messages are missing"
            assert message.error() is None
            count -= 1
            yield message
    finally:
        consumer.close()


async def test_one_message(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka)
    before = int(time.time() * 1000)
    async with Producer(kafka.bootstrap()) as producer:
        metadata = await producer.produce(name, b"v", key="k")
    after = int(time.time() * 1000)
    assert metadata == RecordMetadata(name, 0, 0, metadata.timestamp)
    assert before <= metadata.timestamp <= after

    (batch,) = kafka.batches(name)
    assert batch.valid
    assert (batch.base_offset, batch.count, batch.codec) == (0, 1, "none")
    (record,) = batch.records
    assert (record.offset, record.key, record.value) == (0, "k", "v")

    (message,) = consume(kafka, name, 1)
    assert (message.partition(), message.offset()) == (metadata.partition, metadata.offset)
    assert (message.key(), message.value(), message.headers()) == (b"k", b"v", None)
    assert message.timestamp() == (confluent_kafka.TIMESTAMP_CREATE_TIME, metadata.timestamp)


MESSAGES: list[dict[str, Any]] = [
    {"value": b"bytes", "key": b"\x00\xff"},
    {"value": "grüße", "key": "schlüssel"},
    {"value": None, "key": "tombstone"},
    {"value": b"", "key": b""},
    {"value": bytearray(b"array"), "key": memoryview(b"view")},
    {"value": b"v", "headers": {"trace-id": "a1", "raw": b"\x00", "null": None, "": b""}},
    {"value": b"v", "headers": [("again", b"1"), ("again", b"2")]},
    {"value": b"v", "timestamp": 1_700_000_000_123},
    {"value": b"v", "timestamp": datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)},
    {"value": b"x" * 900_000},
]


def as_bytes(value: object) -> bytes | None:
    if value is None or isinstance(value, str):
        return None if value is None else value.encode()
    return bytes(memoryview(value))  # type: ignore[arg-type]


@pytest.mark.versions
async def test_messages_arrive_as_they_were_given(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka)
    async with Producer(kafka.bootstrap()) as producer:
        stored = await asyncio.gather(*[producer.produce(name, **given) for given in MESSAGES])
    assert [metadata.offset for metadata in stored] == list(range(len(MESSAGES)))
    for given, metadata, message in zip(
        MESSAGES, stored, consume(kafka, name, len(MESSAGES)), strict=True
    ):
        assert message.offset() == metadata.offset
        assert message.value() == as_bytes(given["value"])
        assert message.key() == as_bytes(given.get("key"))
        headers = given.get("headers", [])
        pairs = list(headers.items() if isinstance(headers, dict) else headers)
        assert (message.headers() or []) == [(k, as_bytes(v)) for k, v in pairs]
        assert message.timestamp()[1] == metadata.timestamp
    assert stored[7].timestamp == 1_700_000_000_123
    assert stored[8].timestamp == 1_767_323_045_678
    assert_numbered(kafka, name)


@pytest.mark.versions
async def test_many_messages_keep_their_order(kafka: Cluster, topic: TopicFactory) -> None:
    """A task's call order is the order in each partition, whatever batches were formed."""
    name = topic(kafka, partitions=3)
    count = 20_000
    async with Producer(kafka.bootstrap()) as producer:
        stored = await asyncio.gather(
            *[producer.produce(name, str(n), key=f"key-{n % 50}") for n in range(count)]
        )
    seen: dict[int, list[int]] = {}
    for message in consume(kafka, name, count):
        value = int(message.value() or b"")
        metadata = stored[value]
        assert (metadata.partition, metadata.offset) == (message.partition(), message.offset())
        seen.setdefault(metadata.partition, []).append(value)
    assert sum(len(values) for values in seen.values()) == count
    assert all(values == sorted(values) for values in seen.values())


@pytest.mark.versions
async def test_keys_find_the_partitions_that_java_finds(
    kafka: Cluster, topic: TopicFactory
) -> None:
    """Its murmur2 is also librdkafka's."""
    name = topic(kafka, partitions=7)
    keys = [f"key-{n}" for n in range(500)] + ["", "ключ", "\x00"]
    theirs: dict[bytes, int] = {}
    peer = confluent_kafka.Producer(
        {"bootstrap.servers": kafka.bootstrap(), "partitioner": "murmur2"}
    )

    def delivered(error: object, message: confluent_kafka.Message) -> None:
        assert error is None
        partition = message.partition()
        assert partition is not None
        theirs[message.key() or b""] = partition

    for key in keys:
        peer.produce(name, b"v", key=key, on_delivery=delivered)
    assert peer.flush(30) == 0
    async with Producer(kafka.bootstrap()) as producer:
        stored = await asyncio.gather(*[producer.produce(name, b"v", key=key) for key in keys])
    ours = {key.encode(): metadata.partition for key, metadata in zip(keys, stored, strict=True)}
    assert ours == theirs


async def test_messages_without_a_key_use_every_partition(
    kafka: Cluster, topic: TopicFactory
) -> None:
    name = topic(kafka, partitions=4)
    async with Producer(kafka.bootstrap(), batch_size=2_000) as producer:
        stored = await asyncio.gather(*[producer.produce(name, b"x" * 100) for _ in range(4_000)])
    assert {metadata.partition for metadata in stored} == {0, 1, 2, 3}


async def test_partition_that_was_asked_for(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka, partitions=3)
    async with Producer(kafka.bootstrap()) as producer:
        assert (await producer.produce(name, b"v", key="k", partition=2)).partition == 2
        for missing in (3, -1):
            with pytest.raises(UnknownPartition, match=f"no partition {missing}: it has 3") as e:
                await producer.produce(name, b"v", partition=missing)
            assert (e.value.topic, e.value.partition) == (name, missing)
            assert not e.value.maybe_written


async def test_unknown_topic(kafka: Cluster) -> None:
    """The cluster does not create topics: the message fails when its time is over."""
    async with Producer(kafka.bootstrap(), metadata_timeout_ms=700) as producer:
        began = time.monotonic()
        with pytest.raises(UnknownTopic, match="does not exist and the cluster did not") as caught:
            await producer.produce("no-such-topic", b"v")
        assert time.monotonic() - began < 20
    assert caught.value.topic == "no-such-topic"
    assert caught.value.code == "UNKNOWN_TOPIC_OR_PARTITION"
    assert not caught.value.maybe_written


async def test_topic_that_is_created_while_a_message_waits(
    kafka: Cluster, topic: TopicFactory
) -> None:
    name = f"{topic(kafka)}-later"
    async with Producer(kafka.bootstrap()) as producer:
        future = producer.produce(name, b"v")
        kafka.new_topic(name)
        assert (await future).offset == 0


async def test_name_that_is_no_topics(kafka: Cluster) -> None:
    async with Producer(kafka.bootstrap()) as producer:
        for name in ("no topic!", "t" * 250, "ü" * 40_000):
            with pytest.raises(InvalidRecord, match="cannot be a topic's name") as caught:
                await producer.produce(name, b"v")
            assert caught.value.code == "INVALID_TOPIC_EXCEPTION"


async def test_too_large_for_the_client_and_for_the_topic(
    kafka: Cluster, topic: TopicFactory
) -> None:
    name = topic(kafka, configs={"max.message.bytes": 2_000})
    async with Producer(kafka.bootstrap(), max_request_size=10_000) as producer:
        for size in (20_000, 5_000):
            with pytest.raises(Exception, match=r"MESSAGE_TOO_LARGE|max_request_size") as caught:
                await producer.produce(name, b"x" * size)
            assert getattr(caught.value, "code", None) == "MESSAGE_TOO_LARGE"
        assert (await producer.produce(name, b"x" * 1_000)).offset == 0


async def test_log_append_time_is_reported(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka, configs={"message.timestamp.type": "LogAppendTime"})
    async with Producer(kafka.bootstrap()) as producer:
        metadata = await producer.produce(name, b"v", timestamp=1_000)
    (message,) = consume(kafka, name, 1)
    assert metadata.timestamp > 1_700_000_000_000
    assert message.timestamp() == (confluent_kafka.TIMESTAMP_LOG_APPEND_TIME, metadata.timestamp)


@pytest.mark.versions
async def test_a_topic_is_created_where_the_cluster_does_that(kafka_version: str) -> None:
    # A cluster of its own, because the others must not.
    from tests.kafka import Plan  # noqa: PLC0415

    plan = Plan(version=kafka_version, settings={"auto.create.topics.enable": "true"})
    with Cluster(plan) as own:
        async with Producer(own.bootstrap()) as producer:
            assert (await producer.produce("made-on-demand", b"v")).offset == 0
