"""librdkafka, through confluent-kafka, produces to the broker in the box and reads from it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    TIMESTAMP_CREATE_TIME,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from dekaf.testing import Broker
from tests.peers.conftest import PARTITIONS
from tests.peers.written import WRITTEN, Read, Written, in_place, plain

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
PATIENCE = 30.0  # seconds for whatever is to come


def produce(
    box: Broker, topic: str, records: tuple[Written, ...], **settings: object
) -> list[Read]:
    """Hand the records to the partitions in turn; return them where they were acknowledged."""
    acknowledged: list[Read] = []
    usual = {"bootstrap.servers": box.bootstrap_servers, "linger.ms": 20, "log_level": 0}
    producer = Producer({**usual, **settings})
    for n, record in enumerate(records):

        def delivered(error: KafkaError | None, message: Message, record: Written = record) -> None:
            assert error is None, f"{record}: {error}"
            acknowledged.append(Read(message.partition() or 0, message.offset() or 0, record))

        producer.produce(
            topic,
            record.value,
            record.key,
            partition=n % PARTITIONS,
            on_delivery=delivered,
            timestamp=record.timestamp,
            headers=list(record.headers),
        )
        producer.poll(0)
    left = producer.flush(PATIENCE)
    assert left == 0, f"{left} records were not acknowledged within {PATIENCE:g} s"
    return in_place(acknowledged)


@contextmanager
def consumer(box: Broker, group: str, **settings: object) -> Iterator[Consumer]:
    made = Consumer(
        {
            "bootstrap.servers": box.bootstrap_servers,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "check.crcs": True,
            "heartbeat.interval.ms": 100,  # so that it hears soon that it is to join again
            **settings,
        }
    )
    try:
        yield made
    finally:
        made.close()


def take(reader: Consumer, count: int) -> list[Read]:
    found: list[Read] = []
    while len(found) < count:
        messages = reader.consume(count - len(found), PATIENCE)
        assert messages, f"{count - len(found)} records did not come within {PATIENCE:g} s"
        found += [read_of(message) for message in messages]
    return found


def read_of(message: Message) -> Read:
    assert message.error() is None, message.error()
    kind, timestamp = message.timestamp()
    assert kind == TIMESTAMP_CREATE_TIME
    headers = tuple(tuple(header) for header in message.headers() or ())
    record = Written(message.key(), message.value(), headers, timestamp)  # type: ignore[arg-type]
    return Read(message.partition() or 0, message.offset() or 0, record)


@pytest.mark.parametrize("idempotent", [False, True], ids=["plain", "idempotent"])
@pytest.mark.parametrize("codec", CODECS)
def test_what_is_written_is_read(box: Broker, codec: str, idempotent: bool) -> None:
    settings = {"compression.type": codec, "enable.idempotence": idempotent}
    acknowledged = produce(box, "t", WRITTEN, **settings)
    assert len(acknowledged) == len(WRITTEN)
    assert [plain(record) for record in box.records("t")] == acknowledged
    with consumer(box, "g") as reader:
        reader.subscribe(["t"])
        assert in_place(take(reader, len(WRITTEN))) == acknowledged


@pytest.mark.parametrize("acks", ["0", "1", "all"])
def test_whatever_is_to_be_acknowledged(box: Broker, acks: str) -> None:
    produce(box, "t", WRITTEN, acks=acks)
    stored = box.assert_published("t", times=len(WRITTEN), timeout=PATIENCE)
    for partition in range(PARTITIONS):
        kept = [plain(record).record for record in stored if record.partition == partition]
        assert kept == list(WRITTEN[partition::PARTITIONS])


def test_a_group_goes_on_where_it_stopped(box: Broker) -> None:
    acknowledged = produce(box, "t", WRITTEN)
    with consumer(box, "g") as reader:
        reader.subscribe(["t"])
        first = take(reader, 100)
        reader.commit(asynchronous=False)
    with consumer(box, "g") as reader:
        reader.subscribe(["t"])
        rest = take(reader, len(WRITTEN) - 100)
        assert reader.poll(0.2) is None
    assert in_place(first + rest) == acknowledged


def test_what_is_committed_is_said_again(box: Broker) -> None:
    produce(box, "t", WRITTEN)
    with consumer(box, "g") as reader:
        partitions = [TopicPartition("t", n) for n in range(PARTITIONS)]
        none = reader.committed(partitions, PATIENCE)
        assert [partition.offset for partition in none] == [-1001] * PARTITIONS
        wanted = [TopicPartition("t", n, 10 * n, f"note {n}") for n in range(2)]
        reader.commit(offsets=wanted, asynchronous=False)
    with consumer(box, "g") as reader:
        found = reader.committed(partitions, PATIENCE)
        assert [partition.offset for partition in found] == [0, 10, -1001]
        assert [partition.metadata for partition in found[:2]] == ["note 0", "note 1"]
    with consumer(box, "another") as reader:
        found = reader.committed(partitions, PATIENCE)
        assert [partition.offset for partition in found] == [-1001] * PARTITIONS


def test_a_reader_goes_where_it_likes(box: Broker) -> None:
    """To an offset in the middle of a batch, to the end, back to the beginning."""
    acknowledged = [read for read in produce(box, "t", WRITTEN) if read.partition == 0]
    with consumer(box, "g") as reader:
        reader.assign([TopicPartition("t", 0, 7)])
        assert take(reader, 5) == acknowledged[7:12]
        reader.seek(TopicPartition("t", 0, 90))
        assert take(reader, 3) == acknowledged[90:93]
        reader.seek(TopicPartition("t", 0, OFFSET_BEGINNING))
        assert take(reader, len(acknowledged)) == acknowledged
        reader.seek(TopicPartition("t", 0, OFFSET_END))
        assert reader.poll(0.2) is None
        assert reader.get_watermark_offsets(TopicPartition("t", 0)) == (0, len(acknowledged))


def test_offsets_are_found_by_time(box: Broker) -> None:
    times = [1_000, 3_000, 2_000, 5_000]
    for time in times:  # each in a batch of its own
        produce(box, "t", (Written(b"k", b"v", timestamp=time),))
    with consumer(box, "g") as reader:
        asked = [0, 1_000, 1_001, 2_500, 3_001, 5_000, 5_001]
        found = [
            reader.offsets_for_times([TopicPartition("t", 0, time)], PATIENCE)[0].offset
            for time in asked
        ]
    # After the last record comes the end, which librdkafka writes as -1.
    assert found == [0, 0, 1, 1, 3, 3, -1]


def test_a_reader_that_waits_gets_what_comes(box: Broker) -> None:
    box.create_topic("t", partitions=PARTITIONS)
    with consumer(box, "g", **{"fetch.wait.max.ms": 20_000}) as reader:
        reader.assign([TopicPartition("t", n, 0) for n in range(PARTITIONS)])
        assert reader.poll(0.2) is None
        acknowledged = produce(box, "t", WRITTEN[:1])
        assert take(reader, 1) == acknowledged


def test_a_large_record_is_refused_by_name(box: Broker) -> None:
    box.create_topic("t", partitions=PARTITIONS, configs={"max.message.bytes": 1_000})
    with pytest.raises(AssertionError, match="MSG_SIZE_TOO_LARGE"):
        produce(box, "t", (Written(b"k", b"v" * 2_000),))
    assert box.records("t") == []


def test_members_share_the_partitions(box: Broker) -> None:
    """Two members of librdkafka's, with either way to rebalance."""
    box.create_topic("t", partitions=PARTITIONS)
    for strategy in ("range,roundrobin", "cooperative-sticky"):
        settings = {"partition.assignment.strategy": strategy}
        group = f"g-{strategy[:5]}"
        with consumer(box, group, **settings) as one:
            one.subscribe(["t"])
            with consumer(box, group, **settings) as two:
                two.subscribe(["t"])
                until_shared(one, two)
            until_shared(one)


def until_shared(*members: Consumer) -> None:
    """Poll until every partition has one owner, and every member some."""
    for _ in range(1_000):
        for member in members:
            message = member.poll(0.02)
            assert message is None or message.error() is None, message.error()
        owned = [{partition.partition for partition in one.assignment()} for one in members]
        every = sorted(n for own in owned for n in own)
        if all(owned) and every == list(range(PARTITIONS)):
            return
    raise AssertionError(f"the members never shared {PARTITIONS} partitions: {owned}")


def test_transactions_are_refused_at_once(box: Broker) -> None:
    producer = Producer(
        {"bootstrap.servers": box.bootstrap_servers, "transactional.id": "x", "log_level": 0}
    )
    with pytest.raises(KafkaException):
        producer.init_transactions(0.5)
