"""The broker in the box: records are what was sent, in order, as long as they are kept."""

import asyncio
from typing import Any

import pytest

from dekaf import Producer
from dekaf.testing import Broker, StoredRecord

pytestmark = pytest.mark.asyncio


async def test_a_topic_that_is_not_there_has_none(dekaf_broker: Broker) -> None:
    assert dekaf_broker.records("orders") == []
    assert dekaf_broker.topics == {}


async def test_a_record_is_whole(dekaf_broker: Broker, dekaf_producer: Producer) -> None:
    dekaf_broker.create_topic("orders", partitions=2)
    await dekaf_producer.produce(
        "orders",
        b"v",
        key="k",
        partition=1,
        timestamp=1_700_000_000_123,
        headers=[("a", b"1"), ("a", None), ("", "ü")],
    )
    assert dekaf_broker.records("orders") == [
        StoredRecord(
            topic="orders",
            partition=1,
            offset=0,
            timestamp=1_700_000_000_123,
            key=b"k",
            value=b"v",
            headers=(("a", b"1"), ("a", None), ("", "ü".encode())),
        )
    ]


async def test_nothing_and_empty_are_different(
    dekaf_broker: Broker, dekaf_producer: Producer
) -> None:
    await dekaf_producer.produce("orders", None, key=b"")
    await dekaf_producer.produce("orders", b"", key=None)
    stored = [(record.key, record.value) for record in dekaf_broker.records("orders")]
    assert stored == [(b"", None), (None, b"")]


async def test_they_come_by_partition_and_offset(
    dekaf_broker: Broker, dekaf_producer: Producer
) -> None:
    dekaf_broker.create_topic("orders", partitions=3)
    sent = await asyncio.gather(
        *[dekaf_producer.produce("orders", str(n), partition=n % 3) for n in range(999)]
    )
    places = [(metadata.partition, metadata.offset) for metadata in sent]
    stored = dekaf_broker.records("orders")
    assert [(record.partition, record.offset) for record in stored] == sorted(places)
    by_place = {(record.partition, record.offset): record.value for record in stored}
    assert [by_place[place] for place in places] == [str(n).encode() for n in range(999)]


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
async def test_every_codec(dekaf_broker: Broker, codec: Any) -> None:
    sent = [f"value {n} ".encode() * 20 for n in range(200)]
    async with Producer(dekaf_broker.bootstrap_servers, compression=codec) as producer:
        await asyncio.gather(*[producer.produce("orders", value) for value in sent])
    assert [record.value for record in dekaf_broker.records("orders")] == sent


async def test_the_newest_are_kept() -> None:
    kept = 100_000
    with Broker(memory=kept) as broker:
        broker.create_topic("orders", partitions=2)
        async with Producer(broker.bootstrap_servers, batch_size=1) as producer:
            for n in range(300):
                await producer.produce("orders", bytes(900) + str(n).encode(), partition=n % 2)
        stored = broker.records("orders")
        # Batches have headers, too.
        assert kept * 0.9 <= 970 * len(stored) <= kept
        for place in range(2):
            offsets = [record.offset for record in stored if record.partition == place]
            assert offsets == list(range(offsets[0], 150))
            values = [record.value for record in stored if record.partition == place]
            numbers = [int((value or b"").lstrip(b"\0")) for value in values]
            assert numbers == [2 * offset + place for offset in offsets]


async def test_the_last_batch_is_kept_whatever_its_size() -> None:
    with Broker(memory=1) as broker:
        async with Producer(broker.bootstrap_servers) as producer:
            await producer.produce("orders", b"old")
            await producer.produce("orders", b"new" * 10_000)
        (record,) = broker.records("orders")
        assert (record.offset, record.value) == (1, b"new" * 10_000)


async def test_a_record_is_a_value(dekaf_broker: Broker, dekaf_producer: Producer) -> None:
    await dekaf_producer.produce("orders", b"v")
    (one,), (same,) = dekaf_broker.records("orders"), dekaf_broker.records("orders")
    assert one == same
    assert hash(one) == hash(same)
    with pytest.raises(AttributeError):
        one.value = b"other"  # type: ignore[misc]
