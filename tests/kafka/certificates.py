"""Throw-away TLS certificates for a test cluster: right ones, foreign ones, odd ones."""

import datetime as dt
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from tests.kafka.cache import made_once
from tests.kafka.jars import MissingToolError
from tests.kafka.odd_certificates import HOSTS, Authority, make_odd_keystores

# In what forms a client's private key may lie in its file.
KEY_FORMS = ("pkcs8", "pkcs1", "sec1", "pbes2", "pbes1", "proc-type")


@dataclass(frozen=True, slots=True)
class Identity:
    """A client's certificate, its private key, and what decrypts the key."""

    certificate: Path
    key: Path
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Certificates:
    """Paths of PEM files. A keystore is a broker's private key and certificate chain."""

    directory: Path
    key_password: str = "key-secret"  # noqa: S105  (opens nothing else)

    @property
    def ca(self) -> Path:
        """What clients and brokers trust."""
        return self.directory / "ca.pem"

    @property
    def ca_key(self) -> Path:
        """What `issue_identity` signs with."""
        return self.directory / "ca.key"

    def keystore(self, kind: str) -> Path:
        """Of a broker: "server" is right, "intermediate" is signed by one, others are odd."""
        return self.directory / f"{kind}.keystore.pem"

    @property
    def server_keystore(self) -> Path:
        return self.keystore("server")

    @property
    def expired_keystore(self) -> Path:
        """Of the right CA, and out of date since yesterday."""
        return self.keystore("expired")

    def pkcs12_keystore(self, kind: str) -> Path:
        """For brokers that read no PEM; `key_password` opens it."""
        return made_once(
            self.directory / f"{kind}.keystore.p12",
            lambda part: _write_pkcs12(part, self.keystore(kind), self.key_password),
        )

    @property
    def pkcs12_truststore(self) -> Path:
        """For brokers that read no PEM: `ca`, opened by `key_password`."""
        return made_once(
            self.directory / "truststore.p12",
            lambda part: _write_truststore(part, self.ca, self.key_password),
        )

    @property
    def intermediate(self) -> Path:
        """The CA that has signed the keystore "intermediate", and is signed by `ca`."""
        return self.directory / "intermediate.pem"

    def certificate_of(self, kind: str) -> Path:
        """Of a broker's keystore, the certificates alone."""
        return self.directory / f"{kind}.pem"

    def identity(self, form: str) -> Identity:
        """Of the right CA, with a key in one of the `KEY_FORMS`."""
        rsa_key = form in {"pkcs1", "pbes1", "proc-type"}
        certificate = self.directory / ("client-rsa.pem" if rsa_key else "client.pem")
        encrypted = form in {"pbes2", "pbes1", "proc-type"}
        key = self.directory / f"client.{form}.key"
        return Identity(certificate, key, self.key_password if encrypted else None)

    @property
    def client_certificate(self) -> Path:
        """Of the right CA, for CN=dekaf-client."""
        return self.directory / "client.pem"

    @property
    def client_key(self) -> Path:
        return self.directory / "client.pkcs8.key"

    @property
    def encrypted_client_key(self) -> Path:
        """The same key, behind `key_password`."""
        return self.directory / "client.pbes2.key"

    @property
    def other_ca(self) -> Path:
        """A CA that has signed no broker's certificate."""
        return self.directory / "other-ca.pem"

    @property
    def stranger_certificate(self) -> Path:
        """A client's certificate of the other CA."""
        return self.directory / "stranger.pem"

    @property
    def stranger_key(self) -> Path:
        return self.directory / "stranger.key"


def make_certificates(directory: Path) -> Certificates:
    directory.mkdir(parents=True, exist_ok=True)
    for stale in directory.glob("*.p12"):  # of the certificates that are replaced
        stale.unlink()
    made = Certificates(directory)
    # RSA, as only that signs SHA-1 certificates.
    ca, other_ca = trustme.CA(key_type=trustme.KeyType.RSA), trustme.CA()
    intermediate = ca.create_child_ca()
    stranger = other_ca.issue_cert("stranger@dekaf.test", common_name="stranger")

    made.ca.write_bytes(ca.cert_pem.bytes())
    made.ca_key.write_bytes(ca.private_key_pem.bytes())
    made.other_ca.write_bytes(other_ca.cert_pem.bytes())
    made.intermediate.write_bytes(intermediate.cert_pem.bytes())
    keystores = {
        "server": _keystore(ca.issue_cert(*HOSTS)),
        "intermediate": _keystore(intermediate.issue_cert(*HOSTS)),
        **make_odd_keystores(_authority(ca)),
    }
    for kind, keystore in keystores.items():
        made.keystore(kind).write_bytes(keystore)
        made.certificate_of(kind).write_bytes(keystore[keystore.index(b"-----BEGIN CERT") :])
    made.stranger_certificate.write_bytes(_chain(stranger))
    made.stranger_key.write_bytes(_key(stranger))
    _make_clients(made, ca)
    return made


