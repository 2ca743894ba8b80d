"""What can go wrong, as one tree.

DekafError
├── ConfigError              a setting is missing, malformed or contradicts another (a ValueError)
├── FlushTimeout             a flush's time was over before everything was settled (a TimeoutError)
├── UnclaimedFailures        messages failed, and nobody asked what became of them
├── ProduceErrorGroup        some messages of one call failed (an ExceptionGroup of their errors)
└── ProduceError             a message was not delivered, or a call could not be made
    ├── AuthenticationError  the broker refuses the credentials, or how they are presented
    ├── AuthorizationError   the broker does not allow this user to do this
    ├── BrokerUnreachable    no broker could be reached; each address with the stage that failed
    ├── BrokerError          a broker refused the message for good
    ├── BufferFull           buffer_memory has no room for the message, and too many wait for some
    ├── DeliveryTimeout      not acknowledged within delivery_timeout_ms
    ├── GaplessStopped       an earlier message of a gapless partition failed for good
    ├── InvalidRecord        the client itself refuses the message: too large, or malformed
    ├── OutOfMemory          the process has no memory for the message (a MemoryError)
    ├── ProducerClosed       the producer is closed, or was before the message was delivered
    ├── ProtocolError        a peer sent bytes that are not Kafka's protocol
    ├── Purged               the message was dropped by a purge
    ├── SerializationError   a serializer could not make bytes of a key or a value
    ├── TlsError             no encrypted connection, or the broker's certificate is not trusted
    ├── UnknownPartition     the topic has no such partition
    ├── UnknownTopic         the topic does not exist and was not created
    └── UnsupportedVersion   client and broker have no version of the protocol in common
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self, TypeAlias

    from dekaf._core import RecordMetadata
    from dekaf._results import BatchResult

    _Matcher: TypeAlias = (
        type[BaseException]
        | tuple[type[BaseException], ...]
        | Callable[["ProduceError | ProduceErrorGroup"], bool]
    )

__all__ = [
    "AuthenticationError",
    "AuthorizationError",
    "BrokerError",
    "BrokerUnreachable",
    "BufferFull",
    "ConfigError",
    "DekafError",
    "DeliveryTimeout",
    "FlushTimeout",
    "GaplessStopped",
    "InvalidRecord",
    "OutOfMemory",
    "ProduceError",
    "ProduceErrorGroup",
    "ProducerClosed",
    "ProtocolError",
    "Purged",
    "SerializationError",
    "TlsError",
    "UnclaimedFailures",
    "UnknownPartition",
    "UnknownTopic",
    "UnsupportedVersion",
]


class DekafError(Exception):
    """Everything that dekaf raises of its own, but for `TypeError` and `ValueError`."""

    retriable: bool = False
    """Whether the same call may succeed later."""
    fatal: bool = False
    """Whether the producer is of no more use."""
    maybe_written: bool = False
    """Whether messages may be stored all the same."""


class ConfigError(DekafError, ValueError):
    """A setting is missing, malformed or contradicts another."""


class FlushTimeout(DekafError, TimeoutError):
    """A flush's time was over. What is left is still being delivered."""

    retriable = True
    maybe_written = True
    remaining: int
    """How many messages were neither delivered nor had failed."""

    def __init__(self, remaining: int) -> None:
        messages = "1 message was" if remaining == 1 else f"{remaining} messages were"
        super().__init__(f"{messages} not settled when the time for the flush was over")
        self.remaining = remaining

    def __reduce__(self) -> tuple[type[FlushTimeout], tuple[int]]:
        return type(self), (self.remaining,)


class UnclaimedFailures(DekafError):
    """Messages failed, and nobody was there to be told.

    They were sent without `on_delivery`, or the future of `produce` was dropped. Each failure is
    told once: by the next `flush` or `close`.
    """

    count: int
    """How many messages failed."""
    failures: list[ProduceError]
    """The first hundred of the failures."""
    maybe_written: bool
    """Whether any of them may be stored all the same."""

    def __init__(self, count: int, failures: Sequence[ProduceError]) -> None:
        messages = "1 message" if count == 1 else f"{count} messages"
        first = f"; the first: {failures[0]}" if failures else ""
        super().__init__(
            f"{messages} failed that nobody waited for{first}; pass on_delivery= to send(), or "
            "await produce(), to hear of each"
        )
        self.count = count
        self.failures = list(failures)
        self.maybe_written = any(failure.maybe_written for failure in failures)

    def __reduce__(self) -> tuple[type[UnclaimedFailures], tuple[int, list[ProduceError]]]:
        return type(self), (self.count, self.failures)


