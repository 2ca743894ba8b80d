"""Signature version 4 of AWS: signed URLs, and signed requests to STS."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from dekaf._tokens.aws_keys import AwsKeys

__all__ = ["Post", "Scope", "encode_query", "signed_headers", "signed_url"]

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


class Scope(NamedTuple):
    """What a signature is valid for."""

    service: str
    region: str
    now: float
    """Seconds since 1970."""

    @property
    def timestamp(self) -> str:
        return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self.now))

    @property
    def text(self) -> str:
        return f"{self.timestamp[:8]}/{self.region}/{self.service}/aws4_request"


class Post(NamedTuple):
    """A POST request. Its body may hold secrets."""

    host: str
    path: str
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Post(host={self.host!r}, ***)"


def signed_url(keys: AwsKeys, scope: Scope, host: str, params: dict[str, str], seconds: int) -> str:
    """Return the URL of a GET request that is valid for `seconds`, with its signature."""
    query = params | {
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{keys.access_key}/{scope.text}",
        "X-Amz-Date": scope.timestamp,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    if keys.session_token is not None:
        query["X-Amz-Security-Token"] = keys.session_token
    canonical = encode_query(dict(sorted(query.items())))
    request = f"GET\n/\n{canonical}\nhost:{host}\n\nhost\n{_sha256(b'')}"
    return f"https://{host}/?{encode_query(query)}&X-Amz-Signature={_sign(keys, scope, request)}"


def signed_headers(keys: AwsKeys, scope: Scope, post: Post) -> dict[str, str]:
    """Return the headers of a POST request, with those that sign it."""
    headers = post.headers | {"X-Amz-Date": scope.timestamp}
    if keys.session_token is not None:
        headers["X-Amz-Security-Token"] = keys.session_token
    lines = sorted((name.lower(), value) for name, value in {"Host": post.host, **headers}.items())
    names = ";".join(name for name, _ in lines)
    canonical = "".join(f"{name}:{value}\n" for name, value in lines)
    request = f"POST\n{post.path}\n\n{canonical}\n{names}\n{_sha256(post.body)}"
    headers["Authorization"] = (
        f"{_ALGORITHM} Credential={keys.access_key}/{scope.text}, SignedHeaders={names}, "
        f"Signature={_sign(keys, scope, request)}"
    )
    return headers


def encode_query(params: dict[str, str]) -> str:
    """Percent-encode a query or a form as the signature demands it, which is RFC 3986."""
    return "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in params.items()
    )


def _sign(keys: AwsKeys, scope: Scope, request: str) -> str:
    text = f"{_ALGORITHM}\n{scope.timestamp}\n{scope.text}\n{_sha256(request.encode())}"
    key = f"AWS4{keys.secret_key}".encode()
    for part in scope.text.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
