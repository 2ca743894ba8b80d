"""Every setting by itself: its name, its type, and which values it may have.

What settings must be together, and what follows from them, is `_config`'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypedDict

from dekaf._acks import to_acks
from dekaf._aliases import ALIASES, dotted, is_unsupported
from dekaf._closest import closest
from dekaf._errors import ConfigError
from dekaf._security_names import TOKEN_PARTS, is_security, part_of
from dekaf._serializers import SerializerLike, resolve

if TYPE_CHECKING:
    from dekaf._acks import AcksLike
    from dekaf._errors import ProduceError
    from dekaf._security import Security

__all__ = [
    "FLAGS",
    "NUMBERS",
    "SETTINGS",
    "Compression",
    "ConfigChanges",
    "ConfigSettings",
    "OnError",
    "OnFull",
    "Partitioner",
    "ProducerSettings",
    "SerializerLike",
    "checked",
    "join_servers",
    "unknown_setting",
    "unsupported_setting",
]

Compression: TypeAlias = Literal["none", "gzip", "snappy", "lz4", "zstd"]
OnFull: TypeAlias = Literal["wait", "raise"]
Partitioner: TypeAlias = (
    Literal["murmur2", "crc32", "round_robin", "random"] | Callable[[bytes | None, int], int]
)
OnError: TypeAlias = "Callable[[ProduceError], object]"


class ProducerSettings(TypedDict, total=False):
    """The keywords of a producer; `ProducerConfig` says what they mean."""

    client_id: str
    acks: AcksLike
    idempotence: bool
    linger_ms: int
    batch_size: int
    compression: Compression
    compression_level: int | None
    max_in_flight: int
    buffer_memory: int
    max_request_size: int
    partitioner: Partitioner
    delivery_timeout_ms: int
    request_timeout_ms: int
    metadata_timeout_ms: int
    retry_backoff_ms: int
    retry_backoff_max_ms: int
    max_block_ms: int
    send_block_ms: int
    on_full: OnFull
    max_waiting: int | None
    exit_timeout_ms: int
    metadata_max_age_ms: int
    metadata_max_idle_ms: int
    gapless: bool
    on_error: OnError | None
    security: Security | None
    connections_max_idle_ms: int


class ConfigSettings(ProducerSettings, total=False):
    """Those, and what decides which types a producer takes."""

    key_serializer: SerializerLike | None
    value_serializer: SerializerLike | None


class ConfigChanges(ConfigSettings, total=False):
    """All that a configuration consists of."""

    bootstrap_servers: str | Iterable[str]


SETTINGS: Final = tuple(sorted(ConfigChanges.__annotations__))
"""Every setting's name."""

FLAGS: Final = frozenset({"idempotence", "gapless"})

_LARGEST: Final = 2**31 - 1
"""Kafka's own limit for times and sizes: about 24 days, 2 GiB."""

_LARGEST_MEMORY: Final = 2**63 - 1

_LONGEST_NAME: Final = 2**15 - 1
"""The protocol counts a client's name in 16 bits."""

NUMBERS: Final = {
    "linger_ms": ("milliseconds", 0, _LARGEST),
    "batch_size": ("bytes", 1, _LARGEST),
    # Which of them a codec has is for the core to say.
    "compression_level": ("a level", -_LARGEST, _LARGEST),
    "max_in_flight": ("requests", 1, _LARGEST),
    "buffer_memory": ("bytes", 1, _LARGEST_MEMORY),
    "max_request_size": ("bytes", 1, _LARGEST),
    "delivery_timeout_ms": ("milliseconds", 1, _LARGEST),
    "request_timeout_ms": ("milliseconds", 1, _LARGEST),
    "metadata_timeout_ms": ("milliseconds", 1, _LARGEST),
    "retry_backoff_ms": ("milliseconds", 1, _LARGEST),
    "retry_backoff_max_ms": ("milliseconds", 1, _LARGEST),
    "max_block_ms": ("milliseconds", 0, _LARGEST),
    "send_block_ms": ("milliseconds", 0, _LARGEST),
    "max_waiting": ("messages", 0, _LARGEST_MEMORY),
    "exit_timeout_ms": ("milliseconds", 0, _LARGEST),
    "metadata_max_age_ms": ("milliseconds", 1, _LARGEST),
    "metadata_max_idle_ms": ("milliseconds", 1_000, _LARGEST),
    "connections_max_idle_ms": ("milliseconds", 1_000, _LARGEST),
}
"""What each number counts, and the least and the most it may be."""

