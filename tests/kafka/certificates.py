"""Throw-away TLS certificates for a test cluster: right ones, foreign ones, expired ones."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

_SERVER_NAMES = ("127.0.0.1", "localhost")


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
    def server_keystore(self) -> Path:
        return self.directory / "server.keystore.pem"

    @property
    def expired_keystore(self) -> Path:
        """Of the right CA, and out of date since yesterday."""
        return self.directory / "expired.keystore.pem"

    @property
    def client_certificate(self) -> Path:
        """Of the right CA, for CN=dekaf-client."""
        return self.directory / "client.pem"

    @property
    def client_key(self) -> Path:
        return self.directory / "client.key"

    @property
    def encrypted_client_key(self) -> Path:
        """The same key, behind `key_password`."""
        return self.directory / "client.encrypted.key"

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
    made = Certificates(directory)
    ca, other_ca = trustme.CA(), trustme.CA()
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    server = ca.issue_cert(*_SERVER_NAMES)
    expired = ca.issue_cert(
        *_SERVER_NAMES, not_before=yesterday - dt.timedelta(days=9), not_after=yesterday
    )
    client = ca.issue_cert("client@dekaf.test", common_name="dekaf-client")
    stranger = other_ca.issue_cert("stranger@dekaf.test", common_name="stranger")
    lock = BestAvailableEncryption(made.key_password.encode())

    made.ca.write_bytes(ca.cert_pem.bytes())
    made.other_ca.write_bytes(other_ca.cert_pem.bytes())
    made.server_keystore.write_bytes(_key(server) + _chain(server))
    made.expired_keystore.write_bytes(_key(expired) + _chain(expired))
    made.client_certificate.write_bytes(_chain(client))
    made.client_key.write_bytes(_key(client))
    made.encrypted_client_key.write_bytes(_key(client, lock))
    made.stranger_certificate.write_bytes(_chain(stranger))
    made.stranger_key.write_bytes(_key(stranger))
    return made


def _key(issued: trustme.LeafCert, lock: KeySerializationEncryption | None = None) -> bytes:
    # Kafka reads PKCS#8 and no other PEM key; trustme writes the traditional form.
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock or NoEncryption())


def _chain(issued: trustme.LeafCert) -> bytes:
    return b"".join(blob.bytes() for blob in issued.cert_chain_pems)
