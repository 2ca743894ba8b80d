"""PKCS#12 stores, which the package cryptography opens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from dekaf._keystores.refusal import Refusal, check_raised, wrong_password
from dekaf._keystores.several import several_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography import x509

__all__ = ["read_authorities", "read_identity"]

_DER: Final = serialization.Encoding.DER
# The types of bags with a private key: 1.2.840.113549.1.12.10.1.1, and .2 if it is encrypted. Of
# them, a bag with a secret key of Java (.5) has one in its head.
_BAG: Final = rb"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01"
_KEY_BAG: Final = re.compile(
    rb"(?P<secret>BAG\x05.{0,32}?)?BAG[\x01\x02]".replace(b"BAG", _BAG), re.DOTALL
)
# An attribute of a bag: its alias, in UTF-16 (1.2.840.113549.1.9.20).
_ALIAS: Final = re.compile(
    rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14\x31.\x1e([\x00-\x7f])", re.DOTALL
)


class _Store(NamedTuple):
    """All in DER."""

    key: bytes | None
    chain: list[bytes]
    certificates: list[bytes]


def read_authorities(content: bytes, password: str | None, named: str) -> list[bytes]:
    """Return all certificates in DER, that of a key as well. `named` has the password."""
    return _open(content, password, named).certificates


def read_identity(content: bytes, password: str | None, named: str) -> tuple[bytes, list[bytes]]:
    """Return the private key (PKCS#8) and its certificates in DER, its own first."""
    # The package returns the first key, and does not say that there are others. Where all of a
    # store is encrypted they cannot be counted, and the first is used.
    bags = list(_KEY_BAG.finditer(content))
    starts = [*(bag.start() for bag in bags), len(content)]
    aliases = [
        _alias(content[bag.end() : end])
        for bag, end in zip(bags, starts[1:], strict=True)
        if bag["secret"] is None
    ]
    if len(aliases) > 1:
        raise several_keys(aliases)
    store = _open(content, password, named)
    if store.key is None:
        raise Refusal("has no private key, as a trust store has none; give it as ca=")
    if not store.chain:
        raise Refusal("has no certificate for its private key")
    return store.key, store.chain


def _open(content: bytes, password: str | None, named: str) -> _Store:
    try:
        return _read(content, None if password is None else password.encode())
    except BaseException as error:  # noqa: BLE001 - a damaged file may make its Rust panic
        check_raised(error)
        needs = Refusal(f"needs its password, or is damaged; set {named}= of Security.tls")
        refusal = needs if password is None else wrong_password(named)
    # Not within `except`: the error that was raised there may hold what was read.
    raise refusal


def _read(content: bytes, password: bytes | None) -> _Store:
    store = pkcs12.load_pkcs12(content, password)
    own = None if store.cert is None else store.cert.certificate
    others = [each.certificate for each in store.additional_certs]
    key = None
    if store.key is not None:
        key = store.key.private_bytes(
            _DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    return _Store(
        key,
        _encoded(_chain(own, others)) if own is not None and key is not None else [],
        _encoded(others if own is None else [own, *others]),
    )


def _encoded(certificates: Iterable[x509.Certificate]) -> list[bytes]:
    return [each.public_bytes(_DER) for each in certificates]


def _chain(own: x509.Certificate, others: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """Put certificates in order, from a client's own upwards. Those of others are left out."""
    left = list(others)
    chain = [own]
    while True:
        issuer = next((each for each in left if each.subject == chain[-1].issuer), None)
        if issuer is None:
            return chain
        chain.append(issuer)
        left.remove(issuer)


def _alias(bag: bytes) -> str:
    found = _ALIAS.search(bag)
    if found is None:
        return "?"
    alias = bag[found.end() : found.end() + found[1][0]].decode("utf-16-be", errors="replace")
    return alias if alias.isprintable() else "?"