_OPTIONAL: Final = frozenset(
    {
        "compression_level",
        "key_serializer",
        "max_waiting",
        "on_error",
        "security",
        "value_serializer",
    }
)
"""Those that may be `None`, which is their default."""

_WAYS: Final = ("wait", "raise")


def checked(name: str, value: object) -> Any:  # noqa: ANN401 - each setting has a type of its own
    """Return a setting's value as the configuration holds it, or refuse it by name."""
    if name not in SETTINGS:
        raise unknown_setting(name)
    if value is None and name in _OPTIONAL:
        return None
    if name in NUMBERS:
        _check_number(name, value)
    elif name in FLAGS:
        if not isinstance(value, bool):
            raise _wrong(name, "True or False", value)
    elif name == "bootstrap_servers":
        return join_servers(value)
    elif name == "acks":
        return to_acks(value)
    elif name in {"key_serializer", "value_serializer"}:
        resolve(value, name)
    else:
        _CHECKS[name](value)
    return value


def _check_number(name: str, value: object) -> None:
    unit, least, most = NUMBERS[name]
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(name, f"{unit} as int", value)
    if not least <= value <= most:
        raise ConfigError(f"{name}={value} is out of range: {least} to {most} {unit}")


def _check_client_id(value: object) -> None:
    if not isinstance(value, str):
        raise _wrong("client_id", "str", value)
    if len(value.encode(errors="replace")) > _LONGEST_NAME:
        raise ConfigError(f"client_id is longer than the {_LONGEST_NAME} bytes that Kafka reads")


def _check_compression(value: object) -> None:
    # The core knows the codecs.
    if not isinstance(value, str):
        raise _wrong("compression", "str", value)


def _check_partitioner(value: object) -> None:
    if not isinstance(value, str) and not callable(value):
        raise _wrong("partitioner", "str or a function that returns a partition", value)


def _check_on_full(value: object) -> None:
    if value not in _WAYS:
        raise ConfigError(f'on_full={value!r} is not allowed: use "wait" or "raise"')


def _check_on_error(value: object) -> None:
    if not callable(value):
        raise _wrong("on_error", "a function that takes an error", value)


def _check_security(value: object) -> None:
    from dekaf._security import Security  # noqa: PLC0415 - an import costs time, and few need it

    if not isinstance(value, Security):
        kind, remedy = type(value).__name__, ""
        if isinstance(value, str | Mapping):
            remedy = "; other clients' settings are read by ProducerConfig.from_properties({…})"
        elif callable(value) and not isinstance(value, type):
            remedy = "; call it"
        raise ConfigError(
            "security must be made by Security.tls(), Security.sasl_plain(user, password) or "
            f"Security.sasl_scram(user, password), or None, not {kind}{remedy}"
        )


_CHECKS: Final[dict[str, Callable[[object], None]]] = {
    "client_id": _check_client_id,
    "compression": _check_compression,
    "partitioner": _check_partitioner,
    "on_full": _check_on_full,
    "on_error": _check_on_error,
    "security": _check_security,
}


