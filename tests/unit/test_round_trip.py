"""Every kind of message, produced and found again: what it was, and where it was said to be."""

import array
import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import pytest

from dekaf import Producer, RecordMetadata
from dekaf.testing import Broker, StoredRecord

pytestmark = pytest.mark.asyncio

HALF_HOUR_EAST = timezone(timedelta(minutes=30))

CONTENT: list[tuple[Any, bytes | None]] = [
    (b"bytes", b"bytes"),
    (b"\x00\xff", b"\x00\xff"),
    (b"", b""),
    ("text", b"text"),
    ("grüße, 日本, 🦀", "grüße, 日本, 🦀".encode()),
    ("", b""),
    (None, None),
    (bytearray(b"array"), b"array"),
    (memoryview(b"a view")[2:], b"view"),
    (memoryview(b"abcdef")[::2], b"ace"),
    (array.array("h", [1, 256]), array.array("h", [1, 256]).tobytes()),
]
"""What a value or a key may be, and what is stored of it."""

HEADERS: list[tuple[Any, list[tuple[str, bytes | None]]]] = [
    (None, []),
    ({}, []),
    ([], []),
    ({"trace-id": "a1"}, [("trace-id", b"a1")]),
    ({"raw": b"\x00", "none": None, "": b""}, [("raw", b"\x00"), ("none", None), ("", b"")]),
    ({"größe": "ü"}, [("größe", "ü".encode())]),
    (MappingProxyType({"a": bytearray(b"1")}), [("a", b"1")]),
    ([("again", b"1"), ("again", "2")], [("again", b"1"), ("again", b"2")]),
    ((("pair", memoryview(b"view")),), [("pair", b"view")]),
    (iter([("b", b"1"), ("a", b"2")]), [("b", b"1"), ("a", b"2")]),
    ({f"name-{n}": str(n) for n in range(200)}, [(f"name-{n}", b"%d" % n) for n in range(200)]),
]

TIMES: list[tuple[Any, int]] = [
    (0, 0),
    (1_700_000_000_123, 1_700_000_000_123),
    (datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC), 1_767_323_045_678),
    (datetime(1970, 1, 1, 0, 30, 1, tzinfo=HALF_HOUR_EAST), 1_000),
]


async def round_trip(broker: Broker, **message: Any) -> StoredRecord:
    """Produce one message behind another, and return what is stored of it."""
    async with Producer(broker.bootstrap_servers) as producer:
        await producer.produce("orders", b"before")
        metadata = await producer.produce("orders", **message)
    _, stored = broker.records("orders")
    assert metadata == RecordMetadata("orders", 0, 1, stored.timestamp)
    return stored


@pytest.mark.parametrize(("given", "expected"), CONTENT)
async def test_values(dekaf_broker: Broker, given: object, expected: bytes | None) -> None:
    stored = await round_trip(dekaf_broker, value=given)
    assert (stored.key, stored.value, stored.headers) == (None, expected, ())


@pytest.mark.parametrize(("given", "expected"), CONTENT)
async def test_keys(dekaf_broker: Broker, given: object, expected: bytes | None) -> None:
    stored = await round_trip(dekaf_broker, key=given)
    assert (stored.key, stored.value, stored.headers) == (expected, None, ())


@pytest.mark.parametrize(("given", "expected"), HEADERS)
async def test_headers(
    dekaf_broker: Broker, given: object, expected: list[tuple[str, bytes | None]]
) -> None:
    stored = await round_trip(dekaf_broker, headers=given)
    assert list(stored.headers) == expected


@pytest.mark.parametrize(("given", "expected"), TIMES)
async def test_timestamps(dekaf_broker: Broker, given: object, expected: int) -> None:
    stored = await round_trip(dekaf_broker, value=b"v", timestamp=given)
    assert stored.timestamp == expected


async def test_without_a_timestamp_it_is_now(dekaf_broker: Broker) -> None:
    before = time.time_ns() // 1_000_000
    stored = await round_trip(dekaf_broker, value=b"v")
    assert before <= stored.timestamp <= time.time_ns() // 1_000_000


@pytest.mark.parametrize("size", [65_535, 65_536, 900_000])
async def test_sizes(dekaf_broker: Broker, size: int) -> None:
    """Around a batch's size, and near the largest that goes without other settings."""
    value = bytes(range(256)) * (size // 256) + bytes(size % 256)
    stored = await round_trip(dekaf_broker, value=value)
    assert stored.value == value


async def test_what_is_given_may_be_changed_afterwards(
    dekaf_broker: Broker, dekaf_producer: Producer
) -> None:
    value = bytearray(b"given")
    future = dekaf_producer.produce("orders", value)
    value[:] = b"other"
    await future
    dekaf_broker.assert_published("orders", value=b"given", times=1)


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
async def test_many_in_every_codec(codec: Any) -> None:
    """A task's call order is the order in each partition, whatever batches were formed."""
    count = 5_000
    with Broker(partitions=3) as broker:
        async with Producer(broker.bootstrap_servers, compression=codec) as producer:
            sent = await asyncio.gather(
                *[producer.produce("orders", str(n), key=f"key-{n % 50}") for n in range(count)]
            )
        stored = {(record.partition, record.offset): record for record in broker.records("orders")}
    assert len(stored) == count
    last = [-1, -1, -1]
    for n, metadata in enumerate(sent):
        record = stored[metadata.partition, metadata.offset]
        assert (record.key, record.value) == (b"key-%d" % (n % 50), b"%d" % n)
        assert metadata.offset == last[metadata.partition] + 1
        last[metadata.partition] = metadata.offset


async def test_keys_keep_their_partition_and_the_rest_go_round() -> None:
    with Broker(partitions=5) as broker:
        async with Producer(broker.bootstrap_servers, batch_size=1_000) as producer:
            keyed = await asyncio.gather(
                *[producer.produce("orders", b"v", key=f"key-{n % 40}") for n in range(400)]
            )
            others = await asyncio.gather(
                *[producer.produce("orders", bytes(100)) for _ in range(4_000)]
            )
    places: dict[int, set[int]] = {}
    for n, metadata in enumerate(keyed):
        places.setdefault(n % 40, set()).add(metadata.partition)
    assert all(len(partitions) == 1 for partitions in places.values())
    assert {metadata.partition for metadata in others} == set(range(5))
