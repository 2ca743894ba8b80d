"""FastStream's Kafka broker, with dekaf as its producer.

from dekaf.faststream import KafkaBroker

broker = KafkaBroker("localhost:9092")

Everything else of an application stays as it is: this page has what `faststream.kafka` has, and
what publishes is dekaf's. What it consumes with stays FastStream's own.
"""

from dekaf.faststream import _supported  # isort: skip # it says what is missing, and comes first
from contextlib import suppress

from faststream.kafka import (
    ConsumerRecord,
    KafkaMessage,
    KafkaParserType,
    KafkaPublishCommand,
    KafkaPublisher,
    KafkaPublishMessage,
    KafkaResponse,
    KafkaRoute,
    RecordMetadata,
    TestApp,
    TopicPartition,
)

from dekaf.faststream._broker import KafkaBroker
from dekaf.faststream._publishers import BatchPublisher, DefaultPublisher
from dekaf.faststream._router import KafkaRouter
from dekaf.faststream._security import Security
from dekaf.faststream._testing import TestKafkaBroker

__all__ = [
    "BatchPublisher",
    "ConsumerRecord",
    "DefaultPublisher",
    "KafkaBroker",
    "KafkaMessage",
    "KafkaParserType",
    "KafkaPublishCommand",
    "KafkaPublishMessage",
    "KafkaPublisher",
    "KafkaResponse",
    "KafkaRoute",
    "KafkaRouter",
    "RecordMetadata",
    "Security",
    "TestApp",
    "TestKafkaBroker",
    "TopicPartition",
]

with suppress(ImportError):  # before 0.7.8
    from faststream.kafka import Topic as Topic

    __all__ += ["Topic"]

del _supported, suppress
