"""Failures that nobody waits for reach `on_error`, the log, and the next `flush` or `close`."""

import asyncio
import gc
import logging
from collections.abc import Callable
from typing import Any

import pytest

from dekaf import (
    DeliveryTimeout,
    InvalidRecord,
    ProduceError,
    Producer,
    SyncProducer,
    UnclaimedFailures,
    UnknownPartition,
)
from dekaf.testing import Broker
from tests.kafka import wait_until
from tests.producer.conftest import Target

TOO_LARGE = b"x" * 2_000_000


@pytest.mark.asyncio
async def test_flush_tells_them_once(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers) as producer:
        for _ in range(3):
            producer.send(topic, TOO_LARGE)
        producer.send(topic, b"v", partition=9)
        producer.send(topic, b"stored")
        with pytest.raises(UnclaimedFailures, match="4 messages failed") as caught:
            await producer.flush()
        assert caught.value.count == 4
        kinds = [type(failure) for failure in caught.value.failures]
        assert kinds.count(InvalidRecord) == 3
        assert kinds.count(UnknownPartition) == 1
        await producer.flush()
    assert target.values(topic) == [b"stored"]


@pytest.mark.asyncio
async def test_close_tells_what_no_flush_told(target: Target) -> None:
    topic = target.topic()
    producer = Producer(target.servers)
    producer.send(topic, TOO_LARGE)
    with pytest.raises(UnclaimedFailures, match="1 message failed"):
        await producer.close()
    assert producer.closed
    await producer.close()


def test_the_blocking_producer_tells_alike(target: Target) -> None:
    topic = target.topic()
    with pytest.raises(UnclaimedFailures), SyncProducer(target.servers) as producer:
        producer.send(topic, TOO_LARGE)
        with pytest.raises(UnclaimedFailures):
            producer.flush()
        producer.send(topic, TOO_LARGE)


@pytest.mark.asyncio
async def test_an_exception_of_the_block_is_not_replaced(target: Target) -> None:
    topic = target.topic()
    with pytest.raises(KeyError, match="mine"):
        async with Producer(target.servers) as producer:
            producer.send(topic, TOO_LARGE)
            producer.send(topic, b"sent before")
            raise KeyError("mine")
    assert target.values(topic) == [b"sent before"]


@pytest.mark.asyncio
async def test_a_future_that_was_dropped(target: Target) -> None:
    """And asyncio has nothing to say of it: it is claimed by the producer."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
    topic = target.topic()
    async with Producer(target.servers) as producer:
        producer.produce(topic, b"v", partition=9)
        with pytest.raises(UnclaimedFailures):
            await producer.flush()
    gc.collect()
    assert not complaints


@pytest.mark.asyncio
async def test_a_future_that_somebody_has_is_claimed(target: Target) -> None:
    topic = target.topic()
    told: list[BaseException | None] = []
    async with Producer(target.servers) as producer:
        held = producer.produce(topic, b"v", partition=9)
        # Nobody has this one, but there is somebody to be told.
        producer.produce(topic, b"v", partition=9).add_done_callback(
            lambda future: told.append(future.exception())
        )
        await producer.flush()
        with pytest.raises(UnknownPartition):
            await held
    assert [type(error) for error in told] == [UnknownPartition]


@pytest.mark.asyncio
async def test_a_wait_that_was_given_up(target: Target) -> None:
    """Who stopped waiting for a message under way does not hear of its failure otherwise."""
    topic = target.topic()
    async with Producer(
        target.servers, delivery_timeout_ms=600, request_timeout_ms=500
    ) as producer:
        await producer.produce(topic, b"first")
        target.hold()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(producer.produce(topic, b"v"), 0.1)
        with pytest.raises(UnclaimedFailures) as caught:
            await producer.flush()
        target.release()
        (failure,) = caught.value.failures
        assert isinstance(failure, DeliveryTimeout)
        assert failure.maybe_written


def on_loop(target: Target, on_error: Callable[[ProduceError], object], topic: str) -> None:
    async def main() -> None:
        async with Producer(target.servers, on_error=on_error) as producer:
            for _ in range(1_500):
                producer.send(topic, b"v", partition=9)
            with pytest.raises(UnclaimedFailures) as caught:
                await producer.flush()
            assert (caught.value.count, len(caught.value.failures)) == (1_500, 100)
            await asyncio.sleep(0)

    asyncio.run(main())


def off_loop(target: Target, on_error: Callable[[ProduceError], object], topic: str) -> None:
    with SyncProducer(target.servers, on_error=on_error) as producer:
        for _ in range(1_500):
            producer.send(topic, b"v", partition=9)
        with pytest.raises(UnclaimedFailures):
            producer.flush()


@pytest.mark.parametrize("run", [on_loop, off_loop])
def test_on_error_is_told_of_each(
    target: Target,
    run: Callable[[Target, Callable[[ProduceError], object], str], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    topic = target.topic()
    told: list[ProduceError] = []
    run(target, told.append, topic)
    # The dispatcher is a moment behind.
    wait_until(lambda: len(told) >= 1_500, what="on_error was told of each")
    assert len(told) == 1_500
    assert {error.topic for error in told} == {topic}
    lines = [record for record in caplog.records if record.name == "dekaf"]
    # Fifteen hundred failures are no fifteen hundred lines.
    assert [record.levelno for record in lines] == [logging.ERROR]
    assert "that nobody waits for" in lines[0].getMessage()


@pytest.mark.asyncio
async def test_what_on_error_raises_harms_nobody(
    target: Target, caplog: pytest.LogCaptureFixture
) -> None:
    topic = target.topic()

    def on_error(_: ProduceError) -> None:
        raise RuntimeError("of on_error")

    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    async with Producer(target.servers, on_error=on_error) as producer:
        producer.send(topic, TOO_LARGE)
        with pytest.raises(UnclaimedFailures):
            await producer.flush()
        assert (await producer.produce(topic, b"v")).offset == 0
    assert "of on_error" in caplog.text


def test_failures_of_a_loop_that_has_ended_are_told_in_time(dekaf_broker: Broker) -> None:
    """The loop cannot look whether anybody holds the futures; the next one closes the producer."""

    async def hand_over() -> None:
        producer.produce("orders", b"v")

    for _ in range(30):
        producer = Producer(dekaf_broker.bootstrap_servers, linger_ms=60_000)
        asyncio.run(producer.start())
        dekaf_broker.faults.pause()
        asyncio.run(hand_over())
        with pytest.raises(UnclaimedFailures, match="1 message failed"):
            asyncio.run(producer.close(timeout=0))
        dekaf_broker.faults.resume()
