"""Bound topics and `publish_batch`: what messages have in common is said once."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from dekaf import (
    ConfigError,
    Headers,
    InvalidRecord,
    Message,
    ProduceError,
    ProduceErrorGroup,
    Producer,
    RecordMetadata,
    SerializationError,
    SyncProducer,
    UnclaimedFailures,
)
from dekaf.testing import StoredRecord
from tests.producer.conftest import Target
from tests.producer.kinds import Calls, each_kind, with_producer


def content(records: list[StoredRecord]) -> list[tuple[bytes | None, bytes | None]]:
    return [(record.key, record.value) for record in records]


# -- bound topics -----------------------------------------------------------------------------


@each_kind
def test_a_key_function_and_a_serializer(target: Target, kind: Any) -> None:
    """In each of the ways in which a message can be handed over."""
    topic = target.topic()

    def calls(producer: Any) -> Calls:
        orders = producer.topic(topic, key=lambda order: order["id"], value_serializer="json")
        assert orders.name == topic
        metadata = yield orders.produce({"id": "o0"})
        assert (metadata.topic, metadata.offset) == (topic, 0)
        orders.send({"id": "o1"})
        results = yield orders.produce_all([{"id": "o2"}, {"id": "o3"}])
        assert [each.offset for each in results] == [2, 3]
        results = yield orders.produce_all({"id": f"o{n}"} for n in (4, 5))
        assert [each.offset for each in results] == [4, 5]
        # A function of the value as it was given, whatever else the pair or the call says.
        yield orders.produce_all([("mine", {"id": "o6"}), (None, {"id": "o7"})])
        yield orders.produce({"id": "o8"}, key="mine")

    with_producer(kind, target, calls)
    keys = ["o0", "o1", "o2", "o3", "o4", "o5", "mine", "o7", "mine"]
    assert content(target.records(topic)) == [
        (key.encode(), b'{"id":"o%d"}' % n) for n, key in enumerate(keys)
    ]


@pytest.mark.asyncio
async def test_streams_of_a_topic(target: Target) -> None:
    topic = target.topic()

    async def source() -> AsyncIterator[Any]:
        yield {"id": "a"}
        yield Message(value={"id": "b"}, key="mine")
        yield ("pair", {"id": "c"})

    def same() -> Iterator[Any]:
        yield {"id": "a"}
        yield Message(value={"id": "b"}, key="mine")
        yield ("pair", {"id": "c"})

    async with Producer(target.servers) as producer:
        orders = producer.topic(topic, key=lambda order: order["id"], value_serializer="json")
        offsets = [each.offset async for each in orders.stream(source())]
        offsets += [each.offset async for each in orders.stream(same(), max_in_flight=1)]
    with SyncProducer(target.servers) as blocking:
        others = blocking.topic(topic, key=lambda order: order["id"], value_serializer="json")
        offsets += [each.offset for each in others.stream(same())]
    assert offsets == list(range(9))
    once = [(b"a", b'{"id":"a"}'), (b"mine", b'{"id":"b"}'), (b"pair", b'{"id":"c"}')]
    assert content(target.records(topic)) == 3 * once


@each_kind
def test_a_constant_key_and_headers(target: Target, kind: Any) -> None:
    topic = target.topic()
    headers = {"source": "test"}

    def calls(producer: Any) -> Calls:
        bound = producer.topic(topic, key="same", headers=headers)
        headers["source"] = "changed behind its back"
        yield bound.produce(b"0")
        yield bound.produce(b"1", key="mine", headers={"own": "1"})
        yield bound.produce_all([b"2", ("mine", b"3"), Message(value=b"4", headers=[("a", None)])])
        bound.send(b"5", headers=Headers({"b": b"2"}))
        yield bound.produce(None)
        yield producer.topic(topic, headers=Headers([("a", "1"), ("a", "2")])).produce(b"7")

    with_producer(kind, target, calls)
    records = target.records(topic)
    assert content(records) == [
        (b"same", b"0"),
        (b"mine", b"1"),
        (b"same", b"2"),
        (b"mine", b"3"),
        (b"same", b"4"),
        (b"same", b"5"),
        (b"same", None),
        (None, b"7"),
    ]
    common = (("source", b"test"),)
    assert [record.headers for record in records] == [
        common,
        (("own", b"1"),),
        common,
        common,
        (("a", None),),
        (("b", b"2"),),
        common,
        (("a", b"1"), ("a", b"2")),
    ]


@each_kind
def test_what_a_message_says_itself_wins(target: Target, kind: Any) -> None:
    topic, other = target.topic(2), target.topic()

    def calls(producer: Any) -> Calls:
        bound = producer.topic(topic, key="same", headers={"common": "1"})
        message = Message(
            other, b"v", key="mine", headers={"own": "1"}, partition=0, timestamp=1_600_000_000_000
        )
        metadata = yield bound.produce(message)
        assert (metadata.topic, metadata.timestamp) == (other, 1_600_000_000_000)
        bound.send(message)
        assert [each.topic for each in (yield bound.produce_all([message, b"v"]))] == [other, topic]
        metadata = yield bound.produce(Message(value=b"v", partition=1))
        assert (metadata.topic, metadata.partition) == (topic, 1)
        for call in (bound.produce, bound.send):
            with pytest.raises(TypeError, match="takes a Message alone"):
                call(message, key="k")
        with pytest.raises(TypeError, match="positional"):
            bound.produce(b"v", "key")

    with_producer(kind, target, calls)
    assert content(target.records(other)) == 3 * [(b"mine", b"v")]
    assert {record.headers for record in target.records(other)} == {(("own", b"1"),)}
    assert content(target.records(topic)) == 2 * [(b"same", b"v")]


@each_kind
def test_serializers_of_a_topic(target: Target, kind: Any) -> None:
    """Its own, else the producer's; keys have the producer's in any case."""
    topic = target.topic()

    def calls(producer: Any) -> Calls:
        yield producer.topic(topic).produce(1, key=1)
        yield producer.topic(topic, value_serializer="json").produce([1], key=1)
        yield producer.topic(topic, value_serializer=lambda value: value * 2).produce("v", key=1)
        yield producer.topic(topic, value_serializer=lambda _: None).produce("v", key=1)
        yield producer.topic(topic, key=lambda value: value + 1).produce(1)
        for wrong in ("jsn", 7):
            with pytest.raises(ConfigError, match="value_serializer"):
                producer.topic(topic, value_serializer=wrong)

    with_producer(
        kind,
        target,
        calls,
        value_serializer=lambda value: f"own {value}",
        key_serializer=lambda key: f"key {key}",
    )
    assert content(target.records(topic)) == [
        (b"key 1", b"own 1"),
        (b"key 1", b"[1]"),
        (b"key 1", b"vv"),
        (b"key 1", None),
        (b"key 2", b"own 1"),
    ]


@each_kind
def test_tombstones_have_no_value_to_take_a_key_of(target: Target, kind: Any) -> None:
    topic = target.topic()

    def calls(producer: Any) -> Calls:
        bound = producer.topic(topic, key=lambda value: value[:1], value_serializer="str")
        for call in (bound.produce, bound.send):
            with pytest.raises(TypeError, match=r"a tombstone has none; name its key"):
                call(None)
            with pytest.raises(TypeError, match=r"a tombstone has none; name its key"):
                call()
        results = yield bound.produce_all([None, ("k", None), "v"], return_exceptions=True)
        assert [type(each) for each in results] == [InvalidRecord, RecordMetadata, RecordMetadata]
        yield bound.produce(None, key="k")
        yield bound.produce(Message(key="k"))

    with_producer(kind, target, calls)
    expected = [(b"k", None), (b"v", b"v"), (b"k", None), (b"k", None)]
    assert content(target.records(topic)) == expected


@each_kind
def test_a_key_function_may_find_none(target: Target, kind: Any) -> None:
    topic = target.topic()

    def calls(producer: Any) -> Calls:
        bound = producer.topic(topic, key=lambda value: None if value == "0" else value)
        yield bound.produce_all(["0", "1"])

    with_producer(kind, target, calls)
    assert content(target.records(topic)) == [(None, b"0"), (b"1", b"1")]


@each_kind
def test_what_goes_wrong_on_one_message(target: Target, kind: Any) -> None:
    topic = target.topic()

    def calls(producer: Any) -> Calls:
        bound = producer.topic(topic, key=lambda value: value["id"], value_serializer="json")
        for call in (bound.produce, bound.send):
            with pytest.raises(SerializationError, match=r"the key function failed .*'id'"):
                call({})
            with pytest.raises(SerializationError) as caught:
                call({"id": "k", "what": object()})
            assert caught.value.topic == topic
            with pytest.raises(TypeError, match="key must be bytes, str"):
                call({"id": 7})
        assert producer.metrics().records.handed_over == 0
        yield producer.flush()

    with_producer(kind, target, calls)


@pytest.mark.asyncio
async def test_on_delivery(target: Target) -> None:
    topic = target.topic()
    told: list[tuple[RecordMetadata | None, ProduceError | None]] = []
    async with Producer(target.servers) as producer:
        bound = producer.topic(topic)
        bound.send(b"v", on_delivery=lambda *what: told.append(what))
        bound.send(Message(value=b"v", partition=9), on_delivery=lambda *what: told.append(what))
        bound.send(Message(value=b"v", partition=9))
        with pytest.raises(UnclaimedFailures, match="1 message failed"):
            await producer.flush()
        await asyncio.sleep(0)
    told.sort(key=lambda what: what[0] is None)
    assert [(type(a), type(b).__name__) for a, b in told] == [
        (RecordMetadata, "NoneType"),
        (type(None), "UnknownPartition"),
    ]


@pytest.mark.asyncio
async def test_a_bound_future_is_one_of_the_loop(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers) as producer:
        bound = producer.topic(topic)
        futures = [bound.produce(str(n)) for n in range(10)]
        assert all(asyncio.isfuture(future) for future in futures)
        assert [each.offset for each in await asyncio.gather(*futures)] == list(range(10))
    without: Any = Producer(target.servers).topic(topic)
    done: list[BaseException] = []

    def produce() -> None:
        try:
            without.produce(b"v")
        except RuntimeError as error:
            done.append(error)

    await asyncio.to_thread(produce)
    assert "needs a running event loop" in str(done[0])


# -- publish_batch ----------------------------------------------------------------------------


@dataclass
class Order:
    id: str
    total: int


@each_kind
def test_whatever_has_json_is_published(target: Target, kind: Any) -> None:
    topic = target.topic()
    messages: list[Any] = [
        "msg1",
        b"\x00raw",
        bytearray(b"raw"),
        memoryview(b"raw"),
        {"n": 2},
        [1, None],
        (1, "two"),
        Order("o1", 3),
        7,
        1.5,
        True,
        None,
        "",
    ]

    def calls(producer: Any) -> Calls:
        results = yield producer.publish_batch(*messages, topic=topic)
        assert [each.offset for each in results] == list(range(len(messages)))
        assert len((yield producer.publish_batch(topic=topic))) == 0

    with_producer(kind, target, calls)
    stored = target.values(topic)
    assert stored[:4] == [b"msg1", b"\x00raw", b"raw", b"raw"]
    assert [json.loads(value or b"") for value in stored[4:11]] == [
        {"n": 2},
        [1, None],
        [1, "two"],
        {"id": "o1", "total": 3},
        7,
        1.5,
        True,
    ]
    assert stored[11:] == [None, b""]


@each_kind
def test_a_batch_has_something_in_common(target: Target, kind: Any) -> None:
    topic, other = target.topic(2), target.topic(2)
    noon = datetime(2020, 1, 1, 12, tzinfo=UTC)
    stamp = int(noon.timestamp() * 1_000)

    def calls(producer: Any) -> Calls:
        results = yield producer.publish_batch(
            "0",
            Message(value="1", key="own", headers={"own": "1"}, partition=0, timestamp=stamp + 1),
            Message(other, {"n": 2}),
            None,
            topic=topic,
            key="same",
            headers={"common": "1"},
            partition=1,
            timestamp=noon,
        )
        assert [(each.topic, each.partition) for each in results] == [
            (topic, 1),
            (topic, 0),
            (other, 1),
            (topic, 1),
        ]
        assert [each.timestamp for each in results] == [stamp, stamp + 1, stamp, stamp]

    with_producer(kind, target, calls)
    own, first, last = target.records(topic)
    assert (own.key, own.value, own.headers) == (b"own", b"1", (("own", b"1"),))
    assert (first.key, first.value, first.headers) == (b"same", b"0", (("common", b"1"),))
    assert (last.key, last.value, last.headers) == (b"same", None, (("common", b"1"),))
    assert content(target.records(other)) == [(b"same", b'{"n":2}')]


@each_kind
def test_each_message_is_routed_by_its_key(target: Target, kind: Any) -> None:
    topic = target.topic(5)

    def calls(producer: Any) -> Calls:
        orders = [Order(f"o{n}", n) for n in range(100)]
        results = yield producer.publish_batch(*orders, topic=topic, key=lambda order: order.id)
        for order, metadata in zip(orders, results, strict=True):
            alone = yield producer.produce(topic, b"v", key=order.id)
            assert alone.partition == metadata.partition
        assert len({metadata.partition for metadata in results}) == 5

    with_producer(kind, target, calls)


@each_kind
def test_a_producers_serializer_comes_first(target: Target, kind: Any) -> None:
    topic = target.topic()

    def calls(producer: Any) -> Calls:
        yield producer.publish_batch({"n": 1}, "text", None, topic=topic)

    with_producer(kind, target, calls, value_serializer=lambda value: f"own {value}")
    assert target.values(topic) == [b"own {'n': 1}", b"own text", None]


@each_kind
def test_what_cannot_be_published(target: Target, kind: Any) -> None:
    topic = target.topic()
    loop: list[Any] = []
    loop.append(loop)

    def calls(producer: Any) -> Calls:
        with pytest.raises(ProduceErrorGroup) as caught:
            yield producer.publish_batch("good", object(), float("nan"), loop, "good", topic=topic)
        failed = caught.value.failed
        assert [error.index for error in failed] == [1, 2, 3]
        assert {type(error) for error in failed} == {SerializationError}
        assert [type(error.__cause__) for error in failed] == [TypeError, ValueError, ValueError]
        assert {error.topic for error in failed} == {topic}
        with pytest.raises(ProduceErrorGroup, match="names no topic"):
            yield producer.publish_batch("v")
        with pytest.raises(TypeError, match="topic must be str"):
            yield producer.publish_batch("v", topic=7)

    with_producer(kind, target, calls)
    assert target.values(topic) == [b"good", b"good"]
