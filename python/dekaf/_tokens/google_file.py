"""Access tokens of the file of Google's Application Default Credentials."""

from __future__ import annotations

import os
import time
from typing import Any, Final

from dekaf._tokens.cloud_http import Fault
from dekaf._tokens.endpoint import Call, fetch
from dekaf._tokens.exchange import to_object
from dekaf._tokens.google_access import AccessToken, to_access_token
from dekaf._tokens.jwt import claims_of
from dekaf._tokens.refusal import TokenRefusal

__all__ = ["token_of_file"]

_VARIABLE: Final = "GOOGLE_APPLICATION_CREDENTIALS"
_ENDPOINT: Final = "https://oauth2.googleapis.com/token"
_LIMIT: Final = 1 << 18
"""The largest file, in bytes."""
_KINDS: Final = (
    "external_account",
    "external_account_authorized_user",
    "gdch_service_account",
    "impersonated_service_account",
    "service_account",
)
"""The types that errors may show: a file that is not Google's may hold anything there."""


def token_of_file() -> AccessToken | Fault:
    """Return an access token by the file of the environment, or that of the gcloud command.

    Raises `TokenRefusal`, which shows no part of the file.
    """
    path = os.environ.get(_VARIABLE)
    if path:
        return _token(path, f"the file {path} ({_VARIABLE})")
    path = _path_of_gcloud()
    if not os.path.exists(path):  # noqa: PTH110 - paths are text here
        return Fault(f"{_VARIABLE} is not set, and there is no {path}")
    return _token(path, f"the file {path}")


def _path_of_gcloud() -> str:
    folder = os.environ.get("CLOUDSDK_CONFIG") or os.path.expanduser("~/.config/gcloud")  # noqa: PTH111 - likewise
    return os.path.join(folder, "application_default_credentials.json")  # noqa: PTH118 - likewise


def _token(path: str, source: str) -> AccessToken:
    values = _read(path, source)
    kind = values.get("type")
    if kind != "authorized_user":
        shown = kind if kind in _KINDS else "an unknown type"
        # Service accounts sign a JWT with RSA, which the standard library cannot.
        raise TokenRefusal(
            f"{source} holds credentials of {shown}, which need google-auth: pip install "
            "google-auth, and give credentials=google.auth.default()[0]"
        )
    names = ("client_id", "client_secret", "refresh_token")
    form = {"grant_type": "refresh_token"}
    for name in names:
        value = values.get(name)
        if not isinstance(value, str) or not value:
            raise TokenRefusal(f"{source} has no {name}; run gcloud auth application-default login")
        form[name] = value
    # Before the request, as the server counts from its answer.
    now = time.time()
    answer = fetch(
        Call(
            _ENDPOINT,
            {},
            form,
            secrets=(form["client_secret"], form["refresh_token"]),
            advice="; run gcloud auth application-default login",
        )
    )
    server = f"the token server at {_ENDPOINT}"
    value, seconds = answer.get("access_token"), answer.get("expires_in")
    return to_access_token(server, now, value, seconds, _email(answer.get("id_token")))


def _read(path: str, source: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - paths are text here
            content = file.read(_LIMIT)
    except OSError as error:
        why = f"cannot be read: {os.strerror(error.errno or 0)}"
    else:
        values = to_object(content)
        if values is not None:
            return values
        why = "holds no JSON object"
    raise TokenRefusal(f"{source} {why}; correct the path, or give credentials=")


def _email(id_token: object) -> str | None:
    """Return the address in an ID token, which came from Google itself over TLS."""
    if not isinstance(id_token, str):
        return None
    email = claims_of(id_token).get("email")
    return email if isinstance(email, str) and email else None
