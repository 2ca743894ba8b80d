"""The broker in the box: topics, their partitions, and who leads them."""

import asyncio

import pytest

from dekaf import BrokerError, Producer, UnknownTopic
from dekaf.testing import Broker

pytestmark = pytest.mark.asyncio


async def test_topics_come_when_they_are_asked_for() -> None:
    with Broker(partitions=3) as broker:
        assert broker.topics == {}
        async with Producer(broker.bootstrap_servers) as producer:
            assert broker.topics == {}
            await producer.produce("orders", b"v")
        assert broker.topics == {"orders": 3}


async def test_topics_do_not_come_unless_they_may() -> None:
    with Broker(auto_create_topics=False) as broker:
        broker.create_topic("here")
        async with Producer(broker.bootstrap_servers, metadata_timeout_ms=200) as producer:
            with pytest.raises(UnknownTopic, match="orders"):
                await producer.produce("orders", b"v")
            await producer.produce("here", b"v")
        assert broker.topics == {"here": 1}


async def test_a_producer_waits_for_a_topic_to_be_made() -> None:
    with Broker(auto_create_topics=False) as broker:
        async with Producer(
            broker.bootstrap_servers, retry_backoff_ms=1, retry_backoff_max_ms=5
        ) as producer:
            future = producer.produce("orders", b"v")
            broker.create_topic("orders")
            await future
        broker.assert_published("orders", value=b"v", times=1)


async def test_partitions_are_as_many_as_were_asked_for(dekaf_broker: Broker) -> None:
    dekaf_broker.create_topic("usual")
    dekaf_broker.create_topic("many", partitions=7)
    assert dekaf_broker.topics == {"many": 7, "usual": 1}
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        await asyncio.gather(
            *[producer.produce("many", str(place), partition=place) for place in range(7)]
        )
    stored = [(record.partition, record.value) for record in dekaf_broker.records("many")]
    assert stored == [(place, str(place).encode()) for place in range(7)]


async def test_settings_hold(dekaf_broker: Broker) -> None:
    dekaf_broker.create_topic("small", configs={"max.message.bytes": 1000})
    dekaf_broker.create_topic("keyed", configs={"cleanup.policy": "compact"})
    dekaf_broker.create_topic("dated", configs={"message.timestamp.type": "LogAppendTime"})
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        await producer.produce("small", b"x" * 500)
        with pytest.raises(BrokerError) as refused:
            await producer.produce("small", b"x" * 1000)
        assert refused.value.code == "MESSAGE_TOO_LARGE"

        await producer.produce("keyed", b"v", key=b"k")
        with pytest.raises(BrokerError) as refused:
            await producer.produce("keyed", b"v")
        assert refused.value.code == "INVALID_RECORD"

        metadata = await producer.produce("dated", b"v", timestamp=1)
    (dated,) = dekaf_broker.records("dated")
    assert dated.timestamp == metadata.timestamp > 1
    assert len(dekaf_broker.records("small")) == len(dekaf_broker.records("keyed")) == 1


async def test_settings_without_effect_are_taken(dekaf_broker: Broker) -> None:
    dekaf_broker.create_topic(
        "orders", configs={"retention.ms": -1, "preallocate": True, "compression.type": "zstd"}
    )


async def test_a_deleted_topic_is_forgotten_with_its_records(dekaf_broker: Broker) -> None:
    async with Producer(
        dekaf_broker.bootstrap_servers, retry_backoff_ms=1, retry_backoff_max_ms=5
    ) as producer:
        await producer.produce("orders", b"old")
        dekaf_broker.delete_topic("orders")
        assert dekaf_broker.topics == {}
        assert dekaf_broker.records("orders") == []
        dekaf_broker.create_topic("orders")
        # Whoever knew the old one finds the new one.
        metadata = await producer.produce("orders", b"new")
    assert metadata.offset == 0
    dekaf_broker.assert_published("orders", value=b"new", times=1)


async def test_leaders_go_round_and_are_all_served() -> None:
    with Broker(brokers=3) as broker:
        assert len(set(broker.bootstrap_servers.split(","))) == 3
        broker.create_topic("orders", partitions=6)
        first = broker.bootstrap_servers.split(",")[0]
        async with Producer(first) as producer:
            stored = await asyncio.gather(
                *[producer.produce("orders", b"v", partition=n % 6) for n in range(60)]
            )
        assert {metadata.offset for metadata in stored} == set(range(10))
        assert len(broker.records("orders")) == 60


async def test_a_leader_moves_and_is_followed() -> None:
    with Broker(brokers=3) as broker:
        broker.create_topic("orders")
        async with Producer(
            broker.bootstrap_servers, retry_backoff_ms=1, retry_backoff_max_ms=5
        ) as producer:
            for place in range(12):
                broker.faults.move_leader("orders", 0, place % 3 + 1)
                await producer.produce("orders", str(place))
        stored = [record.value for record in broker.records("orders")]
        assert stored == [str(place).encode() for place in range(12)]


async def test_a_leader_is_followed_by_its_hint_alone() -> None:
    with Broker(brokers=2) as broker:
        broker.create_topic("orders")
        producer = Producer(broker.bootstrap_servers, retry_backoff_ms=1, retry_backoff_max_ms=5)
        await producer.produce("orders", b"1")
        broker.faults.drop_requests("metadata", times=None)
        broker.faults.move_leader("orders", 0, 2)
        await asyncio.wait_for(producer.produce("orders", b"2"), 10)
        broker.faults.clear()
        await producer.close()
        assert [record.value for record in broker.records("orders")] == [b"1", b"2"]


async def test_leaders_move_under_load() -> None:
    with Broker(brokers=3) as broker:
        broker.create_topic("orders", partitions=3)
        async with Producer(
            broker.bootstrap_servers, retry_backoff_ms=1, retry_backoff_max_ms=5
        ) as producer:
            futures = []
            for turn in range(300):
                futures += [
                    producer.produce("orders", f"{turn}", partition=place) for place in range(3)
                ]
                if turn % 10 == 0:
                    broker.faults.move_leader("orders", turn % 3, turn // 10 % 3 + 1)
                    await asyncio.sleep(0)
            await asyncio.gather(*futures)
        for place in range(3):
            stored = [
                record.value for record in broker.records("orders") if record.partition == place
            ]
            assert stored == [str(turn).encode() for turn in range(300)]
