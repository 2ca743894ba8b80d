"""Which form a file of certificates or keys has, by its content. Its name says nothing."""

from __future__ import annotations

import binascii
import os
import re
from enum import StrEnum
from typing import Final

__all__ = ["LENGTH", "STORES", "Form", "form_at", "form_of"]


class Form(StrEnum):
    """A form other than the PEM that the core reads."""

    JKS = "JKS"
    JCEKS = "JCEKS"
    PKCS12 = "PKCS12"
    DER_KEY = "DER key"
    ENCRYPTED_DER_KEY = "encrypted DER key"
    DER_CERTIFICATE = "DER certificate"
    OUTDATED_KEY = "PEM with a key in an outdated encryption"


STORES: Final = frozenset({Form.JKS, Form.PKCS12})
"""Forms that hold certificates beside keys."""

LENGTH: Final = rb"(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)"
"""The length of an element of DER, in a pattern for bytes."""


def _pattern(text: bytes) -> re.Pattern[bytes]:
    return re.compile(text.replace(b"LENGTH", LENGTH), re.DOTALL)


_BINARY: Final = (
    (_pattern(rb"\xfe\xed\xfe\xed"), Form.JKS),
    (_pattern(rb"\xce\xce\xce\xce"), Form.JCEKS),
    # A sequence; PKCS#12 begins with the version 3, a key with 0 or 1.
    (_pattern(rb"\x30LENGTH\x02\x01\x03"), Form.PKCS12),
    (_pattern(rb"\x30LENGTH\x02\x01[\x00\x01]"), Form.DER_KEY),
    # The name of an encryption: PKCS#5, or PKCS#12's own.
    (
        _pattern(rb"\x30LENGTH\x30LENGTH\x06.\x2a\x86\x48\x86\xf7\x0d\x01[\x05\x0c]"),
        Form.ENCRYPTED_DER_KEY,
    ),
    (_pattern(rb"\x30(?:\x81.|\x82..|\x83...)\x30"), Form.DER_CERTIFICATE),
)
_OLD_HEADER: Final = re.compile(rb"Proc-Type:\s*4\s*,\s*ENCRYPTED")
_ENCRYPTED: Final = re.compile(rb"-----BEGIN ENCRYPTED PRIVATE KEY-----([^-]*)-----END", re.DOTALL)
# Those of PKCS#5 v1.5 (PBES1) and of PKCS#12. The core decrypts PBES2.
_OUTDATED: Final = _pattern(
    rb"\x30LENGTH\x30LENGTH\x06.\x2a\x86\x48\x86\xf7\x0d\x01(?:\x05[^\x0d]|\x0c\x01)"
)
_LONGEST_PEM: Final = 1 << 20


def form_of(content: bytes, *, holds_key: bool = False) -> Form | None:
    """Return the form of a file; `None` may be PEM.

    `holds_key` says that the client's key is to be read from it: another key does not matter.
    """
    for pattern, form in _BINARY:
        if pattern.match(content):
            return form
    if holds_key and _has_outdated_key(content):
        return Form.OUTDATED_KEY
    return None


def form_at(path: str, *, holds_key: bool = False) -> Form | None:
    """Return the form of a file as `form_of` does; `None` is also that it cannot be read now."""
    # Only regular files: reading a pipe would take from it.
    try:
        if not os.path.isfile(path):  # noqa: PTH113 - pathlib costs an import
            return None
        with open(path, "rb") as file:  # noqa: PTH123 - likewise
            return form_of(file.read(_LONGEST_PEM), holds_key=holds_key)
    except OSError:
        return None  # what is wrong with it is found out when it is used


def _has_outdated_key(content: bytes) -> bool:
    if _OLD_HEADER.search(content):
        return True
    return any(_OUTDATED.match(_decoded(key)) for key in _ENCRYPTED.findall(content))


def _decoded(base64: bytes) -> bytes:
    try:
        return binascii.a2b_base64(base64)
    except binascii.Error:
        return b""  # the core says what is wrong with it
