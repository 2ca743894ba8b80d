"""`Security`: what it takes and refuses, what the core reads of it, and how it pickles."""

import copy
import functools
import os
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from dekaf import ConfigError, Producer, ProducerConfig, Security

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"


def password() -> str:
    return "secret"


async def later() -> str:
    return "secret"


class Later:
    async def __call__(self) -> str:
        return "secret"


TLS: dict[str, Any] = {
    "trust": None,
    "certificate": None,
    "key": None,
    "key_password": None,
    "server_name": None,
    "verification": "full",
    "min_version": "1.2",
    "key_log": None,
}

# (arguments of tls, what the core reads besides its defaults)
READ_TLS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"ca": "ca.pem"}, {"trust": ("path", "ca.pem")}),
    ({"ca": Path("cas")}, {"trust": ("path", "cas")}),
    ({"ca": CERTIFICATE}, {"trust": ("text", CERTIFICATE)}),
    ({"ca": CERTIFICATE.encode()}, {"trust": ("text", CERTIFICATE)}),
    ({"certificate": "c.pem"}, {"certificate": ("path", "c.pem")}),
    (
        {"certificate": CERTIFICATE, "key": KEY, "key_password": "secret"},
        {
            "certificate": ("text", CERTIFICATE),
            "key": ("text", KEY),
            "key_password": ("text", "secret"),
        },
    ),
    (
        {"certificate": "c.pem", "key": Path("c.key"), "key_password": Path("/run/p")},
        {
            "certificate": ("path", "c.pem"),
            "key": ("path", "c.key"),
            "key_password": ("file", "/run/p"),
        },
    ),
    ({"server_name": "kafka.internal"}, {"server_name": "kafka.internal"}),
    ({"verify_hostname": False}, {"verification": "without_hostname"}),
    ({"verify": False}, {"verification": "nothing"}),
    ({"min_version": "1.3"}, {"min_version": "1.3"}),
    ({"key_log": Path("keys.log")}, {"key_log": "keys.log"}),
]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the files that are named into the current directory."""
    monkeypatch.chdir(tmp_path)
    Path("cas").mkdir()
    for name in ("ca.pem", "c.pem", "c.key"):
        Path(name).write_text("-----BEGIN")


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("given", "read"), READ_TLS)
def test_the_core_reads_tls(given: dict[str, Any], read: dict[str, Any]) -> None:
    assert Security.tls(**given)._core() == {"tls": {**TLS, **read}, "sasl": None}


READ_SASL: list[tuple[Security, dict[str, Any]]] = [
    (Security.sasl_plain("alice", "secret"), {"mechanism": "PLAIN"}),
    (Security.sasl_scram("alice", "secret"), {"mechanism": "SCRAM"}),
    (
        Security.sasl_scram("alice", "secret", mechanism="SCRAM-SHA-256"),
        {"mechanism": "SCRAM-SHA-256"},
    ),
    (Security.sasl_scram("alice", "secret", token=True), {"mechanism": "SCRAM", "is_token": True}),
    (
        Security.sasl_plain("alice", Path("/run/p")),
        {"mechanism": "PLAIN", "password": ("file", "/run/p")},
    ),
    (
        Security.sasl_plain("alice", password),
        {"mechanism": "PLAIN", "password": ("call", password)},
    ),
    (Security.sasl_plain("alice", SecretStr("secret")), {"mechanism": "PLAIN"}),
]


@pytest.mark.parametrize(("security", "read"), READ_SASL)
def test_the_core_reads_sasl(security: Security, read: dict[str, Any]) -> None:
    sasl = {"user": "alice", "password": ("text", "secret"), "is_token": False, **read}
    assert security._core() == {"tls": TLS, "sasl": sasl}


@pytest.mark.usefixtures("files")
def test_encryption_of_logins() -> None:
    assert Security.sasl_plain("u", "p", tls=False)._core()["tls"] is None
    long = Security.sasl_plain("u", "p", tls=Security.tls(ca="ca.pem"))
    assert Security.sasl_plain("u", "p", ca="ca.pem") == long
    assert Security.sasl_scram("u", "p", ca="ca.pem")._core()["tls"] == long._core()["tls"]


REFUSED: list[tuple[Any, str]] = [
    (Security, "make a Security with Security.tls"),
    (lambda: Security.sasl_plain("", "p"), "^user is empty"),
    (lambda: Security.sasl_plain("u", ""), "^password is empty"),
    (lambda: Security.sasl_plain(None, "p"), "^user must be str, not NoneType"),  # type: ignore[arg-type]
    (lambda: Security.sasl_plain("u", None), "^password must be str, a pathlib.Path of .*NoneType"),  # type: ignore[arg-type]
    (lambda: Security.sasl_plain("u", b"p"), "^password must be str, .*, not bytes"),  # type: ignore[arg-type]
    (lambda: Security.sasl_plain("u\0", "p"), "^user contains a NUL character"),
    (lambda: Security.sasl_plain("u", "p\0"), "^password contains a NUL character"),
    (lambda: Security.sasl_plain("u", "p\ud800"), "^password cannot be encoded as UTF-8"),
    (lambda: Security.sasl_plain("u", later), "^password is a coroutine function"),  # type: ignore[arg-type]
    (lambda: Security.sasl_plain("u", Later()), "^password is a coroutine function"),  # type: ignore[arg-type]
    (lambda: Security.sasl_plain("u", "p", tls="yes"), "^tls must be True, False or .*, not str"),  # type: ignore[arg-type]
    (
        lambda: Security.sasl_plain("u", "p", tls=Security.sasl_plain("u", "p")),
        "^tls must be made by Security.tls",
    ),
    (lambda: Security.sasl_plain("u", "p", tls=False, ca="ca"), "^ca contradicts tls=False"),
    (
        lambda: Security.sasl_plain("u", "p", tls=Security.tls(), ca="ca"),
        r"^ca contradicts tls=Security.tls\(\); give tls=Security.tls\(ca=…\)",
    ),
    (lambda: Security.sasl_scram("u", "p", mechanism="SHA-1"), "^mechanism='SHA-1' is not allowed"),  # type: ignore[arg-type]
    (lambda: Security.sasl_scram("u", "p", token=1), "^token must be True or False"),  # type: ignore[arg-type]
    (lambda: Security.tls(min_version="1.1"), '^min_version=\'1.1\' is not .*: use "1.2" or "1.3"'),  # type: ignore[arg-type]
    (lambda: Security.tls(verify="no"), "^verify must be True or False, not str"),  # type: ignore[arg-type]
    (lambda: Security.tls(verify=False, ca="ca"), "^ca contradicts verify=False"),
    (lambda: Security.tls(key="k"), "^key is given without certificate"),
    (lambda: Security.tls(key_password="k"), "^key_password is given without certificate"),
    (lambda: Security.tls(ca_password="k"), "^ca_password is given without ca; give ca= as well"),
    (
        lambda: Security.tls(ca=CERTIFICATE, ca_password="k"),
        r"^ca_password is given, and ca='\*\*\*' is not a key store; leave ca_password out",
    ),
    (lambda: Security.tls(server_name=""), "^server_name is empty"),
    (lambda: Security.tls(ca=5), "^ca must be a path or PEM text, as in .*, not int"),  # type: ignore[arg-type]
    (lambda: Security.tls(ca=b"\xff\xfe"), "^ca: the bytes are not PEM text; convert DER with"),
    (lambda: Security.tls(ca=b"ca.pem"), "^ca: the bytes are not PEM, which"),
    (lambda: Security.tls(certificate="c", key="MIIEvQ"), "^key is neither a path nor PEM text"),
    (lambda: Security.tls(certificate="c", key="a\nb"), "^key is neither a path nor PEM text"),
    (lambda: Security.tls(key_log=5), "^key_log must be a path, not int"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("make", "match"), REFUSED)
def test_refused(make: Any, match: str) -> None:
    with pytest.raises((ConfigError, TypeError), match=match):
        make()


@pytest.mark.parametrize("text", [" secret", "secret\n", "\tsecret"])
def test_whitespace_around_a_password_is_warned_of(text: str) -> None:
    """Pain 15: a newline that came out of a file or a Kubernetes secret."""
    with pytest.warns(UserWarning, match="password begins or ends with whitespace") as caught:
        security = Security.sasl_plain("alice", text)
    assert caught[0].filename == __file__, "the warning is about the user's own line"
    assert security._core()["sasl"]["password"] == ("text", text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Security.sasl_plain("alice", "pass word;\"'\\ü€")


# The beginnings of files, and what the error says of them.
FORMS: list[tuple[bytes, str, str, str]] = [
    (b"\xfe\xed\xfe\xed\0\0\0\x02", "ca", "is JKS", "keytool -list -rfc -keystore {} > "),
    (b"\xfe\xed\xfe\xed\0\0\0\x02", "certificate", "is JKS", "keytool -importkeystore -srckeyst"),
    (b"\x30\x82\x0a\x0b\x02\x01\x03\x30", "certificate", "is PKCS12", "openssl pkcs12 -in {} -out"),
    (b"\x30\x82\x0a\x0b\x30\x82\x01\x01", "ca", "is DER certificate", "openssl x509 -inform DER"),
    (b"\x30\x82\x0a\x0b\x02\x01\x00\x30", "key", "is DER key", "openssl pkey -inform DER -in {}"),
]


@pytest.fixture
def without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)


@pytest.mark.usefixtures("without_the_extra")
@pytest.mark.parametrize(("head", "argument", "form", "remedy"), FORMS)
def test_key_stores_are_named_with_what_converts_them(
    tmp_path: Path, head: bytes, argument: str, form: str, remedy: str
) -> None:
    """Pain 12, without the extra."""
    path = tmp_path / "store.jks"
    path.write_bytes(head + bytes(100))
    given: dict[str, Any] = {"certificate": "c.pem", argument: path}
    with pytest.raises(ConfigError) as caught:
        Security.tls(**given)
    assert f"{argument}='{path}' {form}" in str(caught.value)
    assert remedy.format(path) in str(caught.value)
    assert 'pip install "dekaf[keystores]"' in str(caught.value)


def test_files_need_not_exist_yet(tmp_path: Path) -> None:
    Security.tls(ca=tmp_path / "later.pem")


SHOWN: list[tuple[Security, str]] = [
    (Security.tls(), "Security.tls()"),
    (
        Security.tls(ca="ca.pem", certificate="c", key=KEY, key_password="k"),
        "Security.tls(ca='ca.pem', certificate='c', key='***', key_password='***')",
    ),
    (Security.sasl_plain("alice", "secret"), "Security.sasl_plain('alice', '***')"),
    (
        Security.sasl_scram("a", Path("/p"), mechanism="SCRAM-SHA-256", token=True, ca="ca.pem"),
        (
            "Security.sasl_scram('a', Path('/p'), mechanism='SCRAM-SHA-256', token=True, "
            "tls=Security.tls(ca='ca.pem'))"
        ),
    ),
    (
        Security.sasl_scram("a", password, tls=False),
        "Security.sasl_scram('a', password, tls=False)",
    ),
    (
        Security.sasl_plain("a", functools.partial(str, "secret")),
        "Security.sasl_plain('a', partial)",
    ),
]


@pytest.mark.parametrize(("security", "shown"), SHOWN)
def test_repr(security: Security, shown: str) -> None:
    assert repr(security) == shown
    assert repr(ProducerConfig("a:1", security=security)) == (
        f"ProducerConfig('a:1', security={shown})"
    )


def test_it_is_a_frozen_value() -> None:
    one, same = (Security.sasl_plain("alice", "secret", ca=CERTIFICATE) for _ in range(2))
    assert one == same
    assert hash(one) == hash(same)
    assert one != Security.sasl_plain("alice", "other", ca=CERTIFICATE)
    assert copy.copy(one) is one
    assert copy.deepcopy(one) is one
    with pytest.raises(AttributeError):
        one._tls = None


PICKLED = [
    Security.tls(),
    Security.tls(ca=CERTIFICATE, certificate="c.pem", key="c.key", key_password=Path("p")),
    Security.sasl_plain("alice", Path("/run/p")),
    Security.sasl_scram("alice", password, token=True, tls=False),
    Security.sasl_scram("alice", os.getcwd),
]


@pytest.mark.parametrize("security", PICKLED, ids=repr)
def test_it_pickles_without_secrets(security: Security) -> None:
    assert pickle.loads(pickle.dumps(security)) == security  # noqa: S301 - just made
    config = ProducerConfig("a:1", security=security)
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 - just made


REFUSES_TO_PICKLE: list[tuple[Security, str]] = [
    (Security.sasl_plain("alice", "secret"), r"password was given as text.*password=pathlib.Path"),
    (
        Security.sasl_plain("alice", lambda: "secret"),
        "password comes from something else than a fu",
    ),
    (Security.sasl_plain("alice", functools.partial(str, "secret")), "password comes from someth"),
    (Security.sasl_plain("alice", "secret".upper), "password comes from something else than a fu"),
    (Security.tls(certificate="c", key=KEY), "key was given as text.* as in key='client.key'"),
    (Security.tls(certificate="c", key="k", key_password="p"), "key_password was given as text"),
]


@pytest.mark.parametrize(("security", "match"), REFUSES_TO_PICKLE)
def test_it_refuses_to_pickle_a_secret(security: Security, match: str) -> None:
    config = ProducerConfig("a:1", security=security)
    for thing in (security, config, Producer.from_config(config)):
        with pytest.raises(TypeError, match=match):
            pickle.dumps(thing)
