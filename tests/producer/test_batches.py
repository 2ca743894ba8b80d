"""Many messages in one call: what may be handed over, and what comes back."""

import asyncio
import random
from array import array
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from dekaf import (
    InvalidRecord,
    Message,
    ProduceError,
    ProduceErrorGroup,
    Producer,
    RecordMetadata,
    SerializationError,
    UnclaimedFailures,
    UnknownPartition,
    UnknownTopic,
)
from tests.producer.conftest import Target
from tests.producer.kinds import Calls, each_kind, produce_all, with_producer

# -- what may be handed over ------------------------------------------------------------------


@each_kind
def test_items_of_a_topic(target: Target, kind: Any) -> None:
    topic = target.topic()
    items = [
        ("k0", b"0"),
        Message(value=b"1", key=b"k1"),
        b"2",
        "3\u00e9",
        bytearray(b"4"),
        memoryview(b"_5_")[1:2],
        array("b", b"6"),
        None,
        ("k8", None),
        (None, b"9"),
        (None, None),
        Message(key="k11"),
        b"",
        ("", ""),
    ]
    results = produce_all(kind, target, topic, items)
    assert [(each.topic, each.partition, each.offset) for each in results] == [
        (topic, 0, n) for n in range(len(items))
    ]
    assert [(record.key, record.value) for record in target.records(topic)] == [
        (b"k0", b"0"),
        (b"k1", b"1"),
        (None, b"2"),
        (None, "3\u00e9".encode()),
        (None, b"4"),
        (None, b"5"),
        (None, b"6"),
        (None, None),
        (b"k8", None),
        (None, b"9"),
        (None, None),
        (b"k11", None),
        (None, b""),
        (b"", b""),
    ]


@each_kind
def test_messages_that_name_their_topics(target: Target, kind: Any) -> None:
    first, second = target.topic(3), target.topic()
    noon = datetime(2020, 1, 1, 12, tzinfo=UTC)
    stamp = int(noon.timestamp() * 1_000)
    headers = [("a", b"1"), ("b", None), ("a", "2")]
    results = produce_all(
        kind,
        target,
        [
            Message(first, b"0", partition=2, timestamp=stamp + 7, headers=headers),
            {"topic": second, "value": b"1", "key": "k", "timestamp": noon},
            {"topic": first, "value": b"2", "partition": 2, "headers": {"c": "3"}},
            Message(second, None, key="k"),
            {"topic": second, "value": None, "key": None, "headers": None, "partition": None},
        ],
    )
    assert [(each.topic, each.partition, each.offset) for each in results] == [
        (first, 2, 0),
        (second, 0, 0),
        (first, 2, 1),
        (second, 0, 1),
        (second, 0, 2),
    ]
    assert [each.timestamp for each in results][:2] == [stamp + 7, stamp]
    one, two = target.records(first)
    assert one.headers == (("a", b"1"), ("b", None), ("a", b"2"))
    assert one.timestamp == stamp + 7
    assert two.headers == (("c", b"3"),)
    stored = [(record.key, record.value) for record in target.records(second)]
    assert stored == [(b"k", b"1"), (b"k", None), (None, None)]
    assert target.records(second)[0].timestamp == stamp


@each_kind
def test_a_message_may_name_another_topic(target: Target, kind: Any) -> None:
    topic, other = target.topic(), target.topic()
    results = produce_all(kind, target, topic, [b"0", Message(other, b"1"), b"2"])
    assert [(each.topic, each.offset) for each in results] == [(topic, 0), (other, 0), (topic, 1)]
    assert target.values(topic) == [b"0", b"2"]
    assert target.values(other) == [b"1"]


class OfBothKinds:
    """As Django's query sets."""

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"0", b"1", b"2"])

    def __aiter__(self) -> AsyncIterator[bytes]:
        pytest.fail("produce_all awaits no source")


@each_kind
def test_any_iterable(target: Target, kind: Any) -> None:
    values = [b"0", b"1", b"2"]
    sources: list[Iterable[Any]] = [
        tuple(values),
        iter(values),
        (value for value in values),
        map(bytes, values),
        zip([None] * 3, values, strict=True),
        deque(values),
        dict(enumerate(values)).values(),
        dict.fromkeys(values).keys(),
        {n: (None, value) for n, value in enumerate(values)}.values(),
        {str(n): value for n, value in enumerate(values)}.items(),
        OfBothKinds(),
    ]
    unordered: list[Iterable[Any]] = [set(values), frozenset(values)]
    topics = [target.topic() for _ in sources + unordered]

    def calls(producer: Any) -> Calls:
        for name, source in zip(topics, sources + unordered, strict=True):
            results = yield producer.produce_all(name, source)
            assert [each.offset for each in results] == [0, 1, 2]

    with_producer(kind, target, calls)
    for name in topics[: len(sources)]:
        assert target.values(name) == values
    for name in topics[len(sources) :]:
        assert sorted(map(bytes, filter(None, target.values(name)))) == values
    keys = [record.key for record in target.records(topics[len(sources) - 2])]
    assert keys == [b"0", b"1", b"2"]


