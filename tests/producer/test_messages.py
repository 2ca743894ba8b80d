"""Messages as values, serializers, and partitioners of the caller's."""

import asyncio
import copy
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from dekaf import (
    Headers,
    InvalidRecord,
    Message,
    Producer,
    SerializationError,
    SyncProducer,
    UnknownPartition,
)
from dekaf.testing import Broker
from tests.producer.conftest import Target


@pytest.mark.asyncio
async def test_a_message_is_produced(dekaf_broker: Broker) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678_999, tzinfo=UTC)
    message = Message(
        "orders", b"v", key="k", headers=Headers([("a", "1"), ("a", None)]), timestamp=at
    )
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        await producer.produce(message)
        producer.send(message.replace(value=None))
    first, second = dekaf_broker.records("orders")
    assert (first.key, first.value, first.headers) == (b"k", b"v", (("a", b"1"), ("a", None)))
    # Kafka counts milliseconds, and time has not come further than that.
    assert first.timestamp == int(at.replace(microsecond=678_000).timestamp() * 1000)
    assert second.value is None


def test_a_message_is_a_value() -> None:
    message = Message("orders", b"v", key="k", partition=3)
    assert message == Message("orders", b"v", key="k", partition=3)
    assert message != Message("orders", b"v", key="k")
    assert message != "orders"
    assert hash(message) == hash(copy.copy(message))
    assert repr(message) == "Message(topic='orders', value=b'v', key='k', partition=3)"
    assert pickle.loads(pickle.dumps(message)) == message  # noqa: S301 - just made
    assert message.replace(key=None).key is None
    with pytest.raises(TypeError, match="a message has no 'kye'; it has topic, value, key"):
        message.replace(kye=b"k")
    with pytest.raises(AttributeError):
        message.key = "other"  # type: ignore[misc]


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"topic": Message("a", b"v"), "value": b"w"}, TypeError, "takes a Message alone"),
    ({"topic": Message("a", b"v"), "key": b"w"}, TypeError, "takes a Message alone"),
    ({"topic": Message(value=b"v")}, ValueError, "the message names no topic"),
    ({"topic": Message(1, b"v")}, TypeError, "topic must be str, not int"),  # type: ignore[arg-type]
    ({"topic": Message("a", 1)}, TypeError, "value must be .* not int"),
    ({"topic": Message("a", b"v", partition="0")}, TypeError, "partition must be int"),  # type: ignore[arg-type]
    ({"topic": Message(Message("a"))}, TypeError, "topic must be str, not Message"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("arguments", "kind", "match"), WRONG)
def test_what_is_no_message_is_refused(
    arguments: dict[str, Any], kind: type[Exception], match: str
) -> None:
    producer = SyncProducer("127.0.0.1:1")
    for call in (producer.produce, producer.send):
        with pytest.raises(kind, match=match):
            call(**arguments)


def test_a_third_positional_is_refused() -> None:
    with pytest.raises(TypeError, match=r"write Message\(topic, value, key=…\)"):
        Message("orders", "key", b"v")  # type: ignore[call-arg]


def test_serializers(dekaf_broker: Broker) -> None:
    with SyncProducer(
        dekaf_broker.bootstrap_servers, key_serializer="int", value_serializer="json"
    ) as producer:
        producer.produce("orders", {"n": 1}, key=7)
        producer.produce("orders", None, key=8)
        producer.produce("orders", [None])
        producer.produce(Message("orders", "text"))
    found = [(record.key, record.value) for record in dekaf_broker.records("orders")]
    assert found == [
        (b"\0\0\0\x07", b'{"n":1}'),
        (b"\0\0\0\x08", None),
        (None, b"[null]"),
        (None, b'"text"'),
    ]


def test_a_serializer_that_fails_says_for_what(dekaf_broker: Broker) -> None:
    def broken(_: object) -> bytes:
        raise KeyError("number")

    with SyncProducer(dekaf_broker.bootstrap_servers, value_serializer=broken) as producer:
        with pytest.raises(SerializationError, match=r"value_serializer failed .* 'orders'") as it:
            producer.produce("orders", {"n": 1})
        assert isinstance(it.value.__cause__, KeyError)
        assert it.value.topic == "orders"
        with pytest.raises(SerializationError):
            producer.send("orders", 1)
        producer.send("orders")
        producer.flush()
    assert [record.value for record in dekaf_broker.records("orders")] == [None]


def test_what_a_serializer_returns_must_have_bytes(dekaf_broker: Broker) -> None:
    servers = dekaf_broker.bootstrap_servers
    serializer: Any = len
    with (
        SyncProducer(servers, value_serializer=serializer) as producer,
        pytest.raises(TypeError, match="value_serializer must return bytes, str, a buffer or Non"),
    ):
        producer.produce("orders", {"n": 1})


@pytest.mark.asyncio
async def test_the_callers_partitioner(target: Target) -> None:
    """It is asked about every message without a partition, known topic or not, and in order."""
    topic = target.topic(partitions=3)
    asked: list[tuple[bytes | None, int]] = []

    def choose(key: bytes | None, partitions: int) -> int:
        asked.append((key, partitions))
        return len(key or b"") % partitions

    async with Producer(target.servers, partitioner=choose) as producer:
        early = [producer.produce(topic, str(n), key="x" * (n % 5)) for n in range(50)]
        mine = producer.produce(topic, b"mine", key="xx", partition=1)
        found = await asyncio.gather(*early, mine)
        late = [await producer.produce(topic, str(n), key="x" * (n % 5)) for n in range(50, 60)]
    assert [each.partition for each in found] == [n % 5 % 3 for n in range(50)] + [1]
    assert [each.partition for each in late] == [n % 5 % 3 for n in range(50, 60)]
    assert asked == [(b"x" * (n % 5), 3) for n in range(60)]
    expected = [str(n).encode() for n in range(60) if n % 5 % 3 == 2]
    assert target.values(topic, 2) == expected


@pytest.mark.asyncio
async def test_a_partitioner_that_fails_fails_its_message(target: Target) -> None:
    topic = target.topic(partitions=2)

    def choose(key: bytes | None, _: int) -> int:
        assert key is not None, "no key"
        return int(key)

    async with Producer(target.servers, partitioner=choose) as producer:
        # The first wait for their topic, and are asked about later.
        early = [producer.produce(topic, b"v", key=key) for key in ("0", "two", "7", "1")]
        results = await asyncio.gather(*early, return_exceptions=True)
        assert [type(result).__name__ for result in results] == [
            "RecordMetadata",
            "InvalidRecord",
            "InvalidRecord",
            "RecordMetadata",
        ]
        with pytest.raises(InvalidRecord, match="invalid literal") as caught:
            producer.produce(topic, b"v", key="two")
        assert isinstance(caught.value.__cause__, ValueError)
        with pytest.raises(InvalidRecord, match="the topic has 2 partitions, counted from 0"):
            producer.produce(topic, b"v", key="7")
        with pytest.raises(InvalidRecord, match="invalid literal"):
            await producer.publish_batch(b"v", topic=topic, key="two", atomic=True)
        assert isinstance(results[1], InvalidRecord)
        assert str(results[1]) == str(caught.value)


def test_the_callers_partitioner_off_the_loop(target: Target) -> None:
    topic = target.topic(partitions=2)
    with SyncProducer(target.servers, partitioner=lambda *_: 1) as producer:
        assert producer.produce(topic, b"0").partition == 1
        producer.send(topic, b"1")
        with pytest.raises(UnknownPartition):
            producer.produce(topic, b"v", partition=5)
    assert target.values(topic, 1) == [b"0", b"1"]
