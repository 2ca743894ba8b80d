"""Private keys that the core does not read: in DER, and in outdated encryptions."""

from __future__ import annotations

import re
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from dekaf._keystores import pem
from dekaf._keystores.refusal import Refusal

__all__ = ["read_der", "read_outdated"]

_BLOCK: Final = re.compile(
    r"-----BEGIN ([A-Z0-9 ]*)PRIVATE KEY-----(.*?)-----END \1PRIVATE KEY-----\n?", re.DOTALL
)


def read_der(content: bytes, password: str | None, named: str) -> str:
    """Return PEM of a key in DER, encrypted or not. `named` is the argument with the password."""
    return _decrypted(content, password, named, is_pem=False)


def read_outdated(text: str, password: str | None, named: str) -> str:
    """Return PEM text with its encrypted keys decrypted, and everything else as it is."""

    def replaced(block: re.Match[str]) -> str:
        if "ENCRYPTED" not in block[1] and "ENCRYPTED" not in block[2]:
            return block[0]
        return _decrypted(block[0].encode(), password, named, is_pem=True)

    return _BLOCK.sub(replaced, text)


def _decrypted(content: bytes, password: str | None, named: str, *, is_pem: bool) -> str:
    load = serialization.load_pem_private_key if is_pem else serialization.load_der_private_key
    secret = None if password is None else password.encode()
    key = refusal = None
    try:
        key = load(content, secret)
    except TypeError:  # a password is missing, or is there for a key that is not encrypted
        if secret is not None:
            return _decrypted(content, None, named, is_pem=is_pem)
        refusal = Refusal(f"has an encrypted key; set {named}=")
    except UnsupportedAlgorithm:
        refusal = _unsupported()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a damaged file may make its Rust panic
        if "nknown" in str(error):  # "Unknown key encryption algorithm", "unknown cipher"
            refusal = _unsupported()
    # Not within `except`: the error that was raised there may hold what was read.
    if key is None:
        wrong = f"a key that {named} does not decrypt: the password is wrong, or it is damaged"
        if password is None:
            wrong = "a key that is damaged"
        raise refusal or Refusal(f"has {wrong}")
    encoded = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.private_key(encoded)


def _unsupported() -> Refusal:
    return Refusal("has a key in an encryption or of a kind that is not supported", convert=True)
