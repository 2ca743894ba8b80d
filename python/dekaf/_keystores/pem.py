"""PEM text: certificates and private keys in lines of Base64."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["certificates", "private_key"]


def certificates(encoded: Iterable[bytes]) -> str:
    """Return PEM of certificates in DER."""
    return "".join(_block("CERTIFICATE", each) for each in encoded)


def private_key(encoded: bytes) -> str:
    """Return PEM of a private key in DER (PKCS#8)."""
    return _block("PRIVATE KEY", encoded)


def _block(label: str, content: bytes) -> str:
    text = b64encode(content).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
