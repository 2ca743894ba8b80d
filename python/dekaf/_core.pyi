"""The compiled core. Import from `dekaf`: names here may change without notice."""

from asyncio import Future
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Self, TypeAlias, final

from typing_extensions import Buffer, disjoint_base

from dekaf._config import ProducerConfig

__all__ = ["BrokerCore", "ProducerCore", "RecordMetadata", "__version__", "check_config"]

__version__: str

_Bytes: TypeAlias = str | Buffer | None

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

@disjoint_base
class ProducerCore:
    """The core of a producer. Nothing is started before it is used."""

    def __new__(cls, config: ProducerConfig, *, first_sequence: int = 0) -> Self: ...
    def produce(
        self,
        topic: str,
        value: _Bytes = None,
        *,
        key: _Bytes = None,
        headers: Mapping[str, _Bytes] | Iterable[tuple[str, _Bytes]] | None = None,
        partition: int | None = None,
        timestamp: int | datetime | None = None,
    ) -> Future[RecordMetadata]:
        """Hand one message over; the future brings its metadata."""
    def _connect(self) -> Future[None]: ...
    def _settle(self) -> Future[None]: ...
    def _disconnect(self, timeout: float | None = None) -> Future[None]: ...

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
    ) -> Self: ...
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
    def clear_faults(self) -> None: ...
    def drop_connections(self) -> None: ...
    def pause(self, is_paused: bool) -> None: ...
    def stop(self) -> None:
        """End every connection and let go of the ports; a second time it does nothing."""

def check_config(config: ProducerConfig) -> None:
    """Raise `ConfigError` for what the core refuses: servers, codecs, partitioners."""