@each_kind
def test_numbers_of_a_buffer_are_items(target: Target, kind: Any) -> None:
    topic = target.topic()
    produce_all(kind, target, topic, array("q", [7, -1]), value_serializer=str)
    assert target.values(topic) == [b"7", b"-1"]


@each_kind
def test_results_are_in_the_order_of_the_call(target: Target, kind: Any) -> None:
    """Also where keys send neighbours to different partitions; where each is stored is true."""
    topic = target.topic(7)
    chance = random.Random(11)  # noqa: S311 - no secret
    items = [(f"k{chance.randrange(200)}" if n % 5 else None, b"%d" % n) for n in range(5_000)]
    results = produce_all(kind, target, topic, items, batch_size=2_000)
    stored = {(record.partition, record.offset): record for record in target.records(topic)}
    assert len(stored) == len(results) == 5_000
    for (key, value), metadata in zip(items, results, strict=True):
        record = stored[metadata.partition, metadata.offset]
        assert record.value == value
        assert record.key == (None if key is None else key.encode())
        assert record.timestamp == metadata.timestamp
    assert len({metadata.partition for metadata in results}) == 7
    for partition in range(7):
        numbers = [int(value or b"") for value in target.values(topic, partition)]
        assert numbers == sorted(numbers), "a partition has them in the order of the call"


@each_kind
def test_few_and_none(target: Target, kind: Any) -> None:
    topic = target.topic()

    def calls(producer: Any) -> Calls:
        nothing: list[Any] = []
        for empty in (nothing, iter(nothing)):
            results = yield producer.produce_all(topic, empty)
            assert (len(results), list(results), results.failed) == (0, [], [])
        assert len((yield producer.produce_all(nothing))) == 0
        assert len((yield producer.publish_batch())) == 0
        assert producer.metrics().records.handed_over == 0
        one = yield producer.produce_all(topic, [b"v"])
        assert [metadata.offset for metadata in one] == [0]

    with_producer(kind, target, calls)
    assert target.values(topic) == [b"v"]


class HalfWay(Exception):
    pass


@each_kind
@pytest.mark.parametrize("count", [3, 20_000])
def test_a_source_that_raises_sends_nothing(target: Target, kind: Any, count: int) -> None:
    topic = target.topic()

    def source() -> Iterator[bytes]:
        for _ in range(count):
            yield b"v"
        raise HalfWay

    def calls(producer: Any) -> Calls:
        producer.send(topic, b"first")
        with pytest.raises(HalfWay):
            yield producer.produce_all(topic, source())
        assert producer.metrics().records.handed_over == 1
        yield producer.flush()

    with_producer(kind, target, calls)
    assert target.values(topic) == [b"first"]


# -- what cannot be sent ----------------------------------------------------------------------


TOO_LARGE = b"x" * 2_000_000

BAD: list[tuple[Any, type[ProduceError], str, type[Exception] | None]] = [
    (object(), InvalidRecord, "INVALID_RECORD", TypeError),
    (("a", "b", "c"), InvalidRecord, "INVALID_RECORD", TypeError),
    (7, InvalidRecord, "INVALID_RECORD", TypeError),
    ((7, b"v"), InvalidRecord, "INVALID_RECORD", TypeError),
    ({"value": b"v"}, InvalidRecord, "INVALID_RECORD", TypeError),
    ("\ud800", InvalidRecord, "INVALID_RECORD", UnicodeEncodeError),
    (("\ud800", b"v"), InvalidRecord, "INVALID_RECORD", UnicodeEncodeError),
    (TOO_LARGE, InvalidRecord, "MESSAGE_TOO_LARGE", None),
    (Message(value=b"v", partition=99), UnknownPartition, "UNKNOWN_TOPIC_OR_PARTITION", None),
    (Message(value=b"v", partition="0"), InvalidRecord, "INVALID_RECORD", TypeError),  # type: ignore[arg-type]
    (Message(value=b"v", partition=2**40), InvalidRecord, "INVALID_RECORD", ValueError),
    (Message(value=b"v", timestamp=-1), InvalidRecord, "INVALID_RECORD", ValueError),
    (Message(value=b"v", timestamp="1"), InvalidRecord, "INVALID_RECORD", TypeError),  # type: ignore[arg-type]
    (
        Message(value=b"v", timestamp=datetime(2030, 1, 1)),  # noqa: DTZ001 - that is what is wrong
        InvalidRecord,
        "INVALID_RECORD",
        ValueError,
    ),
    (Message(value=b"v", headers={"a": 1}), InvalidRecord, "INVALID_RECORD", TypeError),  # type: ignore[arg-type]
    (Message(value=b"v", headers="a=b"), InvalidRecord, "INVALID_RECORD", TypeError),  # type: ignore[arg-type]
    (
        Message(value=b"v", headers={"a": "\ud800"}),
        InvalidRecord,
        "INVALID_RECORD",
        UnicodeEncodeError,
    ),
]


