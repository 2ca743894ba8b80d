"""Odd arguments of `Security`: each is taken, or an error names it without the value."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dekaf import ConfigError, Producer, ProducerConfig, Security
from tests.canaries import Seen

CANARY = "canary-Tr0ub4dor"


class Fspath:
    """A path that returns, or raises, what it was made with."""

    def __init__(self, what: object) -> None:
        self.what = what

    def __fspath__(self) -> Any:
        return said(self.what)


class Wrapper:
    """A secret of another library's."""

    def __init__(self, what: object) -> None:
        self.what = what

    def get_secret_value(self) -> Any:
        return said(self.what)


def said(what: object) -> object:
    if isinstance(what, Exception):
        raise what
    return what


class Closed:
    """An object that raises whatever it is asked for."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(CANARY)


ODD: dict[str, Any] = {
    "a list": [CANARY],
    "a dict": {"password": CANARY},
    "a set": {CANARY},
    "bytes": CANARY.encode(),
    "bytes of no text": b"\xff" + CANARY.encode(),
    "a bytearray": bytearray(CANARY, "ascii"),
    "a memoryview": memoryview(CANARY.encode()),
    "an object": object(),
    "a number": 5,
    "a fraction": 1.2,
    "an empty text": "",
    "a NUL": f"{CANARY}\0",
    "a lone surrogate": f"{CANARY}\ud800",
    "lines": f"{CANARY}\n{CANARY}",
    "a function with arguments": lambda it: it,
    "a path that raises": Fspath(RuntimeError(CANARY)),
    "a path of a number": Fspath(5),
    "a path of bytes": Fspath(CANARY.encode()),
    "a path with a NUL": Path(f"{CANARY}\0"),
    "a wrapper that raises": Wrapper(RuntimeError(CANARY)),
    "a wrapper of bytes": Wrapper(CANARY.encode()),
    "a wrapper of nothing": Wrapper(None),
    "an object that raises": Closed(),
    "a Security": Security.tls(),
}
ARGUMENTS: dict[str, Callable[[Any], Security]] = {
    "ca": lambda it: Security.tls(ca=it),
    "certificate": lambda it: Security.tls(certificate=it),
    "key": lambda it: Security.tls(certificate="c", key=it),
    "key_password": lambda it: Security.tls(certificate="c", key="k", key_password=it),
    "server_name": lambda it: Security.tls(server_name=it),
    "key_log": lambda it: Security.tls(key_log=it),
    "min_version": lambda it: Security.tls(min_version=it),
    "verify": lambda it: Security.tls(verify=it),
    "verify_hostname": lambda it: Security.tls(verify_hostname=it),
    "user": lambda it: Security.sasl_plain(it, "p"),
    "password": lambda it: Security.sasl_plain("u", it),
    "mechanism": lambda it: Security.sasl_scram("u", "p", mechanism=it),
    "token": lambda it: Security.sasl_scram("u", "p", token=it),
    "tls": lambda it: Security.sasl_plain("u", "p", tls=it),
}
TEXT = {"lines"}
TAKEN = {
    "tls": {"a Security"},
    "user": TEXT,
    "server_name": TEXT,
    "key_log": TEXT,
    "password": TEXT,
    "key_password": TEXT,
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("argument", ARGUMENTS)
def test_odd_arguments(argument: str, odd: str) -> None:
    make = ARGUMENTS[argument]
    if odd in TAKEN.get(argument, ()):
        make(ODD[odd])
        return
    with pytest.raises(ConfigError, match=f"^{argument}[ :=]") as caught:
        make(ODD[odd])
    seen = Seen()
    seen.add_error("the error", caught.value)
    # A text that is none of a few may be shown: it is no secret.
    if argument not in {"mechanism", "min_version"}:
        seen.assert_without(CANARY)


REMEDIES: list[tuple[Callable[[], object], str]] = [
    (lambda: Security.sasl_plain("u", None), "^password .*NoneType; if it comes from an environ"),  # type: ignore[arg-type]
    (lambda: Security.sasl_plain(None, "p"), "^user .*NoneType; if it comes from an environment"),  # type: ignore[arg-type]
    (lambda: Security.sasl_plain("u", ""), "^password is empty; if it comes from an environment"),
    (lambda: Security.sasl_plain("u", b"p"), "^password .* not bytes; decode it$"),  # type: ignore[arg-type]
    (lambda: Security.sasl_plain("u", lambda it: it), "^password .*needs arguments.*partial$"),  # type: ignore[arg-type,misc]
    (lambda: Security.tls(ca=["ca.pem"]), "^ca must be a path or PEM text, as in ca='ca.pem', not"),  # type: ignore[arg-type]
    (lambda: Security.tls(ca=b"ca.pem"), "^ca: the bytes are not PEM.*; give a path as str$"),
    (lambda: Security.tls(ca="~/ca.pem"), r"^ca='~/ca.pem' begins with ~.*\.expanduser\(\)$"),
    (lambda: Security.tls(ca="file:///ca.pem"), "^ca='file:///ca.pem' is a URL; give the path al"),
    (lambda: ARGUMENTS["mechanism"]("PLAIN"), r"^mechanism='PLAIN' .*\.sasl_plain$"),
    (lambda: Security.sasl_plain("u", "p", tls="ca"), r"^tls must be .*tls=Security\.tls\(ca="),  # type: ignore[arg-type]
    (lambda: Security.tls(min_version=1.2), '^min_version must be "1.2" or "1.3", not float$'),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("make", "match"), REMEDIES)
def test_the_way_out(make: Callable[[], object], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        make()


@pytest.mark.parametrize("argument", ["certificate", "key", "key_password", "password", "key_log"])
def test_a_directory_in_place_of_a_file(argument: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"^{argument}='{tmp_path}' is a directory; give the "):
        ARGUMENTS[argument](tmp_path)
    ARGUMENTS[argument](tmp_path / "not yet there")


def test_a_user_with_a_line_end_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="user begins or ends with whitespace.*strip it") as caught:
        Security.sasl_plain("alice\n", "secret")
    assert caught[0].filename == __file__


# The content of PEM, of a key of each kind: P-256, Ed25519 and RSA.
KEYS = [
    "MHcCAQEEI" + "a" * 150,
    "MC4CAQAwBQYDK2VwBCIEI" + "a" * 43,
    "MIIEvQIBADAN" + "/" * 99 + "=",
]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_without_its_first_line_is_no_path(key: str) -> None:
    with pytest.raises(ConfigError, match=r"^key is neither a path nor PEM text") as caught:
        Security.tls(certificate="c.pem", key=key)
    assert key not in str(caught.value)


def test_a_long_path_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = "MyCompanysCertificateAuthorityForAllOfItsClusters"
    Path(name).touch()
    assert name in repr(Security.tls(ca=name))


def test_a_path_in_place_of_a_password_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret")
    match = "^password is the path of a file, .* give password=pathlib.Path"
    with pytest.warns(UserWarning, match=match) as caught:
        Security.sasl_plain("alice", str(file))
    assert str(file) not in str(caught[0].message)


GUESSED = ["tls", "ca", "cafile", "certificate", "key", "username", "password", "mechanism", "ssl"]


@pytest.mark.parametrize("name", GUESSED)
def test_arguments_of_security_given_to_a_producer(name: str) -> None:
    settings: dict[str, Any] = {name: CANARY}
    with pytest.raises(
        ConfigError, match=rf"^'{name}' .*give security=.*Security\.\w+\("
    ) as caught:
        Producer("a:1", **settings)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("arguments", [(), ("alice", CANARY)])
def test_security_itself_is_not_called(arguments: tuple[str, ...]) -> None:
    make: Any = Security
    for named in ({}, {"tls": True, "password": CANARY}):
        with pytest.raises(TypeError, match=r"^make a Security with Security\.tls\(\)") as caught:
            make(*arguments, **named)
        assert CANARY not in str(caught.value)


OTHERS_WAYS: list[tuple[Any, str]] = [
    ("SSL", "not str; .*from_properties"),
    ({"security.protocol": "SSL", "sasl.password": CANARY}, "not dict; .*from_properties"),
    (Security.tls, r"not method; call it"),
    (Security, r"not type"),
    (True, "not bool"),
]


@pytest.mark.parametrize(("security", "match"), OTHERS_WAYS)
def test_what_is_no_security(security: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=f"^security must be made by .*{match}") as caught:
        ProducerConfig("a:1", security=security)
    assert CANARY not in str(caught.value)


def test_passwords_that_are_fine_warn_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Security.sasl_plain("alice smith", "a secret", ca=Path("ca.pem"))
