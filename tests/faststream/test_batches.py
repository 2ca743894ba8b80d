"""Many messages in one call: each says of itself what it likes, and each has a result."""

import asyncio
from typing import Any

import pytest
from aiokafka.structs import RecordMetadata

import dekaf
from dekaf import BatchResult, ProduceErrorGroup
from dekaf.faststream import KafkaBroker, KafkaPublishMessage, KafkaResponse
from dekaf.testing import Broker
from tests.faststream.apps import PATIENCE, headers_of, producer_of, stored
from tests.producer.conftest import Target

pytestmark = pytest.mark.asyncio


async def test_keys_choose_the_partitions_that_dekaf_chooses(target: Target) -> None:
    topic, other = target.topic(7), target.topic(7)
    keys = [f"customer-{n}" for n in range(50)]
    async with KafkaBroker(target.servers) as broker:
        results = await broker.publish_batch(
            *(KafkaPublishMessage(key, key=key.encode()) for key in keys), topic=topic
        )
    async with dekaf.Producer(target.servers) as producer:
        theirs = await producer.produce_all(other, [(key, key) for key in keys])
    assert [each.partition for each in results] == [each.partition for each in theirs]
    assert len({each.partition for each in results}) == 7
    for record in target.records(topic):
        assert record.key == record.value
        assert record.partition == results[keys.index((record.key or b"").decode())].partition


async def test_each_message_says_of_itself_what_it_likes(target: Target) -> None:
    topic = target.topic()
    stamp = 1_600_000_000_000
    async with KafkaBroker(target.servers) as broker:
        results = await broker.publish_batch(
            KafkaPublishMessage("0", key=b"k0", headers={"a": "own", "b": b"\xff"}),
            "1",
            KafkaPublishMessage({"n": 2}, correlation_id="two", timestamp_ms=stamp),
            KafkaPublishMessage(b"3", headers={"c": None}, timestamp_ms=0),
            KafkaResponse("4", key=b""),
            topic=topic,
            key=b"all",
            headers={"a": "all"},
            timestamp_ms=stamp + 1,
            correlation_id="call",
            reply_to="answers",
        )
    text, json, call = b"text/plain", b"application/json", b"call"
    common = {"content-type": text, "correlation_id": call, "reply_to": b"answers", "a": b"all"}
    found = target.records(topic)
    assert [(record.key, record.value, record.timestamp) for record in found] == [
        (b"k0", b"0", stamp + 1),
        (b"all", b"1", stamp + 1),
        (b"all", b'{"n":2}', stamp),
        (b"all", b"3", 0),
        (b"", b"4", stamp + 1),
    ]
    assert [dict(record.headers) for record in found] == [
        common | {"a": b"own", "b": b"\xff"},
        common,
        common | {"content-type": json, "correlation_id": b"two"},
        {name: value for name, value in common.items() if name != "content-type"} | {"c": b""},
        common,
    ]
    assert [each.offset for each in results] == [0, 1, 2, 3, 4]
    assert results[2].timestamp == stamp


async def test_no_message_has_a_key(target: Target) -> None:
    topic = target.topic()
    async with KafkaBroker(target.servers) as broker:
        await broker.publish_batch(
            KafkaPublishMessage("0"), KafkaPublishMessage("1", headers={"a": "1"}), topic=topic
        )
    assert stored(target, topic) == [(None, b"0"), (None, b"1")]
    assert [headers_of(record).get("a") for record in target.records(topic)] == [None, b"1"]


async def test_none_wherever_it_stands(target: Target) -> None:
    """Without a key it is an empty message; with one it is a tombstone."""
    topic = target.topic()
    async with KafkaBroker(target.servers) as broker:
        await broker.publish_batch(None, "1", None, topic=topic)
        await broker.publish_batch(None, "2", None, topic=topic, key=b"k")
        await broker.publish_batch(
            KafkaPublishMessage(None, key=b"own"), "3", None, KafkaPublishMessage(None), topic=topic
        )
        await broker.publish_batch(None, topic=topic)
        await broker.publish_batch(b"4", None, topic=topic, key=b"k")
    assert stored(target, topic) == [
        *[(None, b""), (None, b"1"), (None, b"")],
        *[(b"k", None), (b"k", b"2"), (b"k", None)],
        *[(b"own", None), (None, b"3"), (None, b""), (None, b"")],
        (None, b""),
        *[(b"k", b"4"), (b"k", None)],
    ]


async def test_each_message_has_its_own_content_type(target: Target) -> None:
    topic = target.topic()
    async with KafkaBroker(target.servers) as broker:
        await broker.publish_batch("0", {"n": 1}, b"2", 3, topic=topic, headers={"a": "1"})
    found = [headers_of(record) for record in target.records(topic)]
    assert [headers.get("content-type") for headers in found] == [
        b"text/plain",
        b"application/json",
        None,
        b"application/json",
    ]
    assert {headers["a"] for headers in found} == {b"1"}


async def test_an_empty_batch_publishes_nothing(target: Target) -> None:
    topic = target.topic()
    async with KafkaBroker(target.servers) as broker:
        publisher = broker.publisher(topic, batch=True, key=b"k")
        nothing = (
            await broker.publish_batch(topic=topic),
            await publisher.publish(),
            await (await broker.publish_batch(topic=topic, no_confirm=True)),
        )
        for result in nothing:
            assert isinstance(result, BatchResult)
            assert list(result) == []
    assert target.records(topic) == []


