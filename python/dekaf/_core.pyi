"""The compiled core. Import from `dekaf`: names here may change without notice."""

import concurrent.futures
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from contextvars import Context
from datetime import datetime, timedelta
from types import FunctionType, GenericAlias, MethodType, ModuleType
from typing import (
    Any,
    Generic,
    Literal,
    Protocol,
    Self,
    TypedDict,
    final,
    overload,
    type_check_only,
)

from typing_extensions import disjoint_base

from dekaf._cluster import Described
from dekaf._config import ProducerConfig
from dekaf._errors import ProduceError
from dekaf._types import HeadersLike, K, K_co, OnDelivery, R_co, V, V_co

__all__ = [
    "AsyncProducerCore",
    "BatchCall",
    "BatchResultCore",
    "BrokerCore",
    "CallOutcome",
    "Message",
    "ProducerCore",
    "RecordMetadata",
    "SyncProducerCore",
    "TopicCore",
    "__version__",
    "batch_call",
    "check_settings",
    "close_async",
    "close_blocking",
    "connect_async",
    "connect_blocking",
    "describe_cluster_async",
    "describe_cluster_blocking",
    "described_cluster",
    "drain",
    "drop_functions",
    "failed_indices",
    "flush_async",
    "flush_blocking",
    "install",
    "leaders",
    "locate_async",
    "locate_blocking",
    "locate_for_messages_async",
    "locate_for_messages_blocking",
    "make_exceptions",
    "metrics",
    "ping_async",
    "ping_blocking",
    "producer_id",
    "purge",
    "read_headers",
    "send_all",
    "send_with_future",
    "take_unclaimed",
    "unsettled_before",
]

__version__: str

@final
class RecordMetadata:
    """Where a message is stored."""

    def __new__(cls, topic: str, partition: int, offset: int, timestamp: int) -> Self: ...
    @property
    def topic(self) -> str:
        """The topic."""
    @property
    def partition(self) -> int:
        """The partition."""
    @property
    def offset(self) -> int:
        """The offset in the partition."""
    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970: the message's own, or the broker's where the topic says so."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type[Self], tuple[str, int, int, int]]: ...
    def _repr_html_(self) -> str: ...