def join_servers(servers: object) -> str:
    """Make one list, as `"host:port,host:port"`, of what names the servers."""
    if isinstance(servers, str):
        names = [servers]
    elif isinstance(servers, Mapping):
        # Other clients take all of their settings so; its names would be read as servers.
        raise ConfigError(
            'bootstrap_servers must be str, as in "host:port,host:port", not a mapping: give '
            "settings as keywords, or use from_config(ProducerConfig.from_properties({...}))"
        )
    elif not isinstance(servers, Iterable) or isinstance(servers, bytes | bytearray):
        raise ConfigError(
            'bootstrap_servers must be str, as in "host:port,host:port", or an iterable of '
            f"such, not {type(servers).__name__}"
        )
    else:
        names = list[str]()
        for server in servers:  # pyright: ignore[reportUnknownVariableType] - that is what is checked
            if not isinstance(server, str):
                kind = type(server).__name__  # pyright: ignore[reportUnknownArgumentType]
                raise ConfigError(f"bootstrap_servers must name servers as str, not {kind}")
            names.append(server)
    parts = [part.strip() for part in ",".join(names).split(",")]
    if any("@" in part for part in parts):
        # Whatever comes before it is a secret, which no error may quote.
        raise ConfigError(
            'bootstrap_servers has a login in it ("@"), which is not how Kafka clients log in; '
            "give security=Security.sasl_scram(user, password)"
        )
    return ",".join(part for part in parts if part)


def unknown_setting(name: str) -> ConfigError:
    """Say what may have been meant by a name that is no setting's."""
    if is_unsupported(name):
        return unsupported_setting(name)
    if is_security(dotted(name)) or name in _CONSTRUCTORS:
        part = name if name in _CONSTRUCTORS else part_of(dotted(name))
        example = _TOKENS if part in TOKEN_PARTS else _CONSTRUCTORS.get(part, _LOGIN)
        return ConfigError(
            f"{name!r} is not a setting; give security=, as in security=Security.{example}"
        )
    meant = ALIASES.get(dotted(name)) or closest(name, SETTINGS)
    if meant is not None:
        return ConfigError(f"{name!r} is not a setting; did you mean {meant!r}?")
    return ConfigError(f"{name!r} is not a setting; help(dekaf.ProducerConfig) lists them all")


_LOGIN: Final = 'sasl_scram("user", "password")'
_TOKENS: Final = "sasl_oauthbearer(token)"
_CONSTRUCTORS: Final[dict[str | None, str]] = {
    "ca": 'tls(ca="ca.pem")',
    "ca_password": 'tls(ca="truststore.p12", ca_password="…")',
    "certificate": 'tls(certificate="client.pem", key="client.key")',
    "check_hostname": "tls(verify_hostname=False)",
    "endpoint": "tls(verify_hostname=False)",
    "key": 'tls(certificate="client.pem", key="client.key")',
    "key_password": 'tls(certificate="client.pem", key="client.key", key_password="…")',
    "verify": "tls(verify=False)",
    "versions": 'tls(min_version="1.3")',
    # What users guess: arguments of `Security`, and words like them.
    "cafile": 'tls(ca="ca.pem")',
    "cert": 'tls(certificate="client.pem", key="client.key")',
    "key_log": 'tls(key_log="keys.log")',
    "mechanism": _LOGIN,
    "min_version": 'tls(min_version="1.3")',
    "password": _LOGIN,
    "server_name": 'tls(server_name="broker.internal")',
    "tls": "tls()",
    "token": 'sasl_scram("id", "hmac", token=True)',
    "user": _LOGIN,
    "username": _LOGIN,
    "verify_hostname": "tls(verify_hostname=False)",
}
"""How a `Security` says what other clients have a setting for."""


def unsupported_setting(name: str) -> ConfigError:
    """Say that Kafka has it, and dekaf not yet."""
    return ConfigError(
        f"{name}: this version of dekaf does not support it yet: it has no transactions"
    )


def _wrong(name: str, expected: str, value: object) -> ConfigError:
    either = " or None" if name in _OPTIONAL else ""
    return ConfigError(f"{name} must be {expected}{either}, not {type(value).__name__}")
