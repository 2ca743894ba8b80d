"""Sends HTTP requests to the services of a cloud: AWS STS, and the metadata services of machines.

This module is imported when a token is requested, so it may import what it needs.
"""

from __future__ import annotations

import os
import ssl
from http.client import HTTPException, InvalidURL
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.error import URLError
from urllib.request import Request

from dekaf._tokens.exchange import Answer, NoAnswerError, exchange

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LIMIT", "Fault", "send"]

LIMIT: Final = 1 << 18
"""The longest body, in bytes."""


class Fault(NamedTuple):
    """Why a request or a search found nothing. The text holds no secret."""

    why: str
    is_transient: bool = False
    """Whether the reason may go away by itself."""


def send(  # noqa: PLR0913 - a request has that many parts
    url: str,
    *,
    timeout: float,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    uses_proxies: bool = False,
    ca_file: str | None = None,
) -> Answer | Fault:
    """Send one request, without following redirects. A fault reads as in "STS cannot be reached".

    Errors are returned, not raised: those that are caught here may hold what was sent.
    """
    context = _context(url, ca_file)
    if isinstance(context, Fault):
        return context
    try:
        request = Request(url, body, dict(headers or {}), method=method)  # noqa: S310 - callers check it
        return exchange(request, context, seconds=timeout, limit=LIMIT, uses_proxies=uses_proxies)
    except NoAnswerError as error:
        return Fault(str(error))
    except (OSError, HTTPException, ValueError) as error:
        return _fault(error.reason if isinstance(error, URLError) else error, timeout)


def _context(url: str, ca_file: str | None) -> ssl.SSLContext | Fault | None:
    if not url.lower().startswith("https:"):
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError:
        why = "has no certificate in PEM"
    except OSError as error:
        why = f"cannot be read: {os.strerror(error.errno or 0)}"
    return Fault(f"cannot be verified: the file {ca_file} {why}")


def _fault(error: object, timeout: float) -> Fault:
    # Texts of `HTTPException` and `ValueError` quote what was sent or received.
    if isinstance(error, OSError):
        return _fault_of_network(error, timeout)
    if isinstance(error, HTTPException) and not isinstance(error, InvalidURL):
        return Fault(f"answers with what is no HTTP ({type(error).__name__})")
    return Fault("cannot be asked: its URL or a header has a character that HTTP does not allow")


def _fault_of_network(error: OSError, timeout: float) -> Fault:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Fault(f"has a certificate that is not trusted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return Fault(f"refuses TLS: {error.reason or 'SSLError'}")
    if isinstance(error, TimeoutError):
        return Fault(f"does not answer within {timeout:g} s", is_transient=True)
    why = error.strerror or type(error).__name__
    return Fault(f"cannot be reached: {why}", is_transient=True)
