"""What handlers return is published by what they are decorated with, and goes to whoever asked."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from faststream import Response
from pydantic import BaseModel

from dekaf.faststream import (
    KafkaBroker,
    KafkaMessage,
    KafkaPublishMessage,
    KafkaResponse,
)
from tests.faststream.apps import Seen, headers_of, stored
from tests.producer.conftest import Target

pytestmark = pytest.mark.asyncio


class Data(BaseModel):
    data: float


async def published(
    target: Target, handler: Callable[[Any], Any], *, batch: bool, **parts: Any
) -> str:
    """Let a handler answer one message, and return the topic of what was published.

    One that is no batch is followed by an empty list.
    """
    source, out, then = target.topic(), target.topic(2), target.topic()
    broker = KafkaBroker(target.servers)
    done = Seen()

    @broker.subscriber(source, auto_offset_reset="earliest")
    @broker.publisher(out, batch=batch, **parts)  # type: ignore[untyped-decorator] # of either kind
    async def handle(body: Any) -> Any:
        return handler(body) if body else []

    @broker.subscriber(then, auto_offset_reset="earliest")
    async def next_is_handled(message: KafkaMessage) -> None:
        await done.put(message)

    async with broker:
        await broker.start()
        await broker.publish({"data": 2.0}, source, correlation_id="asked")
        # A handler's results are published before it sees the next message.
        await broker.publish({}, source, reply_to=then)
        await done.take(1)
    return out


BATCHES: list[tuple[Any, list[tuple[bytes | None, bytes | None]]]] = [
    ((Data(data=1), Data(data=4)), [(None, b'{"data":1.0}'), (None, b'{"data":4.0}')]),
    (["a", b"b", 3], [(None, b"a"), (None, b"b"), (None, b"3")]),
    (
        [KafkaPublishMessage("a", key=b"k1"), "b", KafkaPublishMessage(None, key=b"k3")],
        [(b"k1", b"a"), (None, b"b"), (b"k3", None)],
    ),
    ((None, "b"), [(None, b""), (None, b"b")]),
    ("one", [(None, b"one")]),
    (b"one", [(None, b"one")]),
    ({"one": 1}, [(None, b'{"one":1}')]),
    (None, [(None, b"")]),
    ((), []),
    (range(2), [(None, b"0"), (None, b"1")]),
]


@pytest.mark.parametrize(("result", "expected"), BATCHES, ids=lambda each: repr(each)[:24])
async def test_a_batch_of_what_a_handler_returns(
    target: Target, result: Any, expected: list[Any]
) -> None:
    out = await published(target, lambda _: result, batch=True, partition=0)
    assert stored(target, out) == expected


async def test_a_response_says_what_all_of_its_batch_have_in_common(target: Target) -> None:
    def answer(_: Any) -> Any:
        messages: Any = ("a", KafkaPublishMessage("b", key=b"own", headers={"a": "own"}))
        return KafkaResponse(messages, key=b"all", headers={"a": "all"}, timestamp_ms=7)

    out = await published(
        target,
        answer,
        batch=True,
        key=b"publisher",
        headers={"a": "p", "b": "p"},
        partition=1,
        reply_to="r",
    )
    first, second = target.records(out)
    text = {"content-type": b"text/plain", "correlation_id": b"asked", "reply_to": b"r"}
    assert (first.key, first.value, first.timestamp) == (b"all", b"a", 7)
    assert (first.partition, second.partition) == (1, 1)
    assert dict(first.headers) == text | {"a": b"all", "b": b"p"}
    assert (second.key, second.value, second.timestamp) == (b"own", b"b", 7)
    assert dict(second.headers) == text | {"a": b"own", "b": b"p"}


async def test_faststreams_own_response(target: Target) -> None:
    out = await published(
        target,
        lambda _: Response(["a", "b"], headers={"h": "1"}),
        batch=True,
        key=b"k",
        partition=0,
    )
    first, second = target.records(out)
    assert [(each.key, each.value) for each in (first, second)] == [(b"k", b"a"), (b"k", b"b")]
    assert dict(first.headers)["h"] == dict(second.headers)["h"] == b"1"
    assert dict(first.headers)["correlation_id"] == b"asked"


async def test_one_message_of_what_a_handler_returns(target: Target) -> None:
    def answer(_: Any) -> Any:
        return KafkaResponse({"n": 1}, key=b"k", headers={"a": "1"}, timestamp_ms=7)

    out = await published(target, answer, batch=False, headers={"a": "0", "b": "2"}, partition=0)
    record, _ = target.records(out)
    assert (record.key, record.value, record.timestamp) == (b"k", b'{"n":1}', 7)
    assert dict(record.headers) == {
        "content-type": b"application/json",
        "correlation_id": b"asked",
        "a": b"1",
        "b": b"2",
    }


async def test_a_publisher_that_is_no_batch_publishes_a_list_as_one(target: Target) -> None:
    out = await published(target, lambda _: [1, 2], batch=False, partition=0)
    assert [json.loads(value or b"") for value in target.values(out)] == [[1, 2], []]


async def test_two_publishers_of_one_handler(target: Target) -> None:
    source, many, one, answers = (target.topic() for _ in range(4))
    broker = KafkaBroker(target.servers)
    seen = Seen()

    @broker.publisher(many, batch=True)
    @broker.publisher(one)
    @broker.subscriber(source, auto_offset_reset="earliest")
    async def handle(n: int) -> list[int]:
        return [n, 2 * n]

    @broker.subscriber(answers, auto_offset_reset="earliest")
    async def answered(body: list[int], message: KafkaMessage) -> None:
        await seen.put((body, message.correlation_id))

    async with broker:
        await broker.start()
        await broker.publish(3, source, reply_to=answers, correlation_id="c")
        assert await seen.take(1) == [([3, 6], "c")]
    assert target.values(many) == [b"3", b"6"]
    assert target.values(one) == [b"[3,6]"]
    assert dict(target.records(many)[0].headers)["correlation_id"] == b"c"


async def test_an_answer_with_a_key_and_headers(target: Target) -> None:
    source, answers = target.topic(), target.topic()
    broker = KafkaBroker(target.servers)
    seen = Seen()

    @broker.subscriber(source, auto_offset_reset="earliest")
    async def handle(body: str) -> KafkaResponse:
        return KafkaResponse(body.upper(), key=b"k", headers={"a": "1"})

    @broker.subscriber(answers, auto_offset_reset="earliest")
    async def answered(body: str) -> None:
        await seen.put(body)

    async with broker:
        await broker.start()
        await broker.publish("question", source, reply_to=answers)
        assert await seen.take(1) == ["QUESTION"]
    (record,) = target.records(answers)
    assert record.key == b"k"
    assert headers_of(record) == {"content-type": b"text/plain", "a": b"1"}


async def test_a_handler_may_publish_by_itself(target: Target) -> None:
    source, out = target.topic(), target.topic()
    broker = KafkaBroker(target.servers)
    publisher = broker.publisher(out, batch=True)
    seen = Seen()

    @broker.subscriber(source, auto_offset_reset="earliest")
    async def handle(n: int) -> None:
        results = await publisher.publish(*(Data(data=n * m) for m in range(3)))
        await seen.put([metadata.offset for metadata in results])

    async with broker:
        await broker.start()
        await broker.publish(2, source)
        assert await seen.take(1) == [[0, 1, 2]]
    assert target.values(out) == [b'{"data":0.0}', b'{"data":2.0}', b'{"data":4.0}']
