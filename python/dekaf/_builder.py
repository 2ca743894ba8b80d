"""A producer, or its configuration, one setting after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from dekaf._config import ProducerConfig
from dekaf._presets import EVENT_HUBS, HIGH_THROUGHPUT, LOW_LATENCY, RELIABILITY
from dekaf._settings import checked, join_servers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dekaf._acks import AcksLike
    from dekaf._security import Security
    from dekaf._settings import (
        Compression,
        ConfigSettings,
        OnError,
        OnFull,
        Partitioner,
        SerializerLike,
    )

__all__ = ["ProducerBuilder"]


class Configurable(Protocol):
    """What is made of a configuration."""

    @classmethod
    def from_config(cls, config: ProducerConfig) -> Self:
        """Make one."""
        ...


P = TypeVar("P", bound=Configurable)


class ProducerBuilder(Generic[P]):
    """Builds a producer: `Producer.builder("localhost:9092").linger_ms(10).lz4().build()`.

    There is a method for each setting of `ProducerConfig`, by its name, and one for each preset.
    A value that no producer can have is refused by its method, a contradiction by `config` and
    `build`, in whichever order the settings came.

    Methods change the builder and return it, so that none is without effect because its result
    was not used. It can build any number of producers.
    """

    def __init__(self, producer: type[P], bootstrap_servers: str | Iterable[str]) -> None:
        self._producer = producer
        self._bootstrap_servers = join_servers(bootstrap_servers)
        self._preset: ConfigSettings = {}
        self._settings: dict[str, Any] = {}

    def for_high_throughput(self) -> Self:
        """Start from `ProducerConfig.for_high_throughput`: leader acks, hence no idempotence.

        Of presets the last one counts; what is set by itself wins, before or after.
        """
        self._preset = HIGH_THROUGHPUT
        return self

    def for_low_latency(self) -> Self:
        """Start from `ProducerConfig.for_low_latency`."""
        self._preset = LOW_LATENCY
        return self

    def for_reliability(self) -> Self:
        """Start from `ProducerConfig.for_reliability`."""
        self._preset = RELIABILITY
        return self

    def for_event_hubs(self) -> Self:
        """Start from `ProducerConfig.for_event_hubs`; give `security` as well."""
        self._preset = EVENT_HUBS
        return self

    def client_id(self, name: str) -> Self:
        return self._set("client_id", name)

    def acks(self, acks: AcksLike) -> Self:
        return self._set("acks", acks)

    def idempotence(self, on: bool = True) -> Self:
        return self._set("idempotence", on)

    def linger_ms(self, milliseconds: int) -> Self:
        return self._set("linger_ms", milliseconds)

    def batch_size(self, size: int) -> Self:
        return self._set("batch_size", size)

    def compression(self, codec: Compression) -> Self:
        return self._set("compression", codec)

    def compression_level(self, level: int | None) -> Self:
        return self._set("compression_level", level)

    def gzip(self, level: int | None = None) -> Self:
        """Compress with gzip, from 1 (fastest) to 9 (smallest)."""
        return self.compression("gzip").compression_level(level)

    def snappy(self) -> Self:
        """Compress with snappy."""
        return self.compression("snappy").compression_level(None)

    def lz4(self) -> Self:
        """Compress with lz4."""
        return self.compression("lz4").compression_level(None)

    def zstd(self, level: int | None = None) -> Self:
        """Compress with Zstandard, from 1 (fast) to 22 (smallest); below 0 it is faster still."""
        return self.compression("zstd").compression_level(level)

    def max_in_flight(self, requests: int) -> Self:
        return self._set("max_in_flight", requests)

    def buffer_memory(self, size: int) -> Self:
        return self._set("buffer_memory", size)

    def max_request_size(self, size: int) -> Self:
        return self._set("max_request_size", size)

    def partitioner(self, partitioner: Partitioner) -> Self:
        return self._set("partitioner", partitioner)

    def delivery_timeout_ms(self, milliseconds: int) -> Self:
        return self._set("delivery_timeout_ms", milliseconds)

    def request_timeout_ms(self, milliseconds: int) -> Self:
        return self._set("request_timeout_ms", milliseconds)

    def metadata_timeout_ms(self, milliseconds: int) -> Self:
        return self._set("metadata_timeout_ms", milliseconds)

    def retry_backoff_ms(self, milliseconds: int) -> Self:
        return self._set("retry_backoff_ms", milliseconds)

    def retry_backoff_max_ms(self, milliseconds: int) -> Self:
        return self._set("retry_backoff_max_ms", milliseconds)

    def max_block_ms(self, milliseconds: int) -> Self:
        return self._set("max_block_ms", milliseconds)

    def send_block_ms(self, milliseconds: int) -> Self:
        return self._set("send_block_ms", milliseconds)

    def on_full(self, what: OnFull) -> Self:
        return self._set("on_full", what)

    def max_waiting(self, messages: int | None) -> Self:
        return self._set("max_waiting", messages)

    def exit_timeout_ms(self, milliseconds: int) -> Self:
        return self._set("exit_timeout_ms", milliseconds)

    def metadata_max_age_ms(self, milliseconds: int) -> Self:
        return self._set("metadata_max_age_ms", milliseconds)

    def security(self, security: Security | None) -> Self:
        return self._set("security", security)

    def connections_max_idle_ms(self, milliseconds: int) -> Self:
        return self._set("connections_max_idle_ms", milliseconds)

    def metadata_max_idle_ms(self, milliseconds: int) -> Self:
        return self._set("metadata_max_idle_ms", milliseconds)

    def gapless(self, on: bool = True) -> Self:
        return self._set("gapless", on)

    def key_serializer(self, serializer: SerializerLike | None) -> Self:
        return self._set("key_serializer", serializer)

    def value_serializer(self, serializer: SerializerLike | None) -> Self:
        return self._set("value_serializer", serializer)

    def on_error(self, function: OnError | None) -> Self:
        return self._set("on_error", function)

    def config(self) -> ProducerConfig:
        """Return what is set as a `ProducerConfig`."""
        settings: dict[str, Any] = {**self._preset, **self._settings}
        return ProducerConfig(self._bootstrap_servers, **settings)

    def build(self) -> P:
        """Return a producer, which starts nothing yet."""
        return self._producer.from_config(self.config())

    def _set(self, name: str, value: object) -> Self:
        self._settings[name] = checked(name, value)
        return self
