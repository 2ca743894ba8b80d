"""Reads when a JWT (RFC 7519) ends. Signatures are the broker's to check.

Nothing here raises, whatever the text: most tokens are not JWTs.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Final, cast

__all__ = ["LATEST", "expiry_of"]

LATEST: Final = 253_402_300_799
"""The end of the year 9999, in seconds since 1970: no token lasts longer."""


def expiry_of(token: str) -> float | None:
    """Return the claim `exp` in seconds since 1970, or `None` if there is none."""
    parts = token.split(".")
    if len(parts) != len(("header", "claims", "signature")):
        return None
    expiry = _claims(parts[1]).get("exp")
    if isinstance(expiry, bool) or not isinstance(expiry, int | float):
        return None
    # NaN fails both comparisons. An int may be too large for float().
    return float(expiry) if 0 <= expiry <= LATEST else None


def _claims(part: str) -> dict[str, object]:
    import json  # noqa: PLC0415 - only tokens without a given expiry need it

    part = part.rstrip("=")
    try:
        claims = json.loads(b64decode(part + "=" * (-len(part) % 4), altchars="-_", validate=True))
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, object]", claims) if isinstance(claims, dict) else {}
