"""`atomic=True`: messages that are stored together or not at all."""

import asyncio
from typing import Any

import pytest

from dekaf import (
    BufferFull,
    InvalidRecord,
    Message,
    ProduceErrorGroup,
    Producer,
    ProducerClosed,
    SerializationError,
    SyncProducer,
    UnknownPartition,
    UnknownTopic,
)
from dekaf.testing import Broker
from tests.producer.conftest import Target
from tests.producer.kinds import Calls, each_kind, with_producer

KEYS = 100


@each_kind
def test_they_are_stored_one_behind_the_other(target: Target, kind: Any) -> None:
    """In one batch, however small batches are; the key says where."""
    topic = target.topic(partitions=5)

    def calls(producer: Any) -> Calls:
        for n in range(20):
            results = yield producer.publish_batch(
                *[b"%d" % n + b"x" * 1_000] * 30, topic=topic, key=f"key-{n}", atomic=True
            )
            offsets = [metadata.offset for metadata in results]
            assert offsets == list(range(offsets[0], offsets[0] + 30))
            assert len({metadata.partition for metadata in results}) == 1
        assert producer.metrics().batches.sent == 20

    with_producer(kind, target, calls, batch_size=2_000)
    assert sum(len(target.values(topic, partition)) for partition in range(5)) == 600


@each_kind
def test_what_cannot_be_one_is_refused_before_anything_is_sent(target: Target, kind: Any) -> None:
    topic, other = target.topic(partitions=5), target.topic()

    def calls(producer: Any) -> Calls:
        def publish(*messages: object, **names: Any) -> Any:
            return producer.publish_batch(*messages, **{"topic": topic, "atomic": True, **names})

        scattered = [Message(value=b"v", key=f"key-{n}") for n in range(KEYS)]
        with pytest.raises(NotImplementedError, match=r"partitions \d and \d .* a transaction"):
            yield publish(*scattered)
        with pytest.raises(NotImplementedError, match=f'topics "{topic}" and "{other}"'):
            yield publish(b"v", Message(other, b"v"))
        with pytest.raises(SerializationError) as caught:
            yield publish(b"v", object())
        assert (caught.value.index, caught.value.topic) == (1, topic)
        with pytest.raises(InvalidRecord, match="headers must be"):
            yield publish(b"v", Message(value=b"v", headers=7))  # type: ignore[arg-type]
        with pytest.raises(UnknownPartition):
            yield publish(b"v", b"v", partition=9)
        with pytest.raises(InvalidRecord, match=r"together .* more than max_request_size=10000"):
            yield publish(*[b"x" * 1_000] * 20, partition=0)
        assert producer.metrics().records.handed_over == 0
        results = yield publish()
        assert len(results) == 0

    with_producer(kind, target, calls, max_request_size=10_000)
    assert not any(target.values(topic, partition) for partition in range(5))
    assert target.values(other) == []


@each_kind
def test_they_wait_for_memory_as_one(target: Target, kind: Any) -> None:
    topic = target.topic()
    target.slow_down(0.01)

    def calls(producer: Any) -> Calls:
        for n in range(50):
            producer.send(topic, b"x" * 1_000)
            yield producer.publish_batch(*[b"%d" % n] * 3, b"y" * 5_000, topic=topic, atomic=True)

    with_producer(kind, target, calls, buffer_memory=8_000, batch_size=1_000, send_block_ms=5_000)
    values = [value for value in target.values(topic) if value and value[:1] not in b"xy"]
    assert values == [b"%d" % n for n in range(50) for _ in range(3)]


@pytest.mark.asyncio
async def test_their_time_may_be_over_before_there_is_room() -> None:
    """Nothing of them is sent then."""
    with Broker() as broker:
        broker.create_topic("orders")
        async with Producer(
            broker.bootstrap_servers,
            buffer_memory=10_000,
            linger_ms=0,
            request_timeout_ms=300,
            delivery_timeout_ms=600,
        ) as producer:
            await producer.produce("orders", b"first")
            broker.faults.pause()
            held = [producer.produce("orders", b"x" * 900) for _ in range(20)]
            with pytest.raises(BufferFull, match="for all 2 messages at once"):
                await producer.publish_batch(*[b"y" * 900] * 2, topic="orders", atomic=True)
            broker.faults.resume()
            await asyncio.gather(*held, return_exceptions=True)
        values = [record.value or b"" for record in broker.records("orders")]
    assert not [value for value in values if value.startswith(b"y")]


@pytest.mark.asyncio
async def test_a_broker_that_refuses_them_refuses_all(dekaf_broker: Broker) -> None:
    """Of other batches that are too large for the topic, the halves are sent."""
    dekaf_broker.create_topic("orders", configs={"max.message.bytes": "5000"})
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        with pytest.raises(ProduceErrorGroup) as caught:
            await producer.publish_batch(*[b"x" * 1_000] * 10, topic="orders", atomic=True)
        assert {error.code for error in caught.value.failed} == {"MESSAGE_TOO_LARGE"}
        assert not dekaf_broker.records("orders")
        await producer.publish_batch(*[b"x" * 1_000] * 10, topic="orders")
    assert len(dekaf_broker.records("orders")) == 10


@pytest.mark.asyncio
async def test_a_topic_is_created_for_them() -> None:
    with Broker() as broker:
        async with Producer(broker.bootstrap_servers) as producer:
            await producer.publish_batch(b"1", b"2", topic="new", atomic=True)
        assert [record.value for record in broker.records("new")] == [b"1", b"2"]
    with Broker(auto_create_topics=False) as broker:
        async with Producer(broker.bootstrap_servers, metadata_timeout_ms=300) as producer:
            with pytest.raises(UnknownTopic):
                await producer.publish_batch(b"1", b"2", topic="new", atomic=True)


def test_the_callers_partitioner_is_asked(dekaf_broker: Broker) -> None:
    dekaf_broker.create_topic("orders", partitions=3)

    def by_key(key: bytes | None, _partitions: int) -> int:
        return int(key or b"2")

    with SyncProducer(dekaf_broker.bootstrap_servers, partitioner=by_key) as producer:
        results = producer.publish_batch(b"1", b"2", topic="orders", key="1", atomic=True)
        assert {metadata.partition for metadata in results} == {1}
        with pytest.raises(NotImplementedError, match="partitions 1 and 2"):
            producer.publish_batch(
                Message(value=b"v", key="1"), Message(value=b"v"), topic="orders", atomic=True
            )


def test_a_closed_producer(dekaf_broker: Broker) -> None:
    producer = SyncProducer(dekaf_broker.bootstrap_servers)
    producer.close()
    with pytest.raises(ProducerClosed):
        producer.publish_batch(b"1", b"2", topic="orders", atomic=True)
