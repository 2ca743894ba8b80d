"""Asks the HTTP endpoint of a token server, with the standard library.

An endpoint is asked once: the core asks again, with a backoff, if the reason is transient.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from dekaf._secret import File
from dekaf._tokens.refusal import TokenRefusal
from dekaf._tokens.said import shown_error, shown_text
from dekaf._tokens.url import shown_url

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from urllib.request import OpenerDirector, Request

    from dekaf._credentials import Pem

__all__ = ["LIMIT", "Call", "fetch"]

_SECONDS: Final = 8.0
"""The longest that a server may take. The core waits for 10 s, and its error says less."""
LIMIT: Final = 1 << 20
"""The longest body, in bytes."""
_CHUNK: Final = 1 << 16
_TRANSIENT: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, repr=False)
class Call:
    """One request. With a form it is a POST, otherwise a GET."""

    url: str
    headers: Mapping[str, str]
    form: Mapping[str, str] | None = None
    ca: Pem | None = None
    """The authorities that sign the server's certificate; `None` is the system's."""
    secrets: tuple[str, ...] = ()
    """What is sent and must not be shown, should the server repeat it."""
    advice: str = ""
    """What an error says besides if the server refuses the login."""


@dataclass(frozen=True, repr=False)
class _Response:
    status: int
    body: bytes
    content_type: str
    location: str


def fetch(call: Call) -> dict[str, Any]:
    """Return the JSON object that an endpoint answers with.

    Raises `TokenRefusal`, which names the endpoint without its query, and quotes no secret.
    """
    response = _response(call)
    if not isinstance(response, TokenRefusal):
        answer = _object(response.body)
        if answer is not None and _is_success(response.status):
            return answer
        response = _refusal(call, response, answer)
    raise response


def _is_success(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004 - as HTTP has it


def _refusal(call: Call, response: _Response, answer: dict[str, Any] | None) -> TokenRefusal:
    status = response.status
    said = shown_error(answer or {}, call.secrets)
    if 300 <= status < 400:  # noqa: PLR2004 - as HTTP has it
        where = _shown_location(call, response.location)
        said = f", a redirect{where}, which would get the secret as well; give the final URL"
    elif _is_success(status):
        kind = shown_text(response.content_type, call.secrets)
        said = f" and a body that is no JSON object{f' ({kind})' if kind else ''}; check the URL"
    elif status in {400, 401}:
        said += call.advice
    return TokenRefusal(
        f"the token server at {shown_url(call.url)} answers with status {status}{said}",
        is_transient=status in _TRANSIENT or status >= 500,  # noqa: PLR2004 - as HTTP has it
    )


def _shown_location(call: Call, location: str) -> str:
    try:
        shown = shown_url(location) if "//" in location else location.partition("?")[0]
    except ValueError:
        return ""
    return f" to {shown_text(shown, call.secrets)}" if shown else ""


def _object(body: bytes) -> dict[str, Any] | None:
    import json  # noqa: PLC0415 - few ask a token server

    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", answer) if isinstance(answer, dict) else None


def _response(call: Call) -> _Response | TokenRefusal:
    """Send a request. Errors are returned, as those that are caught hold what was sent."""
    from http.client import HTTPException  # noqa: PLC0415 - few ask a token server
    from urllib.error import URLError  # noqa: PLC0415 - likewise
    from urllib.parse import urlencode  # noqa: PLC0415 - likewise
    from urllib.request import Request  # noqa: PLC0415 - likewise

    context = _context(call.ca)
    if isinstance(context, TokenRefusal):
        return context
    data = None if call.form is None else urlencode(call.form).encode()
    headers = {"Accept": "application/json", "Cache-Control": "no-cache", **call.headers}
    if data is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        request = Request(call.url, data, headers)  # noqa: S310 - the URL is http or https
        return _exchange(_opener(context), request, call)
    except URLError as error:
        return _explained(call, error.reason if isinstance(error.reason, Exception) else error)
    except (OSError, HTTPException, ValueError) as error:
        return _explained(call, error)


def _opener(context: ssl.SSLContext) -> OpenerDirector:
    """Return an opener that follows no redirect, and uses the proxies of the environment.

    A redirect would send the secret to another server.
    """
    from urllib.request import (  # noqa: PLC0415 - few ask a token server
        HTTPHandler,
        HTTPSHandler,
        OpenerDirector,
        ProxyHandler,
    )

    opener = OpenerDirector()
    opener.addheaders = [("User-Agent", "dekaf")]
    for handler in (ProxyHandler(), HTTPHandler(), HTTPSHandler(context=context)):
        opener.add_handler(handler)
    return opener


def _exchange(opener: OpenerDirector, request: Request, call: Call) -> _Response | TokenRefusal:
    # A timeout of the socket is for each part that arrives, and a slow server sends many.
    deadline = time.monotonic() + _SECONDS
    with opener.open(request, timeout=_SECONDS) as response:
        body = bytearray()
        while part := response.read1(_CHUNK):
            body += part
            if time.monotonic() > deadline:
                raise TimeoutError
            if len(body) > LIMIT:
                return TokenRefusal(
                    f"the token server at {shown_url(call.url)} answers with more than {LIMIT} "
                    "bytes; check the URL"
                )
        headers = response.headers
        kind, location = headers.get("Content-Type", ""), headers.get("Location", "")
        return _Response(response.status, bytes(body), kind, location)


def _context(ca: Pem | None) -> ssl.SSLContext | TokenRefusal:
    import ssl  # noqa: PLC0415 - few ask a token server

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The core verifies brokers by any authority that is given, and is not strict, which Python 3.13
    # is by default of create_default_context(): it refuses the authorities of Strimzi.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        if ca is None:
            context.load_default_certs()
        elif not isinstance(ca, File):
            context.load_verify_locations(cadata=ca.reveal())
        elif os.path.isdir(ca.path):  # noqa: PTH112 - pathlib costs an import
            context.load_verify_locations(capath=ca.path)
        else:
            context.load_verify_locations(cafile=ca.path)
    except ssl.SSLError:
        why = "has no certificate in PEM"
    except OSError as error:
        why = f"cannot be read: {os.strerror(error.errno or 0)}"
    else:
        return context
    return TokenRefusal(
        f"ca: {f'the file {ca.path}' if isinstance(ca, File) else 'the text'} {why}"
    )


def _explained(call: Call, error: Exception) -> TokenRefusal:
    """Say what failed of a request. Texts of others are shown as far as they hold no secret."""
    import ssl  # noqa: PLC0415 - it is there

    server = f"the token server at {shown_url(call.url)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        why = shown_text(error.verify_message, call.secrets)
        return TokenRefusal(f"the certificate of {server} is not trusted: {why}; give ca=")
    if isinstance(error, ssl.SSLError):
        why = shown_text(error.reason or "SSLError", call.secrets)
        return TokenRefusal(f"{server} refuses TLS: {why}; check the URL and its port")
    if isinstance(error, TimeoutError):
        return TokenRefusal(f"{server} does not answer within {_SECONDS:g} s", is_transient=True)
    if isinstance(error, OSError):
        why = shown_text(error.strerror or str(error), call.secrets)
        return TokenRefusal(f"{server} cannot be reached: {why}", is_transient=True)
    kind = type(error).__name__
    return TokenRefusal(f"{server} does not answer with HTTP ({kind}); check the URL")
