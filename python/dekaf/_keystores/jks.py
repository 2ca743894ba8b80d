"""Java's key stores in the form JKS: read with SHA-1 alone, as Sun's providers write them.

Certificates lie in clear text. Each private key is encrypted by a password, and a digest at the
end shows that the password of the store fits and that nothing was changed.
"""

from __future__ import annotations

import hashlib
import re
import struct
from typing import Final, NamedTuple

from dekaf._keystores.form import LENGTH
from dekaf._keystores.refusal import Refusal, wrong_password
from dekaf._keystores.several import several_keys

__all__ = ["read_authorities", "read_identity"]

_MAGIC: Final = 0xFEEDFEED
_VERSIONS: Final = (1, 2)
_KEY, _CERTIFICATE = 1, 2  # tags of entries
_DIGEST: Final = 20  # bytes of SHA-1
_WHITENER: Final = b"Mighty Aphrodite"
# An encrypted key names Sun's algorithm, 1.3.6.1.4.1.42.2.17.1.1.
_PROTECTED: Final = re.compile(
    rb"\x30LENGTH\x30[\x0c\x0e]\x06\x0a\x2b\x06\x01\x04\x01\x2a\x02\x11\x01\x01(?:\x05\x00)?"
    rb"\x04LENGTH(.*)\Z".replace(b"LENGTH", LENGTH),
    re.DOTALL,
)


class _KeyEntry(NamedTuple):
    alias: str
    protected: bytes
    chain: list[bytes]


class _Store(NamedTuple):
    keys: list[_KeyEntry]
    trusted: list[bytes]
    is_whole: bool
    """Whether its digest fits to the password."""


def read_authorities(content: bytes, password: str | None, named: str) -> list[bytes]:
    """Return all certificates in DER, those of keys as well.

    `named` is the argument that has the password. Without one, changes go unnoticed, as in Java.
    """
    store = _read(content, password)
    if password is not None and not store.is_whole:
        raise wrong_password(named)
    return store.trusted + [each for key in store.keys for each in key.chain]


def read_identity(content: bytes, password: str | None, named: str) -> tuple[bytes, list[bytes]]:
    """Return the private key (PKCS#8) and its certificates in DER, its own first."""
    store = _read(content, password)
    if not store.keys:
        if password is not None and not store.is_whole:
            raise wrong_password(named)
        raise Refusal("has no private key, as a trust store has none; give it as ca=")
    if len(store.keys) > 1:
        raise several_keys([key.alias for key in store.keys])
    if password is None:
        raise Refusal(f"needs its password; set {named}= of Security.tls")
    [entry] = store.keys
    key = _decrypted(entry, password)
    # A key may have a password other than the store's. One that fits the key is enough.
    if key is None:
        if store.is_whole:
            raise Refusal(
                f'has the private key "{entry.alias}" with a password of its own; set {named}= to '
                "the password of the key"
            )
        raise wrong_password(named)
    if not entry.chain:
        raise Refusal(f'has no certificate for its private key "{entry.alias}"')
    return key, entry.chain


def _read(content: bytes, password: str | None) -> _Store:
    reader = _Reader(content[:-_DIGEST])
    magic, version, entries = reader.number(), reader.number(), reader.number()
    if magic != _MAGIC or version not in _VERSIONS:
        raise Refusal(f"is damaged, or JKS of an unknown version ({version})")
    keys: list[_KeyEntry] = []
    trusted: list[bytes] = []
    for _ in range(entries):
        tag, alias = reader.number(), reader.text()
        reader.take(8)  # when it was made
        if tag == _KEY:
            protected = reader.block()
            chain = [reader.certificate(version) for _ in range(reader.number())]
            keys.append(_KeyEntry(alias, protected, chain))
        elif tag == _CERTIFICATE:
            trusted.append(reader.certificate(version))
        else:
            raise _damaged()
    if not reader.is_at_end:
        raise _damaged()
    return _Store(keys, trusted, password is not None and _digest(content, password))


def _digest(content: bytes, password: str) -> bool:
    whole = _sha1(_encoded(password) + _WHITENER + content[:-_DIGEST])
    return whole == content[-_DIGEST:]


def _decrypted(entry: _KeyEntry, password: str) -> bytes | None:
    """Return the key, or `None` if the password is another."""
    protected = _PROTECTED.match(entry.protected)
    if protected is None:
        raise Refusal(
            f'has the private key "{entry.alias}" in an encryption that is not JKS\'s own; it may '
            "be damaged"
        )
    content, secret = protected[1], _encoded(password)
    salt, encrypted, check = content[:_DIGEST], content[_DIGEST:-_DIGEST], content[-_DIGEST:]
    stream = bytearray()
    while len(stream) < len(encrypted):
        stream += _sha1(secret + (stream[-_DIGEST:] or salt))
    mixed = int.from_bytes(encrypted) ^ int.from_bytes(stream[: len(encrypted)])
    key = mixed.to_bytes(len(encrypted))
    return key if _sha1(secret + key) == check else None


def _encoded(password: str) -> bytes:
    return password.encode("utf-16-be")


def _sha1(content: bytes) -> bytes:
    return hashlib.sha1(content, usedforsecurity=False).digest()


def _damaged() -> Refusal:
    return Refusal("is damaged: its entries are cut off or changed")


class _Reader:
    """Takes a store apart. Numbers are big-endian, as in Java's `DataInputStream`."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._content)

    def take(self, length: int) -> bytes:
        taken = self._content[self._at : self._at + length]
        if len(taken) < length:
            raise _damaged()
        self._at += length
        return taken

    def number(self) -> int:
        (number,) = struct.unpack(">I", self.take(4))
        return int(number)

    def block(self) -> bytes:
        return self.take(self.number())

    def text(self) -> str:
        (length,) = struct.unpack(">H", self.take(2))
        text = self.take(length).decode(errors="replace")
        return text if text.isprintable() else "?"

    def certificate(self, version: int) -> bytes:
        # Version 1 knew X.509 alone.
        if version > 1 and self.text() not in {"X.509", "X509"}:
            raise Refusal("has a certificate that is not X.509, which TLS cannot use")
        return self.block()
