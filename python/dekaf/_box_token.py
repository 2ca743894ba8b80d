"""Tokens for OAUTHBEARER without a signature, for tests."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Final

from dekaf._arguments import check_text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["issue_token"]

_LONGEST: Final = 10 * 365 * 86_400
"""Ten years, in seconds."""


def issue_token(user: str, *, lasts: float = 3600.0) -> str:
    """Return a token for OAUTHBEARER that ends in so many seconds; it has ended if not positive.

    It is a JWT without a signature, which Apache Kafka accepts where its listener is left at the
    default, meant for tests.
    """
    check_text("user", user)
    if isinstance(lasts, bool) or not isinstance(lasts, int | float):  # pyright: ignore[reportUnnecessaryIsInstance] - the caller's word for it
        raise TypeError(f"lasts must be a number of seconds, not {type(lasts).__name__}")
    if not -_LONGEST <= lasts <= _LONGEST:
        raise ValueError(f"lasts must be from {-_LONGEST} to {_LONGEST}, not {lasts}")
    now = time.time()
    claims = {"sub": user, "iat": min(now, now + lasts), "exp": now + lasts}
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def _part(content: Mapping[str, object]) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
