"""The URL of a token server, checked."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final

from dekaf._credentials import levels_to_caller
from dekaf._errors import ConfigError
from dekaf._security_values import to_text

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["shown_url", "to_url"]

_LOCAL: Final = (".localhost", ".local", ".internal", ".svc")
"""How names end that do not leave a network: Kubernetes' are `.svc` and `.svc.cluster.local`."""


def to_url(name: str, value: object) -> str:
    """Take an https URL, or an http one, which brings a warning unless the host is local.

    Raises `ConfigError`, which does not quote the URL: it may hold a secret.
    """
    url = to_text(name, value)
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigError(
            f"{name} has a character that a URL cannot have; percent-encode it, or remove it"
        )
    parts = _split(url)
    if parts is None:
        raise ConfigError(f"{name} is no URL; give one as in {name}='https://example.com/token'")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(
            f"{name} must begin with https://, as in {name}='https://example.com/token'"
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigError(f"{name} has a login in it; give client_id= and client_secret= instead")
    # No error: http is asked for by name, and is usual beside a broker in clear text and where a
    # sidecar encrypts. Java's client sends it without a word.
    if parts.scheme == "http" and not _is_local(parts.hostname):
        warnings.warn(
            f"{name} is an http URL: secrets and tokens go over the network in clear text; give "
            "an https URL",
            stacklevel=levels_to_caller(),
        )
    return url


def shown_url(url: str) -> str:
    """Return a URL as an error may show it: its query may hold a secret."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - few have a token server

    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _split(url: str) -> SplitResult | None:
    from urllib.parse import urlsplit  # noqa: PLC0415 - few have a token server

    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname  # either may be malformed
    except ValueError:
        return None
    return parts


def _is_local(host: str) -> bool:
    """Say whether a host is of this machine or network. What it resolves to is not asked."""
    from ipaddress import ip_address  # noqa: PLC0415 - few need it

    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.rstrip(".").endswith(_LOCAL)
    return address.is_private or address.is_loopback or address.is_link_local
