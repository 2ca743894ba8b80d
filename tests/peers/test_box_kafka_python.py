"""kafka-python produces to the broker in the box and reads from it."""

import time

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from dekaf.testing import Broker
from tests.peers.conftest import PARTITIONS
from tests.peers.written import WRITTEN, Read, Written, in_place, plain

PATIENCE = 30.0  # seconds for whatever is to come
# It writes no null into a header.
RECORDS = [record for record in WRITTEN if all(value is not None for _, value in record.headers)]


def produce(box: Broker, **settings: object) -> list[Read]:
    producer = KafkaProducer(bootstrap_servers=box.bootstrap_servers, linger_ms=20, **settings)
    try:
        sent = [
            producer.send(
                "t",
                record.value,
                record.key,
                headers=list(record.headers),
                partition=n % PARTITIONS,
                timestamp_ms=record.timestamp,
            )
            for n, record in enumerate(RECORDS)
        ]
        places = [future.get(PATIENCE) for future in sent]
    finally:
        producer.close()
    return in_place(
        [
            Read(place.partition, place.offset, record)
            for place, record in zip(places, RECORDS, strict=True)
        ]
    )


def consumer(box: Broker, *topics: str, group: str | None) -> KafkaConsumer:
    return KafkaConsumer(
        *topics,
        bootstrap_servers=box.bootstrap_servers,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        heartbeat_interval_ms=100,
    )


def take(reader: KafkaConsumer, count: int) -> list[Read]:
    found: list[Read] = []
    until = time.monotonic() + PATIENCE
    while len(found) < count:
        assert time.monotonic() < until, f"{count - len(found)} records did not come"
        fetched = reader.poll(timeout_ms=1_000, max_records=count - len(found))
        found += [read_of(record) for records in fetched.values() for record in records]
    return found


def read_of(record: ConsumerRecord) -> Read:
    written = Written(record.key, record.value, tuple(record.headers), record.timestamp)
    return Read(record.partition, record.offset, written)


@pytest.mark.parametrize("codec", [None, "gzip"])  # the others want packages of their own
def test_what_is_written_is_read_by_a_group(box: Broker, codec: str | None) -> None:
    acknowledged = produce(box, compression_type=codec)
    assert [plain(record) for record in box.records("t")] == acknowledged
    one = consumer(box, "t", group="g")
    first = take(one, 100)
    one.commit()
    one.close()
    two = consumer(box, "t", group="g")
    rest = take(two, len(RECORDS) - 100)
    two.close()
    assert in_place(first + rest) == acknowledged


def test_a_reader_goes_where_it_likes(box: Broker) -> None:
    acknowledged = [read for read in produce(box) if read.partition == 0]
    partition = TopicPartition("t", 0)
    reader = consumer(box, group=None)
    reader.assign([partition])
    reader.seek(partition, 7)
    assert take(reader, 5) == acknowledged[7:12]
    last = RECORDS[::PARTITIONS][-1].timestamp
    assert reader.offsets_for_times({partition: last})[partition].offset == len(acknowledged) - 1
    assert reader.end_offsets([partition]) == {partition: len(acknowledged)}
    reader.close()