@each_kind
def test_what_cannot_be_sent_fails_alone(target: Target, kind: Any) -> None:
    topic = target.topic()
    items = []
    for item, *_ in BAD:
        items += [b"good", item]
    results = produce_all(kind, target, topic, [*items, b"last"])
    assert len(results) == 2 * len(BAD) + 1
    for n, (item, error_type, code, cause) in enumerate(BAD):
        assert isinstance(results[2 * n], RecordMetadata)
        error = results[2 * n + 1]
        assert type(error) is error_type, item
        assert (error.index, error.topic, error.code) == (2 * n + 1, topic, code)
        assert not error.maybe_written
        assert not error.retriable or error_type is UnknownPartition
        assert type(error.__cause__) is (type(None) if cause is None else cause)
        assert str(error)
    assert target.values(topic) == [b"good"] * len(BAD) + [b"last"]
    assert [error.index for error in results.failed] == list(range(1, 2 * len(BAD), 2))
    assert len(results.succeeded) == len(BAD) + 1


@each_kind
def test_fields_are_strict(target: Target, kind: Any) -> None:
    topic = target.topic()
    bad: list[Any] = [
        {"topic": topic, "valeu": b"v"},
        {"topic": topic, 1: b"v"},
        {"value": b"v"},
        Message(value=b"v"),
        {"topic": 7, "value": b"v"},
        {"topic": "", "value": b"v"},
        {"topic": "x" * 300, "value": b"v"},
        {"topic": "no/name", "value": b"v"},
        {},
        b"v",
        (topic, b"v"),
        None,
    ]
    good = {"topic": topic, "value": b"good"}
    results = produce_all(kind, target, [good, *bad, good])
    assert [type(each) for each in results] == [
        RecordMetadata,
        *[InvalidRecord] * len(bad),
        RecordMetadata,
    ]
    assert [error.index for error in results.failed] == list(range(1, len(bad) + 1))
    assert "'valeu'" in str(results[1])
    assert "name the topic first" in str(results[10])
    assert target.values(topic) == [b"good", b"good"]


@each_kind
def test_a_refusal_names_the_messages_own_topic(target: Target, kind: Any) -> None:
    topic, other = target.topic(), target.topic()
    bad = [Message(other, object()), {"topic": other, "value": 7}]
    assert [error.topic for error in produce_all(kind, target, bad).failed] == [other] * 2
    (error,) = produce_all(kind, target, topic, [Message(other, object())]).failed
    assert error.topic == other


@each_kind
def test_an_unknown_topic(target: Target, kind: Any) -> None:
    topic = target.topic()
    items = [b"0", Message("nobody-made-it", b"1"), b"2"] * 100
    results = produce_all(kind, target, topic, items, metadata_timeout_ms=300)
    assert len(results.failed) == 100
    assert {(type(error), error.topic) for error in results.failed} == {
        (UnknownTopic, "nobody-made-it")
    }
    assert [error.index for error in results.failed] == list(range(1, 300, 3))
    assert target.values(topic) == [b"0", b"2"] * 100


class Refused(Exception):
    pass


def refuse_odd(value: Any) -> bytes:
    if int(value) % 2:
        raise Refused(value)
    return b"%d" % int(value)


@each_kind
def test_serializers_that_raise(target: Target, kind: Any) -> None:
    topic = target.topic()
    results = produce_all(kind, target, topic, range(10), value_serializer=refuse_odd)
    assert [error.index for error in results.failed] == [1, 3, 5, 7, 9]
    for error in results.failed:
        assert type(error) is SerializationError
        assert type(error.__cause__) is Refused
        assert error.__cause__.args == (error.index,)
        assert error.topic == topic
    pairs = [(n, b"v") for n in range(4)]
    results = produce_all(kind, target, topic, pairs, key_serializer=refuse_odd)
    assert [error.index for error in results.failed] == [1, 3]
    assert {type(error.__cause__) for error in results.failed} == {Refused}
    keys = [record.key for record in target.records(topic)]
    assert keys == [None] * 5 + [b"0", b"2"]


