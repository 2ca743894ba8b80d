"""The blocking producer: for scripts, threads, and frameworks without asyncio."""

import asyncio
import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from dekaf import (
    BrokerUnreachable,
    FlushTimeout,
    Message,
    ProducerClosed,
    RecordMetadata,
    SyncProducer,
    UnknownPartition,
    UnknownTopic,
)
from tests.producer.conftest import Target


def test_produce_returns_metadata(target: Target) -> None:
    topic = target.topic()
    with SyncProducer(target.servers) as producer:
        first = producer.produce(topic, b"0", key="k", headers={"a": "1"})
        assert (first.topic, first.partition, first.offset) == (topic, 0, 0)
        assert producer.produce(Message(topic, b"1", timestamp=7)) == RecordMetadata(topic, 0, 1, 7)
        assert [each.partition for each in producer.partitions(topic)] == [0]
        assert producer.ping() >= 0
    assert target.values(topic) == [b"0", b"1"]


def test_produce_raises(target: Target) -> None:
    topic = target.topic()
    with SyncProducer(target.servers, metadata_timeout_ms=300) as producer:
        with pytest.raises(UnknownPartition, match="has no partition 3: it has 1"):
            producer.produce(topic, b"v", partition=3)
        with pytest.raises(UnknownTopic, match="does not exist") as caught:
            producer.produce("nobody-made-it", b"v")
        assert caught.value.topic == "nobody-made-it"
        with pytest.raises(UnknownTopic):
            producer.partitions("nobody-made-it")
        producer.flush()


def test_from_many_threads(target: Target) -> None:
    topic = target.topic()
    with SyncProducer(target.servers) as producer, ThreadPoolExecutor(16) as threads:
        metadata = list(threads.map(lambda n: producer.produce(topic, str(n)), range(400)))
    stored = target.values(topic)
    assert [stored[each.offset] for each in metadata] == [str(n).encode() for n in range(400)]


def test_inside_a_running_loop(target: Target) -> None:
    """It holds the loop, as anything does that blocks, and works all the same: in a notebook."""
    topic = target.topic()

    async def main() -> None:
        with SyncProducer(target.servers) as producer:
            assert producer.produce(topic, b"v").offset == 0
            producer.send(topic, b"w")

    asyncio.run(main())
    assert target.values(topic) == [b"v", b"w"]


def test_flush_has_its_time(target: Target) -> None:
    topic = target.topic()
    with SyncProducer(target.servers) as producer:
        producer.produce(topic, b"0")
        target.hold()
        for _ in range(7):
            producer.send(topic, b"v")
        with pytest.raises(FlushTimeout, match="7 messages were not settled") as caught:
            producer.flush(0.05)
        assert caught.value.remaining == 7
        target.release()
        producer.flush(30)
    assert len(target.values(topic)) == 8


def test_closed_is_closed(target: Target) -> None:
    producer = SyncProducer(target.servers)
    assert not producer.closed
    producer.close()
    producer.close()
    assert repr(producer) == f"<SyncProducer {target.servers} closed>"
    for call in (
        lambda: producer.produce("t", b"v"),
        lambda: producer.send("t", b"v"),
        producer.flush,
        producer.start,
        producer.ping,
        lambda: producer.partitions("t"),
    ):
        with pytest.raises(ProducerClosed, match="create another one"):
            call()


def test_a_cluster_that_is_not_there() -> None:
    producer = SyncProducer("127.0.0.1:1", metadata_timeout_ms=300)
    with pytest.raises(BrokerUnreachable, match=r"127\.0\.0\.1:1 \(TCP: Connection refused\)"):
        producer.start()
    with pytest.raises(BrokerUnreachable, match="within 100 ms"):
        producer.ping(0.1)
    with pytest.raises(BrokerUnreachable), producer:
        pytest.fail("nobody enters a block without a cluster")
    with pytest.raises(ProducerClosed):
        producer.produce("t", b"v")


def test_it_pickles_as_its_settings(target: Target) -> None:
    producer = SyncProducer(target.servers, linger_ms=7)
    other = pickle.loads(pickle.dumps(producer))  # noqa: S301 - just made
    assert isinstance(other, SyncProducer)
    assert other.config == producer.config
    assert other.config.linger_ms == 7
    producer.close()
    topic = target.topic()
    with other:
        assert other.produce(topic, b"v").offset == 0


def test_dropping_it_delivers(target: Target) -> None:
    topic = target.topic()
    told = threading.Event()

    def send() -> None:
        producer = SyncProducer(target.servers)
        producer.send(topic, b"v", on_delivery=lambda *_: told.set())

    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        send()
    assert told.wait(30)
    assert target.values(topic) == [b"v"]
