"""dekaf, the Kafka producer for Python.

async with Producer("localhost:9092") as producer:
    metadata = await producer.produce("orders", b"...", key="order-1")
"""

from dekaf._acks import Acks
from dekaf._builder import ProducerBuilder
from dekaf._common import PartitionInfo
from dekaf._config import ProducerConfig
from dekaf._core import Message, RecordMetadata, __version__
from dekaf._errors import (
    BrokerError,
    BrokerUnreachable,
    BufferFull,
    ConfigError,
    DekafError,
    DeliveryTimeout,
    FlushTimeout,
    GaplessStopped,
    InvalidRecord,
    ProduceError,
    ProducerClosed,
    ProtocolError,
    Purged,
    SerializationError,
    UnclaimedFailures,
    UnknownPartition,
    UnknownTopic,
    UnsupportedVersion,
)
from dekaf._headers import Headers
from dekaf._metrics import (
    BatchMetrics,
    BrokerMetrics,
    Latency,
    Metrics,
    Pending,
    RecordMetrics,
    RequestMetrics,
    TopicMetrics,
)
from dekaf._producer import Producer
from dekaf._sync import SyncProducer

__all__ = [
    "Acks",
    "BatchMetrics",
    "BrokerError",
    "BrokerMetrics",
    "BrokerUnreachable",
    "BufferFull",
    "ConfigError",
    "DekafError",
    "DeliveryTimeout",
    "FlushTimeout",
    "GaplessStopped",
    "Headers",
    "InvalidRecord",
    "Latency",
    "Message",
    "Metrics",
    "PartitionInfo",
    "Pending",
    "ProduceError",
    "Producer",
    "ProducerBuilder",
    "ProducerClosed",
    "ProducerConfig",
    "ProtocolError",
    "Purged",
    "RecordMetadata",
    "RecordMetrics",
    "RequestMetrics",
    "SerializationError",
    "SyncProducer",
    "TopicMetrics",
    "UnclaimedFailures",
    "UnknownPartition",
    "UnknownTopic",
    "UnsupportedVersion",
    "__version__",
]
