"""All settings of a producer, as one value: each resolved, and none that contradicts another.

Keywords, `from_properties`, `from_env` and the builder all lead here, before anything is started.
"""

from __future__ import annotations

import os
from dataclasses import MISSING, dataclass, field, fields
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from dekaf._acks import Acks
from dekaf._core import check_settings
from dekaf._environment import read_environment
from dekaf._errors import ConfigError
from dekaf._pickling import is_found_by_name, is_pickled_by_value
from dekaf._presets import EVENT_HUBS, HIGH_THROUGHPUT, LOW_LATENCY, RELIABILITY
from dekaf._properties import read_properties
from dekaf._serializers import resolve
from dekaf._settings import checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Unpack

    from dekaf._core import CoreSettings
    from dekaf._security import Security
    from dekaf._settings import (
        Compression,
        ConfigChanges,
        ConfigSettings,
        OnError,
        OnFull,
        Partitioner,
        SerializerLike,
    )

__all__ = ["ProducerConfig", "core_settings"]

_MOST_NUMBERED = 5
"""So many batches back a broker recognises repetitions."""


class _Asked:
    """What was asked for, so that a copy can resolve the rest anew. It is no field."""

    _given: dict[str, Any]
    _ignored: tuple[str, ...] = ()


@dataclass(frozen=True, init=False, repr=False)
class ProducerConfig(_Asked):
    """Every setting of a producer. Times are milliseconds, sizes are bytes.

        config = ProducerConfig("localhost:9092", linger_ms=10, compression="lz4")
        producer = Producer.from_config(config)

    Attributes show what is resolved: with `acks="leader"`, `idempotence` is `False`.
    """

    bootstrap_servers: str
    """Where to ask for the cluster, as `"host:port,host:port"`; any one that answers is enough."""
    security: Security | None = None
    """How connections are encrypted and logged in, as in `Security.sasl_scram("alice", "secret")`;
    `None` is clear text without a login."""
    client_id: str = "dekaf"
    """The name in the brokers' logs and quotas."""
    acks: Acks = Acks.ALL
    """Who must have stored a message before it counts as delivered."""
    idempotence: bool = True
    """Whether brokers recognise repetitions; on with `acks="all"` only, and then by default."""
    linger_ms: int = 5
    """The longest that a message waits for others to share its batch."""
    batch_size: int = 65_536
    """The size at which a batch is full, before compression."""
    compression: Compression = "none"
    """How batches are compressed: `"none"`, `"gzip"`, `"snappy"`, `"lz4"` or `"zstd"`."""
    compression_level: int | None = None
    """How hard gzip (1 to 9) or zstd (-131072 to 22) tries; `None` is the codec's own default."""
    max_in_flight: int = 5
    """How many requests a broker may owe an answer for. Without idempotence one per partition, to
    keep the order, unless this is given; with it, 5 at the most."""
    buffer_memory: int = 67_108_864
    """How much may be held until it is acknowledged; a message for which there is no room waits."""
    max_request_size: int = 1_048_576
    """The largest message, and the largest request, before compression."""
    partitioner: Partitioner = "murmur2"
    """Where messages go that do not say: `"murmur2"`, as the Java client; `"crc32"`, as
    librdkafka; `"round_robin"`; `"random"`; or a function."""
    delivery_timeout_ms: int = 120_000
    """The longest from the call to the acknowledgement, retries included."""
    request_timeout_ms: int = 30_000
    """How long a broker may take to answer."""
    metadata_timeout_ms: int = 10_000
    """How long a message waits for an unknown topic or an unreachable cluster."""
    retry_backoff_ms: int = 100
    """The pause before the first retry; it doubles from there."""
    retry_backoff_max_ms: int = 1_000
    """The longest pause between retries."""
    max_block_ms: int = 60_000
    """How long a call may wait for room where there is no event loop."""
    send_block_ms: int = 250
    """How long `send` may hold an event loop without any progress."""
    on_full: OnFull = "wait"
    """What becomes of a message for which there is no room: it waits, or (`"raise"`) fails."""
    max_waiting: int | None = None
    """How many messages may wait for room; `None` is any number."""
    exit_timeout_ms: int = 10_000
    """How long the end of the interpreter waits for what is not delivered."""
    metadata_max_age_ms: int = 300_000
    """The age at which the picture of the cluster is renewed without need."""
    metadata_max_idle_ms: int = 3_600_000
    """How long an unused topic stays in memory, with its metrics."""
    connections_max_idle_ms: int = 180_000
    """How long an unused connection stays open."""
    gapless: bool = False
    """Whether a partition stops after the first message that fails for good."""
    key_serializer: SerializerLike | None = None
    """What makes bytes of keys: `"json"`, `"str"`, `"int"`, … or a function."""
    value_serializer: SerializerLike | None = None
    """What makes bytes of values: `"json"`, `"str"`, `"int"`, … or a function."""
    on_error: OnError | None = None
    """Told of every failure that nobody else is told of."""

    allow_reordering: bool = field(init=False)
    """Not a setting: whether `max_in_flight` was given at the price of order."""

    def __init__(
        self, bootstrap_servers: str | Iterable[str], **settings: Unpack[ConfigSettings]
    ) -> None:
        given: dict[str, Any] = {"bootstrap_servers": bootstrap_servers, **settings}
        given = {name: checked(name, value) for name, value in given.items()}
        defaults = {
            each.name: each.default
            for each in fields(self)
            if each.init and each.default is not MISSING
        }
        resolved = {**defaults, **given}
        if "idempotence" not in given:
            resolved["idempotence"] = resolved["acks"] is Acks.ALL
        resolved["allow_reordering"] = not resolved["idempotence"] and "max_in_flight" in given
        resolved["_given"] = given
        for name, value in resolved.items():
            object.__setattr__(self, name, value)
        self._check_contradictions()
        check_settings(self._core())

    @classmethod
    def for_high_throughput(
        cls, bootstrap_servers: str | Iterable[str], **overrides: Unpack[ConfigSettings]
    ) -> Self:
        """Choose settings for many messages: larger batches, lz4, 256 MiB of memory, leader acks.

        **A message counts as delivered when its partition's leader has it** (`Acks.LEADER`), and
        there is no idempotence: what was acknowledged last is lost if the leader fails, and a
        retry may store a message twice. `acks="all"` takes that back, and keeps the rest.
        """
        return cls._preset(bootstrap_servers, HIGH_THROUGHPUT, overrides)

    @classmethod
    def for_low_latency(
        cls, bootstrap_servers: str | Iterable[str], **overrides: Unpack[ConfigSettings]
    ) -> Self:
        """Choose settings for messages that must not wait: no linger, quick retries.

        As by default, every replica in sync has a message before it counts as delivered.
        """
        return cls._preset(bootstrap_servers, LOW_LATENCY, overrides)

    @classmethod
    def for_reliability(
        cls, bootstrap_servers: str | Iterable[str], **overrides: Unpack[ConfigSettings]
    ) -> Self:
        """Choose settings for messages that must arrive: all acks, idempotence, ten minutes each.

        An unknown topic or an unreachable cluster, and the end of the interpreter, get a minute.
        """
        return cls._preset(bootstrap_servers, RELIABILITY, overrides)

    @classmethod
    def for_event_hubs(
        cls, bootstrap_servers: str | Iterable[str], **overrides: Unpack[ConfigSettings]
    ) -> Self:
        """Choose settings within the limits of Azure Event Hubs, as Microsoft recommends them.

            login = Security.sasl_plain("$ConnectionString", "Endpoint=sb://…")
            config = ProducerConfig.for_event_hubs(
                "namespace.servicebus.windows.net:9093", security=login
            )

        Messages are at most 1,000,000 bytes large. Unused connections close after 180 s, before
        the service drops them.
        """
        return cls._preset(bootstrap_servers, EVENT_HUBS, overrides)

    @classmethod
    def from_properties(
        cls, properties: Mapping[str, object], **overrides: Unpack[ConfigChanges]
    ) -> Self:
        """Read the names of the Java client, librdkafka or dekaf; values may be text.

            ProducerConfig.from_properties({"bootstrap.servers": "a:9092", "linger.ms": "5"})

        Names of consumers, schema registries and other programs are accepted, and listed by
        `ignored`. Raises `ConfigError` for a name that is misspelt, and for one that has no
        counterpart, with what to do about it. Overrides win.
        """
        settings, ignored = read_properties(properties, overrides)
        return cls._of(settings, "put it into the properties", ignored)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], **overrides: Unpack[ConfigChanges]) -> Self:
        """Read a file of Java's form, such as a cloud's `client.properties`.

        The names are those of `from_properties`. Overrides win. A pickle of the configuration
        holds no secret: whoever unpickles it reads the secrets of the file again.
        """
        from dekaf._java_properties import read_properties_file  # noqa: PLC0415 - few need it

        file = os.fspath(path)
        settings, ignored = read_properties(read_properties_file(file), overrides, file)
        return cls._of(settings, f"put it into {file}", ignored)

    @classmethod
    def from_env(
        cls,
        prefix: str = "DEKAF_",
        environ: Mapping[str, str] | None = None,
        **overrides: Unpack[ConfigChanges],
    ) -> Self:
        """Read `DEKAF_BOOTSTRAP_SERVERS`, `DEKAF_LINGER_MS`, …; `environ` is `os.environ`.

        An empty variable counts as not set. Of other variables with the prefix, those that look
        like a setting raise; the rest are not dekaf's: Kubernetes sets `DEKAF_SERVICE_HOST` for
        a service of that name. Overrides win.

        For security, set `DEKAF_SECURITY_PROTOCOL`, `DEKAF_SASL_MECHANISM`,
        `DEKAF_SASL_USERNAME`, `DEKAF_SASL_PASSWORD`, `DEKAF_SSL_CA_LOCATION`,
        `DEKAF_SSL_CERTIFICATE_LOCATION`, `DEKAF_SSL_KEY_LOCATION`, `DEKAF_SSL_KEY_PASSWORD`. For
        tokens of an OpenID Connect server, set `DEKAF_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL`,
        `DEKAF_SASL_OAUTHBEARER_CLIENT_ID`, `DEKAF_SASL_OAUTHBEARER_CLIENT_SECRET`,
        `DEKAF_SASL_OAUTHBEARER_SCOPE` and `DEKAF_SASL_OAUTHBEARER_EXTENSIONS`. `from_properties`
        has the same names in another spelling, and others. A pickle of the configuration holds no
        secret: the process that unpickles it reads the variables again.
        """
        settings = read_environment(prefix, environ, overrides)
        return cls._of(settings, f"set {prefix}BOOTSTRAP_SERVERS")

    @classmethod
    def _preset(
        cls,
        bootstrap_servers: str | Iterable[str],
        preset: ConfigSettings,
        overrides: ConfigSettings,
    ) -> Self:
        settings: dict[str, Any] = {**preset, **overrides}
        return cls(bootstrap_servers, **settings)

    @classmethod
    def _of(cls, settings: Mapping[str, Any], way: str, ignored: tuple[str, ...] = ()) -> Self:
        if "bootstrap_servers" not in settings:
            raise ConfigError(f"bootstrap_servers is missing: {way}, or give bootstrap_servers=")
        config = cls(**settings)
        object.__setattr__(config, "_ignored", ignored)
        return config

    @property
    def ignored(self) -> tuple[str, ...]:
        """Names in the properties or the file that mean nothing to a producer."""
        return self._ignored

    def replace(self, **changes: Unpack[ConfigChanges]) -> Self:
        """Return a copy with changes; what was never given is resolved anew."""
        settings: dict[str, Any] = {**self._given, **changes}
        config = type(self)(**settings)
        object.__setattr__(config, "_ignored", self._ignored)
        return config

    __replace__ = replace  # for copy.replace

    def _core(self) -> CoreSettings:
        """Return every setting as the core takes it."""
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "security": None if self.security is None else self.security._core(),  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - for the core alone
            "client_id": self.client_id,
            "acks": self.acks.value,
            "idempotence": self.idempotence,
            "linger_ms": self.linger_ms,
            "batch_size": self.batch_size,
            "compression": self.compression,
            "compression_level": self.compression_level,
            "max_in_flight": self.max_in_flight,
            "allow_reordering": self.allow_reordering,
            "buffer_memory": self.buffer_memory,
            "max_request_size": self.max_request_size,
            "partitioner": self.partitioner,
            "delivery_timeout_ms": self.delivery_timeout_ms,
            "request_timeout_ms": self.request_timeout_ms,
            "metadata_timeout_ms": self.metadata_timeout_ms,
            "retry_backoff_ms": self.retry_backoff_ms,
            "retry_backoff_max_ms": self.retry_backoff_max_ms,
            "max_block_ms": self.max_block_ms,
            "send_block_ms": self.send_block_ms,
            "max_waiting": 0 if self.on_full == "raise" else self.max_waiting,
            "exit_timeout_ms": self.exit_timeout_ms,
            "metadata_max_age_ms": self.metadata_max_age_ms,
            "metadata_max_idle_ms": self.metadata_max_idle_ms,
            "connections_max_idle_ms": self.connections_max_idle_ms,
            "gapless": self.gapless,
            "key_serializer": resolve(self.key_serializer, "key_serializer"),
            "value_serializer": resolve(self.value_serializer, "value_serializer"),
            "on_error": self.on_error,
            "first_sequence": 0,
        }

    def _check_contradictions(self) -> None:
        self._check_guarantees()
        needed = self.linger_ms + self.request_timeout_ms
        if self.delivery_timeout_ms < needed:
            raise ConfigError(
                f"delivery_timeout_ms={self.delivery_timeout_ms} is less than "
                f"linger_ms={self.linger_ms} + request_timeout_ms={self.request_timeout_ms}: "
                "no message would have time for one whole try; raise it, or lower the others"
            )
        if self.on_full == "raise" and self.max_waiting is not None:
            raise ConfigError(
                f'max_waiting={self.max_waiting} contradicts on_full="raise", with which no '
                "message waits; leave one of them out"
            )
        if self.retry_backoff_max_ms < self.retry_backoff_ms:
            raise ConfigError(
                f"retry_backoff_max_ms={self.retry_backoff_max_ms} is less than "
                f"retry_backoff_ms={self.retry_backoff_ms}"
            )
        # With little memory the defaults cannot be had in full, which does no harm. What was
        # asked for must be possible.
        for name in ("batch_size", "max_request_size"):
            size = getattr(self, name)
            if name in self._given and size > self.buffer_memory:
                raise ConfigError(
                    f"{name}={size} is more than buffer_memory={self.buffer_memory} and could "
                    "never be reached; raise buffer_memory, or lower it"
                )

    def _check_guarantees(self) -> None:
        acks = self.acks.name.lower()
        if self.idempotence and self.acks is not Acks.ALL:
            raise ConfigError(
                f'acks="{acks}" contradicts idempotence=True, which needs every replica: '
                'use acks="all", or leave idempotence out'
            )
        if self.idempotence and self.max_in_flight > _MOST_NUMBERED:
            raise ConfigError(
                f"max_in_flight={self.max_in_flight} contradicts idempotence: brokers recognise "
                f"repetitions {_MOST_NUMBERED} batches back; lower it, or give idempotence=False, "
                "at the price of order and of duplicates"
            )
        if self.gapless and self.acks is Acks.NONE:
            raise ConfigError(
                'acks="none" contradicts gapless=True: nobody hears of a message that fails; '
                'use acks="all" or "leader"'
            )
        if self.gapless and self.allow_reordering and self.max_in_flight > 1:
            raise ConfigError(
                f"max_in_flight={self.max_in_flight} without idempotence contradicts "
                "gapless=True: what follows a failed message may be stored already; leave "
                "max_in_flight out, or turn idempotence on"
            )

    def __reduce__(self) -> tuple[partial[Self], tuple[()], dict[str, Any] | None]:
        for name, value in self._given.items():
            if callable(value) and not is_found_by_name(value) and not is_pickled_by_value():
                raise TypeError(
                    f"{name}={value!r} cannot be pickled, and neither can what is configured with "
                    "it: another process finds functions by their names alone; define it at the "
                    "top level of a module"
                )
        state = {"_ignored": self._ignored} if self._ignored else None
        return partial(type(self), **self._given), (), state

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __repr__(self) -> str:
        """Show what is not as by default."""
        shown = [repr(self.bootstrap_servers)]
        for each in fields(self):
            value = getattr(self, each.name)
            known = not each.init or each.name == "bootstrap_servers" or value == each.default
            if not known or (each.name == "max_in_flight" and self.allow_reordering):
                shown.append(f"{each.name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


def core_settings(config: ProducerConfig) -> CoreSettings:
    """Return the settings of a producer, as its core takes them."""
    if not isinstance(config, ProducerConfig):  # pyright: ignore[reportUnnecessaryIsInstance] - the caller's word for it
        raise TypeError(
            f"config must be a ProducerConfig, not {type(config).__name__}; "
            "ProducerConfig.from_properties() makes one of a mapping"
        )
    return config._core()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - of the same module
