"""An access token of Google, and whose it is."""

from __future__ import annotations

import time
from typing import Final, NamedTuple

from dekaf._tokens.refusal import TokenRefusal

__all__ = ["SCOPE", "AccessToken", "seconds_left", "to_access_token"]

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
"""What the broker's token must allow."""
_LONGEST: Final = 86_400.0
"""No access token of Google's lasts longer, in seconds."""


class AccessToken(NamedTuple):
    """An access token."""

    value: str
    expires_at: float
    """In seconds since 1970."""
    principal: str | None = None
    """The e-mail address of the account, if it is known."""

    def __repr__(self) -> str:
        return f"AccessToken(***, expires_at={self.expires_at}, principal={self.principal!r})"


def to_access_token(
    source: str, now: float, value: object, seconds: object, principal: str | None
) -> AccessToken:
    """Check an access token that `source` gave out at `now`, for so many seconds.

    Raises `TokenRefusal`, which shows no part of it.
    """
    if not isinstance(value, str) or not value.strip():
        raise TokenRefusal(f"{source} answers without access_token")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TokenRefusal(f"{source} answers without expires_in")
    # NaN fails both comparisons.
    if not 0 < seconds <= _LONGEST:
        raise TokenRefusal(
            f"{source} answers with a token that is expired, or lasts longer than a day",
            is_transient=True,
        )
    return AccessToken(value.strip(), now + seconds, principal)


def seconds_left(expires_at: float) -> float:
    """Return for how many seconds a token can still be used."""
    return expires_at - time.time()
