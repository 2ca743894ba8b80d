"""Fetch and ListOffsets: what is read from where, how much of it, and when."""

import time
from typing import Any

import pytest
from aiokafka.protocol.admin import DeleteRecordsRequest_v1
from aiokafka.protocol.fetch import FetchRequest_v11
from aiokafka.protocol.offset import OffsetRequest_v1

from tests.conformance.batches import batch, records, store
from tests.conformance.engine import Connection, Engine

OUT_OF_RANGE, UNKNOWN_TOPIC, UNKNOWN_EPOCH = 1, 3, 75
LATEST, EARLIEST, LARGEST = -1, -2, -3


def asks(  # noqa: PLR0913 - as the request has them
    topic: str,
    offset: int = 0,
    *,
    partition: int = 0,
    epoch: int = -1,
    wait: int = 0,
    least: int = 1,
    most: int = 1 << 20,
    most_of_partition: int = 1 << 20,
) -> FetchRequest_v11:
    wanted = [(topic, [(partition, epoch, offset, -1, most_of_partition)])]
    return FetchRequest_v11(-1, wait, least, most, 0, 0, -1, wanted, [], "")


def partition_of(answer: Any) -> Any:
    ((_, (partition,)),) = answer.topics
    return partition


def fetch(engine: Engine, *args: Any, **kwargs: Any) -> tuple[int, int, int, list[Any]]:
    """Return error, high watermark, start of the log and the records."""
    _, error, end, stable, start, aborted, _, data = partition_of(engine.ask(asks(*args, **kwargs)))
    assert stable == end
    assert not aborted
    return error, end, start, records(data or b"")


def filled(engine: Engine, name: str, **settings: object) -> list[tuple[int, int, bytes | None]]:
    """Create a topic of four batches; return its records."""
    engine.create_topic(name, **settings)  # type: ignore[arg-type]
    stored: list[tuple[int, int, bytes | None]] = []
    for n in range(4):
        values = [b"%d-%d" % (n, m) + b"." * 100 for m in range(3)]
        base = store(engine, name, batch(*values))
        assert base == 3 * n
        stored += [(base + m, 1_000 + m, value) for m, value in enumerate(values)]
    return stored


def test_all_of_it(engine: Engine, name: str) -> None:
    stored = filled(engine, name)
    assert fetch(engine, name) == (0, 12, 0, stored)


def test_from_the_middle_of_a_batch(engine: Engine, name: str) -> None:
    """Batches are whole: the reader passes over what it did not ask for."""
    stored = filled(engine, name)
    assert fetch(engine, name, 4) == (0, 12, 0, stored[3:])
    assert fetch(engine, name, 11) == (0, 12, 0, stored[9:])


def test_from_the_end(engine: Engine, name: str) -> None:
    filled(engine, name)
    assert fetch(engine, name, 12) == (0, 12, 0, [])


@pytest.mark.parametrize("offset", [13, 1_000_000, -1, -2])
def test_from_nowhere(engine: Engine, name: str, offset: int) -> None:
    filled(engine, name)
    assert fetch(engine, name, offset) == (OUT_OF_RANGE, -1, -1, [])


def test_from_what_is_unknown(engine: Engine, name: str) -> None:
    assert fetch(engine, name) == (UNKNOWN_TOPIC, -1, -1, [])
    filled(engine, name)
    assert fetch(engine, name, partition=1) == (UNKNOWN_TOPIC, -1, -1, [])
    error, *_ = fetch(engine, name, epoch=99)
    assert error == UNKNOWN_EPOCH
    assert fetch(engine, name, epoch=0)[0] == 0


def test_no_more_than_is_wanted(engine: Engine, name: str) -> None:
    """One batch comes in any case, or nobody could get past it."""
    stored = filled(engine, name)
    size = len(batch(*[value for _, _, value in stored[:3]]))
    for most in (1, size, size + 1, 2 * size - 1):
        assert whole(engine, name, most=most) == stored[:3], most
        assert whole(engine, name, most_of_partition=most) == stored[:3], most
    assert whole(engine, name, most=2 * size) == stored[:6]
    assert whole(engine, name, most_of_partition=2 * size) == stored[:6]


def whole(engine: Engine, name: str, **limits: int) -> list[Any]:
    """Fetch, and leave out a last batch that was cut off in the middle."""
    data = partition_of(engine.ask(asks(name, **limits)))[-1]
    found = []
    while len(data) >= 12 and 12 + int.from_bytes(data[8:12]) <= len(data):
        size = 12 + int.from_bytes(data[8:12])
        found += records(data[:size])
        data = data[size:]
    return found