@each_kind
def test_serializers_that_return_no_bytes(target: Target, kind: Any) -> None:
    topic = target.topic()
    results = produce_all(
        kind, target, topic, [b"0", b"", None], value_serializer=lambda value: value and 7
    )
    assert [type(each) for each in results] == [InvalidRecord, RecordMetadata, RecordMetadata]
    assert "value_serializer must return bytes" in str(results[0])


@each_kind
def test_a_key_function_that_raises(target: Target, kind: Any) -> None:
    topic = target.topic()
    failures: list[Any] = []

    def calls(producer: Any) -> Calls:
        bound = producer.topic(topic, key=refuse_odd)
        failures.extend((yield bound.produce_all(["0", "1", None], return_exceptions=True)).failed)
        with pytest.raises(ProduceErrorGroup) as caught:
            yield producer.publish_batch(2, 3, topic=topic, key=refuse_odd)
        failures.extend(caught.value.failed)

    with_producer(kind, target, calls)
    assert [error.index for error in failures] == [1, 2, 1]
    assert [type(error.__cause__) for error in failures] == [Refused, TypeError, Refused]
    assert {error.topic for error in failures} == {topic}
    stored = [(record.key, record.value) for record in target.records(topic)]
    assert stored == [(b"0", b"0"), (b"2", b"2")]


@each_kind
@pytest.mark.parametrize("kind_of_end", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_ends_the_call(
    target: Target, kind: Any, kind_of_end: type[BaseException]
) -> None:
    """What was handed over before is delivered, and what had failed before is told."""
    topic = target.topic()

    def serialize(value: Any) -> Any:
        if value == b"end":
            raise kind_of_end
        return value

    def calls(producer: Any) -> Calls:
        yield producer.produce(topic, b"0")
        items = [object(), *[b"%d" % n for n in range(1, 1_000)], b"end", b"never"]
        with pytest.raises(kind_of_end):
            yield producer.produce_all(topic, items)
        with pytest.raises(UnclaimedFailures) as caught:
            yield producer.flush()
        assert caught.value.count == 1
        assert type(caught.value.failures[0]) is InvalidRecord
        yield producer.produce(topic, b"behind")
        yield producer.flush()

    with_producer(kind, target, calls, value_serializer=serialize)
    stored = target.values(topic)
    assert stored[-1] == b"behind"
    assert stored[:-1] == [b"%d" % n for n in range(len(stored) - 1)]
    assert 1 < len(stored) < 1_002


@each_kind
def test_the_group_carries_everything(target: Target, kind: Any) -> None:
    topic = target.topic()

    def calls(producer: Any) -> Calls:
        with pytest.raises(ProduceErrorGroup) as caught:
            yield producer.produce_all(topic, [b"0", TOO_LARGE, b"2", object()])
        group = caught.value
        assert [type(each) for each in group.results] == [
            RecordMetadata,
            InvalidRecord,
            RecordMetadata,
            InvalidRecord,
        ]
        assert [metadata.offset for metadata in group.succeeded] == [0, 1]
        assert list(group.exceptions) == group.failed == group.results.failed
        assert all(a is b for a, b in zip(group.exceptions, group.failed, strict=True))
        assert group.results[1] is group.failed[0]
        assert str(group).startswith("2 of 4 messages failed; the first, at index 1: ")
        # It was raised: nobody else is told of it.
        yield producer.flush()

    with_producer(kind, target, calls)
    assert target.values(topic) == [b"0", b"2"]


@pytest.mark.asyncio
async def test_groups_and_except_star(target: Target) -> None:
    topic = target.topic()
    seen: list[Any] = []
    async with Producer(target.servers) as producer:
        items: list[Any] = [Message(value=b"v", partition=9), b"good", TOO_LARGE]
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(producer.produce_all(topic, items))
        except* UnknownPartition as group:
            seen.append(group)
        except* InvalidRecord as group:
            seen.append(group)
    kinds = []
    for outer in seen:
        (inner,) = outer.exceptions
        assert isinstance(inner, ProduceErrorGroup)
        assert len(inner.results) == 3
        assert len(inner.succeeded) == 1
        kinds += [type(error) for error in inner.exceptions]
    assert kinds == [UnknownPartition, InvalidRecord]