@final
class Message(Generic[K_co, V_co]):
    """A message to produce. Nothing is checked before it is produced."""

    def __new__(
        cls,
        topic: str | None = None,
        value: V_co | None = None,
        *,
        key: K_co | None = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
        timestamp: int | datetime | None = None,
    ) -> Self: ...
    @property
    def topic(self) -> str | None:
        """The topic; `None` where the call names it."""
    @property
    def value(self) -> V_co | None:
        """The value; `None` is a tombstone."""
    @property
    def key(self) -> K_co | None:
        """The key."""
    @property
    def headers(self) -> HeadersLike | None:
        """The headers."""
    @property
    def partition(self) -> int | None:
        """The partition; `None` leaves it to the partitioner."""
    @property
    def timestamp(self) -> int | datetime | None:
        """The timestamp; `None` is now."""
    def replace(self, **changes: object) -> Message[Any, Any]:
        """Return a copy with other values for some of its fields."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, tuple[()]]: ...
    @classmethod
    def __class_getitem__(cls, item: object) -> GenericAlias: ...

@disjoint_base
class ProducerCore(Generic[K, V]):
    """The core of a producer. Nothing is started before it is used."""

    def __new__(cls, config: ProducerConfig, settings: CoreSettings) -> Self: ...
    @property
    def config(self) -> ProducerConfig:
        """The object that the settings were read from."""
    @property
    def closed(self) -> bool:
        """Whether it was closed."""
    @overload
    def send(
        self,
        topic: str,
        value: V | None = None,
        *,
        key: K | None = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
        timestamp: int | datetime | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """Hand one message over and return at once.

        `on_delivery(metadata, error)` is called once, when its fate is known; exactly one of them
        is `None`.
        """
    @overload
    def send(self, topic: Message[K, V], /, *, on_delivery: OnDelivery | None = None) -> None: ...
    def __len__(self) -> int:
        """Return how many messages were handed over and are not settled.

        Those are neither delivered nor failed yet. It is 0 before the first message and after
        `close()`, and takes the same time however many there are.
        """
    def __bool__(self) -> Literal[True]:
        """Return `True`, also while there is nothing to deliver."""
    @classmethod
    def __class_getitem__(cls, item: object) -> GenericAlias: ...

@disjoint_base
class TopicCore(Generic[K, V]):
    """Messages of one producer that have something in common."""

    def __new__(
        cls,
        producer: ProducerCore[Any, Any],
        topic: str | None,
        *,
        key: K | Callable[[V], K | None] | None = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
        timestamp: int | datetime | None = None,
        value_serializer: Callable[[Any], Any] | None = None,
        is_json: bool = False,
    ) -> Self: ...
    @property
    def name(self) -> str | None:
        """The topic's name, unless messages name theirs."""
    def send(
        self,
        value: V | Message[K, V] | None = None,
        *,
        key: K | None = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
        timestamp: int | datetime | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """Hand one message over and return at once."""
    def produce(
        self,
        value: V | Message[K, V] | None = None,
        *,
        key: K | None = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
        timestamp: int | datetime | None = None,
    ) -> Any:  # noqa: ANN401 - a future or metadata, as of the producer
        """Hand one message over as the producer's own `produce` does."""
    @classmethod
    def __class_getitem__(cls, item: object) -> GenericAlias: ...

@final
class BatchCall:
    """Many messages on their way, from the first to the last result."""

    def __len__(self) -> int: ...
    def prepare_atomic(self) -> tuple[str, int | None] | None:
        """Read all messages of an all-or-nothing call, for `hand_over_atomic`.

        Returns the topic and the partition that must be known by then; `None` if the call has no
        messages.
        """
    def hand_over_atomic(self, blocks: bool) -> bool:
        """Hand over the prepared messages, all or nothing. Return whether there was room.

        A call that `blocks` fails after `max_block_ms` without room.
        """
    def room_for_atomic(self) -> Future[None]:
        """Return a future that completes when `hand_over_atomic` may find room."""
    def wait_for_atomic_room(self) -> None:
        """Block until `hand_over_atomic` may find room."""
    def hand_over_some(self) -> bool | None:
        """Hand the next slice over.

        Returns `None` if that was the last one, `False` if there are more, and `True` if the call
        must first wait with `room` or `wait_for_room`.
        """
    def room(self) -> Future[None]:
        """Return a future that completes when there is room."""
    def wait_for_room(self) -> None:
        """Block until there is room. After `max_block_ms` the remaining messages fail."""
    def settled(self) -> Future[None]:
        """Return a future that completes when every message is settled."""
    def wait_settled(self, timeout: float | None = None) -> bool:
        """Block until every message is settled, at most for `timeout` seconds.

        Returns whether all are.
        """
    def counts(self) -> tuple[int, int]:
        """Return how many messages are settled, and how many of them failed."""
    def outcome(self) -> CallOutcome:
        """Return the outcomes of all messages, for `BatchResultCore`."""
    def abandon(self) -> None:
        """Cancel the records that can be cancelled. Later failures count as unclaimed."""
    def abandon_results(self, results: BatchResultCore[Any], first: int = 0) -> None:
        """Report failures among `results` as unclaimed, from index `first` on."""

@final
class CallOutcome:
    """The outcomes of a call that is over, from which its results are made."""

@disjoint_base
class BatchResultCore(Generic[R_co]):
    """The results of one call."""

    def __new__(cls, source: CallOutcome | list[Any]) -> Self: ...
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, index: int, /) -> R_co: ...
    @overload
    def __getitem__(self, index: slice, /) -> list[R_co]: ...
    @classmethod
    def __class_getitem__(cls, item: object) -> GenericAlias: ...

