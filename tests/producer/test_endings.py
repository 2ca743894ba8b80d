"""Flush, purge, close, cancel: each message ends once, and whoever waits is told."""

import asyncio
from typing import Any

import pytest

from dekaf import FlushTimeout, Producer, ProducerClosed, Purged, UnclaimedFailures
from tests.kafka import wait_until
from tests.producer.conftest import Target
from tests.producer.kinds import Calls, each_kind, with_producer


@pytest.mark.asyncio
async def test_flush_has_its_time(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers) as producer:
        await producer.produce(topic, b"0")
        target.hold()
        futures = [producer.produce(topic, b"v") for _ in range(5)]
        with pytest.raises(FlushTimeout) as caught:
            await producer.flush(timeout=0.05)
        assert caught.value.remaining == 5
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(producer.flush(), 0.05)
        target.release()
        await producer.flush(timeout=30)
        assert all(future.done() for future in futures)
    assert len(target.values(topic)) == 6


@pytest.mark.asyncio
async def test_flush_does_not_wait_for_what_comes_later(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers, linger_ms=60_000, delivery_timeout_ms=120_000) as producer:
        await producer.produce(topic, b"first")
        producer.send(topic, b"before")
        flushed = asyncio.ensure_future(producer.flush())
        await asyncio.sleep(0)
        producer.send(topic, b"after")
        await asyncio.wait_for(flushed, 30)
        assert target.values(topic) == [b"first", b"before"]
    assert target.values(topic) == [b"first", b"before", b"after"]


@pytest.mark.asyncio
async def test_purge(target: Target) -> None:
    topic = target.topic()
    calls: list[BaseException | None] = []
    async with Producer(target.servers, linger_ms=60_000, delivery_timeout_ms=120_000) as producer:
        await producer.produce(topic, b"0")
        target.hold()
        in_flight = producer.produce(topic, b"1")
        wait_until(lambda: producer.metrics().pending.in_flight == 1, what="it has left")
        queued = producer.produce("unknown", b"v")
        producer.send(topic, b"2", on_delivery=lambda _, error: calls.append(error))
        producer.purge()
        for future in (in_flight, queued):
            with pytest.raises(Purged):
                await future
        exceptions = [future.exception() for future in (in_flight, queued)]
        assert [e.maybe_written for e in exceptions if isinstance(e, Purged)] == [True, False]
        await producer.flush()
        assert [type(error) for error in calls] == [Purged]
        target.release()
        await producer.produce(topic, b"3")
    stored = target.values(topic)
    assert stored[0] == b"0"
    assert stored[-1] == b"3"
    assert b"2" not in stored


@pytest.mark.parametrize(
    ("chosen", "purged"),
    [
        ({"in_flight": False}, {b"queued"}),
        ({"in_queue": False}, {b"in flight"}),
        ({}, {b"in flight", b"queued"}),
    ],
    ids=["in_queue", "in_flight", "both"],
)
@each_kind
def test_purge_drops_what_is_chosen(
    target: Target, kind: Any, chosen: dict[str, bool], purged: set[bytes]
) -> None:
    topic = target.topic()
    ended: dict[bytes, BaseException | None] = {}

    def calls(producer: Any) -> Calls:
        def send(value: bytes) -> None:
            def told(_: object, error: BaseException | None) -> None:
                ended[value] = error

            producer.send(topic, value, on_delivery=told)

        yield producer.produce(topic, b"first")
        target.hold()
        send(b"in flight")
        wait_until(lambda: producer.metrics().pending.in_flight == 1, what="it has left")
        send(b"queued")
        producer.purge(**chosen)
        target.release()
        yield producer.flush()
        yield producer.produce(topic, b"last")

    with_producer(kind, target, calls, max_in_flight=1)
    failed = {value: error for value, error in ended.items() if error is not None}
    maybe_written = {value: error.maybe_written for value, error in failed.items()}  # type: ignore[attr-defined]
    assert maybe_written == {value: value == b"in flight" for value in purged}
    assert {type(error) for error in failed.values()} == {Purged}
    delivered = [value for value in (b"in flight", b"queued") if value not in purged]
    stored = target.values(topic)
    assert [value for value in stored if value not in purged] == [b"first", *delivered, b"last"]
    assert b"queued" not in purged.intersection(stored)


@each_kind
def test_purge_says_what_is_wrong_with_its_arguments(kind: Any) -> None:
    producer = kind("localhost:9092")
    with pytest.raises(ValueError, match=r"purge\(in_queue=False, in_flight=False\) drops nothing"):
        producer.purge(in_queue=False, in_flight=False)
    with pytest.raises(TypeError, match="in_queue must be True or False, not str"):
        producer.purge(in_queue="no")
    with pytest.raises(TypeError, match="in_flight must be True or False, not NoneType"):
        producer.purge(in_flight=None)
    with pytest.raises(TypeError, match="positional"):
        producer.purge(True)


@pytest.mark.asyncio
async def test_purge_before_anything(target: Target) -> None:
    producer = Producer(target.servers)
    producer.purge()
    await producer.close()
    producer.purge()


@pytest.mark.asyncio
async def test_close_gives_up_in_its_time(target: Target) -> None:
    topic = target.topic()
    producer = Producer(target.servers)
    await producer.produce(topic, b"0")
    target.hold()
    future = producer.produce(topic, b"1")
    producer.send(topic, b"2")
    with pytest.raises(UnclaimedFailures, match="1 message failed"):
        await producer.close(timeout=0.1)
    with pytest.raises(ProducerClosed) as caught:
        await future
    assert caught.value.topic == topic
    target.release()


@pytest.mark.asyncio
async def test_cancelling_un_sends_what_waits_for_its_topic(target: Target) -> None:
    async with Producer(target.servers, metadata_timeout_ms=500) as producer:
        future = producer.produce("nobody-made-it", b"v")
        await asyncio.sleep(0)
        assert future.cancel()
        # Nothing is left to wait for, and nothing fails.
        await producer.flush(timeout=0.4)


@pytest.mark.asyncio
async def test_cancelling_what_is_under_way_stops_only_the_waiting(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers) as producer:
        await producer.produce(topic, b"0")
        target.hold()
        future = producer.produce(topic, b"1")
        assert future.cancel()
        target.release()
        await producer.flush()
    assert target.values(topic) == [b"0", b"1"]


@pytest.mark.asyncio
async def test_leaving_the_block_delivers(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers, linger_ms=60_000, delivery_timeout_ms=120_000) as producer:
        for n in range(100):
            producer.send(topic, str(n))
    assert target.values(topic) == [str(n).encode() for n in range(100)]
