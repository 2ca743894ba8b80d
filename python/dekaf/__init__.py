"""dekaf, the Kafka producer for Python.

async with Producer("localhost:9092") as producer:
    metadata = await producer.produce("orders", b"...", key="order-1")
"""

from dekaf._core import RecordMetadata, __version__
from dekaf._errors import (
    BrokerError,
    BrokerUnreachable,
    ConfigError,
    DekafError,
    DeliveryTimeout,
    InvalidRecord,
    ProduceError,
    ProducerClosed,
    ProtocolError,
    UnknownPartition,
    UnknownTopic,
    UnsupportedVersion,
)
from dekaf._producer import Producer

__all__ = [
    "BrokerError",
    "BrokerUnreachable",
    "ConfigError",
    "DekafError",
    "DeliveryTimeout",
    "InvalidRecord",
    "ProduceError",
    "Producer",
    "ProducerClosed",
    "ProtocolError",
    "RecordMetadata",
    "UnknownPartition",
    "UnknownTopic",
    "UnsupportedVersion",
    "__version__",
]
