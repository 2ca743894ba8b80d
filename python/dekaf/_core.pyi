"""The compiled core. Import from `dekaf`: names here may change without notice."""

import concurrent.futures
from asyncio import Future
from collections.abc import Callable
from datetime import datetime
from types import GenericAlias
from typing import Any, Generic, Literal, Self, final, overload

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
    "Message",
    "ProducerCore",
    "RecordMetadata",
    "SyncProducerCore",
    "TopicCore",
    "__version__",
    "check_config",
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

    def __new__(cls, config: ProducerConfig, *, first_sequence: int = 0) -> Self: ...
    @property
    def config(self) -> ProducerConfig:
        """What the settings were made of."""
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
    def _id(self) -> int: ...
    def _let_go(self) -> None: ...
    def _purge(self, in_queue: bool, in_flight: bool) -> None: ...
    def _metrics(self) -> dict[str, Any]: ...
    def _take_unclaimed(self) -> tuple[int, list[ProduceError]]: ...
    def _described(self) -> Described: ...
    def _leaders(self, topic: str) -> list[int | None]: ...
    def _unsettled_before(self, before: int) -> int: ...
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
    def _send_all(self, items: list[Any]) -> None: ...
    def _batch(self, items: list[Any], shape: Literal["value", "pair", "fields"]) -> BatchCall: ...
    @classmethod
    def __class_getitem__(cls, item: object) -> GenericAlias: ...

@final
class BatchCall:
    """Many messages on their way, from the first to the last result."""

    def __len__(self) -> int: ...
    def prepare_whole(self) -> tuple[str, int | None] | None:
        """Read everything, to hand it over as one; return topic and partition, if there is any."""
    def hand_over_whole(self, blocks: bool) -> bool:
        """Hand over what was prepared, all or nothing; say whether there was room."""
    def room_for_whole(self) -> Future[None]:
        """Return a future that is done when it is worth while to try that again."""
    def wait_for_whole(self) -> None:
        """Wait until it is worth while to try that again."""
    def hand_over_some(self) -> bool | None:
        """Hand the next slice over.

        `None` says that all is; `False` that there is more; `True` that there is no room for more.
        """
    def room(self) -> Future[None]:
        """Return a future that is done when there is room."""
    def wait_for_room(self) -> None:
        """Wait until there is room; what does not get any in time fails."""
    def settled(self) -> Future[None]:
        """Return a future that is done when every message has its fate."""
    def wait_settled(self, timeout: float | None = None) -> bool:
        """Wait until every message has its fate; say whether they have."""
    def counts(self) -> tuple[int, int]:
        """How many messages have their fate, and how many of them failed."""
    def forgo(self) -> None:
        """Un-send what can be; what fails is nobody's from now on."""
    def forgo_results(self, results: BatchResultCore[Any], first: int = 0) -> None:
        """Do the same of results that were taken, from one of them on."""

@disjoint_base
class BatchResultCore(Generic[R_co]):
    """The results of one call."""

    def __new__(cls, source: BatchCall | list[Any]) -> Self: ...
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, index: int, /) -> R_co: ...
    @overload
    def __getitem__(self, index: slice, /) -> list[R_co]: ...
    @property
    def _failed(self) -> list[int]: ...
    def _make_exceptions(self) -> bool: ...
    @classmethod
    def __class_getitem__(cls, item: object) -> GenericAlias: ...

class AsyncProducerCore(ProducerCore[K, V]):
    """The asyncio producer's core."""

    def __new__(cls, config: ProducerConfig, *, first_sequence: int = 0) -> Self: ...
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
    def _post(self, message: Message[K, V]) -> tuple[Future[RecordMetadata], bool]: ...
    def _connect(self) -> Future[None]: ...
    def _ping(self, timeout: float) -> Future[None]: ...
    def _describe_cluster(self, timeout: float | None = None) -> Future[None]: ...
    def _locate(self, topic: str) -> Future[None]: ...
    def _locate_for_messages(self, topic: str, partition: int | None) -> Future[None]: ...
    def _settle(self) -> tuple[Future[None], int]: ...
    def _disconnect(self, timeout: float | None = None) -> Future[None]: ...

class SyncProducerCore(ProducerCore[K, V]):
    """The blocking producer's core."""

    def __new__(cls, config: ProducerConfig, *, first_sequence: int = 0) -> Self: ...
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
    def _connect(self) -> None: ...
    def _ping(self, timeout: float) -> None: ...
    def _describe_cluster(self, timeout: float | None = None) -> None: ...
    def _locate(self, topic: str) -> None: ...
    def _locate_for_messages(self, topic: str, partition: int | None) -> None: ...
    def _settle(self, timeout: float | None = None) -> int: ...
    def _disconnect(self, timeout: float | None = None) -> None: ...

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

def check_config(config: ProducerConfig) -> None:
    """Raise `ConfigError` for what the core refuses: servers, codecs, partitioners."""
