"""Asks the HTTP endpoint of a token server, with the standard library.

An endpoint is asked once: the core asks again, with a backoff, if the reason is transient.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dekaf._secret import File
from dekaf._tokens.refusal import TokenRefusal
from dekaf._tokens.said import shown_error, shown_text
from dekaf._tokens.url import shown_url

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from dekaf._credentials import Pem
    from dekaf._tokens.exchange import Answer

__all__ = ["LIMIT", "Call", "fetch"]

_SECONDS: Final = 8.0
"""The longest that a server may take. The core waits for 10 s, and its error says less."""
LIMIT: Final = 1 << 20
"""The longest body, in bytes."""


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


def fetch(call: Call) -> dict[str, Any]:
    """Return the JSON object that an endpoint answers with.

    Raises `TokenRefusal`, which names the endpoint without its query, and quotes no secret.
    """
    from dekaf._tokens.exchange import to_object  # noqa: PLC0415 - few ask a token server

    response = _response(call)
    if not isinstance(response, TokenRefusal):
        answer = to_object(response.body)
        if answer is not None and _is_success(response.status):
            return answer
        response = _refusal(call, response, answer)
    raise response


def _is_success(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004 - as HTTP has it


def _refusal(call: Call, response: Answer, answer: dict[str, Any] | None) -> TokenRefusal:
    from dekaf._tokens.exchange import is_transient  # noqa: PLC0415 - few ask a token server

    status = response.status
    said = shown_error(answer or {}, call.secrets)
    if 300 <= status < 400:  # noqa: PLR2004 - as HTTP has it
        where = _shown_location(call, response.headers.get("Location", ""))
        said = f", a redirect{where}, which would get the secret as well; give the final URL"
    elif _is_success(status):
        kind = shown_text(response.headers.get("Content-Type", ""), call.secrets)
        but = f", but {kind}" if kind else ""
        said = f" and a body that is no JSON object{but}; check the URL"
    elif status in {400, 401}:
        said += call.advice
    return TokenRefusal(
        f"the token server at {shown_url(call.url)} answers with status {status}{said}",
        is_transient=is_transient(status),
    )


def _shown_location(call: Call, location: str) -> str:
    try:
        shown = shown_url(location) if "//" in location else location.partition("?")[0]
    except ValueError:
        return ""
    return f" to {shown_text(shown, call.secrets)}" if shown else ""


def _response(call: Call) -> Answer | TokenRefusal:
    """Send a request. Errors are returned, as those that are caught hold what was sent."""
    from http.client import HTTPException  # noqa: PLC0415 - few ask a token server
    from urllib.error import URLError  # noqa: PLC0415 - likewise
    from urllib.parse import urlencode  # noqa: PLC0415 - likewise
    from urllib.request import Request  # noqa: PLC0415 - likewise

    from dekaf._tokens.exchange import NoAnswerError, exchange  # noqa: PLC0415 - likewise

    context = _context(call.ca)
    if isinstance(context, TokenRefusal):
        return context
    data = None if call.form is None else urlencode(call.form).encode()
    headers = {"Accept": "application/json", "Cache-Control": "no-cache", **call.headers}
    if data is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        request = Request(call.url, data, headers)  # noqa: S310 - the URL is http or https
        return exchange(request, context, seconds=_SECONDS, limit=LIMIT, uses_proxies=True)
    except NoAnswerError as error:
        return TokenRefusal(f"the token server at {shown_url(call.url)} {error}; check the URL")
    except URLError as error:
        return _explained(call, error.reason if isinstance(error.reason, Exception) else error)
    except (OSError, HTTPException, ValueError) as error:
        return _explained(call, error)


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
