"""What an administrator does to a topic while records are on their way to it."""

import asyncio
import time
from itertools import groupby
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic

from dekaf import ProduceError, Producer, RecordMetadata, UnknownPartition, UnknownTopic
from tests.integration.counters import PATIENCE, Counters
from tests.integration.judge import assert_all_kept, assert_kept, assert_numbered
from tests.integration.reader import read
from tests.kafka import Cluster, FaultProxy, TopicFactory, wait_until

pytestmark = pytest.mark.asyncio


@pytest.fixture
def admin(kafka: Cluster) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka.bootstrap(), "log_level": 0})


@pytest.mark.versions
async def test_partitions_are_added(
    kafka: Cluster, topic: TopicFactory, admin: AdminClient
) -> None:
    name = topic(kafka, partitions=2)
    async with Producer(kafka.bootstrap(), metadata_max_age_ms=300) as producer:
        counters = Counters(producer, name, most_open=500)
        load = asyncio.create_task(counters.hand_over(5_000))
        await counters.until_acknowledged(1_000)
        admin.create_partitions([NewPartitions(name, 4)])[name].result(PATIENCE)
        await load
        async with asyncio.timeout(PATIENCE):
            while used(counters) != set(range(4)):
                await counters.hand_over(500)
        await counters.until_settled()
    assert_all_kept(kafka, counters, counters.handed_over)


def used(counters: Counters) -> set[int]:
    """Return the partitions where the last thousand records are."""
    last = counters.fates[-1_000:]
    return {fate.partition for fate in last if isinstance(fate, RecordMetadata)}


@pytest.mark.versions
async def test_a_topic_is_deleted_and_created_again(
    kafka: Cluster, topic: TopicFactory, admin: AdminClient
) -> None:
    """What is handed over while it is gone waits for the new one; nothing is repeated in it."""
    name = topic(kafka)
    async with Producer(kafka.bootstrap()) as producer:
        counters = Counters(producer, name, most_open=500)
        load = asyncio.create_task(counters.hand_over(5_000))
        await counters.until_acknowledged(1_000)
        admin.delete_topics([name])[name].result(PATIENCE)
        await asyncio.to_thread(
            wait_until, lambda: not kafka.metadata(name).topics[name], what="the topic is gone"
        )
        assert counters.open, "the topic was deleted when no record was on its way"
        await asyncio.to_thread(
            wait_until, lambda: is_created(admin, name), what="the topic is there again"
        )
        created_after = counters.acknowledged
        await load
        await counters.hand_over(1_000)
        await counters.until_settled()
    assert counters.acknowledged == 6_000, str(counters)
    assert_kept(kafka, counters, lost=range(created_after), from_zero=False)


@pytest.mark.versions
async def test_a_topic_that_was_forgotten_comes_back(kafka: Cluster, topic: TopicFactory) -> None:
    """Its numbers start again in a fresh epoch, so no broker takes its first batch for a duplicate.

    Brokers recognise the last five batches of a producer, so there are no more in a round.
    """
    names = [topic(kafka, partitions=2), topic(kafka)]
    async with Producer(kafka.bootstrap(), metadata_max_idle_ms=1_000) as producer:
        both = [Counters(producer, name, keys=2) for name in names]
        for again in range(1, 5):
            for counters in both:
                for _ in range(5):
                    await counters.hand_over(1)
                    await counters.until_settled()
                await until_forgotten(producer, counters.topic)
            assert producer.metrics().records.acknowledged == again * 10
    for counters in both:
        assert_all_kept(kafka, counters, 20)
    for name in names if kafka.plan.release.dumps_batches else []:
        batches = kafka.batches(name, records=False)
        epochs = [epoch for epoch, _ in groupby(batch.producer_epoch for batch in batches)]
        assert len(epochs) == 4, f"it was not forgotten three times: {epochs}"
        assert epochs == sorted(epochs)


