"""Tokens for OAUTHBEARER that brokers accept without a signature, as their default is."""

import json
import time
from base64 import urlsafe_b64encode


def unsecured_token(
    subject: str = "alice", *, lasts: float = 3600.0, issued: float | None = None
) -> str:
    """Return a JWT without a signature, which ends `lasts` seconds after it was issued."""
    issued = time.time() if issued is None else issued
    claims = {"sub": subject, "iat": issued, "exp": issued + lasts}
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def _part(content: dict[str, object]) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
