"""Very many small records go through the broker in the box, from one client to three others."""

import asyncio
import time

import pytest
from aiokafka import AIOKafkaConsumer
from confluent_kafka import KafkaError, Message, Producer

from dekaf.testing import Broker
from tests.peers.test_box_aiokafka import until

pytestmark = pytest.mark.asyncio

PARTITIONS = 6
MEMBERS = 3
MILLION = 1_000_000


async def test_fifty_thousand_records(box: Broker) -> None:
    await go_through(box, 50_000)


@pytest.mark.slow
async def test_a_million_records(box: Broker) -> None:
    await go_through(box, MILLION)


async def go_through(box: Broker, count: int) -> None:
    """See that a group reads each of so many records once, and every partition in order."""
    box.create_topic("t", partitions=PARTITIONS)
    began = time.perf_counter()
    await asyncio.to_thread(produce, box, count)
    produced = time.perf_counter()
    await read_by_group(box, count)
    read = time.perf_counter()
    print(  # noqa: T201 - the figures, for whoever asks with -s
        f"{count} records: produced in {produced - began:.1f} s, read in {read - produced:.1f} s"
    )


def produce(box: Broker, count: int) -> None:
    refused: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            refused.append(error)

    producer = Producer(
        {
            "bootstrap.servers": box.bootstrap_servers,
            "linger.ms": 20,
            "enable.idempotence": True,
            "delivery.report.only.error": True,
            "queue.buffering.max.messages": count,
        }
    )
    for n in range(count):
        producer.produce("t", b"%d" % n, partition=n % PARTITIONS, on_delivery=delivered)
        if n % 10_000 == 0:
            producer.poll(0)
    left = producer.flush(100)
    assert not refused, f"{len(refused)} records were refused, the first with {refused[0]}"
    assert left == 0, f"{left} records were not acknowledged within 100 s"


async def read_by_group(box: Broker, count: int) -> None:
    members = [
        AIOKafkaConsumer(
            "t",
            bootstrap_servers=box.bootstrap_servers,
            group_id="g",
            auto_offset_reset="earliest",
            heartbeat_interval_ms=500,
            # It reads in one thread with two others, and need not be quick.
            session_timeout_ms=60_000,
        )
        for _ in range(MEMBERS)
    ]
    await asyncio.gather(*[member.start() for member in members])
    try:
        # Who reads before all are there reads some of it for others, too.
        await until(lambda: is_shared(members), f"{MEMBERS} members share {PARTITIONS} partitions")
        shares = [len(range(n, count, PARTITIONS)) for n in range(PARTITIONS)]
        await asyncio.gather(*[read_share(member, shares) for member in members])
        rest = await asyncio.gather(*[member.getmany(timeout_ms=200) for member in members])
        assert not any(rest), f"more came than was produced: {rest}"
    finally:
        await asyncio.gather(*[member.stop() for member in members])


def is_shared(members: list[AIOKafkaConsumer]) -> bool:
    owned = [member.assignment() for member in members]
    return all(owned) and len(set().union(*owned)) == sum(map(len, owned)) == PARTITIONS


async def read_share(member: AIOKafkaConsumer, shares: list[int]) -> None:
    """Read a member's partitions to their ends, and see that record after record is the next."""
    mine = {partition.partition for partition in member.assignment()}
    came = dict.fromkeys(mine, 0)
    while any(came[n] < shares[n] for n in mine):
        async with asyncio.timeout(60):
            fetched = await member.getmany(timeout_ms=1_000)
        for partition, records in fetched.items():
            n = partition.partition
            for record in records:
                value = b"%d" % (n + came[n] * PARTITIONS)
                found = (record.offset, record.value)
                assert found == (came[n], value), f"{partition}: {found} came, not {value!r} next"
                came[n] += 1
