"""What another client reads: a topic's messages from the first to the last that is there."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from tests.kafka import Cluster

_AT_ONCE = 10_000
_PATIENCE = 30.0  # seconds for the next messages to come


def read(kafka: Cluster, topic: str) -> dict[int, list[Message]]:
    """Read every partition to its end with librdkafka, which checks each batch's CRC."""
    with _consumer(kafka) as consumer:
        described = consumer.list_topics(topic, _PATIENCE).topics[topic]
        found: dict[int, list[Message]] = {n: [] for n in described.partitions}
        left = 0
        for n in found:
            first, end = consumer.get_watermark_offsets(TopicPartition(topic, n), _PATIENCE)
            left += end - first
        consumer.assign([TopicPartition(topic, n, OFFSET_BEGINNING) for n in found])
        while left > 0:
            messages = consumer.consume(min(left, _AT_ONCE), _PATIENCE)
            assert messages, f"{left} messages of {topic} did not come within {_PATIENCE:g} s"
            for message in messages:
                assert message.error() is None, f"reading {topic}: {message.error()}"
                partition = message.partition()
                assert partition is not None
                found[partition].append(message)
            left -= len(messages)
        return found


@contextmanager
def _consumer(kafka: Cluster) -> Iterator[Consumer]:
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap(),
            "group.id": "reader",  # it joins none: partitions are assigned by hand
            "enable.auto.commit": False,
            "check.crcs": True,
            "isolation.level": "read_uncommitted",
            "log_level": 0,
        }
    )
    try:
        yield consumer
    finally:
        consumer.close()
