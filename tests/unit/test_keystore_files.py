"""Key stores and keys that dekaf reads with its extra, for a broker that asks for certificates."""

import asyncio
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

from dekaf import ConfigError, Producer, ProducerConfig, Security, TlsError
from dekaf.faststream import Security as FastStreamSecurity
from dekaf.testing import Broker
from tests.kafka import wait_until
from tests.store_files import (
    STORE,
    WRONG,
    client_in_old_pkcs12,
    key_in_pbes1,
    keytool,
    produce,
    to_jks,
    to_pkcs12,
    write_key,
)

# -- what is read ---------------------------------------------------------------------------


def copied(path: Path, name: str) -> Path:
    copy = path.with_name(name)
    copy.write_bytes(path.read_bytes())
    return copy


def client_of_keytool(stores: Path) -> Path:
    path = stores / "keytool.p12"
    source = stores / "client.p12"
    if not path.exists():
        keytool("-importkeystore", "-srckeystore", source, "-destkeystore", path, kind="PKCS12")
    return path


IDENTITIES: dict[str, Callable[[Path], Path]] = {
    "PKCS#12": lambda stores: stores / "client.p12",
    "PKCS#12 of keytool": client_of_keytool,
    "old PKCS#12": client_in_old_pkcs12,
    "JKS": lambda stores: stores / "client.jks",
    "JKS by PEM's name": lambda stores: copied(stores / "client.jks", "by-name.pem"),
}


@pytest.mark.parametrize("make", IDENTITIES.values(), ids=IDENTITIES)
def test_a_client_of_a_key_store(
    mtls_box: Broker, stores: Path, make: Callable[[Path], Path]
) -> None:
    """Pain 12, JKS only: the files of a Java client are enough."""
    store = make(stores)
    security = Security.tls(ca=mtls_box.ca, certificate=store, key_password=STORE)
    asyncio.run(produce(mtls_box, security))


TRUST = {
    "JKS": ("trust.jks", {"ca_password": STORE}),
    "JKS without a password": ("trust.jks", {}),
    "PKCS#12": ("trust.p12", {"ca_password": STORE}),
    "DER": ("trust.der", {}),
}


@pytest.mark.parametrize(("name", "given"), TRUST.values(), ids=TRUST)
def test_authorities_of_a_key_store(
    mtls_box: Broker, stores: Path, name: str, given: dict[str, Any]
) -> None:
    certificate, key = stores / "client.pem", stores / "client.key"
    security = Security.tls(ca=stores / name, certificate=certificate, key=key, **given)
    asyncio.run(produce(mtls_box, security))


KEYS = {
    "DER, PKCS#8": (Encoding.DER, PrivateFormat.PKCS8, False),
    "DER, SEC 1": (Encoding.DER, PrivateFormat.TraditionalOpenSSL, False),
    "DER, encrypted": (Encoding.DER, PrivateFormat.PKCS8, True),
    "PEM, outdated": (Encoding.PEM, PrivateFormat.TraditionalOpenSSL, True),
}


@pytest.mark.parametrize("form", KEYS.values(), ids=KEYS)
def test_a_key(
    mtls_box: Broker, stores: Path, tmp_path: Path, form: tuple[Encoding, PrivateFormat, bool]
) -> None:
    certificate, path = stores / "client.pem", tmp_path / "client.key"
    write_key(stores, path, form[0], form[1], sealed=form[2])
    given: dict[str, Any] = {"key_password": STORE} if form[2] else {}
    security = Security.tls(ca=mtls_box.ca, certificate=certificate, key=path, **given)
    asyncio.run(produce(mtls_box, security))
    if form[0] is Encoding.PEM:
        together = path.read_text() + certificate.read_text()
        text = Security.tls(ca=mtls_box.ca, certificate=together, **given)
        asyncio.run(produce(mtls_box, text))


@pytest.mark.parametrize("has_key_of_its_own", [False, True])
def test_a_certificate_beside_an_outdated_key(
    mtls_box: Broker, stores: Path, tmp_path: Path, has_key_of_its_own: bool
) -> None:
    both = tmp_path / "both.pem"
    write_key(stores, both, Encoding.PEM, PrivateFormat.TraditionalOpenSSL, sealed=True)
    both.write_bytes((stores / "client.pem").read_bytes() + both.read_bytes())
    given: dict[str, Any] = {"key": both, "key_password": STORE}
    if has_key_of_its_own:
        given = {"key": stores / "client.key"}
    asyncio.run(produce(mtls_box, Security.tls(ca=mtls_box.ca, certificate=both, **given)))


