"""When a broker can publish, and what is left when it is gone."""

import asyncio
import gc
from typing import Any

import pytest
from faststream.exceptions import IncorrectState

from dekaf import BrokerUnreachable, Producer, ProducerConfig
from dekaf.faststream import KafkaBroker
from dekaf.testing import Broker
from tests.faststream.apps import PATIENCE, Seen, producer_of
from tests.producer.conftest import Target

pytestmark = pytest.mark.asyncio


async def test_nothing_is_published_before_it_is_connected(target: Target) -> None:
    topic = target.topic()
    broker = KafkaBroker(target.servers)
    single, batch = broker.publisher(topic), broker.publisher(topic, batch=True)
    for publish in (broker.publish, broker.publish_batch, single.publish, batch.publish):
        with pytest.raises(IncorrectState, match="connect"):
            await publish("early", topic=topic)
    assert not broker._producer
    assert producer_of(broker).closed
    await producer_of(broker).flush()
    await broker.stop()
    assert target.records(topic) == []


async def test_it_works_again_after_a_stop(target: Target) -> None:
    topic = target.topic()
    broker = KafkaBroker(target.servers)
    publisher = broker.publisher(topic, batch=True)
    for n in range(3):
        await broker.start()
        assert broker._producer
        assert not producer_of(broker).closed
        await publisher.publish(str(n))
        await broker.stop()
        with pytest.raises(IncorrectState):
            await publisher.publish("between")
    assert target.values(topic) == [b"0", b"1", b"2"]


async def test_a_broker_of_one_loop_after_another(dekaf_broker: Broker) -> None:
    """As in tests, where each has a loop of its own."""
    broker = KafkaBroker(dekaf_broker.bootstrap_servers)

    async def publish(value: str) -> None:
        async with broker:
            await broker.publish(value, "out")

    for value in "ab":
        await asyncio.to_thread(asyncio.run, publish(value))
    assert [record.value for record in dekaf_broker.records("out")] == [b"a", b"b"]


async def test_subscribers_get_what_is_published(target: Target) -> None:
    topic, other = target.topic(), target.topic()
    broker = KafkaBroker(target.servers)
    seen, together = Seen(), Seen()

    @broker.subscriber(topic, auto_offset_reset="earliest")
    async def handle(body: str) -> None:
        await seen.put(body)

    @broker.subscriber(other, auto_offset_reset="earliest", batch=True)
    async def handle_many(bodies: list[str]) -> None:
        for body in bodies:
            await together.put(body)

    async with broker:
        await broker.start()
        await broker.publish("1", topic)
        await broker.publish_batch("2", "3", topic=topic)
        await broker.publish_batch("4", "5", topic=other)
        assert await seen.take(3) == ["1", "2", "3"]
        assert await together.take(2) == ["4", "5"]


async def test_a_broker_that_only_consumes_has_no_producer(target: Target) -> None:
    topic = target.topic()
    seen = Seen()
    reader = KafkaBroker(target.servers, consumer_only=True)

    @reader.subscriber(topic, auto_offset_reset="earliest")
    async def handle(body: str) -> None:
        await seen.put(body)

    async with KafkaBroker(target.servers) as writer, reader:
        await reader.start()
        await writer.publish("1", topic)
        assert await seen.take(1) == ["1"]
        assert not reader._producer
        with pytest.raises(IncorrectState):
            await reader.publish("2", topic)
    assert target.values(topic) == [b"1"]


async def test_a_cluster_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Producer] = []

    async def close(producer: Producer, **options: Any) -> None:
        await original(producer, **options)
        closed.append(producer)

    original = Producer.close
    monkeypatch.setattr(Producer, "close", close)
    config = ProducerConfig("localhost:1", metadata_timeout_ms=300)
    broker = KafkaBroker("localhost:1", producer=config)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(BrokerUnreachable, match="localhost:1"):
            await broker.connect()
    assert not broker._producer
    assert [producer.closed for producer in closed] == [True]
    await broker.stop()
    gc.collect()  # nothing of aiokafka's complains that it was never closed
