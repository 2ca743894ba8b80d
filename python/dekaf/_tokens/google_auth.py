"""Access tokens of credentials of the package google-auth, which dekaf does not depend on."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Final

from dekaf._tokens.google_access import SCOPE, AccessToken, seconds_left
from dekaf._tokens.refusal import TokenRefusal

__all__ = ["token_of_credentials"]

_RENEWAL: Final = 300.0
"""Credentials are refreshed when their token has this many seconds left."""
_ADDRESSES: Final = ("service_account_email", "signer_email", "account")


def token_of_credentials(credentials: Any) -> AccessToken:  # noqa: ANN401 - of google-auth
    """Return the access token of credentials, which are refreshed if need be.

    Raises `TokenRefusal` without the text of what google-auth raised, which may hold a secret.
    """
    request = _request()
    try:
        token = _refreshed(credentials, request)
    except Exception as error:  # noqa: BLE001 - whatever it is, its text may hold a secret
        why = f"raised {type(error).__name__}"
        is_transient = getattr(error, "retryable", False) is True
    else:
        if token is not None:
            return token
        why, is_transient = "have no token with an expiry after refresh()", False
    raise TokenRefusal(
        f"credentials ({type(credentials).__name__}) {why}; call credentials.refresh(request) by "
        "hand to see why",
        is_transient=is_transient,
    )


def _refreshed(credentials: Any, request: object) -> AccessToken | None:  # noqa: ANN401 - of google-auth
    if getattr(credentials, "requires_scopes", False):
        credentials = credentials.with_scopes([SCOPE])
    token = _current(credentials)
    if token is None or seconds_left(token.expires_at) < _RENEWAL:
        credentials.refresh(request)
        token = _current(credentials)
    if token is not None and seconds_left(token.expires_at) <= 0:
        return None
    return token


def _current(credentials: Any) -> AccessToken | None:  # noqa: ANN401 - of google-auth
    value, expiry = credentials.token, credentials.expiry
    if not isinstance(value, str) or not value or not isinstance(expiry, datetime):
        return None
    # google-auth gives times in UTC without saying so.
    expires_at = (expiry if expiry.tzinfo else expiry.replace(tzinfo=UTC)).timestamp()
    # Compute Engine's credentials call themselves "default" before their first refresh.
    addresses = (getattr(credentials, name, None) for name in _ADDRESSES)
    principal = next((each for each in addresses if isinstance(each, str) and "@" in each), None)
    return AccessToken(value, expires_at, principal)


def _request() -> object:
    """Return what credentials send their requests with; `None` if google-auth is not installed."""
    if not _is_there("google.auth"):
        return None  # the credentials are of another package
    if _is_there("google.auth.transport.requests"):
        return import_module("google.auth.transport.requests").Request()
    if _is_there("google.auth.transport.urllib3"):
        pool = import_module("urllib3").PoolManager()
        return import_module("google.auth.transport.urllib3").Request(pool)
    raise TokenRefusal(
        "google-auth finds neither requests nor urllib3, one of which it needs; pip install "
        "requests"
    )


def _is_there(module: str) -> bool:
    try:
        import_module(module)
    except ImportError:
        return False
    return True