class ProduceError(DekafError):
    """A message was not delivered, or a call that needs the cluster failed."""

    topic: str | None
    """The message's topic."""
    partition: int | None
    """The message's partition, if one was chosen."""
    code: str | None
    """Kafka's name for the error, as in `"MESSAGE_TOO_LARGE"`."""
    retriable: bool
    """Whether the same call may succeed later."""
    fatal: bool
    """Whether the producer is of no more use."""
    maybe_written: bool
    """Whether the message may be stored all the same."""
    index: int
    """Which message of its call it was, counted from 0."""

    def __init__(  # noqa: PLR0913 - one for each thing that is known
        self,
        message: str,
        *,
        topic: str | None = None,
        partition: int | None = None,
        code: str | None = None,
        retriable: bool = False,
        fatal: bool = False,
        maybe_written: bool = False,
        index: int = 0,
    ) -> None:
        super().__init__(message)
        self.topic = topic
        self.partition = partition
        self.code = code
        self.retriable = retriable
        self.fatal = fatal
        self.maybe_written = maybe_written
        self.index = index

    def __reduce__(self) -> tuple[partial[ProduceError], tuple[object, ...]]:
        # Exceptions pickle by their positional arguments alone; these have others.
        details = {name: getattr(self, name) for name in ProduceError.__annotations__}
        return partial(type(self), **details), self.args


class ProduceErrorGroup(DekafError, ExceptionGroup[ProduceError]):
    """Some messages of one call failed. The others are delivered all the same.

        items = [b"fits", b"too large" * 1_000_000]
        async with Producer("localhost:9092") as producer:
            try:
                await producer.produce_all("orders", items)
            except ProduceErrorGroup as group:
                assert [error.index for error in group.failed] == [1]
                again = [items[error.index] for error in group.failed if error.retriable]

    `except* InvalidRecord` and the like work as well.
    """

    results: BatchResult[RecordMetadata | ProduceError]
    """What became of every message: metadata or an error, in the order of the call."""

    def __new__(
        cls,
        message: str,
        errors: Sequence[ProduceError],
        results: BatchResult[RecordMetadata | ProduceError],
    ) -> Self:
        group = super().__new__(cls, message, errors)
        group.results = results
        group.retriable = all(error.retriable for error in errors)
        group.fatal = any(error.fatal for error in errors)
        group.maybe_written = any(error.maybe_written for error in errors)
        return group

    def __init__(
        self,
        message: str,
        errors: Sequence[ProduceError],
        results: BatchResult[RecordMetadata | ProduceError],  # noqa: ARG002 - `__new__` has it
    ) -> None:
        super().__init__(message, errors)

    @classmethod
    def of(cls, results: BatchResult[RecordMetadata | ProduceError]) -> Self:
        """Make one of the results of a call in which not all went well."""
        failed = results.failed
        first = f"the first, at index {failed[0].index}: {failed[0]}"
        return cls(f"{len(failed)} of {len(results)} messages failed; {first}", failed, results)

    @property
    def succeeded(self) -> list[RecordMetadata]:
        """The metadata of the messages that are stored, in their order."""
        return self.results.succeeded

    @property
    def failed(self) -> list[ProduceError]:
        """Why the others are not; `index` says which message each of them is."""
        return self.results.failed

    if TYPE_CHECKING:

        def subgroup(  # type: ignore[override]
            self, matcher: _Matcher, /
        ) -> ProduceErrorGroup | None: ...
        def split(  # type: ignore[override]
            self, matcher: _Matcher, /
        ) -> tuple[ProduceErrorGroup | None, ProduceErrorGroup | None]: ...

    def derive(self, errors: Sequence[ProduceError]) -> ProduceErrorGroup:  # type: ignore[override]
        """Make one of some of the errors; what became of all the messages goes with it."""
        return type(self)(self.message, errors, self.results)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.message, list(self.exceptions), self.results)


class AuthenticationError(ProduceError):
    """The broker refuses the credentials, or the mechanism; the message says which and why."""


class AuthorizationError(ProduceError):
    """The broker knows the user, and does not allow what was asked; `code` says what."""


class BrokerUnreachable(ProduceError):
    """No broker could be reached. The message names each address and the stage that failed."""


class BrokerError(ProduceError):
    """A broker refused the message for good; `code` says why."""


class BufferFull(ProduceError):
    """`buffer_memory` has no room for the message, and too many wait for some."""


class DeliveryTimeout(ProduceError):
    """The message was not acknowledged in time; `maybe_written` says if it may be stored."""


class GaplessStopped(ProduceError):
    """An earlier message of a gapless partition failed for good."""


class InvalidRecord(ProduceError):
    """The message cannot be sent as it is: it is too large, or its topic has no valid name."""


class OutOfMemory(ProduceError, MemoryError):
    """The process has no memory for the message: the system gives it none."""


class ProducerClosed(ProduceError):
    """The producer is closed, or was closed before the message was delivered."""


class ProtocolError(ProduceError):
    """A peer sent bytes that are not Kafka's protocol."""


class Purged(ProduceError):
    """The message was dropped by a purge."""


class SerializationError(ProduceError):
    """A serializer could not make bytes of a key or a value; `__cause__` is what it raised."""


class TlsError(ProduceError):
    """No encrypted connection could be made, or the broker's certificate is not trusted."""


class UnknownPartition(ProduceError):
    """The topic has no such partition."""


class UnknownTopic(ProduceError):
    """The topic does not exist, and the cluster did not create it."""


class UnsupportedVersion(ProduceError):
    """Client and broker have no version of the protocol in common."""
