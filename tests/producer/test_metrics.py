"""The numbers that a producer shows of itself are those of what happened."""

import asyncio
import pickle
from typing import Any

import pytest

from dekaf import (
    Metrics,
    Producer,
    SyncProducer,
    ThrottleTime,
    UnclaimedFailures,
    UnknownPartition,
)
from dekaf.testing import Broker
from tests.producer.conftest import Target
from tests.producer.kinds import Calls, each_kind, with_producer


@pytest.mark.asyncio
async def test_what_was_done(target: Target) -> None:
    topic, other = target.topic(), target.topic()
    async with Producer(target.servers, compression="lz4") as producer:
        await asyncio.gather(*(producer.produce(topic, "x" * 100) for _ in range(1_000)))
        producer.send(other, b"v")
        with pytest.raises(UnknownPartition):
            await producer.produce(topic, b"v", partition=9)
        producer.send("never-named-before", b"x" * 2_000_000)
        with pytest.raises(UnclaimedFailures):
            await producer.flush()
        metrics = producer.metrics()
    records = metrics.records
    assert (records.handed_over, records.acknowledged) == (1_003, 1_001)
    assert (records.failed, metrics.refused, metrics.unclaimed) == (2, 1, 1)
    assert records.unsettled == records.unsent == 0
    assert records.acknowledged_bytes > 100_000
    by_topic = {each.name: each for each in metrics.topics}
    assert by_topic[topic].records.acknowledged == 1_000
    assert by_topic[topic].records.failed == 1
    assert by_topic[topic].partitions == 1
    assert by_topic[other].records.acknowledged == 1
    assert metrics.batches.sent == metrics.batches.acknowledged >= 2
    assert metrics.batches.retries == metrics.batches.splits == 0
    assert metrics.batches.compression_ratio is not None
    assert metrics.batches.compression_ratio > 2
    assert metrics.batches.fill is not None
    (broker,) = [each for each in metrics.brokers if each.requests.sent]
    assert broker.connected
    assert broker.requests == metrics.requests
    assert metrics.requests.sent == metrics.requests.latency.count
    assert metrics.requests.latency.p50_ms <= metrics.requests.latency.max_ms
    assert metrics.acknowledgement.count == 1_001
    assert metrics.pending.memory_used == 0
    assert metrics.pending.buffer_memory == producer.config.buffer_memory
    # After the end it still shows what was.
    assert producer.metrics().records == records


@pytest.mark.asyncio
async def test_what_is_held(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers, buffer_memory=20_000) as producer:
        await producer.produce(topic, b"first")
        target.hold()
        futures = [producer.produce(topic, "x" * 1_000) for _ in range(50)]
        metrics = producer.metrics()
        held = metrics.pending
        assert 0 < held.memory_used <= held.buffer_memory == 20_000
        assert held.waiting_for_memory > 0
        assert held.queued + held.in_flight + held.waiting_for_memory == 50
        assert metrics.records.unsettled == len(producer) == 50
        target.release()
        await asyncio.gather(*futures)
        assert producer.metrics().pending.waiting_for_memory == 0


@pytest.mark.asyncio
async def test_throttle_times_by_broker() -> None:
    with Broker(brokers=2) as broker:
        broker.create_topic("orders", partitions=2)  # each broker leads one
        async with Producer(broker.bootstrap_servers) as producer:
            await producer.produce("orders", b"v", partition=0)
            assert producer.metrics().requests.throttle_time == ThrottleTime(
                count=0, total_ms=0.0, max_ms=0.0
            )
            for seconds, partition in ((0.02, 0), (0.05, 0), (0.03, 1)):
                broker.faults.throttle(seconds, times=1)
                await producer.produce("orders", b"v", partition=partition)
            metrics = producer.metrics()
    times = [each.requests.throttle_time for each in metrics.brokers]
    assert sorted((time.count, time.total_ms, time.max_ms) for time in times) == [
        (1, 30.0, 30.0),
        (2, 70.0, 50.0),
    ]
    together = metrics.requests.throttle_time
    assert (together.count, together.total_ms, together.max_ms) == (3, 100.0, 50.0)


@each_kind
def test_len_is_what_is_not_settled(target: Target, kind: Any) -> None:
    topic = target.topic()

    def calls(producer: Any) -> Calls:
        assert len(producer) == 0
        yield producer.produce(topic, b"first")
        assert len(producer) == 0
        target.hold()
        for n in range(5):
            producer.send(topic, str(n))
            assert len(producer) == n + 1
        target.release()
        yield producer.flush()
        assert len(producer) == 0

    with_producer(kind, target, calls)


def test_len_of_a_closed_producer(target: Target) -> None:
    topic = target.topic()
    producer = SyncProducer(target.servers)
    producer.produce(topic, b"first")
    target.hold()
    for _ in range(3):
        producer.send(topic, b"v")
    assert len(producer) == 3
    with pytest.raises(UnclaimedFailures, match="3 messages failed"):
        producer.close(timeout=0.1)
    assert len(producer) == 0
    target.release()


@each_kind
def test_a_producer_is_true_although_nothing_is_on_its_way(kind: Any) -> None:
    producer = kind("localhost:9092")
    assert len(producer) == 0
    assert producer


def test_what_went_wrong(dekaf_broker: Broker) -> None:
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        producer.produce("orders", b"0")
        dekaf_broker.faults.fail("produce", "NOT_ENOUGH_REPLICAS", times=2)
        producer.produce("orders", b"1")
        metrics = producer.metrics()
        assert metrics.errors == {"NOT_ENOUGH_REPLICAS": 2}
        assert metrics.batches.retries == 2
        dekaf_broker.faults.drop_answers("produce")
        producer.produce("orders", b"2")
        metrics = producer.metrics()
        assert metrics.requests.lost == metrics.disconnects == 1
        assert metrics.records.failed == 0
    assert len(dekaf_broker.records("orders")) == 3


def test_before_anything() -> None:
    metrics = SyncProducer("localhost:9092", buffer_memory=12_345).metrics()
    assert metrics.records.handed_over == 0
    assert metrics.pending.buffer_memory == 12_345
    assert metrics.batches.mean_records is None
    assert (metrics.brokers, metrics.topics) == ((), ())
    assert pickle.loads(pickle.dumps(metrics)) == metrics  # noqa: S301 - just made
    assert isinstance(metrics, Metrics)
    assert repr(metrics).startswith("<Metrics: 0 messages, 0 acknowledged, 0 failed, 0 unsettled;")