class AsyncProducerCore(ProducerCore[K, V]):
    """The asyncio producer's core."""

    def __new__(cls, config: ProducerConfig, settings: CoreSettings) -> Self: ...
    @overload
    def produce(
        self,
        topic: str,
        value: V | None = None,
        *,
        key: K | None = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
        timestamp: int | datetime | None = None,
    ) -> Future[RecordMetadata]:
        """Hand one message over when it is called; the future brings its metadata."""
    @overload
    def produce(self, topic: Message[K, V], /) -> Future[RecordMetadata]: ...

class SyncProducerCore(ProducerCore[K, V]):
    """The blocking producer's core."""

    def __new__(cls, config: ProducerConfig, settings: CoreSettings) -> Self: ...
    @overload
    def produce(
        self,
        topic: str,
        value: V | None = None,
        *,
        key: K | None = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
        timestamp: int | datetime | None = None,
    ) -> RecordMetadata:
        """Produce one message, wait for its acknowledgement, and return its metadata."""
    @overload
    def produce(self, topic: Message[K, V], /) -> RecordMetadata: ...
    @overload
    def submit(
        self,
        topic: str,
        value: V | None = None,
        *,
        key: K | None = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
        timestamp: int | datetime | None = None,
    ) -> concurrent.futures.Future[RecordMetadata]:
        """Hand one message over, and return a future that any thread may wait for."""
    @overload
    def submit(self, topic: Message[K, V], /) -> concurrent.futures.Future[RecordMetadata]: ...

@disjoint_base
class BrokerCore:
    """Brokers in this process. They run from the start, until they are stopped."""

    def __new__(
        cls,
        *,
        host: str,
        port: int,
        brokers: int,
        auto_create_topics: bool,
        partitions: int,
        memory: int,
        tls: tuple[str | None, bool] | None,
        mechanisms: list[str],
        users: dict[str, str],
        tokens: dict[str, str],
        session_lifetime: float | None,
    ) -> Self: ...
    @property
    def ca(self) -> str | None:
        """The certificate of the throw-away authority, as PEM."""
    @property
    def client_certificate(self) -> tuple[str, str] | None:
        """A client's certificate and private key, as PEM, if clients must show one."""
    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where each broker listens, or listened."""
    @property
    def is_closed(self) -> bool:
        """Whether it was stopped, by this process."""
    def check(self) -> None:
        """Raise unless it runs, and here."""
    def topics(self) -> dict[str, int]:
        """How many partitions each topic has."""
    def create_topic(self, name: str, partitions: int, configs: list[tuple[str, str]]) -> None: ...
    def delete_topic(self, name: str) -> None: ...
    def move_leader(self, topic: str, partition: int, broker: int) -> None: ...
    def records(
        self, topic: str
    ) -> list[tuple[int, int, int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]]:
        """Return the records of a topic, by partition and offset."""
    def order(
        self, kind: str, api: str | None, error: str | None, seconds: float, times: int | None
    ) -> None:
        """Order a fault for requests to come."""
    def deny(self, topic: str, api: str | None) -> None: ...
    def allow(self, topic: str) -> None: ...
    def lock_out(self, user: str) -> None: ...
    def let_in(self, user: str) -> None: ...
    def clear_faults(self) -> None: ...
    def drop_connections(self) -> None: ...
    def pause(self, is_paused: bool) -> None: ...
    def stop(self) -> None:
        """End every connection and let go of the ports; a second time it does nothing."""

@type_check_only
class CoreSettings(TypedDict):
    """Every setting as a plain value: times in milliseconds, sizes in bytes."""

    bootstrap_servers: str
    security: dict[str, Any] | None
    client_id: str
    acks: int
    idempotence: bool
    linger_ms: int
    batch_size: int
    compression: str
    compression_level: int | None
    max_in_flight: int
    allow_reordering: bool
    buffer_memory: int
    max_request_size: int
    partitioner: str | Callable[[bytes | None, int], int]
    delivery_timeout_ms: int
    request_timeout_ms: int
    metadata_timeout_ms: int
    retry_backoff_ms: int
    retry_backoff_max_ms: int
    max_block_ms: int
    send_block_ms: int
    max_waiting: int | None
    exit_timeout_ms: int
    metadata_max_age_ms: int
    metadata_max_idle_ms: int
    connections_max_idle_ms: int
    gapless: bool
    key_serializer: Callable[[Any], Any] | None
    value_serializer: Callable[[Any], Any] | None
    on_error: Callable[[Any], object] | None
    first_sequence: int

def check_settings(settings: CoreSettings) -> None:
    """Raise `ConfigError` for settings that the core refuses: servers, codecs, partitioners."""

def read_headers(headers: HeadersLike | None) -> list[tuple[str, bytes | None]]:
    """Check headers, and return them as pairs of a name and bytes."""

def purge(producer: ProducerCore[Any, Any], in_queue: bool, in_flight: bool) -> None:
    """Drop messages. Each fails with `Purged`."""

def metrics(producer: ProducerCore[Any, Any]) -> dict[str, Any]:
    """Return a snapshot of the metrics, as a tree of dicts."""

def take_unclaimed(producer: ProducerCore[Any, Any]) -> tuple[int, list[ProduceError]]:
    """Take the failures that no caller received since the last call.

    Returns their number, and the first of them.
    """

def leaders(producer: ProducerCore[Any, Any], topic: str) -> list[int | None]:
    """Return the leader of each partition of a known topic; `None` for one without a leader."""

def described_cluster(producer: ProducerCore[Any, Any]) -> Described:
    """Return the last description of the cluster."""

def unsettled_before(producer: ProducerCore[Any, Any], flush: int) -> int:
    """Return the number of messages handed over before a flush that are not settled."""

def producer_id(producer: ProducerCore[Any, Any]) -> int:
    """Return a number that identifies the coroutines of the producer's callbacks."""

