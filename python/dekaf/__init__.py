"""dekaf, the Kafka producer for Python.

async with Producer("localhost:9092") as producer:
    metadata = await producer.produce("orders", b"...", key="order-1")
"""

import atexit as _atexit
import typing as _typing

from dekaf import _upcalls
from dekaf._acks import Acks
from dekaf._builder import ProducerBuilder
from dekaf._common import PartitionInfo
from dekaf._config import ProducerConfig
from dekaf._core import Message, RecordMetadata, __version__
from dekaf._core import drain as _drain
from dekaf._core import install as _install
from dekaf._errors import (
    AuthenticationError,
    AuthorizationError,
    BrokerError,
    BrokerUnreachable,
    BufferFull,
    ConfigError,
    DekafError,
    DeliveryTimeout,
    FlushTimeout,
    GaplessStopped,
    InvalidRecord,
    OutOfMemory,
    ProduceError,
    ProduceErrorGroup,
    ProducerClosed,
    ProtocolError,
    Purged,
    SerializationError,
    TlsError,
    UnclaimedFailures,
    UnknownPartition,
    UnknownTopic,
    UnsupportedVersion,
)
from dekaf._headers import Headers
from dekaf._producer import Producer
from dekaf._publisher import AsyncPublisher, Publisher, SyncPublisher, publisher
from dekaf._results import BatchResult
from dekaf._stream import Stream, SyncStream
from dekaf._sync import SyncProducer
from dekaf._topic import SyncTopic, Topic

_install(_upcalls)
_atexit.register(_drain)

if _typing.TYPE_CHECKING:
    from dekaf._cluster import BrokerInfo, Cluster, TopicInfo
    from dekaf._metrics import (
        BatchMetrics,
        BrokerMetrics,
        Latency,
        Metrics,
        Pending,
        RecordMetrics,
        RequestMetrics,
        SecurityMetrics,
        ThrottleTime,
        TopicMetrics,
    )
    from dekaf._security import Security
else:

    def __getattr__(name: str) -> object:
        # Types that few programs need, and that would be half of what an import costs.
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name == "Security":
            from dekaf import _security  # noqa: PLC0415 - that is the point

            modules = [_security]
        else:
            from dekaf import _cluster, _metrics  # noqa: PLC0415 - likewise

            modules = [_cluster, _metrics]
        for module in modules:
            globals().update({name: getattr(module, name) for name in module.__all__})
        return globals()[name]

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = [
    "Acks",
    "AsyncPublisher",
    "AuthenticationError",
    "AuthorizationError",
    "BatchMetrics",
    "BatchResult",
    "BrokerError",
    "BrokerInfo",
    "BrokerMetrics",
    "BrokerUnreachable",
    "BufferFull",
    "Cluster",
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
    "OutOfMemory",
    "PartitionInfo",
    "Pending",
    "ProduceError",
    "ProduceErrorGroup",
    "Producer",
    "ProducerBuilder",
    "ProducerClosed",
    "ProducerConfig",
    "ProtocolError",
    "Publisher",
    "Purged",
    "RecordMetadata",
    "RecordMetrics",
    "RequestMetrics",
    "Security",
    "SecurityMetrics",
    "SerializationError",
    "Stream",
    "SyncProducer",
    "SyncPublisher",
    "SyncStream",
    "SyncTopic",
    "ThrottleTime",
    "TlsError",
    "Topic",
    "TopicInfo",
    "TopicMetrics",
    "UnclaimedFailures",
    "UnknownPartition",
    "UnknownTopic",
    "UnsupportedVersion",
    "__version__",
    "publisher",
]