def test_a_secret_key_is_no_private_key(mtls_box: Broker, stores: Path) -> None:
    path = copied(stores / "client.p12", "secret.p12")
    keytool(
        "-genseckey",
        "-alias",
        "s",
        "-keyalg",
        "AES",
        "-keysize",
        128,
        "-keystore",
        path,
        kind="PKCS12",
    )
    security = Security.tls(ca=mtls_box.ca, certificate=path, key_password=STORE)
    asyncio.run(produce(mtls_box, security))


def test_a_key_in_pbes1(mtls_box: Broker, stores: Path) -> None:
    key = key_in_pbes1(stores, "PBE-SHA1-3DES")
    given: dict[str, Any] = {"certificate": stores / "client.pem", "key_password": STORE}
    asyncio.run(produce(mtls_box, Security.tls(ca=mtls_box.ca, key=key, **given)))


@pytest.mark.parametrize("source", ["file", "function"])
def test_passwords_that_come_later(
    mtls_box: Broker, stores: Path, tmp_path: Path, source: str
) -> None:
    path = tmp_path / "password"
    path.write_text(f"{STORE}\n")
    asked: list[str] = []

    def function() -> str:
        asked.append(STORE)
        return STORE

    password: Any = path if source == "file" else function
    security = Security.tls(
        ca=stores / "trust.p12",
        ca_password=password,
        certificate=stores / "client.jks",
        key_password=password,
    )
    asyncio.run(produce(mtls_box, security))
    assert len(asked) == (2 if source == "function" else 0), "once for each store"


def test_stores_that_come_later(mtls_box: Broker, stores: Path, tmp_path: Path) -> None:
    store, trust = tmp_path / "client.p12", tmp_path / "trust.jks"
    security = Security.tls(ca=trust, certificate=store, key_password=STORE)
    with pytest.raises(TlsError, match=r'security.ca: the file ".*" cannot be read: No such fil'):
        asyncio.run(produce(mtls_box, security))
    producer = Producer(mtls_box.bootstrap_servers, security=security)
    store.write_bytes((stores / "client.p12").read_bytes())
    trust.write_bytes((stores / "trust.jks").read_bytes())

    async def use() -> None:
        async with producer:
            await producer.produce("orders", b"v")

    asyncio.run(use())


@pytest.mark.asyncio
async def test_pem_that_comes_later(mtls_box: Broker, stores: Path, tmp_path: Path) -> None:
    """Its key is encrypted in the way that the core reads."""
    certificate, key, trust = (tmp_path / name for name in ("client", "key", "trust"))
    security = Security.tls(ca=trust, certificate=certificate, key=key, key_password=STORE)
    producer = Producer(mtls_box.bootstrap_servers, security=security)
    certificate.write_bytes((stores / "client.pem").read_bytes())
    write_key(stores, key, Encoding.PEM, PrivateFormat.PKCS8, sealed=True)
    trust.mkdir()
    (trust / "ca.pem").write_bytes((stores / "ca.pem").read_bytes())
    async with producer:
        await producer.produce("orders", b"v")


