"""Settings, checked before anything is started: a wrong one is named, with the way out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from dekaf._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_settings", "join_servers"]

_LARGEST: Final = 2**31 - 1
"""Kafka's own limit for times and sizes: about 24 days, 2 GiB."""

_LONGEST_NAME: Final = 2**15 - 1
"""The protocol counts a client's name in 16 bits."""

_NUMBERS: Final = {
    "linger_ms": ("milliseconds", 0),
    "batch_size": ("bytes", 1),
    "max_request_size": ("bytes", 1),
    "buffer_memory": ("bytes", 1),
    "delivery_timeout_ms": ("milliseconds", 1),
    "request_timeout_ms": ("milliseconds", 1),
    "metadata_timeout_ms": ("milliseconds", 1),
    "metadata_max_age_ms": ("milliseconds", 1),
    "retry_backoff_ms": ("milliseconds", 1),
    "retry_backoff_max_ms": ("milliseconds", 1),
    "exit_timeout_ms": ("milliseconds", 0),
}
"""What each number counts, and the least it may be."""


def check_settings(client_id: object, compression: object, numbers: Mapping[str, int]) -> None:
    """Refuse what no producer can work with, and what contradicts itself."""
    if not isinstance(client_id, str):
        raise ConfigError(f"client_id must be str, not {type(client_id).__name__}")
    if len(client_id.encode(errors="replace")) > _LONGEST_NAME:
        raise ConfigError(f"client_id is longer than the {_LONGEST_NAME} bytes that Kafka reads")
    if not isinstance(compression, str):
        raise ConfigError(f"compression must be str, not {type(compression).__name__}")
    for name, value in numbers.items():
        _check_number(name, value)
    delivery, linger = numbers["delivery_timeout_ms"], numbers["linger_ms"]
    request = numbers["request_timeout_ms"]
    if delivery < linger + request:
        raise ConfigError(
            f"delivery_timeout_ms={delivery} is less than linger_ms={linger} + "
            f"request_timeout_ms={request}: no message would have time for one whole try; "
            "raise it, or lower the others"
        )
    backoff, most = numbers["retry_backoff_ms"], numbers["retry_backoff_max_ms"]
    if most < backoff:
        raise ConfigError(f"retry_backoff_max_ms={most} is less than retry_backoff_ms={backoff}")


def _check_number(name: str, value: object) -> None:
    unit, least = _NUMBERS[name]
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{name} must be {unit} as int, not {type(value).__name__}")
    if not least <= value <= _LARGEST:
        raise ConfigError(f"{name}={value} is out of range: {least} to {_LARGEST} {unit}")


def join_servers(servers: object) -> str:
    """Make one list, as `"host:port,host:port"`, of what names the servers."""
    if isinstance(servers, str):
        return servers
    if not isinstance(servers, Iterable) or isinstance(servers, bytes | bytearray):
        raise ConfigError(
            'bootstrap_servers must be str, as in "host:port,host:port", or an iterable of '
            f"such, not {type(servers).__name__}"
        )
    names: list[str] = []
    for server in servers:  # pyright: ignore[reportUnknownVariableType] - that is what is checked
        if not isinstance(server, str):
            kind = type(server).__name__  # pyright: ignore[reportUnknownArgumentType]
            raise ConfigError(f"bootstrap_servers must name servers as str, not {kind}")
        names.append(server)
    return ",".join(names)
