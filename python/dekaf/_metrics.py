"""What a producer has done so far, and what it holds at the moment, as numbers with types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

__all__ = [
    "BatchMetrics",
    "BrokerMetrics",
    "Latency",
    "Metrics",
    "Pending",
    "RecordMetrics",
    "RequestMetrics",
    "SecurityMetrics",
    "ThrottleTime",
    "TopicMetrics",
]


class _Tree:
    """A dataclass that is made of a dict with the names of its fields, and of such dicts."""

    __slots__ = ()

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> Self:
        return cls(**{name: cls._part(name, value) for name, value in tree.items()})

    @classmethod
    def _part(cls, name: str, value: Any) -> Any:  # noqa: ANN401 - whatever the field is
        part = _PARTS.get(name)
        if part is None:
            return value
        if name in _LISTS:
            return tuple(part.of(each) for each in value)
        return part.of(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency(_Tree):
    """How long something took, in milliseconds; all zero where nothing was counted.

    Count, mean and maximum are exact; percentiles are off by a thirty-second at the most.
    """

    count: int
    mean_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottleTime(_Tree):
    """Throttle times of produce requests, in milliseconds; all zero where there were none.

    A broker that enforces a quota asks for them: for so long the producer sends it nothing. Each
    counts as long as it is kept, a minute at most. Those of requests that were in flight together
    overlap.
    """

    count: int
    """How many answers had a throttle time."""
    total_ms: float
    """Their sum."""
    max_ms: float
    """The longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMetrics(_Tree):
    """Messages that were handed over, and how they ended: each once."""

    handed_over: int
    """All that were taken in, even if only to be refused."""
    acknowledged: int
    """Stored; without acknowledgements, written to the socket."""
    acknowledged_bytes: int
    """The bytes of those, before compression."""
    failed: int
    """Reported as failed. Those that were in flight then may be stored all the same."""
    unsent: int
    """Cancelled in time."""

    @property
    def unsettled(self) -> int:
        """How many have not ended yet."""
        return self.handed_over - self.acknowledged - self.failed - self.unsent


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending(_Tree):
    """What is held at the moment. The numbers of messages add up to those that have not ended."""

    memory_used: int
    """Bytes that count against `buffer_memory`."""
    buffer_memory: int
    """How many there may be."""
    queued: int
    """Messages in batches that are not in flight."""
    in_flight: int
    """Messages in batches that are in flight."""
    waiting_for_memory: int
    """Messages for which there is no room."""
    waiting_for_topic: int
    """Messages whose topic is not known yet."""
    waiting_for_placing: int
    """Messages behind one that the partitioner has not placed yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchMetrics(_Tree):
    """Batches. The means are of first tries; each is `None` before there is one."""

    sent: int
    """Batches that were sent, each counted once."""
    acknowledged: int
    """Batches that were stored."""
    retries: int
    """How often one was sent again."""
    splits: int
    """Batches that were cut up, being too large for their topic."""
    sent_bytes: int
    """What was sent of all batches, headers and retries included, after compression."""
    mean_records: float | None
    """How many messages a batch has."""
    mean_bytes: float | None
    """How large a batch is before compression."""
    fill: float | None
    """The same, as a part of `batch_size`."""
    compression_ratio: float | None
    """How many bytes compression makes one of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMetrics(_Tree):
    """Produce requests."""

    sent: int
    """Those that were made."""
    lost: int
    """Those whose connection ended before they were answered."""
    in_flight: int
    """Those that are under way."""
    latency: Latency
    """How long brokers took to answer."""
    throttle_time: ThrottleTime
    """Throttle times in their answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityMetrics(_Tree):
    """Secured connections; all zero without `security`."""

    tls_handshakes: int
    """TLS handshakes that succeeded."""
    tls_failures: int
    """TLS handshakes that failed."""
    logins: int
    """Logins that succeeded."""
    login_failures: int
    """Logins that failed."""
    renewals: int
    """Logins that were renewed on an open connection, before they ended."""
    renewal_failures: int
    """Renewals that a broker refused or did not answer; a new connection took over."""
    certificate_expires_at: int | None
    """When the first certificate in use expires, in seconds since 1970: the client's own, or a
    broker's. `None` before any is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerMetrics(_Tree):
    """One broker."""

    id: int
    """Its id."""
    connected: bool
    """Whether there is a connection to it."""
    connect_failures: int
    """Connections that could not be made."""
    disconnects: int
    """Connections that ended."""
    requests: RequestMetrics
    """Requests to it."""
    errors: dict[str, int]
    """What it has answered in place of storing a batch, by Kafka's names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicMetrics(_Tree):
    """One topic."""

    name: str
    """Its name."""
    partitions: int
    """How many partitions it has; 0 while that is not known."""
    records: RecordMetrics
    """Its messages."""
    queued: int
    """Its part of `Pending.queued`."""
    in_flight: int
    """Its part of `Pending.in_flight`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics(_Tree):
    """A snapshot. But for `pending`, and what parts hold at the moment, numbers only grow."""

    records: RecordMetrics
    """The messages of all topics, including those that are no longer in `topics`."""
    refused: int
    """Those of the failed messages that are in no topic's numbers: too large, or no valid name."""
    unclaimed: int
    """Those of the failed messages that nobody waited for."""
    pending: Pending
    """What is held at the moment."""
    batches: BatchMetrics
    """Batches."""
    requests: RequestMetrics
    """The requests to all brokers."""
    bootstrap_failures: int
    """How often no broker could be asked about the cluster, as when no address is right."""
    connect_failures: int
    """Connections to brokers that could not be made."""
    disconnects: int
    """Connections that ended."""
    security: SecurityMetrics
    """Secured connections."""
    errors: dict[str, int]
    """What brokers have answered in place of storing a batch, also where it was stored later."""
    acknowledgement: Latency
    """How long messages took to be acknowledged, from when the first of their batch was handed
    over: each counts as long as that one did."""
    brokers: tuple[BrokerMetrics, ...]
    """The brokers that were heard of as leaders."""
    topics: tuple[TopicMetrics, ...]
    """The topics in use. One that is unused for `metadata_max_idle_ms` leaves the list, and counts
    from 0 when it is used again."""

    def __repr__(self) -> str:
        """Show what says most; every field has a name."""
        records, pending = self.records, self.pending
        return (
            f"<Metrics: {records.handed_over} messages, {records.acknowledged} acknowledged, "
            f"{records.failed} failed, {records.unsettled} unsettled; "
            f"{pending.memory_used} of {pending.buffer_memory} bytes used; "
            f"{self.batches.retries} retries; "
            f"acknowledged within {self.acknowledgement.p99_ms:.1f} ms (p99)>"
        )

    def _repr_html_(self) -> str:
        from dekaf._html import metrics_html  # noqa: PLC0415 - only notebooks ask

        return metrics_html(self)


_PARTS: dict[str, type[_Tree]] = {
    "acknowledgement": Latency,
    "batches": BatchMetrics,
    "brokers": BrokerMetrics,
    "latency": Latency,
    "pending": Pending,
    "records": RecordMetrics,
    "requests": RequestMetrics,
    "security": SecurityMetrics,
    "throttle_time": ThrottleTime,
    "topics": TopicMetrics,
}

_LISTS = {"brokers", "topics"}
