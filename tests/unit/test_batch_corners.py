"""Corners of batch calls and streams: what the caller's code does in the middle of them."""

import asyncio
import gc
import os
import weakref
from collections.abc import AsyncIterator, Iterator
from time import perf_counter
from types import MappingProxyType
from typing import Any

import pytest

from dekaf import (
    BufferFull,
    Message,
    ProduceError,
    ProduceErrorGroup,
    Producer,
    RecordMetadata,
    SerializationError,
    SyncProducer,
    UnclaimedFailures,
)
from dekaf._core import TopicCore, batch_call, ping_blocking
from dekaf.testing import Broker
from tests.unit.forks import in_child

TOO_LARGE = b"x" * 2_000_000


@pytest.fixture
def producer(dekaf_broker: Broker) -> Iterator[SyncProducer[Any, Any]]:
    dekaf_broker.create_topic("orders", partitions=3)
    producer: SyncProducer[Any, Any] = SyncProducer(dekaf_broker.bootstrap_servers)
    yield producer
    producer.close()


@pytest.mark.asyncio
async def test_bad_items_do_not_hold_the_loop(dekaf_broker: Broker) -> None:
    """Nor does the caller's code that takes its time: others have their turn in between."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        await producer.produce("orders", b"first")
        counter = asyncio.create_task(count())
        results = await producer.produce_all("orders", [5] * 20_000, return_exceptions=True)  # type: ignore[list-item]
        assert len(results.failed) == 20_000
        assert turns > 5
        turns = 0

        def slowly(value: Any) -> Any:
            until = perf_counter() + 0.001  # twice as long as others are to wait for their turn
            while perf_counter() < until:
                pass
            return value

        await producer.topic("orders", key=slowly).produce_all([b"v"] * 100)
        assert turns > 50
        counter.cancel()


def test_a_key_function_that_fails_says_where(producer: SyncProducer[Any, Any]) -> None:
    orders = producer.topic("orders", key=lambda order: order["id"], value_serializer="json")
    why = r"the key function failed for a value of type dict, for topic 'orders': KeyError: 'id'"
    with pytest.raises(SerializationError, match=why) as caught:
        orders.produce({"total": 1})
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(ProduceErrorGroup, match=why):
        orders.produce_all([{"id": "o-1"}, {"total": 1}])


def test_an_exception_that_is_raised_again_and_again(producer: SyncProducer[Any, Any]) -> None:
    """Each message has a failure of its own, and the caller's exception is left alone."""
    same = ProduceError("no key today", topic="elsewhere")

    def no_key(_: object) -> str:
        raise same

    results = producer.topic("orders", key=no_key).produce_all([b"v"] * 3, return_exceptions=True)
    assert [error.index for error in results.failed] == [0, 1, 2]
    assert same.index == 0


def test_any_mapping_is_a_message(producer: SyncProducer[Any, Any]) -> None:
    fields = MappingProxyType({"topic": "orders", "value": b"v", "partition": 2})
    (metadata,) = producer.produce_all([fields])
    assert metadata.partition == 2


def test_batches_that_are_one_are_spread(producer: SyncProducer[Any, Any]) -> None:
    """As others are: without keys, not all of them go to the same partition."""
    partitions = {
        producer.publish_batch(*[b"x" * 10_000] * 20, topic="orders", atomic=True)[0].partition
        for _ in range(40)
    }
    assert len(partitions) == 3


@pytest.mark.asyncio
async def test_what_is_one_is_refused_where_nobody_waits(dekaf_broker: Broker) -> None:
    dekaf_broker.create_topic("orders")
    async with Producer(
        dekaf_broker.bootstrap_servers, buffer_memory=5_000, on_full="raise"
    ) as producer:
        await producer.produce("orders", b"first")
        dekaf_broker.faults.pause()
        held = producer.produce("orders", b"x" * 3_000)
        with pytest.raises(BufferFull, match="no room in buffer_memory=5000 for all 3 messages"):
            await producer.publish_batch(*[b"x" * 1_000] * 3, topic="orders", atomic=True)
        dekaf_broker.faults.resume()
        await held


def test_what_is_one_waits_no_longer_than_max_block_ms(dekaf_broker: Broker) -> None:
    dekaf_broker.create_topic("orders")
    with SyncProducer(
        dekaf_broker.bootstrap_servers, buffer_memory=5_000, max_block_ms=300
    ) as producer:
        producer.produce("orders", b"first")
        dekaf_broker.faults.pause()
        producer.send("orders", b"x" * 3_000)
        with pytest.raises(BufferFull, match="for all 3 messages at once for 300 ms"):
            producer.publish_batch(*[b"x" * 1_000] * 3, topic="orders", atomic=True)
        dekaf_broker.faults.resume()


