"""Key stores and keys that cannot be opened: each error says why, and shows no password."""

import asyncio
import os
import random
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12

from dekaf import ConfigError, Security, TlsError, _keystores
from dekaf._keystores.conversion import Conversion
from dekaf._secret import File, Secret
from dekaf.testing import Broker
from tests.store_files import (
    STORE,
    WRONG,
    add_key,
    client_in_old_pkcs12,
    key_in_pbes1,
    keytool,
    produce,
    write_key,
)


def refused(**given: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        Security.tls(**given)
    assert STORE not in str(caught.value)
    assert WRONG not in str(caught.value)
    return str(caught.value)


def test_wrong_passwords(stores: Path) -> None:
    for name in ("client.p12", "client.jks"):
        said = refused(certificate=stores / name, key_password=WRONG)
        assert re.search(f'^certificate: the file ".*{name}" is not opened by key_password', said)
        assert "needs its password" in refused(certificate=stores / name)
    with pytest.raises(ConfigError, match=r"set ca_password= of Security\.tls"):
        Security.sasl_plain("alice", "secret", ca=stores / "trust.p12")
    for name in ("trust.p12", "trust.jks"):
        said = refused(ca=stores / name, ca_password=WRONG)
        assert re.search(f'^ca: the file ".*{name}" is not opened by ca_password', said)
    assert "needs its password, or is damaged; set ca_password=" in refused(ca=stores / "trust.p12")


def test_a_wrong_password_that_comes_late(mtls_box: Broker, stores: Path, tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text(WRONG)
    for given in (
        {"ca": mtls_box.ca, "certificate": stores / "client.p12", "key_password": path},
        {"ca": stores / "trust.p12", "ca_password": path},
    ):
        with pytest.raises(TlsError, match="is not opened by ") as caught:
            asyncio.run(produce(mtls_box, Security.tls(**given)))
        assert WRONG not in str(caught.value)


def test_a_password_function_that_raises(mtls_box: Broker, stores: Path) -> None:
    def vault() -> str:
        raise RuntimeError(WRONG)

    security = Security.tls(ca=stores / "trust.p12", ca_password=vault)
    with pytest.raises(TlsError) as caught:
        asyncio.run(produce(mtls_box, security))
    assert "security.ca: ca_password: the function raised RuntimeError at " in str(caught.value)
    assert WRONG not in str(caught.value)


def test_pem_has_no_ca_password(stores: Path) -> None:
    said = refused(ca=stores / "ca.pem", ca_password=STORE)
    assert said.endswith("is not a key store; leave ca_password out")


def test_stores_in_the_wrong_place(stores: Path) -> None:
    for name in ("trust.jks", "trust.p12"):
        said = refused(certificate=stores / name, key_password=STORE)
        assert "has no private key, as a trust store has none; give it as ca=" in said
    both = {"certificate": stores / "client.p12", "key": stores / "client.key"}
    assert "is a key store, which holds the key; leave key out" in refused(**both)
    key = {"certificate": stores / "client.pem", "key": stores / "client.jks"}
    assert "is a key store; give it as certificate=, and leave key out" in refused(**key)
    der = {"certificate": stores / "client.pem", "key": stores / "trust.der"}
    assert "is a certificate, not a private key" in refused(**der)


def test_an_empty_store(stores: Path) -> None:
    for kind in ("JKS", "PKCS12"):
        path = stores / f"empty.{kind}"
        add_key(path, "a", kind)
        keytool("-delete", "-alias", "a", "-keystore", path, kind=kind)
        said = refused(ca=path, ca_password=STORE)
        assert "has no certificate" in said
        assert "has no private key" in refused(certificate=path, key_password=STORE)


def test_several_keys(stores: Path) -> None:
    """One must be chosen, and is not guessed: the order in a store is an accident."""
    for kind in ("JKS", "PKCS12"):
        path = stores / f"several.{kind}"
        for alias in ("blue", "grün"):
            add_key(path, alias, kind)
        said = refused(certificate=path, key_password=STORE)
        assert "has 2 private keys" in said
        assert '"blue"' in said
        assert '"grün"' in said
        assert "keytool -importkeystore -srckeystore FILE -srcalias ALIAS" in said


def test_jceks_is_not_read(stores: Path) -> None:
    path = stores / "client.jceks"
    add_key(path, "a", "JCEKS")
    said = refused(certificate=path, key_password=STORE)
    assert "is JCEKS, and dekaf reads PEM. Convert it: keytool -importkeystore" in said
    assert "pip install" not in said


def test_an_encryption_that_is_rare(stores: Path) -> None:
    key = key_in_pbes1(stores, "PBE-SHA1-2DES")
    conversion = Conversion("key", File(str(key)), Secret(STORE), holds_key=True)
    kind, said = conversion()
    # Older versions of cryptography read it.
    assert kind == "pem" or "not supported. Convert it: openssl pkcs8 -in" in said


def test_a_vector_that_is_cut_off(
    stores: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Cryptography's Rust panics, and prints that."""
    key = tmp_path / "old.key"
    write_key(stores, key, Encoding.PEM, PrivateFormat.TraditionalOpenSSL, sealed=True)
    cut, times = re.subn(r"(DEK-Info: [^,]*,\w*)\w{8}\n", r"\1\n", key.read_text())
    assert times == 1
    key.write_text(cut)
    said = refused(certificate=stores / "client.pem", key=key, key_password=STORE)
    assert "its DEK-Info is cut off" in said
    assert capfd.readouterr() == ("", "")


def test_a_key_without_an_end() -> None:
    """The core says so."""
    text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n" * 20_000
    conversion = Conversion("key", Secret(text), Secret(STORE), holds_key=True)
    assert conversion() == ("pem", text)


class Timeout(BaseException):
    """As gevent's."""


@pytest.mark.parametrize("raised", [Timeout, MemoryError, KeyboardInterrupt])
@pytest.mark.parametrize("name", ["client.p12", "sealed.der"])
def test_what_is_meant_for_the_program_passes(
    stores: Path, monkeypatch: pytest.MonkeyPatch, name: str, raised: type[BaseException]
) -> None:
    def load(*_: object) -> None:
        raise raised

    monkeypatch.setattr(pkcs12, "load_pkcs12", load)
    monkeypatch.setattr(serialization, "load_der_private_key", load)
    write_key(stores, stores / "sealed.der", Encoding.DER, PrivateFormat.PKCS8, sealed=True)
    argument = "certificate" if name == "client.p12" else "key"
    with pytest.raises(raised):
        Conversion(argument, File(str(stores / name)), Secret(STORE), holds_key=True)()


def test_cryptography_that_cannot_be_imported(
    stores: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(_keystores, "pkcs12", raising=False)
    monkeypatch.setitem(sys.modules, "dekaf._keystores.pkcs12", None)
    said = refused(certificate=stores / "client.p12", key_password=STORE)
    assert "needs the package cryptography, which cannot be imported; install it anew" in said


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """It was not there when the producer was made."""
    pipe = tmp_path / "ca.pem"
    os.mkfifo(pipe)
    conversion = Conversion("ca", File(str(pipe)), None, holds_key=False)
    assert conversion() == ("refused", f'the file "{pipe}" is no regular file')


DAMAGED = {
    "client.p12": "certificate",
    "client.jks": "certificate",
    "trust.p12": "ca",
    "trust.jks": "ca",
    "old.p12": "certificate",
    "outdated.key": "key",
    "PBE-SHA1-3DES.key": "key",
    "sealed.der": "key",
}


@pytest.fixture(scope="module")
def damaged(stores: Path) -> Path:
    """Return the directory, with all that is damaged below."""
    client_in_old_pkcs12(stores)
    key_in_pbes1(stores, "PBE-SHA1-3DES")
    old, sealed = stores / "outdated.key", stores / "sealed.der"
    write_key(stores, old, Encoding.PEM, PrivateFormat.TraditionalOpenSSL, sealed=True)
    write_key(stores, sealed, Encoding.DER, PrivateFormat.PKCS8, sealed=True)
    return stores


@pytest.mark.parametrize(("name", "argument"), DAMAGED.items(), ids=DAMAGED)
def test_damage_is_an_error(damaged: Path, tmp_path: Path, name: str, argument: str) -> None:
    """Cut off, changed or with a hole: the error says so, unless the core is the one to read it."""
    chance = random.Random(name)  # noqa: S311 - the same for each run
    whole, path = (damaged / name).read_bytes(), tmp_path / name
    conversion = Conversion(argument, File(str(path)), Secret(STORE), holds_key=argument != "ca")
    refusals = 0
    for _ in range(600):
        path.write_bytes(damage(chance, whole))
        kind, said = conversion()
        assert STORE not in said
        if kind == "refused":
            refusals += 1
            assert re.match(r'the file ".*" (is|has|needs) .{10}', said), said
        else:
            assert kind == "pem"
    assert refusals > (300 if name.endswith(("p12", "jks")) else 0)


def damage(chance: random.Random, whole: bytes) -> bytes:
    content = bytearray(whole)
    at = chance.randrange(len(content))
    match chance.randrange(4):
        case 0:
            return bytes(content[:at])
        case 1:
            del content[at : at + chance.randrange(1, 50)]
        case _:
            for _ in range(chance.choice((1, 1, 2, 8))):
                # Lengths and versions are at the beginning.
                place = chance.randrange(chance.choice((len(content), 100)))
                content[place] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    return bytes(content)


def test_a_cut_store_fails_when_it_is_given(stores: Path, tmp_path: Path) -> None:
    for name in ("client.p12", "client.jks"):
        path = tmp_path / name
        path.write_bytes((stores / name).read_bytes()[:-30])
        with pytest.raises(ConfigError, match=r'client\..*" is (not opened|damaged)'):
            Security.tls(certificate=path, key_password=STORE)