def test_it_pickles_and_shows_no_password(stores: Path, tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text(STORE)
    trust, client = stores / "trust.p12", stores / "client.p12"
    security = Security.tls(ca=trust, ca_password=path, certificate=client, key_password=path)
    assert pickle.loads(pickle.dumps(security)) == security  # noqa: S301 - just made
    shown = Security.tls(ca=trust, ca_password=STORE)
    assert repr(shown) == f"Security.tls(ca={str(trust)!r}, ca_password='***')"
    with pytest.raises(TypeError, match="ca_password was given as text"):
        pickle.dumps(shown)


def test_cryptography_is_imported_for_stores_alone() -> None:
    program = """if True:
        import sys
        import dekaf
        from dekaf import Security
        Security.tls(ca="ca.pem")._core()
        assert "cryptography" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", program], check=True)


# -- as other clients say it ----------------------------------------------------------------


def config_of(mtls_box: Broker, **properties: Any) -> ProducerConfig:
    given = {name.replace("_", "."): str(value) for name, value in properties.items()}
    security = {"security.protocol": "SSL", "bootstrap.servers": mtls_box.bootstrap_servers}
    return ProducerConfig.from_properties({**security, **given})


@pytest.mark.parametrize("kind", ["JKS", "PKCS12", None])
@pytest.mark.parametrize("name", ["jks", "p12"])
def test_properties_of_java(mtls_box: Broker, stores: Path, name: str, kind: str | None) -> None:
    """Pain 12. What a file is, its content says: Java, too, takes one type for the other."""
    types = {} if kind is None else {"ssl_keystore_type": kind, "ssl_truststore_type": kind}
    config = config_of(
        mtls_box,
        ssl_keystore_location=stores / f"client.{name}",
        ssl_keystore_password=STORE,
        ssl_truststore_location=stores / f"trust.{name}",
        ssl_truststore_password=STORE,
        **types,
    )
    assert STORE not in repr(config)
    asyncio.run(produce(mtls_box, config.security))


def test_a_key_with_a_password_of_its_own(mtls_box: Broker, stores: Path) -> None:
    """The store has another one, which `ssl.key.password` overrides, as in Java."""
    path = copied(stores / "client.jks", "own.jks")
    keytool("-keypasswd", "-alias", "client", "-keystore", path, "-new", "of-the-key")
    asyncio.run(
        produce(mtls_box, Security.tls(ca=mtls_box.ca, certificate=path, key_password="of-the-key"))
    )
    with pytest.raises(ConfigError, match='has the private key "client" with a password of its o'):
        Security.tls(certificate=path, key_password=STORE)
    config = config_of(
        mtls_box,
        ssl_keystore_location=path,
        ssl_keystore_password=STORE,
        ssl_key_password="of-the-key",
        ssl_truststore_location=stores / "trust.jks",
    )
    asyncio.run(produce(mtls_box, config.security))


def test_the_password_of_pkcs12_is_the_stores(mtls_box: Broker, stores: Path) -> None:
    """As for librdkafka, for which `ssl.key.password` is of `ssl.key.location` alone."""
    config = config_of(
        mtls_box,
        ssl_keystore_location=stores / "client.p12",
        ssl_keystore_password=STORE,
        ssl_key_password=WRONG,
        ssl_ca_location=stores / "ca.pem",
    )
    asyncio.run(produce(mtls_box, config.security))


def test_the_consumers_of_faststream(mtls_box: Broker, stores: Path) -> None:
    """OpenSSL loads certificates of files that are PEM, and authorities from memory."""
    FastStreamSecurity(Security.tls(ca=stores / "trust.p12", ca_password=STORE))
    identity = Security.tls(ca=mtls_box.ca, certificate=stores / "client.p12", key_password=STORE)
    with pytest.raises(ConfigError, match=r"is PKCS12, and dekaf reads PEM. Convert it: openssl"):
        FastStreamSecurity(identity)
    key = stores / "old.key"
    write_key(stores, key, Encoding.PEM, PrivateFormat.TraditionalOpenSSL, sealed=True)
    certificate = stores / "client.pem"
    FastStreamSecurity(Security.tls(certificate=certificate, key=key, key_password=STORE))


# -- rotation -------------------------------------------------------------------------------


def test_a_store_is_replaced(
    stores: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One that is half written is not used, which the log says once."""
    store, in_jks = tmp_path / "rotated.p12", tmp_path / "rotated.jks"
    of_a_stranger = (stores / "client.p12").read_bytes()
    with Broker(security=Security.tls(), client_certificates=True) as other:
        assert other.client_certificate
        certificate, key = (each.encode() for each in other.client_certificate)
        to_pkcs12(store, certificate, key)
        to_jks(in_jks, certificate, key)
        whole, whole_jks = store.read_bytes(), in_jks.read_bytes()
        security = Security.tls(ca=other.ca, certificate=store, key_password=STORE)

        async def rotate() -> None:
            async with Producer(other.bootstrap_servers, security=security) as producer:
                for content in (whole, whole[:-100], whole[:200], whole_jks):
                    store.write_bytes(content)
                    other.faults.drop_connections()
                    await producer.produce("orders", b"v")
                failures = producer.metrics().connect_failures
                # That a new one is used: this one is no client of the broker.
                store.write_bytes(of_a_stranger)
                other.faults.drop_connections()
                late = producer.produce("orders", b"v")
                await asyncio.to_thread(
                    wait_until,
                    lambda: producer.metrics().connect_failures > failures,
                    what="a stranger is refused",
                )
                assert not late.done()
                store.write_bytes(whole)
                await late

        asyncio.run(rotate())
    warned = [line.message for line in caplog.records if "not used yet" in line.message]
    assert len(warned) == 1, warned
    assert "rotated.p12" in warned[0]
    assert STORE not in caplog.text
