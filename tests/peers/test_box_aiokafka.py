"""aiokafka, which parses everything in Python, produces to the broker in the box and reads it."""

import asyncio
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from dekaf.testing import Broker
from tests.peers.conftest import PARTITIONS
from tests.peers.written import WRITTEN, Read, Written, in_place, plain

pytestmark = pytest.mark.asyncio

PATIENCE = 30.0  # seconds for whatever is to come
EVERY = {TopicPartition("t", n) for n in range(PARTITIONS)}


async def produce(box: Broker, records: tuple[Written, ...] = WRITTEN, **settings: object) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=box.bootstrap_servers, linger_ms=20, **settings
    ) as producer:
        sent = [
            await producer.send(
                "t",
                record.value,
                record.key,
                partition=n % PARTITIONS,
                timestamp_ms=record.timestamp,
                headers=list(record.headers),
            )
            for n, record in enumerate(records)
        ]
        acknowledged = await asyncio.gather(*sent)
    read = [
        Read(at.partition, at.offset, record)
        for at, record in zip(acknowledged, records, strict=True)
    ]
    assert [plain(record) for record in box.records("t")] == in_place(read)


def member(box: Broker, **settings: object) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        "t",
        bootstrap_servers=box.bootstrap_servers,
        group_id="g",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        heartbeat_interval_ms=100,  # so that it hears soon that it is to join again
        metadata_max_age_ms=1_000,
        **settings,
    )


def read_of(record: ConsumerRecord) -> Read:
    written = Written(record.key, record.value, tuple(record.headers), record.timestamp)
    return Read(record.partition, record.offset, written)


async def take(reader: AIOKafkaConsumer, count: int) -> list[Read]:
    found: list[Read] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < count:
            fetched = await reader.getmany(timeout_ms=1_000, max_records=count - len(found))
            found += [read_of(record) for records in fetched.values() for record in records]
    return found


async def until(condition: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 - no client tells of its assignment
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited {PATIENCE:g} s in vain until {what}") from None


async def until_shared(*members: AIOKafkaConsumer) -> None:
    """Wait until every partition has one owner, and every member some."""

    def shared() -> bool:
        owned = [one.assignment() for one in members]
        return all(owned) and sorted(p for own in owned for p in own) == sorted(EVERY)

    await until(shared, f"{len(members)} members share {PARTITIONS} partitions")


@pytest.mark.parametrize("idempotent", [False, True], ids=["plain", "idempotent"])
@pytest.mark.parametrize("codec", [None, "gzip", "snappy", "lz4", "zstd"])
async def test_what_is_written_is_read(box: Broker, codec: str | None, idempotent: bool) -> None:
    await produce(box, compression_type=codec, enable_idempotence=idempotent)
    stored = [plain(record) for record in box.records("t")]
    async with member(box) as reader:
        assert in_place(await take(reader, len(WRITTEN))) == stored


async def test_a_group_goes_on_where_it_stopped(box: Broker) -> None:
    await produce(box)
    async with member(box) as reader:
        first = await take(reader, 100)
        await reader.commit()
        committed = [await reader.committed(partition) for partition in EVERY]
        assert sum(offset or 0 for offset in committed) == 100
    async with member(box) as reader:
        rest = await take(reader, len(WRITTEN) - 100)
        assert await reader.getmany(timeout_ms=100) == {}
    assert in_place(first + rest) == [plain(record) for record in box.records("t")]


async def test_members_come_and_go(box: Broker) -> None:
    """Each time all that is left is read once, by whoever is there."""
    box.create_topic("t", partitions=PARTITIONS)
    found: list[Read] = []
    async with member(box) as one:
        await until_shared(one)
        async with member(box) as two:
            await until_shared(one, two)
            async with member(box) as three:
                await until_shared(one, two, three)
                await produce(box)
                for reader in (one, two, three):
                    for partition in reader.assignment():
                        count = len(WRITTEN[partition.partition :: PARTITIONS])
                        fetched = await take_of(reader, partition, count - 10)
                        found += fetched
                    await reader.commit()
            await until_shared(one, two)
        await until_shared(one)
        found += await take(one, 10 * PARTITIONS)
        assert await one.getmany(timeout_ms=100) == {}
    assert in_place(found) == [plain(record) for record in box.records("t")]


async def take_of(reader: AIOKafkaConsumer, partition: TopicPartition, count: int) -> list[Read]:
    found: list[Read] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < count:
            most = count - len(found)
            fetched = await reader.getmany(partition, timeout_ms=1_000, max_records=most)
            found += [read_of(record) for record in fetched.get(partition, [])]
    return found


async def test_one_that_vanishes_is_replaced(box: Broker) -> None:
    """It says no goodbye; the session it had ends."""
    box.create_topic("t", partitions=PARTITIONS)
    gone = member(box, session_timeout_ms=6_000)
    await gone.start()
    await until_shared(gone)
    # It leaves the group without a word, as a process that is killed.
    gone._coordinator._maybe_leave_group = _silence
    await gone.stop()
    async with member(box) as heir:
        await until_shared(heir)


async def _silence() -> None:
    pass


@pytest.mark.parametrize(
    "assignor", [RoundRobinPartitionAssignor, StickyPartitionAssignor], ids=["roundrobin", "sticky"]
)
async def test_ways_to_share(box: Broker, assignor: type[AbstractPartitionAssignor]) -> None:
    box.create_topic("t", partitions=PARTITIONS)
    settings = {"partition_assignment_strategy": (assignor,)}
    async with member(box, **settings) as one, member(box, **settings) as two:
        await until_shared(one, two)


async def test_a_reader_goes_where_it_likes(box: Broker) -> None:
    await produce(box)
    stored = [plain(record) for record in box.records("t") if record.partition == 0]
    partition = TopicPartition("t", 0)
    async with AIOKafkaConsumer(bootstrap_servers=box.bootstrap_servers) as reader:
        reader.assign([partition])
        reader.seek(partition, 7)
        assert await take(reader, 5) == stored[7:12]
        await reader.seek_to_beginning(partition)
        assert await take(reader, len(stored)) == stored
        await reader.seek_to_end(partition)
        assert await reader.position(partition) == len(stored)
        assert await reader.beginning_offsets([partition]) == {partition: 0}
        assert await reader.end_offsets([partition]) == {partition: len(stored)}
        last = WRITTEN[::PARTITIONS][-1].timestamp
        found = await reader.offsets_for_times({partition: last})
        assert found[partition].offset == len(stored) - 1
        assert found[partition].timestamp == last
        none = await reader.offsets_for_times({partition: last + 1_000})
        assert none == {partition: None}


async def test_new_partitions_are_found(box: Broker) -> None:
    """A topic that grows is shared anew."""
    box.create_topic("t", partitions=1)
    async with member(box) as reader:
        await until(lambda: len(reader.assignment()) == 1, "the one partition is assigned")
        box.delete_topic("t")
        box.create_topic("t", partitions=PARTITIONS)
        await until(lambda: reader.assignment() == EVERY, "the new partitions are assigned")
