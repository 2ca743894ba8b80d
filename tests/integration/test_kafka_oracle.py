"""The oracle reads what is stored as it is: text, transactions, codecs, sequences, damage."""

from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tests.kafka import (
    Batch,
    Cluster,
    Record,
    ToolError,
    TopicFactory,
    check_sequences,
    parse_dump,
)
from tests.kafka.oracle import SEQUENCES

_CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


_TEXTS: list[tuple[str | None, str | None]] = [
    ("k", "v"),
    ("a key", "a value, with commas, payload: and key: words"),
    ("", ""),
    (None, "no key"),
    ("no value", None),
    ("ключ", "värde 🎉"),
    ("two\nlines", "first\nbaseOffset: 3\n| offset: 7"),
    ("brackets]", "] key: x payload: y"),
    ("] endTxnMarker: COMMIT ", "] endTxnMarker: COMMIT "),
    (None, None),
]


def test_keys_and_values_are_read_whatever_they_say(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka)
    producer = _producer(kafka)
    for key, value in _TEXTS:
        producer.produce(name, value, key)
    _flush(producer)
    records = _records(kafka.batches(name))
    assert [(record.key, record.value) for record in records] == _TEXTS
    assert [record.offset for record in records] == list(range(len(_TEXTS)))
    assert [record.sequence for record in records] == list(range(len(_TEXTS)))
    assert {record.marker for record in records} == {None}


def test_header_keys_and_timestamps(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka)
    producer = _producer(kafka)
    headers: list[tuple[str, str | bytes | None]] = [("trace id", b"1"), ("b] key: c", None)]
    producer.produce(name, b"v, [x]", b"k", headers=headers, timestamp=1234)
    producer.produce(name, b"bare", timestamp=5678)
    _flush(producer)
    batches = kafka.batches(name)
    first, second = _records(batches)
    assert first.header_keys == ("trace id", "b] key: c")
    assert (first.key, first.value) == ("k", "v, [x]")
    assert second.header_keys == ()
    assert [first.timestamp, second.timestamp] == [1234, 5678]
    assert batches[-1].timestamp == 5678
    assert batches[-1].timestamp_type == "CreateTime"


def test_binary_values_are_shown_as_far_as_text_goes(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka)
    producer = _producer(kafka)
    producer.produce(name, b"\xff\xfe\x00 and more", b"\x80")
    producer.produce(name, b"next")
    _flush(producer)
    first, second = _records(kafka.batches(name))
    assert first.value is not None
    assert first.value.endswith(" and more")
    assert second.value == "next"


@pytest.mark.parametrize("codec", _CODECS)
def test_codecs(kafka: Cluster, topic: TopicFactory, codec: str) -> None:
    name = topic(kafka)
    producer = _producer(kafka, **{"compression.type": codec})
    for number in range(50):
        producer.produce(name, f"the same words again and again {number}".encode())
    _flush(producer)
    batches = kafka.batches(name)
    assert {batch.codec for batch in batches} == {codec}
    assert sum(batch.count for batch in batches) == len(_records(batches)) == 50
    assert all(batch.valid and batch.magic == 2 for batch in batches)
    check_sequences(batches)


def test_log_append_time(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka, configs={"message.timestamp.type": "LogAppendTime"})
    producer = _producer(kafka)
    producer.produce(name, b"v", timestamp=1234)
    _flush(producer)
    (batch,) = kafka.batches(name)
    assert batch.timestamp_type == "LogAppendTime"
    assert batch.timestamp != 1234


def test_transactions_end_in_control_batches(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka)
    producer = _producer(kafka, **{"transactional.id": name})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(name, b"kept")
    producer.commit_transaction(30)
    producer.begin_transaction()
    producer.produce(name, b"taken back")
    producer.flush(30)
    producer.abort_transaction(30)
    batches = kafka.batches(name)
    assert [batch.marker for batch in batches] == [None, "COMMIT", None, "ABORT"]
    assert [batch.is_control for batch in batches] == [False, True, False, True]
    assert all(batch.is_transactional for batch in batches)
    check_sequences(batches)


