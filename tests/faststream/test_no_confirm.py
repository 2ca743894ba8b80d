"""`no_confirm=True`: nobody waits, and nothing is lost, overtaken or unheard."""

import asyncio
import itertools

import pytest

import dekaf
from dekaf import ProducerConfig
from dekaf.faststream import KafkaBroker
from dekaf.testing import Broker
from tests.faststream.apps import PATIENCE, producer_of
from tests.producer.conftest import Target

pytestmark = pytest.mark.asyncio


async def test_it_returns_a_future(target: Target) -> None:
    topic = target.topic(2)
    async with KafkaBroker(target.servers) as broker:
        publisher = broker.publisher(topic, partition=1)
        futures = [
            await broker.publish("a", topic, partition=1, no_confirm=True),
            await publisher.publish("b", no_confirm=True),
        ]
        for future in futures:
            assert isinstance(future, asyncio.Future)
        results = await asyncio.gather(*futures)
    assert [type(each) for each in results] == [dekaf.RecordMetadata] * 2
    assert [(each.topic, each.partition, each.offset) for each in results] == [
        (topic, 1, 0),
        (topic, 1, 1),
    ]
    assert target.values(topic, 1) == [b"a", b"b"]


async def test_it_does_not_wait_for_the_broker(target: Target) -> None:
    topic = target.topic()
    async with KafkaBroker(target.servers) as broker:
        await broker.publish("0", topic)
        target.hold()
        async with asyncio.timeout(PATIENCE):
            one = await broker.publish("1", topic, no_confirm=True)
            two = await broker.publish_batch("2", "3", topic=topic, no_confirm=True)
        assert not one.done()
        assert not two.done()
        target.release()
        assert (await one).offset == 1
        assert [each.offset for each in await two] == [2, 3]


async def test_order_is_kept_among_all_kinds_of_publishing(target: Target) -> None:
    topic = target.topic()
    async with KafkaBroker(target.servers) as broker:
        publisher = broker.publisher(topic, batch=True)
        numbers = itertools.count()
        for _ in range(50):
            for _ in range(3):
                await broker.publish(str(next(numbers)), topic, no_confirm=True)
            await broker.publish_batch(
                *(str(next(numbers)) for _ in range(3)), topic=topic, no_confirm=True
            )
            await broker.publish(str(next(numbers)), topic)
            await broker.publish(str(next(numbers)), topic, no_confirm=True)
            await publisher.publish(str(next(numbers)), str(next(numbers)))
        await publisher.flush()
    assert target.values(topic) == [b"%d" % n for n in range(next(numbers))]


async def test_a_loop_that_never_waits_stays_within_the_buffer(target: Target) -> None:
    topic = target.topic()
    size, buffer_memory = 1_000, 64_000
    config = ProducerConfig(
        target.servers, buffer_memory=buffer_memory, batch_size=16_000, max_request_size=32_000
    )
    async with KafkaBroker(target.servers, producer=config) as broker:
        await broker.publish(b"", topic)
        target.slow_down(0.02)
        count = 10 * buffer_memory // size
        most = 0
        for n in range(count):
            await broker.publish(b"%06d" % n + b"x" * size, topic, no_confirm=True)
            pending = producer_of(broker).producer.metrics().pending
            held = pending.queued + pending.in_flight + pending.waiting_for_memory
            most = max(most, held)
            assert pending.memory_used <= buffer_memory
        assert most <= buffer_memory // size + 1
        assert most >= buffer_memory // size // 2, "the broker is slower than the loop"
        await producer_of(broker).flush()
    assert [value[:6] for value in target.values(topic)[1:] if value is not None] == [
        b"%06d" % n for n in range(count)
    ]


async def test_what_fails_unheard_is_raised_by_the_next_flush(dekaf_broker: Broker) -> None:
    async with KafkaBroker(dekaf_broker.bootstrap_servers) as broker:
        publisher = broker.publisher("out")
        await publisher.publish("0")
        for flush in (publisher.flush, producer_of(broker).flush):
            dekaf_broker.faults.fail("Produce", "INVALID_RECORD")
            await publisher.publish("1", no_confirm=True)
            with pytest.raises(dekaf.UnclaimedFailures, match="INVALID_RECORD"):
                await flush()
            await flush()
        dekaf_broker.faults.fail("Produce", "INVALID_RECORD")
        future = await publisher.publish("2", no_confirm=True)
        with pytest.raises(dekaf.ProduceError, match="INVALID_RECORD"):
            await future
        await publisher.flush()  # somebody has heard of that one


async def test_a_batch_that_fails_raises_out_of_its_future(dekaf_broker: Broker) -> None:
    async with KafkaBroker(dekaf_broker.bootstrap_servers) as broker:
        await broker.publish("0", "out")
        dekaf_broker.faults.fail("Produce", "INVALID_RECORD")
        future = await broker.publish_batch("1", "2", topic="out", no_confirm=True)
        with pytest.raises(dekaf.ProduceErrorGroup, match="2"):
            await future


async def test_what_fails_unheard_does_not_keep_a_broker_from_stopping(
    dekaf_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker = KafkaBroker(dekaf_broker.bootstrap_servers)
    await broker.connect()
    await broker.publish("0", "out")
    dekaf_broker.faults.fail("Produce", "INVALID_RECORD")
    await broker.publish("1", "out", no_confirm=True)
    await broker.stop()
    assert any("INVALID_RECORD" in record.getMessage() for record in caplog.records)
    assert not broker._producer


async def test_stopping_delivers_what_was_published(target: Target) -> None:
    topic = target.topic()
    broker = KafkaBroker(target.servers, linger_ms=60_000)
    await broker.connect()
    for n in range(100):
        await broker.publish(str(n), topic, no_confirm=True)
    async with asyncio.timeout(PATIENCE):
        await broker.stop()
    assert target.values(topic) == [b"%d" % n for n in range(100)]