def test_only_what_finds_no_room_fails_after_max_block_ms(dekaf_broker: Broker) -> None:
    """What has room waits for its topic, for as long as that may take."""
    with SyncProducer(
        dekaf_broker.bootstrap_servers, buffer_memory=50_000, max_block_ms=200
    ) as producer:
        dekaf_broker.faults.delay("metadata", 1.0, times=1)
        results = producer.produce_all("orders", [b"x" * 1_000] * 100, return_exceptions=True)
    stored = [isinstance(result, RecordMetadata) for result in results]
    assert stored[:40] == [True] * 40
    assert {type(error) for error in results.failed} == {BufferFull}
    assert stored == sorted(stored, reverse=True)


def test_a_sync_function_publishes_all_of_its_batch_or_nothing(dekaf_broker: Broker) -> None:
    async def main() -> None:
        async with Producer(dekaf_broker.bootstrap_servers) as producer:

            @producer.publisher("orders", batch=True)
            def some() -> tuple[Any, ...]:
                return "a", {1}, "c"

            with pytest.raises(SerializationError):
                some()

    dekaf_broker.create_topic("orders")
    asyncio.run(main())
    assert dekaf_broker.records("orders") == []


# -- streams --------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_source_that_something_cancelled_is_not_at_its_end(dekaf_broker: Broker) -> None:
    async def source() -> AsyncIterator[bytes]:
        for n in range(5):
            yield b"%d" % n
        gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        gone.cancel()
        await gone

    given = 0
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        with pytest.raises(asyncio.CancelledError):  # noqa: PT012 - the loop is what raises
            async for _ in producer.stream(source(), topic="orders"):
                given += 1
    assert given == 5


@pytest.mark.asyncio
async def test_a_stream_that_is_closed_closes_its_generator(dekaf_broker: Broker) -> None:
    ends: list[str] = []

    def items() -> Iterator[bytes]:
        try:
            while True:
                yield b"v"
        finally:
            ends.append("sync")

    async def async_items() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"v"
        finally:
            await asyncio.sleep(0)
            ends.append("async")

    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        for source in (items(), async_items()):
            async with producer.stream(source, topic="orders", max_in_flight=4) as stream:
                await anext(stream)
    assert ends == ["sync", "async"]


def test_a_stream_that_is_dropped_with_failures_is_collected(
    producer: SyncProducer[Any, Any],
) -> None:
    """The failures know the frames of the serializer, and these the stream."""

    def serialize(value: int) -> bytes:
        if value % 2:
            raise ValueError(value)
        return b"%d" % value

    stream = producer.topic("orders", value_serializer=serialize).stream(range(100))
    next(stream)
    seen = weakref.ref(stream)
    del stream
    gc.collect()
    assert seen() is None
    with pytest.raises(UnclaimedFailures):
        producer.flush()


def test_a_stream_needs_the_right_kind_of_loop() -> None:
    producer: Producer[Any, Any] = Producer("localhost:9092")
    with pytest.raises(TypeError, match="use async for"):
        list(producer.stream([b"v"], topic="orders"))  # type: ignore[call-overload]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_does_not_go_on_with_its_parents_stream(
    producer: SyncProducer[Any, Any],
) -> None:
    stream = producer.stream((b"%d" % n for n in range(100)), topic="orders", max_in_flight=8)
    next(stream)

    def goes_on() -> None:
        with pytest.raises(RuntimeError, match="begun before the process was forked"):
            list(stream)

    assert in_child(goes_on) == 0
    assert len(list(stream)) == 99
    assert producer.produce("orders", b"v").topic == "orders"


@pytest.mark.parametrize("timeout", [-1.0, float("nan"), float("-inf")])
def test_a_wait_refuses_a_timeout_that_is_no_time(
    producer: SyncProducer[Any, Any], timeout: float
) -> None:
    call = batch_call(TopicCore(producer, "orders"), [b"v"], "pair")
    with pytest.raises(ValueError, match=r"timeout=.* is out of range: 0 or more seconds"):
        call.wait_settled(timeout)
    with pytest.raises(ValueError, match=r"timeout=.* is out of range: 0 or more seconds"):
        ping_blocking(producer, timeout)


@pytest.mark.parametrize("timeout", [1e300, float("inf")])
def test_a_wait_takes_any_large_timeout(producer: SyncProducer[Any, Any], timeout: float) -> None:
    call = batch_call(TopicCore(producer, "orders"), [b"v"], "pair")
    while call.hand_over_some() is not None:
        pass
    assert call.wait_settled(timeout)


def test_results_that_were_not_taken_leave_failures_to_the_next_flush(
    producer: SyncProducer[Any, Any],
) -> None:
    """A signal handler may raise after the outcome was read, and before the results are there."""
    message: Message[Any, Any] = Message(value=b"v", partition=9)
    call = batch_call(TopicCore(producer, "orders"), [message, b"v", message], "pair")
    while call.hand_over_some() is not None:
        pass
    assert call.wait_settled()
    assert call.counts() == (3, 2)
    call.outcome()
    call.abandon()
    with pytest.raises(UnclaimedFailures, match="2 messages"):
        producer.flush()