def test_after_records_are_deleted(engine: Engine, name: str) -> None:
    stored = filled(engine, name)
    request = DeleteRecordsRequest_v1([(name, [(0, 4)])], 10_000)
    ((_, ((_, low, error),)),) = engine.ask(request).topics
    assert (low, error) == (4, 0)
    error, _, _, read = fetch(engine, name, 3)
    assert (error, read) == (OUT_OF_RANGE, [])
    assert fetch(engine, name, 4) == (0, 12, 4, stored[3:])
    assert offset_at(engine, name, EARLIEST) == (0, 4, -1)
    for beyond in (13, -2):
        request = DeleteRecordsRequest_v1([(name, [(0, beyond)])], 10_000)
        ((_, ((_, low, error),)),) = engine.ask(request).topics
        assert (low, error) == (-1, OUT_OF_RANGE), beyond
    request = DeleteRecordsRequest_v1([(name, [(0, -1)])], 10_000)
    ((_, ((_, low, error),)),) = engine.ask(request).topics
    assert (low, error) == (12, 0)
    assert offset_at(engine, name, EARLIEST) == (0, 12, -1)


# -- waiting ------------------------------------------------------------------------------


def test_a_reader_that_waits_is_told_when_a_record_comes(engine: Engine, name: str) -> None:
    engine.create_topic(name)
    began = time.monotonic()
    with engine.connect() as reader:
        reader.send(asks(name, wait=25_000))
        still_waits(reader)
        store(engine, name, batch(b"news"))
        data = partition_of(reader.receive())[-1]
    assert records(data) == [(0, 1_000, b"news")]
    assert time.monotonic() - began < 20


def still_waits(reader: Connection) -> None:
    """See that no answer has come yet."""
    reader._socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        reader._socket.recv(1)
    reader._socket.settimeout(30)


def test_a_reader_that_wants_much_waits_until_it_is_there(engine: Engine, name: str) -> None:
    engine.create_topic(name)
    one = batch(b"x" * 1_000)
    with engine.connect() as reader:
        reader.send(asks(name, wait=25_000, least=2 * len(one)))
        store(engine, name, one)
        still_waits(reader)
        store(engine, name, one)
        data = partition_of(reader.receive())[-1]
    assert len(records(data)) == 2


def test_patience_ends(engine: Engine, name: str) -> None:
    filled(engine, name)
    began = time.monotonic()
    assert fetch(engine, name, 12, wait=300) == (0, 12, 0, [])
    assert time.monotonic() - began >= 0.29
    assert len(fetch(engine, name, wait=300, least=1 << 20)[3]) == 12


def test_an_error_does_not_wait(engine: Engine, name: str) -> None:
    filled(engine, name)
    began = time.monotonic()
    assert fetch(engine, name, 99, wait=25_000)[0] == OUT_OF_RANGE
    assert time.monotonic() - began < 20


# -- offsets ------------------------------------------------------------------------------


def offset_at(
    engine: Engine, topic: str, timestamp: int, *, partition: int = 0
) -> tuple[int, int, int]:
    """Return error, offset, and the timestamp there."""
    request = OffsetRequest_v1(-1, [(topic, [(partition, timestamp)])])
    ((_, ((_, error, found, offset),)),) = engine.ask(request).topics
    return error, offset, found


def test_the_ends_of_a_log(engine: Engine, name: str) -> None:
    engine.create_topic(name)
    assert offset_at(engine, name, EARLIEST) == (0, 0, -1)
    assert offset_at(engine, name, LATEST) == (0, 0, -1)
    store(engine, name, batch(b"a", b"b"))
    assert offset_at(engine, name, EARLIEST) == (0, 0, -1)
    assert offset_at(engine, name, LATEST) == (0, 2, -1)


def test_offsets_by_time(engine: Engine, name: str) -> None:
    """The first record that is not older, whatever comes behind it."""
    engine.create_topic(name)
    store(engine, name, batch(b"a", b"b", timestamps=(1_000, 3_000)))
    store(engine, name, batch(b"c", timestamps=(2_000,)))
    store(engine, name, batch(b"d", b"e", timestamps=(5_000, 4_000)))
    expected = {
        0: (0, 0, 1_000),
        1_000: (0, 0, 1_000),
        1_001: (0, 1, 3_000),
        3_000: (0, 1, 3_000),
        3_001: (0, 3, 5_000),
        5_000: (0, 3, 5_000),
        5_001: (0, -1, -1),
    }
    assert {time: offset_at(engine, name, time) for time in expected} == expected


def test_offsets_of_what_is_unknown(engine: Engine, name: str) -> None:
    assert offset_at(engine, name, LATEST) == (UNKNOWN_TOPIC, -1, -1)
    engine.create_topic(name)
    assert offset_at(engine, name, LATEST, partition=1) == (UNKNOWN_TOPIC, -1, -1)


def test_offsets_on_the_brokers_clock(engine: Engine, name: str) -> None:
    """Records have the time at which they were stored, when they are read and when looked for."""
    engine.create_topic(name, configs={"message.timestamp.type": "LogAppendTime"})
    before = int(time.time() * 1_000)
    store(engine, name, batch(b"a", b"b"))
    after = int(time.time() * 1_000)
    _, _, _, ((_, first, _), (_, second, _)) = fetch(engine, name)
    assert first == second
    assert before <= first <= after
    assert offset_at(engine, name, before) == (0, 0, first)
    assert offset_at(engine, name, after + 1_000) == (0, -1, -1)
