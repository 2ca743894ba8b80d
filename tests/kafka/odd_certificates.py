"""Certificates of brokers as users make them by mistake, each wrong in one way.

All but `self-signed` are signed by the CA that clients trust.
"""

import datetime as dt
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Extension = tuple[x509.ExtensionType, bool]

HOSTS = ("127.0.0.1", "localhost")
OTHER_HOST = "other.example"
COMMON_NAME = "broker.example"

_SUBJECT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, COMMON_NAME)])
_DAY = dt.timedelta(days=1)
_SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")
_SHA1_WITH_RSA = bytes.fromhex("06092a864886f70d010105")
_VERSION_3 = bytes.fromhex("a003020102")
_BIT_STRING, _SEQUENCE = 0x03, 0x30


@dataclass(frozen=True, slots=True)
class Authority:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


def make_odd_keystores(authority: Authority) -> dict[str, bytes]:
    """Make a PEM keystore (private key and chain) of each kind, by name."""
    return {name: make(authority) for name, make in _KINDS.items()}


def _version_1(authority: Authority) -> bytes:
    key = _new_key()
    signed = _build(authority, key, extensions=[])
    tbs = signed.tbs_certificate_bytes.replace(_VERSION_3, b"", 1)
    body = tbs[len(tbs) - _content_size(tbs) :]
    return _keystore(key, _sign_again(_element(_SEQUENCE, body), authority, SHA256()))


def _sha1(authority: Authority) -> bytes:
    key = _new_key()
    signed = _build(authority, key, extensions=[_names(*HOSTS)])
    tbs = signed.tbs_certificate_bytes.replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA, 1)
    return _keystore(key, _sign_again(tbs, authority, SHA1()))  # noqa: S303


def _common_name_only(authority: Authority) -> bytes:
    key = _new_key()
    return _keystore(key, _pem(_build(authority, key, extensions=[])))


def _other_name(authority: Authority) -> bytes:
    key = _new_key()
    return _keystore(key, _pem(_build(authority, key, extensions=[_names(OTHER_HOST)])))


def _rsa_1024(authority: Authority) -> bytes:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505  (that is what is wrong with it)
    return _keystore(key, _pem(_build(authority, key, extensions=[_names(*HOSTS)])))


def _p521(authority: Authority) -> bytes:
    key = ec.generate_private_key(ec.SECP521R1())
    return _keystore(key, _pem(_build(authority, key, extensions=[_names(*HOSTS)])))


def _ca_leaf(authority: Authority) -> bytes:
    key = _new_key()
    return _keystore(key, _pem(_build(authority, key, extensions=[_names(*HOSTS), _is_ca()])))


def _expired(authority: Authority) -> bytes:
    return _dated(authority, -9 * _DAY, -1 * _DAY)


def _not_yet_valid(authority: Authority) -> bytes:
    return _dated(authority, 1 * _DAY, 9 * _DAY)


def _dated(authority: Authority, begins: dt.timedelta, ends: dt.timedelta) -> bytes:
    key, now = _new_key(), dt.datetime.now(dt.UTC)
    dated = _build(authority, key, extensions=[_names(*HOSTS)], dates=(now + begins, now + ends))
    return _keystore(key, _pem(dated))


def _self_signed(_authority: Authority) -> bytes:
    """Make what `openssl req -x509` makes: a certificate that is its own CA."""
    key = _new_key()
    builder = _builder(key, _SUBJECT, [_names(*HOSTS), _is_ca()])
    return _keystore(key, _pem(builder.sign(key, SHA256())))


_KINDS: dict[str, Callable[[Authority], bytes]] = {
    "v1": _version_1,
    "sha1": _sha1,
    "cn-only": _common_name_only,
    "other-name": _other_name,
    "rsa-1024": _rsa_1024,
    "p521": _p521,
    "ca-leaf": _ca_leaf,
    "expired": _expired,
    "not-yet-valid": _not_yet_valid,
    "self-signed": _self_signed,
}


# -- certificates ---------------------------------------------------------------------------


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _build(
    authority: Authority,
    key: Key,
    *,
    extensions: Sequence[Extension],
    dates: tuple[dt.datetime, dt.datetime] | None = None,
) -> x509.Certificate:
    builder = _builder(key, authority.certificate.subject, extensions, dates)
    return builder.sign(authority.key, SHA256())


def _builder(
    key: Key,
    issuer: x509.Name,
    extensions: Sequence[Extension],
    dates: tuple[dt.datetime, dt.datetime] | None = None,
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    first, last = dates or (now - _DAY, now + 30 * _DAY)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_SUBJECT)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder


def _names(*hosts: str) -> Extension:
    return x509.SubjectAlternativeName([_general_name(host) for host in hosts]), False


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _is_ca() -> Extension:
    return x509.BasicConstraints(ca=True, path_length=None), True


def _keystore(key: Key, chain: bytes) -> bytes:
    # Kafka reads PKCS#8 and no other PEM key.
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + chain


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


# -- what no library makes any more -----------------------------------------------------------


def _sign_again(tbs: bytes, authority: Authority, digest: SHA1 | SHA256) -> bytes:
    """Make a certificate of a changed body, with a signature that fits."""
    signature = authority.key.sign(tbs, padding.PKCS1v15(), digest)
    oid = _SHA1_WITH_RSA if isinstance(digest, SHA1) else _SHA256_WITH_RSA
    algorithm = _element(_SEQUENCE, oid + b"\x05\x00")
    der = _element(_SEQUENCE, tbs + algorithm + _element(_BIT_STRING, b"\0" + signature))
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def _element(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + body


def _content_size(element: bytes) -> int:
    """Return how many bytes follow an element's header, whatever its length says."""
    first = element[1]
    return len(element) - 2 - (first & 0x7F if first & 0x80 else 0)
