"""What is stored, as Kafka itself reads it: the output of DumpLogSegments, parsed.

Keys and values are text; what is not UTF-8 comes as Kafka prints it, with replacement
characters, and only to the end of its first line. Kafka prints no values of headers: read
those, and binary data, with a consumer.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

SEQUENCES = 2**31  # after the last of them, a producer's next is 0

Marker = Literal["COMMIT", "ABORT"]


@dataclass(frozen=True, slots=True)
class Record:
    offset: int
    timestamp: int
    sequence: int  # -1: of a producer without idempotence
    key: str | None
    value: str | None
    header_keys: tuple[str, ...]
    marker: Marker | None = None  # in control batches


@dataclass(frozen=True, slots=True)
class Batch:
    base_offset: int
    last_offset: int
    count: int
    base_sequence: int
    last_sequence: int
    producer_id: int  # -1: a producer without idempotence
    producer_epoch: int
    partition_leader_epoch: int
    is_transactional: bool
    is_control: bool
    timestamp: int  # the latest of its records'
    timestamp_type: str  # CreateTime or LogAppendTime
    position: int  # of its first byte in the segment
    size: int
    magic: int
    codec: str  # none, gzip, snappy, lz4, zstd
    crc: int
    valid: bool  # whether the CRC is right; assert on it
    records: tuple[Record, ...] = ()

    @property
    def marker(self) -> Marker | None:
        return self.records[0].marker if self.is_control and self.records else None


def parse_dump(dump: str) -> list[Batch]:
    """Parse batches from Kafka 2.8 on, and records, if the dump has them, from 3.4 on."""
    data = dump.encode()  # sizes are in bytes
    found: list[Batch] = []
    at = 0
    while at < len(data):
        if data.startswith(b"baseOffset:", at):
            end = _line_end(data, at)
            found.append(_batch(data[at:end].decode()))
        elif data.startswith(b"| offset:", at):
            record, end = _record(data, at)
            found[-1] = replace(found[-1], records=(*found[-1].records, record))
        else:
            end = _line_end(data, at)
        at = end + 1
    return found


def check_sequences(batches: Iterable[Batch], *, from_zero: bool = True) -> None:
    """Assert that every producer's data batches follow each other: no gap, nothing twice.

    A log whose beginning was deleted, or that replaced another, does not start `from_zero`.
    """
    expected: dict[tuple[int, int], int] = {}
    for batch in batches:
        if batch.producer_id < 0 or batch.is_control:
            continue
        producer = (batch.producer_id, batch.producer_epoch)
        first = expected.get(producer, 0 if from_zero else batch.base_sequence)
        assert batch.base_sequence == first, f"sequence {first} should come next: {batch}"
        last = (first + batch.count - 1) % SEQUENCES
        assert batch.last_sequence == last, f"sequence {last} should be its last: {batch}"
        expected[producer] = (last + 1) % SEQUENCES


_PAIR = re.compile(r"(\w+): (\S+)")
_RECORD = re.compile(
    rb"\| offset: (?P<offset>\d+) (?:isValid: \w+ crc: \w+ )?\w+: (?P<timestamp>-?\d+) "
    rb"keySize: (?P<key_size>-?\d+) valueSize: (?P<value_size>-?\d+) "
    rb"sequence: (?P<sequence>-?\d+) headerKeys: \["
)
_INEXACT = re.compile(rb"(?P<headers>.*?)\](?: key: (?P<key>.*?))?(?: payload: (?P<value>.*))?")
_MARKER = re.compile(rb"\] endTxnMarker: (COMMIT|ABORT) ")


def _batch(line: str) -> Batch:
    fields = dict(_PAIR.findall(line))
    if "count" not in fields:
        raise ValueError(f"not how Kafka 2.8 and later print a batch: {line}")
    timestamp_type = "LogAppendTime" if "LogAppendTime" in fields else "CreateTime"
    return Batch(
        base_offset=int(fields["baseOffset"]),
        last_offset=int(fields["lastOffset"]),
        count=int(fields["count"]),
        base_sequence=int(fields["baseSequence"]),
        last_sequence=int(fields["lastSequence"]),
        producer_id=int(fields["producerId"]),
        producer_epoch=int(fields["producerEpoch"]),
        partition_leader_epoch=int(fields["partitionLeaderEpoch"]),
        is_transactional=fields["isTransactional"] == "true",
        is_control=fields["isControl"] == "true",
        timestamp=int(fields[timestamp_type]),
        timestamp_type=timestamp_type,
        position=int(fields["position"]),
        size=int(fields["size"]),
        magic=int(fields["magic"]),
        codec=fields["compresscodec"].lower(),
        crc=int(fields["crc"]),
        valid=fields["isvalid"] == "true",
    )


def _record(data: bytes, at: int) -> tuple[Record, int]:
    """Read the record that is printed at `at`, and where its text ends."""
    head = _RECORD.match(data, at)
    if head is None:
        line = data[at : _line_end(data, at)].decode(errors="replace")
        raise ValueError(f"not how Kafka 3.4 and later print a record: {line}")
    line_end = _line_end(data, head.end())
    marker: Marker | None = None
    parts = _exact(data, head, line_end)
    if parts is None and (said := _MARKER.match(data, head.end(), line_end)):
        marker = "COMMIT" if said[1] == b"COMMIT" else "ABORT"
        parts = (b"", None, None, line_end)
    headers, key, value, end = parts or _inexact(data, head, line_end)
    record = Record(
        offset=int(head["offset"]),
        timestamp=int(head["timestamp"]),
        sequence=int(head["sequence"]),
        key=_text(key),
        value=_text(value),
        header_keys=tuple(headers.decode(errors="replace").split(",")) if headers else (),
        marker=marker,
    )
    return record, end


_Parts = tuple[bytes, bytes | None, bytes | None, int]


def _exact(data: bytes, head: re.Match[bytes], line_end: int) -> _Parts | None:
    """Find header keys, key and value by their sizes, whatever characters they have.

    Where the header keys end is the one thing to find: at the bracket after which all fits.
    """
    bracket = data.find(b"]", head.end(), line_end)
    while bracket >= 0:
        key, at = _sized(data, bracket + 1, b" key: ", int(head["key_size"]))
        value, at = _sized(data, at, b" payload: ", int(head["value_size"]))
        if at >= 0 and (at == len(data) or data[at : at + 1] == b"\n"):
            return data[head.end() : bracket], key, value, at
        bracket = data.find(b"]", bracket + 1, line_end)
    return None


def _sized(data: bytes, at: int, label: bytes, size: int) -> tuple[bytes | None, int]:
    if at < 0 or size < 0:
        return None, at
    if not data.startswith(label, at):
        return None, -1
    start = at + len(label)
    return data[start : start + size], start + size


def _inexact(data: bytes, head: re.Match[bytes], line_end: int) -> _Parts:
    """Find the same where sizes do not fit the text, because it stands for binary data."""
    parts = _INEXACT.fullmatch(data, head.end(), line_end)
    if parts is None:
        raise ValueError(f"not a record: {data[head.start() : line_end].decode(errors='replace')}")
    return parts["headers"], parts["key"], parts["value"], line_end


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode(errors="replace")


def _line_end(data: bytes, at: int) -> int:
    end = data.find(b"\n", at)
    return len(data) if end < 0 else end