@pytest.mark.versions
async def test_a_forgotten_topic_is_used_by_another_meanwhile(
    kafka: Cluster, topic: TopicFactory
) -> None:
    """Each of two producers has its own numbers: none of their records is lost or repeated."""
    name = topic(kafka)
    async with (
        Producer(kafka.bootstrap(), metadata_max_idle_ms=1_000) as producer,
        Producer(kafka.bootstrap()) as other,
    ):
        stored = []
        for again in range(4):
            stored += [await producer.produce(name, f"mine {again} {n}") for n in range(3)]
            await until_forgotten(producer, name)
            stored += [await other.produce(name, f"other {again} {n}") for n in range(3)]
    assert [metadata.offset for metadata in stored] == list(range(24))
    values = [
        b"%s %d %d" % (owner, again, n)
        for again in range(4)
        for owner in (b"mine", b"other")
        for n in range(3)
    ]
    assert [message.value() for message in read(kafka, name)[0]] == values
    assert_numbered(kafka, name)


async def test_the_leader_of_a_forgotten_topic_moves(kafka3: Cluster, topic: TopicFactory) -> None:
    """The next leader knows the producer's numbers from the log that it has copied."""
    name = topic(kafka3)
    async with Producer(kafka3.bootstrap(), metadata_max_idle_ms=1_000) as producer:
        counters = Counters(producer, name, most_open=500)

        async def use_and_forget() -> None:
            await counters.hand_over(1_000)
            await counters.until_settled()
            await until_forgotten(producer, name)

        await use_and_forget()
        leader = kafka3.leader(name)
        await asyncio.to_thread(kafka3.stop, leader)
        await asyncio.to_thread(kafka3.wait_leader, name, other_than=leader)
        await use_and_forget()
        await asyncio.to_thread(kafka3.heal)
        await use_and_forget()
    assert_all_kept(kafka3, counters, 3_000)


async def until_forgotten(producer: Producer, topic: str) -> None:
    await asyncio.to_thread(
        wait_until,
        lambda: topic not in [each.name for each in producer.metrics().topics],
        what=f"{topic} is forgotten",
    )


def is_created(admin: AdminClient, topic: str, partitions: int = 1) -> bool:
    """Create it, unless it is still being deleted: with ZooKeeper that goes on for a while."""
    try:
        admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(PATIENCE)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
        return False
    return True


@pytest.mark.versions
async def test_old_records_are_deleted(
    kafka: Cluster, topic: TopicFactory, admin: AdminClient
) -> None:
    """Brokers forget a producer of which no record is left: nothing may be lost by that."""
    name = topic(kafka)
    async with Producer(kafka.bootstrap()) as producer:
        counters = Counters(producer, name, most_open=500)
        first = 0
        for _ in range(5):
            load = asyncio.create_task(counters.hand_over(3_000))
            await counters.until_acknowledged(counters.handed_over + 1_000)
            everything = TopicPartition(name, 0, -1)
            deleted = admin.delete_records([everything])[everything].result(PATIENCE)
            assert deleted.low_watermark > first, "nothing was deleted"
            first = deleted.low_watermark
            await load
        await counters.until_settled()
    assert not counters.failed, str(counters)
    assert read(kafka, name)[0][0].offset() == first
    assert_kept(kafka, counters, lost=range(first), from_zero=False)


async def test_a_quota_slows_down_and_fails_nothing(
    kafka: Cluster, proxy: FaultProxy, topic: TopicFactory
) -> None:
    """A broker is silent for as long as it asked to be left alone.

    Whoever sends to it meanwhile waits for that time and his answer: longer than the request
    timeout here, so that the connection would be given up.
    """
    name = topic(kafka)
    client = f"client-of-{name}"
    configs = ["kafka.admin.ConfigCommand", "--bootstrap-server", kafka.bootstrap(), "--alter"]
    entity = ["--entity-type", "clients", "--entity-name", client]
    kafka.tool(*configs, "--add-config", "producer_byte_rate=10000", *entity)
    short: dict[str, Any] = {"request_timeout_ms": 1_000, "linger_ms": 0}
    async with Producer(kafka.bootstrap("PROXIED"), client_id=client, **short) as producer:
        await producer.produce(name, b"x" * 100)
        accepted = proxy.accepted
        began = time.monotonic()
        for n in range(1, 5):
            metadata = await producer.produce(name, b"x" * 40_000)
            assert metadata.offset == n
        took = time.monotonic() - began
        throttled = producer.metrics().requests.throttle_time
    kafka.tool(*configs, "--delete-config", "producer_byte_rate", *entity)
    assert proxy.accepted == accepted, "it sent to a broker that had asked for silence"
    assert took > 2, f"160 kB at 10 kB/s took {took:.1f} s: there was no quota"
    assert throttled.count
    assert 1_000 < throttled.max_ms <= throttled.total_ms
    assert sum(batch.count for batch in kafka.batches(name, records=False)) == 5


