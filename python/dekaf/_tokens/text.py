"""The text of a token: what OAUTHBEARER can carry."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["fault_of"]

# `b64token` of RFC 6750, as brokers check it.
_ALLOWED: Final = re.compile(r"[-_~+/.A-Za-z0-9]+")
_PREFIX: Final = re.compile(r"bearer\s", re.IGNORECASE)


def fault_of(token: str) -> str | None:
    """Say what is wrong with a token, as in "is empty". The token itself is not quoted."""
    if not token:
        return "is empty"
    if _PREFIX.match(token):
        return 'begins with "Bearer ", which dekaf adds itself; leave it out'
    body = token.rstrip("=")
    allowed = _ALLOWED.match(body)
    length = allowed.end() if allowed else 0
    if body and length == len(body):
        return None
    return (
        f"has at position {length + 1} a character that OAUTHBEARER cannot carry; a token consists "
        "of A-Z, a-z, 0-9 and -._~+/ and may end in ="
    )