def issue_identity(made: Certificates, directory: Path, *, lasts: float) -> Identity:
    """Issue a client's certificate that ends after so many seconds."""
    ca = trustme.CA.from_pem(made.ca.read_bytes(), made.ca_key.read_bytes())
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=lasts)
    issued = ca.issue_cert("client@dekaf.test", common_name="dekaf-client", not_after=ends)
    identity = Identity(directory / "client.pem", directory / "client.key")
    identity.certificate.write_bytes(_chain(issued))
    identity.key.write_bytes(_key(issued))
    return identity


def _make_clients(made: Certificates, ca: trustme.CA) -> None:
    """Write an EC and an RSA identity, with their keys in all forms."""
    name = "client@dekaf.test"
    client = ca.issue_cert(name, common_name="dekaf-client")
    rsa_client = ca.issue_cert(name, common_name="dekaf-client", key_type=trustme.KeyType.RSA)
    lock = BestAvailableEncryption(made.key_password.encode())
    traditional = PrivateFormat.TraditionalOpenSSL
    made.identity("pkcs8").certificate.write_bytes(_chain(client))
    made.identity("pkcs1").certificate.write_bytes(_chain(rsa_client))
    made.identity("pkcs8").key.write_bytes(_key(client))
    made.identity("pbes2").key.write_bytes(_key(client, lock))
    made.identity("sec1").key.write_bytes(_key(client, form=traditional))
    made.identity("pkcs1").key.write_bytes(_key(rsa_client, form=traditional))
    made.identity("proc-type").key.write_bytes(_key(rsa_client, lock, form=traditional))
    made.identity("pbes1").key.write_bytes(_pbes1(_key(rsa_client), made.key_password))


def _authority(ca: trustme.CA) -> Authority:
    key = load_pem_private_key(ca.private_key_pem.bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return Authority(x509.load_pem_x509_certificate(ca.cert_pem.bytes()), key)


def _keystore(issued: trustme.LeafCert) -> bytes:
    return _key(issued) + _chain(issued)


def _key(
    issued: trustme.LeafCert,
    lock: KeySerializationEncryption | None = None,
    form: PrivateFormat = PrivateFormat.PKCS8,
) -> bytes:
    # Kafka reads PKCS#8 and no other PEM key; trustme writes the traditional form.
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    return key.private_bytes(Encoding.PEM, form, lock or NoEncryption())


def _write_pkcs12(path: Path, keystore: Path, password: str) -> None:
    pem = keystore.read_bytes()
    key = load_pem_private_key(pem, None)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    leaf, *others = x509.load_pem_x509_certificates(pem[pem.index(b"-----BEGIN CERT") :])
    lock = BestAvailableEncryption(password.encode())
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"broker", key, leaf, others, lock))


def _write_truststore(path: Path, ca: Path, password: str) -> None:
    certificate = pkcs12.PKCS12Certificate(x509.load_pem_x509_certificate(ca.read_bytes()), b"ca")
    lock = BestAvailableEncryption(password.encode())
    path.write_bytes(pkcs12.serialize_java_truststore([certificate], lock))


def _pbes1(key: bytes, password: str) -> bytes:
    """Encrypt as older Java can read it, which the cryptography package does not."""
    if shutil.which("openssl") is None:
        raise MissingToolError("openssl is missing: the tests encrypt private keys with it")
    line = ["openssl", "pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-passout", f"pass:{password}"]
    return subprocess.run(line, input=key, capture_output=True, check=True).stdout


def _chain(issued: trustme.LeafCert) -> bytes:
    return b"".join(blob.bytes() for blob in issued.cert_chain_pems)
