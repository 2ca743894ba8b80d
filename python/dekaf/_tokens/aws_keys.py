"""AWS credentials: an access key, its secret, and how long they last."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import NamedTuple

from dekaf._tokens.refusal import TokenRefusal

__all__ = ["AwsKeys", "to_keys", "to_time"]


class AwsKeys(NamedTuple):
    """Credentials that sign requests."""

    access_key: str
    secret_key: str
    session_token: str | None = None
    expires_at: float | None = None
    """When they end, in seconds since 1970; `None` is never, or unknown."""

    def __repr__(self) -> str:
        return f"AwsKeys(***, expires_at={self.expires_at})"


def to_keys(
    source: str,
    access_key: object,
    secret_key: object,
    session_token: object = None,
    expiration: object = None,
) -> AwsKeys:
    """Check credentials that come from `source`, which errors name.

    `expiration` is in ISO 8601. Raises `TokenRefusal`, which quotes no value.
    """
    keys = AwsKeys(
        _to_text(source, "access key ID", access_key),
        _to_text(source, "secret access key", secret_key),
        None if _is_absent(session_token) else _to_text(source, "session token", session_token),
        None if _is_absent(expiration) else _to_expiry(source, expiration),
    )
    if keys.expires_at is not None and (since := time.time() - keys.expires_at) >= 0:
        raise TokenRefusal(
            f"{source}: the AWS credentials expired {since:.0f} s ago; renew them, and check the "
            "clock of this machine",
            is_transient=True,
        )
    return keys


def to_time(text: str) -> float | None:
    """Return a time in ISO 8601 as seconds since 1970, or `None` if it is none."""
    try:
        time_ = datetime.fromisoformat(text.strip())
        return (time_ if time_.tzinfo else time_.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _is_absent(value: object) -> bool:
    return value is None or value == ""


def _to_text(source: str, name: str, value: object) -> str:
    if _is_absent(value):
        raise TokenRefusal(f"{source}: the {name} is missing")
    if not isinstance(value, str):
        raise TokenRefusal(f"{source}: the {name} must be text, not {type(value).__name__}")
    text = value.strip()
    # Anything else would fail in the signature, with an error that quotes it.
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise TokenRefusal(
            f"{source}: the {name} is empty or has a character that AWS does not use; copy it anew"
        )
    return text


def _to_expiry(source: str, value: object) -> float:
    expiry = to_time(value) if isinstance(value, str) else None
    if expiry is None:
        raise TokenRefusal(
            f"{source}: the expiration is no time in ISO 8601, as in 2030-01-31T12:00:00Z"
        )
    return expiry
