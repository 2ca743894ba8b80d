"""Makes key stores: with keytool, as users of Java have them, and with cryptography."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from dekaf import Producer, Security
from dekaf.testing import Broker

STORE = "of-the-store"  # the password of all
WRONG = "wr0ng-secret"


async def produce(broker: Broker, security: Security | None) -> None:
    async with Producer(broker.bootstrap_servers, security=security) as producer:
        await producer.produce("orders", b"v")


def make_stores(path: Path, broker: Broker) -> None:
    """Make stores of the box's client (`client`), and of its authority (`trust`)."""
    assert broker.client_certificate
    assert broker.ca
    certificate, key = (each.encode() for each in broker.client_certificate)
    authority = broker.ca.encode()
    (path / "client.pem").write_bytes(certificate)
    (path / "client.key").write_bytes(key)
    (path / "ca.pem").write_bytes(authority)
    to_pkcs12(path / "client.p12", certificate, key)
    to_jks(path / "client.jks", certificate, key)
    trust_in_jks(path / "trust.jks", authority)
    trust_in_pkcs12(path / "trust.p12", authority)
    trust_in_der(path / "trust.der", authority)


def client_in_old_pkcs12(stores: Path) -> Path:
    """Encrypt by RC2 and Triple DES, as before OpenSSL 3 and Java 11."""
    path, pem = stores / "old.p12", stores / "both.pem"
    pem.write_bytes((stores / "client.key").read_bytes() + (stores / "client.pem").read_bytes())
    openssl("pkcs12", "-export", "-legacy", "-in", pem, "-out", path, "-passout", f"pass:{STORE}")
    return path


def key_in_pbes1(stores: Path, algorithm: str) -> Path:
    path = stores / f"{algorithm}.key"
    sealing = ("-topk8", "-v1", algorithm, "-passout", f"pass:{STORE}")
    openssl("pkcs8", *sealing, "-in", stores / "client.key", "-out", path)
    return path


def write_key(
    stores: Path, path: Path, encoding: Encoding, form: PrivateFormat, *, sealed: bool
) -> None:
    """Write the client's key in another form."""
    key = load_pem_private_key((stores / "client.key").read_bytes(), None)
    encryption = BestAvailableEncryption(STORE.encode()) if sealed else NoEncryption()
    path.write_bytes(key.private_bytes(encoding, form, encryption))


def to_pkcs12(path: Path, certificate: bytes, key: bytes) -> None:
    made = pkcs12.serialize_key_and_certificates(
        b"client",
        load_pem_private_key(key, None),  # type: ignore[arg-type] # of RSA or EC
        x509.load_pem_x509_certificate(certificate),
        None,
        BestAvailableEncryption(STORE.encode()),
    )
    path.write_bytes(made)


def to_jks(path: Path, certificate: bytes, key: bytes) -> None:
    between = path.with_suffix(".between")
    to_pkcs12(between, certificate, key)
    keytool("-importkeystore", "-srckeystore", between, "-destkeystore", path)
    between.unlink()


def trust_in(path: Path, certificate: bytes, kind: str) -> None:
    between = path.with_suffix(".between")
    between.write_bytes(certificate)
    named = ("-noprompt", "-alias", "ca", "-file", between)
    keytool("-importcert", *named, "-keystore", path, kind=kind)
    between.unlink()


def trust_in_jks(path: Path, certificate: bytes) -> None:
    trust_in(path, certificate, "JKS")


def keytool(*arguments: object, kind: str = "JKS") -> None:
    """Run keytool, which makes or changes a store of a kind."""
    if shutil.which("keytool") is None:
        pytest.skip("there is no keytool, which makes the key store")
    options = ["-storepass", STORE, "-storetype", kind]
    if "-importkeystore" in arguments:
        options = ["-srcstorepass", STORE, "-deststorepass", STORE, "-deststoretype", kind]
    command = ["keytool", *map(str, arguments), *options]
    subprocess.run(command, capture_output=True, check=True)


def add_key(path: Path, alias: str, kind: str) -> None:
    """Make a key with a certificate of its own, in a store that may be there."""
    named = ("-alias", alias, "-dname", "CN=a", "-keyalg", "EC", "-groupname", "secp256r1")
    keytool("-genkeypair", *named, "-keystore", path, kind=kind)


def trust_in_pkcs12(path: Path, authority: bytes) -> None:
    encryption = BestAvailableEncryption(STORE.encode())
    authorities = [x509.load_pem_x509_certificate(authority)]
    made = pkcs12.serialize_key_and_certificates(None, None, None, authorities, encryption)
    path.write_bytes(made)


def trust_in_der(path: Path, authority: bytes) -> None:
    certificate = x509.load_pem_x509_certificate(authority)
    path.write_bytes(certificate.public_bytes(Encoding.DER))


def openssl(*arguments: object) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl, which makes the file")
    subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True)
