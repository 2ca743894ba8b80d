"""Reads the claims of a JWT (RFC 7519), such as when it ends. Signatures are the broker's to check.

Nothing here raises, whatever the text: most tokens are not JWTs.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Final

__all__ = ["LATEST", "claims_of", "expiry_of"]

LATEST: Final = 253_402_300_799
"""The end of the year 9999, in seconds since 1970: no token lasts longer."""


def expiry_of(token: str) -> float | None:
    """Return the claim `exp` in seconds since 1970, or `None` if there is none."""
    expiry = claims_of(token).get("exp")
    if isinstance(expiry, bool) or not isinstance(expiry, int | float):
        return None
    # NaN fails both comparisons. An int may be too large for float().
    return float(expiry) if 0 <= expiry <= LATEST else None


def claims_of(token: str) -> dict[str, object]:
    """Return the claims of a JWT; none if the token is no JWT."""
    from dekaf._tokens.exchange import to_object  # noqa: PLC0415 - only tokens without an expiry

    parts = token.split(".")
    if len(parts) != len(("header", "claims", "signature")):
        return {}
    part = parts[1].rstrip("=")
    try:
        content = b64decode(part + "=" * (-len(part) % 4), altchars="-_", validate=True)
    except ValueError:
        return {}
    return to_object(content) or {}