async def test_twenty_thousand_messages_in_one_call(target: Target) -> None:
    topic = target.topic(3)
    count = 20_000
    async with KafkaBroker(target.servers) as broker:
        results = await broker.publish_batch(
            *(
                KafkaPublishMessage(b"%d" % n, key=b"%d" % (n % 100)) if n % 2 else b"%d" % n
                for n in range(count)
            ),
            topic=topic,
        )
    assert len(results) == count
    found = {(record.partition, record.offset): record for record in target.records(topic)}
    assert len(found) == count
    for n, result in enumerate(results):
        record = found[result.partition, result.offset]
        assert record.value == b"%d" % n
        assert record.key == (b"%d" % (n % 100) if n % 2 else None)


async def test_far_more_than_sixteen_kibibytes(target: Target) -> None:
    topic = target.topic()
    bodies = [b"%d" % n * 100_000 for n in range(10)] * 4
    async with KafkaBroker(target.servers) as broker:
        results = await broker.publish_batch(*bodies, topic=topic)
    assert [each.offset for each in results] == list(range(40))
    assert target.values(topic) == bodies


async def test_one_that_is_too_large_fails_alone(target: Target) -> None:
    topic = target.topic()
    async with KafkaBroker(target.servers, max_request_size=10_000) as broker:
        with pytest.raises(ProduceErrorGroup) as caught:
            await broker.publish_batch("0", "x" * 20_000, "2", topic=topic)
    assert [each.offset for each in caught.value.succeeded] == [0, 1]
    (error,) = caught.value.failed
    assert error.index == 1
    assert "max_request_size" in str(error)
    assert target.values(topic) == [b"0", b"2"]


async def test_without_waiting_it_is_handed_over_when_the_call_returns(target: Target) -> None:
    topic = target.topic()
    async with KafkaBroker(target.servers) as broker:
        target.hold()
        future = await broker.publish_batch("0", "1", topic=topic, no_confirm=True)
        assert isinstance(future, asyncio.Future)
        assert producer_of(broker).producer.metrics().records.handed_over == 2
        target.release()
        async with asyncio.timeout(PATIENCE):
            result = await future
    assert isinstance(result, BatchResult)
    assert [(each.partition, each.offset) for each in result] == [(0, 0), (0, 1)]
    assert target.values(topic) == [b"0", b"1"]


async def test_what_a_publisher_says_holds_for_all_unless_the_call_or_a_message_does(
    target: Target,
) -> None:
    topic, other = target.topic(3), target.topic()
    async with KafkaBroker(target.servers) as broker:
        publisher = broker.publisher(
            topic, batch=True, key=b"p", headers={"a": "p", "b": "p"}, partition=2, reply_to="r"
        )
        first = await publisher.publish("0", KafkaPublishMessage("1", key=b"m", headers={"a": "m"}))
        second = await publisher.publish("2", key=b"c", headers={"a": "c"}, partition=1)
        await publisher.publish("3", topic=other, partition=0, reply_to="s")
    assert [(each.partition, each.offset) for each in first] == [(2, 0), (2, 1)]
    assert [(each.partition, each.offset) for each in second] == [(1, 0)]
    text = {"content-type": b"text/plain", "reply_to": b"r"}
    assert [(each.key, each.value, headers_of(each)) for each in target.records(topic)] == [
        (b"c", b"2", text | {"a": b"c", "b": b"p"}),
        (b"p", b"0", text | {"a": b"p", "b": b"p"}),
        (b"m", b"1", text | {"a": b"m", "b": b"p"}),
    ]
    (elsewhere,) = target.records(other)
    assert headers_of(elsewhere) == text | {"a": b"p", "b": b"p", "reply_to": b"s"}


@pytest.mark.parametrize("batch", [False, True])
async def test_autoflush_leaves_nothing_on_its_way(target: Target, batch: bool) -> None:
    topic = target.topic()
    async with KafkaBroker(target.servers, linger_ms=60_000) as broker:
        publisher: Any = broker.publisher(topic, batch=batch, autoflush=True)
        async with asyncio.timeout(PATIENCE):
            future = await publisher.publish("0", no_confirm=True)
            assert target.values(topic) == [b"0"]
            await future
            await publisher.publish("1")
    assert target.values(topic) == [b"0", b"1"]


async def test_one_lone_message_has_a_result_of_one_form_and_a_batch_of_another(
    dekaf_broker: Broker,
) -> None:
    async with KafkaBroker(dekaf_broker.bootstrap_servers) as broker:
        assert type(await broker.publish("0", "out")) is RecordMetadata
        (result,) = await broker.publish_batch("1", topic="out")
        assert type(result) is dekaf.RecordMetadata


async def test_a_cancelled_call_takes_nothing_back_that_was_handed_over(target: Target) -> None:
    topic = target.topic()
    async with KafkaBroker(target.servers) as broker:
        await broker.publish("0", topic)
        target.hold()
        call = asyncio.create_task(broker.publish_batch("1", "2", topic=topic))
        records = producer_of(broker).producer.metrics
        async with asyncio.timeout(PATIENCE):
            while records().records.handed_over < 3:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        target.release()
    assert target.values(topic) == [b"0", b"1", b"2"]