async def test_a_topic_comes_back_smaller(
    kafka: Cluster, topic: TopicFactory, admin: AdminClient
) -> None:
    """The partitions that are gone are given up, and keys find their places among those left."""
    name = topic(kafka, partitions=4)
    keys = [b"key-%d" % n for n in range(40)]
    async with Producer(kafka.bootstrap(), metadata_max_age_ms=500) as producer:
        for key in keys:
            await producer.produce(name, b"before", key=key)
        await recreate(kafka, admin, name, partitions=2)
        fates = [await producer.produce(name, b"after", key=key) for key in keys]
        assert {fate.partition for fate in fates} == {0, 1}
        assert len(await producer.partitions(name)) == 2
    stored = read(kafka, name)
    assert {fate.partition for fate in fates} == set(stored)
    after = [message for n in stored for message in stored[n] if message.value() == b"after"]
    assert {message.key() for message in after} == set(keys)
    assert len(after) == len(keys)


async def recreate(kafka: Cluster, admin: AdminClient, name: str, partitions: int) -> None:
    admin.delete_topics([name])[name].result(PATIENCE)
    await asyncio.to_thread(
        wait_until, lambda: is_created(admin, name, partitions), what="the topic is there again"
    )
    await asyncio.to_thread(
        wait_until,
        lambda: len(kafka.metadata(name).topics[name]) == partitions,
        what="the brokers know the new topic",
    )


@pytest.mark.parametrize("atomic", [False, True])
async def test_a_partition_that_was_added_is_asked_for(
    kafka: Cluster, topic: TopicFactory, admin: AdminClient, atomic: bool
) -> None:
    """The producer does not wait until what it knows of the topic is old."""
    name = topic(kafka, partitions=1)
    async with Producer(kafka.bootstrap()) as producer:
        await producer.produce(name, b"first")
        admin.create_partitions([NewPartitions(name, 3)])[name].result(PATIENCE)
        await asyncio.to_thread(
            wait_until,
            lambda: len(kafka.metadata(name).topics[name]) == 3,
            what="the brokers know the new partitions",
        )
        if atomic:
            results = await producer.publish_batch(
                b"one", b"two", topic=name, partition=2, atomic=True
            )
            assert [metadata.offset for metadata in results] == [0, 1]
        else:
            assert (await producer.produce(name, b"one", partition=2)).offset == 0
        with pytest.raises(UnknownPartition):
            await producer.produce(name, b"none", partition=3)
    assert [message.value() for message in read(kafka, name)[2]][:1] == [b"one"]


async def test_a_topic_is_deleted_for_good(
    kafka: Cluster, topic: TopicFactory, admin: AdminClient
) -> None:
    """New records fail as for any topic that does not exist, long before their own time is over."""
    name = topic(kafka)
    short: dict[str, Any] = {"metadata_timeout_ms": 1_500, "metadata_max_age_ms": 300}
    async with Producer(kafka.bootstrap(), delivery_timeout_ms=600_000, **short) as producer:
        await producer.produce(name, b"first")
        admin.delete_topics([name])[name].result(PATIENCE)
        await asyncio.to_thread(
            wait_until, lambda: not kafka.metadata(name).topics[name], what="the topic is gone"
        )
        with pytest.raises(UnknownTopic, match=name):
            await producer.partitions(name)
        with pytest.raises(UnknownTopic, match=name):
            await asyncio.wait_for(producer.produce(name, b"late"), PATIENCE)


async def test_a_refused_record_fails_alone(kafka: Cluster, topic: TopicFactory) -> None:
    """A compacted topic takes no record without a key; those that left with it are stored."""
    name = topic(kafka, configs={"cleanup.policy": "compact"})
    async with Producer(kafka.bootstrap(), linger_ms=1_000) as producer:
        keys = ["a", "b", None, "c", "d"]
        calls = [producer.produce(name, f"{n}", key=key) for n, key in enumerate(keys)]
        fates = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(fate, RecordMetadata) for fate in fates] == [key is not None for key in keys]
    refused = fates[2]
    assert isinstance(refused, ProduceError)
    assert refused.code == "INVALID_RECORD"
    assert name in str(refused)
    assert [message.value() for message in read(kafka, name)[0]] == [b"0", b"1", b"3", b"4"]
    assert_numbered(kafka, name)
