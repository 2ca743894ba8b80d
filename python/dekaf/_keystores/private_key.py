"""Private keys that the core does not read: in DER, and in outdated encryptions."""

from __future__ import annotations

import re
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from dekaf._keystores import pem
from dekaf._keystores.refusal import Refusal, check_raised

__all__ = ["read_der", "read_outdated"]

_BEGIN: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]*)PRIVATE KEY-----")
_CIPHER: Final = re.compile(r"DEK-Info:\s*([A-Z0-9]+)-[^,]*,\s*([0-9A-Fa-f]*)")
_IV_DIGITS: Final = {"AES": 32, "DES": 16}
"""How many digits each cipher's first vector has."""


def read_der(content: bytes, password: str | None, named: str) -> str:
    """Return PEM of a key in DER, encrypted or not. `named` is the argument with the password."""
    return _decrypted(content, password, named, is_pem=False)


def read_outdated(text: str, password: str | None, named: str) -> str:
    """Return PEM text with its encrypted keys decrypted, and everything else as it is."""
    parts: list[str] = []
    at = 0
    while (begin := _BEGIN.search(text, at)) is not None:
        last = f"-----END {begin[1]}PRIVATE KEY-----"
        end = text.find(last, begin.end())
        if end < 0:
            break  # the core says what is wrong
        end += len(last)
        block = text[begin.start() : end]
        if "ENCRYPTED" in block:
            _check_iv(block)
            block = _decrypted(block.encode(), password, named, is_pem=True)
        parts += [text[at : begin.start()], block]
        at = end
    return "".join([*parts, text[at:]])


def _check_iv(block: str) -> None:
    """Raise for a vector of another length, which makes the Rust of cryptography panic."""
    cipher = _CIPHER.search(block)
    if cipher is not None and _IV_DIGITS.get(cipher[1], len(cipher[2])) != len(cipher[2]):
        raise Refusal("has a key that is damaged: the vector in its DEK-Info is cut off")


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
    except BaseException as error:  # noqa: BLE001 - a damaged file may make its Rust panic
        check_raised(error)
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
