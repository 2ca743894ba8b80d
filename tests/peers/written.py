"""The records that every client writes, and has to read back to the byte."""

from dataclasses import dataclass

from dekaf.testing import StoredRecord

_EPOCH = 1_700_000_000_000

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A record without its place."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: int = _EPOCH


@dataclass(frozen=True, slots=True)
class Read:
    """A record and where a client found it."""

    partition: int
    offset: int
    record: Written


def plain(record: StoredRecord) -> Read:
    """Say what the broker says of a record as clients say it."""
    written = Written(record.key, record.value, record.headers, record.timestamp)
    return Read(record.partition, record.offset, written)


def in_place(records: list[Read]) -> list[Read]:
    return sorted(records, key=lambda read: (read.partition, read.offset))


_SINGULAR = (
    Written(b"key", b"value", timestamp=_EPOCH + 5),
    Written(b"", b""),  # empty is not null
    Written(None, b"no key"),
    Written(b"tombstone", None),
    Written(b"\x00\xff\xfe", bytes(range(256))),
    Written("ключ".encode(), "värde 🎉".encode(), timestamp=1),
    Written(b"one", b"header", (("trace", b"1"),)),
    Written(
        b"headers",
        b"of the same name, null and empty, in their order",
        (("a", b"1"), ("b", None), ("a", b"2"), ("a", b"1"), ("c", b""), ("żółw", b"\xff\x00")),
    ),
    Written(b"large", b"0123456789" * 20_000, timestamp=_EPOCH - 1),
)

WRITTEN = (
    *_SINGULAR,
    *(Written(b"%d" % n, b"value %d" % n * 5, timestamp=_EPOCH + n) for n in range(300)),
)