def drop_functions(producer: ProducerCore[Any, Any]) -> None:
    """Drop the user's functions of a closed producer, after they have received everything."""

def send_with_future(
    producer: AsyncProducerCore[K, V], message: Message[K, V]
) -> tuple[Future[RecordMetadata], bool]:
    """Hand one message over as `send` does.

    Returns a future of its metadata, and whether the message waits for memory.
    """

def connect_async(producer: AsyncProducerCore[Any, Any]) -> Future[None]:
    """Connect. The future completes when the cluster has answered."""

def connect_blocking(producer: SyncProducerCore[Any, Any]) -> None:
    """Connect. Return when the cluster has answered."""

def ping_async(producer: AsyncProducerCore[Any, Any], timeout: float) -> Future[None]:
    """Ask the cluster for a sign of life. The future fails after `timeout` seconds."""

def ping_blocking(producer: SyncProducerCore[Any, Any], timeout: float) -> None:
    """Ask the cluster for a sign of life. Fail after `timeout` seconds."""

def describe_cluster_async(
    producer: AsyncProducerCore[Any, Any], timeout: float | None = None
) -> Future[None]:
    """Ask the cluster to describe itself, for `described_cluster`.

    The future fails after `timeout` seconds, or after `metadata_timeout_ms`.
    """

def describe_cluster_blocking(
    producer: SyncProducerCore[Any, Any], timeout: float | None = None
) -> None:
    """Ask the cluster to describe itself, for `described_cluster`.

    Fails after `timeout` seconds, or after `metadata_timeout_ms`.
    """

def locate_async(producer: AsyncProducerCore[Any, Any], topic: str) -> Future[None]:
    """Ask about a topic, for `leaders`. Does not create it."""

def locate_blocking(producer: SyncProducerCore[Any, Any], topic: str) -> None:
    """Ask about a topic, for `leaders`. Does not create it."""

def locate_for_messages_async(
    producer: AsyncProducerCore[Any, Any], topic: str, partition: int | None
) -> Future[None]:
    """Ask about a topic and a partition that messages name. The brokers may create the topic."""

def locate_for_messages_blocking(
    producer: SyncProducerCore[Any, Any], topic: str, partition: int | None
) -> None:
    """Ask about a topic and a partition that messages name. The brokers may create the topic."""