def test_a_producer_without_idempotence_has_no_sequences(
    kafka: Cluster, topic: TopicFactory
) -> None:
    name = topic(kafka)
    producer = _producer(kafka, **{"enable.idempotence": False})
    producer.produce(name, b"v")
    _flush(producer)
    (batch,) = kafka.batches(name)
    assert (batch.producer_id, batch.base_sequence) == (-1, -1)
    assert batch.records[0].sequence == -1
    check_sequences([batch, batch])


@pytest.mark.parametrize("codec", ["none", "lz4"])
def test_a_damaged_segment_is_reported(
    kafka: Cluster, topic: TopicFactory, tmp_path: Path, codec: str
) -> None:
    name = topic(kafka)
    producer = _producer(kafka, **{"compression.type": codec})
    for number in range(2):
        producer.produce(name, b"good as gold, as good as gold, as good as gold")
        _flush(producer)
        assert len(kafka.batches(name, records=False)) == number + 1
    (segment,) = kafka.segments(name, broker=1)
    damaged = bytearray(segment.read_bytes())
    second = kafka.batches(name)[1]
    damaged[second.position + second.size - 10] ^= 1
    copy = tmp_path / segment.name
    copy.write_bytes(damaged)

    tool = kafka.plan.release.dump_log_segments
    first, second = parse_dump(kafka.tool(tool, "--files", copy))
    assert first.valid
    assert not second.valid


def test_a_tool_that_fails_says_what_it_printed(kafka: Cluster) -> None:
    with pytest.raises(ToolError, match=r"(?s)ended with .*bootstrap-server"):
        kafka.tool("org.apache.kafka.tools.TopicCommand", "--list")


def test_a_record_in_an_unknown_form_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match=r"not how Kafka 3\.4"):
        parse_dump("| offset: 0 position: 0 whatever")


_PLAIN = Batch(
    base_offset=0,
    last_offset=9,
    count=10,
    base_sequence=0,
    last_sequence=9,
    producer_id=1,
    producer_epoch=0,
    partition_leader_epoch=0,
    is_transactional=False,
    is_control=False,
    timestamp=0,
    timestamp_type="CreateTime",
    position=0,
    size=100,
    magic=2,
    codec="none",
    crc=0,
    valid=True,
)
_NEXT = replace(_PLAIN, base_sequence=10, last_sequence=19)


@pytest.mark.parametrize(
    "batches",
    [
        [],
        [_PLAIN, _NEXT],
        [_PLAIN, replace(_PLAIN, producer_id=2), _NEXT],
        [_PLAIN, replace(_PLAIN, producer_epoch=1)],
        [_PLAIN, replace(_PLAIN, is_control=True, base_sequence=-1, last_sequence=-1), _NEXT],
        [
            replace(_PLAIN, count=SEQUENCES - 5, last_sequence=SEQUENCES - 6),
            replace(_PLAIN, base_sequence=SEQUENCES - 5, last_sequence=4),
            replace(_PLAIN, base_sequence=5, last_sequence=14),
        ],
    ],
    ids=["nothing", "two", "producers", "epochs", "control", "wrapped"],
)
def test_sequences_that_follow_each_other(batches: list[Batch]) -> None:
    check_sequences(batches)


@pytest.mark.parametrize(
    "batches",
    [
        [_NEXT],
        [_PLAIN, _PLAIN],
        [_PLAIN, replace(_NEXT, base_sequence=11, last_sequence=20)],
        [replace(_PLAIN, last_sequence=10)],
    ],
    ids=["late", "twice", "gap", "count"],
)
def test_sequences_that_do_not(batches: list[Batch]) -> None:
    with pytest.raises(AssertionError, match="sequence"):
        check_sequences(batches)


def _producer(cluster: Cluster, **settings: str | int | bool) -> Producer:
    return Producer(
        {
            "bootstrap.servers": cluster.bootstrap(),
            "enable.idempotence": True,
            "linger.ms": 50,
            "log_level": 0,
            **settings,
        }
    )


def _flush(producer: Producer) -> None:
    assert producer.flush(30) == 0


def _records(batches: list[Batch]) -> list[Record]:
    return [record for batch in batches for record in batch.records]
