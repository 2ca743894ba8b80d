"""Access tokens of the machine: the metadata server of Compute Engine, GKE and Cloud Run."""

from __future__ import annotations

import os
import time
from typing import Final
from urllib.parse import quote

from dekaf._tokens.cloud_http import Fault, send
from dekaf._tokens.exchange import Answer, is_transient, to_object
from dekaf._tokens.google_access import SCOPE, AccessToken, to_access_token
from dekaf._tokens.refusal import TokenRefusal

__all__ = ["token_of_machine"]

_HOST: Final = "169.254.169.254"
"""The address of metadata.google.internal: looking up that name may hang on other networks."""
_ACCOUNT: Final = "/computeMetadata/v1/instance/service-accounts/default"
_SECONDS: Final = 3.0
_HEADERS: Final = {"Metadata-Flavor": "Google"}


def token_of_machine(*, needs_principal: bool, seconds: float = _SECONDS) -> AccessToken | Fault:
    """Return an access token of the machine's service account.

    Raises `TokenRefusal` if the metadata server answers without one.
    """
    host = os.environ.get("GCE_METADATA_HOST") or _HOST
    source = f"the metadata server at {host}"
    if not host.isascii() or any(each in host for each in "/@?#"):
        raise TokenRefusal("GCE_METADATA_HOST must be a host, or a host with a port")
    now = time.time()
    url = f"http://{host}{_ACCOUNT}/token?scopes={quote(SCOPE, safe='')}"
    answer = send(url, timeout=seconds, headers=_HEADERS)
    if isinstance(answer, Fault):
        # Final, even a timeout, unless a host is given: most machines without one are elsewhere.
        is_known = bool(os.environ.get("GCE_METADATA_HOST"))
        return Fault(f"{source} {answer.why}", answer.is_transient and is_known)
    values = to_object(_body(source, answer))
    if values is None:
        raise TokenRefusal(f"{source} answers with a body that is no JSON object")
    value, lasts = values.get("access_token"), values.get("expires_in")
    token = to_access_token(source, now, value, lasts, None)
    return token._replace(principal=_email(host, source, seconds)) if needs_principal else token


def _email(host: str, source: str, seconds: float) -> str:
    answer = send(f"http://{host}{_ACCOUNT}/email", timeout=seconds, headers=_HEADERS)
    if isinstance(answer, Fault):
        raise TokenRefusal(f"{source} {answer.why}", is_transient=answer.is_transient)
    email = _body(source, answer).decode("ascii", "replace").strip()
    if not email or not email.isascii() or not email.isprintable():
        raise TokenRefusal(
            f"{source} answers without the account's e-mail address; give principal="
        )
    return email


def _body(source: str, answer: Answer) -> bytes:
    if answer.status != 200:  # noqa: PLR2004 - as HTTP has it
        raise TokenRefusal(
            f"{source} answers with status {answer.status}; attach a service account to this "
            "machine or pod",
            is_transient=is_transient(answer.status),
        )
    return answer.body