def flush_async(producer: AsyncProducerCore[Any, Any]) -> tuple[Future[None], int]:
    """Flush. The future completes when everything handed over before is settled.

    The number identifies the flush, for `unsettled_before`.
    """

def flush_blocking(producer: SyncProducerCore[Any, Any], timeout: float | None = None) -> int:
    """Wait until everything handed over before is settled, and callbacks have run.

    Returns the number of messages that are not settled after `timeout` seconds.
    """

def close_async(
    producer: AsyncProducerCore[Any, Any], timeout: float | None = None
) -> Future[None]:
    """Take no more messages, deliver the others for at most `timeout` seconds, and disconnect.

    The future completes then.
    """

def close_blocking(producer: SyncProducerCore[Any, Any], timeout: float | None = None) -> None:
    """Take no more messages, deliver the others for at most `timeout` seconds, and disconnect."""

def send_all(topic: TopicCore[Any, Any], items: list[Any]) -> None:
    """Hand several messages over and return at once. If one cannot be sent, none is."""

def batch_call(
    topic: TopicCore[Any, Any], items: list[Any], shape: Literal["value", "pair", "fields"]
) -> BatchCall:
    """Begin a batch call: many messages of a topic."""

def failed_indices(results: BatchResultCore[Any]) -> list[int]:
    """Return the indices of the messages that failed."""

def make_exceptions(results: BatchResultCore[Any]) -> bool:
    """Make exceptions of failures, for one slice of time. Return whether there are more."""

def drain() -> None:
    """Deliver what was handed over, end all cores, and say on `sys.stderr` what was lost.

    Called at the end of the process; nothing can be produced afterwards.
    """

class _Upcalls(Protocol):
    """What the core calls in Python: the module `dekaf._upcalls`."""

    @property
    def errors(self) -> ModuleType: ...
    @property
    def future_class(self) -> type[Future[Any]]: ...
    @property
    def invalid_state_error(self) -> type[Exception]: ...
    @property
    def function_type(self) -> type[FunctionType]: ...
    @property
    def method_type(self) -> type[MethodType]: ...
    @property
    def datetime_class(self) -> type[datetime]: ...
    @property
    def epoch(self) -> datetime: ...
    @property
    def millisecond(self) -> timedelta: ...
    @property
    def partial(self) -> type[Any]: ...
    @property
    def promise_class(self) -> type[concurrent.futures.Future[RecordMetadata]]: ...
    def running_loop(self) -> AbstractEventLoop | None: ...
    def copy_context(self) -> Context: ...
    def copy(self, x: Any, /) -> Any: ...  # noqa: ANN401 - as `copy.copy`
    def is_async(self, function: Callable[..., object], /) -> bool: ...
    def run_coroutine(
        self,
        function: Callable[..., object],
        result: object,
        context: Context | None,
        on_loop: bool,
        producer: int,
        /,
    ) -> None: ...
    def report_exception(
        self, function: Callable[..., object], error: BaseException, on_loop: bool, /
    ) -> None: ...
    def report_future_exception(
        self, function: Callable[..., object], future: Future[object], error: BaseException, /
    ) -> None: ...
    def is_verbose(self) -> bool: ...
    def log_notice(self, severity: str, text: str, /) -> None: ...
    def log_unclaimed(self, failures: int, last: BaseException, /) -> None: ...
    def warn_of_blocked_loop(self) -> None: ...
    def json_serializer(self) -> Callable[[Any], Any]: ...
    def record_metadata_html(self, metadata: RecordMetadata, /) -> str: ...
    def ask_for_token(self, provider: Any, reply: Any, /) -> None: ...  # noqa: ANN401 - the core passes them on
    def start_thread(self, serve: Callable[[], bool], name: str, /) -> None: ...
    def drain_with_workers(self) -> None: ...
    def write_stderr(self, line: str, /) -> None: ...

def install(upcalls: _Upcalls) -> None:
    """Register what the core calls in Python. Later calls change nothing."""
