"""Sends one HTTP request with the standard library, without following redirects.

This module is imported when a token is requested, so it may import what it needs.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from urllib.request import Request

__all__ = ["Answer", "NoAnswerError", "exchange", "is_transient", "to_object"]

_CHUNK: Final = 1 << 14
_TRANSIENT: Final = frozenset({408, 425, 429})


class Answer(NamedTuple):
    """A response. Its body may hold credentials."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Answer(status={self.status}, ***)"


class NoAnswerError(Exception):
    """Why a response is not taken. The text holds no secret, and follows the server's name."""


def exchange(
    request: Request,
    context: ssl.SSLContext | None,
    *,
    seconds: float,
    limit: int,
    uses_proxies: bool,
) -> Answer:
    """Return what a server answers within `seconds` and `limit` bytes.

    Raises `NoAnswerError`, and what urllib and http.client raise, which may hold what was sent.
    """
    # The timeout of a socket is for each part that arrives, and a slow server sends many.
    deadline = time.monotonic() + seconds
    response = _opener(context, uses_proxies=uses_proxies).open(request, timeout=seconds)
    if response is None:
        raise NoAnswerError("has a URL that is neither http nor https")
    with response:
        body = bytearray()
        while part := response.read1(_CHUNK):
            body += part
            if len(body) > limit:
                raise NoAnswerError(f"answers with more than {limit} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError
        return Answer(response.status, bytes(body), response.headers)


def _opener(context: ssl.SSLContext | None, *, uses_proxies: bool) -> OpenerDirector:
    """Return an opener without a handler of redirects, which would send secrets elsewhere."""
    opener = OpenerDirector()
    opener.addheaders = [("User-Agent", "dekaf")]
    # A proxy must not see the credentials of a metadata service, and could not reach it.
    opener.add_handler(ProxyHandler(None if uses_proxies else {}))
    opener.add_handler(HTTPHandler())
    opener.add_handler(HTTPSHandler(context=context))
    return opener


def to_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object of a body, or `None` if it is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def is_transient(status: int) -> bool:
    """Say whether the same request may succeed later."""
    return status in _TRANSIENT or status >= 500  # noqa: PLR2004 - as HTTP has it
