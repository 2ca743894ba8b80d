"""What provides tokens: each shape that other clients know, and each that is refused."""

import asyncio
import base64
import datetime as dt
import functools
import json
import pickle
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dekaf import ConfigError
from dekaf._secret import Secret
from dekaf._tokens.jwt import expiry_of
from dekaf._tokens.provider import Provider, read, read_in_loop, to_provider
from dekaf._tokens.refusal import TokenRefusal
from dekaf._tokens.returned import to_token
from dekaf._tokens.token import Token
from tests.canaries import Seen

TOKEN = "CANARY7f3a.opaque"  # noqa: S105 - it is a canary
SOON = float(int(time.time()) + 3600)


def jwt(claims: object, signature: str = "c2ln") -> str:
    parts = [{"alg": "none"}, claims]
    encoded = (base64.urlsafe_b64encode(json.dumps(each).encode()).decode() for each in parts)
    return ".".join(each.rstrip("=") for each in [*encoded, signature])


class AccessToken(NamedTuple):
    """As azure-core's."""

    token: str
    expires_on: int


@dataclass
class AccessTokenInfo:
    """As azure-core's, which is no tuple."""

    token: str
    expires_on: int


class KafkaPython:
    def token(self) -> str:
        return TOKEN


class WithExtensions(KafkaPython):
    def extensions(self) -> dict[str, str]:
        return {"logicalCluster": "lkc-1"}


class Aiokafka:
    async def token(self) -> str:
        await asyncio.sleep(0)
        return TOKEN

    def extensions(self) -> dict[str, str]:
        return {"logicalCluster": "lkc-1"}


class AsyncExtensions(KafkaPython):
    async def extensions(self) -> dict[str, str]:
        return {"logicalCluster": "lkc-1"}


@dataclass
class Azure:
    made: Callable[[str, int], object] = AccessToken
    scopes: list[tuple[str, ...]] = field(default_factory=list)

    def get_token(self, *scopes: str, **_: object) -> object:
        self.scopes.append(scopes)
        return self.made(TOKEN, int(SOON))


class AsyncAzure(Azure):
    async def get_token(self, *scopes: str, **_: object) -> object:
        return super().get_token(*scopes)


class SecretStr:
    def get_secret_value(self) -> str:
        return f"{TOKEN}\n"


class SyncCallable:
    def __call__(self) -> str:
        return TOKEN


class AsyncCallable:
    async def __call__(self) -> str:
        return TOKEN


def plain() -> str:
    return TOKEN


async def coroutine() -> str:
    await asyncio.sleep(0)
    return TOKEN


def returns(value: object) -> Callable[[], Any]:
    return lambda: value


@functools.lru_cache
def from_c() -> str:
    return TOKEN


EXTENDED = (("logicalCluster", "lkc-1"),)
SHAPES: list[tuple[Any, Token]] = [
    (TOKEN, Token(TOKEN)),
    (f" {TOKEN}\n", Token(TOKEN)),
    (Secret(f"{TOKEN}\n"), Token(TOKEN)),
    (SecretStr(), Token(TOKEN)),
    (plain, Token(TOKEN)),
    (from_c, Token(TOKEN)),
    (coroutine, Token(TOKEN)),
    (functools.partial(coroutine), Token(TOKEN)),
    (functools.partial(lambda call: call(), coroutine), Token(TOKEN)),
    (SyncCallable(), Token(TOKEN)),
    (AsyncCallable(), Token(TOKEN)),
    (returns(f"{TOKEN}\n"), Token(TOKEN)),
    (returns((TOKEN, SOON)), Token(TOKEN, SOON)),
    (returns((TOKEN, int(SOON) * 1000)), Token(TOKEN, SOON)),
    (returns((TOKEN, None)), Token(TOKEN)),
    (returns((TOKEN, SOON, "alice")), Token(TOKEN, SOON)),
    (returns((TOKEN, SOON, "alice", {"logicalCluster": "lkc-1"})), Token(TOKEN, SOON, EXTENDED)),
    (returns((TOKEN, SOON, None, None)), Token(TOKEN, SOON)),
    (returns(Token(TOKEN, SOON, EXTENDED)), Token(TOKEN, SOON, EXTENDED)),
    (returns(AccessToken(TOKEN, int(SOON))), Token(TOKEN, SOON)),
    (returns(AccessTokenInfo(TOKEN, int(SOON))), Token(TOKEN, SOON)),
    (KafkaPython(), Token(TOKEN)),
    (WithExtensions(), Token(TOKEN, None, EXTENDED)),
    (Aiokafka(), Token(TOKEN, None, EXTENDED)),
    (AsyncExtensions(), Token(TOKEN, None, EXTENDED)),
]
ASYNC = [coroutine, functools.partial(coroutine), AsyncCallable(), Aiokafka(), AsyncExtensions()]


@pytest.mark.parametrize(("given", "expected"), SHAPES)
def test_every_shape_is_a_token(given: Any, expected: Token) -> None:
    provider = to_provider("token", given)
    assert read(provider) == expected
    assert read(provider) == expected
    assert to_provider("token", provider) is provider


@pytest.mark.parametrize("given", ASYNC)
def test_what_needs_a_loop_is_known_beforehand(given: Any) -> None:
    provider = to_provider("token", given)
    assert provider.is_async
    assert asyncio.run(read_in_loop(provider)).value == TOKEN
    assert not to_provider("token", plain).is_async
    assert not to_provider("token", KafkaPython()).is_async
    assert to_provider("token", AsyncAzure(), scope="s").is_async
    assert not to_provider("token", Azure(), scope="s").is_async


@pytest.mark.parametrize("kind", [Azure, AsyncAzure])
@pytest.mark.parametrize("made", [AccessToken, AccessTokenInfo])
@pytest.mark.parametrize(
    ("scope", "expected"), [("a/.default", ("a/.default",)), (["a", "b"], ("a", "b"))]
)
def test_credentials_of_azure_get_the_scope(
    kind: type[Azure], made: Any, scope: Any, expected: tuple[str, ...]
) -> None:
    credential = kind(made)
    assert read(to_provider("token", credential, scope=scope)) == Token(TOKEN, SOON)
    assert credential.scopes == [expected]


def test_a_file_is_read_each_time(tmp_path: Path) -> None:
    file = tmp_path / "token"
    provider = to_provider("token", file)
    with pytest.raises(TokenRefusal, match=r"^the file .*token cannot be read: No such file"):
        read(provider)
    for text in ("first", "second\n", "third\r\n"):
        file.write_text(text, newline="")
        assert read(provider) == Token(text.strip())
    file.write_text(jwt({"exp": SOON}))
    assert read(provider).expires_at == SOON
    file.write_bytes(TOKEN.encode() + b"\xff")
    with pytest.raises(TokenRefusal, match="is not UTF-8 text") as caught:
        read(provider)
    seen = Seen()
    seen.add_error("the error", caught.value)
    seen.assert_without(TOKEN)


def needs_one(config: str) -> str:
    return config


def needs_two(_one: str, _two: str) -> str:
    return TOKEN


class GoogleCredentials:
    token = None

    def refresh(self, request: object) -> None: ...


class Hostile:
    def __getattr__(self, name: str) -> Any:
        # pytest asks for names with underscores.
        raise AttributeError(name) if name.startswith("_") else ValueError(TOKEN)


REFUSED: list[tuple[Any, str]] = [
    ("", "^token is empty"),
    (" \n", "^token is empty"),
    (f"Bearer {TOKEN}", '^token begins with "Bearer "'),
    (f"bearer\t{TOKEN}", '^token begins with "Bearer "'),
    (f"{TOKEN} {TOKEN}", "^token has at position 18 a character that OAUTHBEARER cannot carry"),
    (f'{{"access_token": "{TOKEN}"}}', "^token has at position 1 "),
    (f"{TOKEN}=x", "^token has at position 18"),
    ("===", "^token has at position 1 "),
    (f"{TOKEN}\0", "^token contains a NUL"),
    (f"{TOKEN}\ud800", "^token cannot be encoded"),
    (f"{TOKEN}é", "^token has at position 18"),
    (TOKEN.encode(), "^token must be str, .* not bytes; decode it"),
    (None, "^token must be str, .* not NoneType; if it comes from an environment variable"),
    (12, "^token must be str, .* not int"),
    ([TOKEN], "^token must be str, .* not list"),
    (AccessToken(TOKEN, 1), "^token must be str, .* not AccessToken"),
    (KafkaPython, r"^token is the class KafkaPython; give an object: token=KafkaPython\("),
    (Azure, "^token is the class Azure"),
    (needs_one, r"^token is a function that needs an argument, .*oauth_cb.*functools\.partial"),
    (needs_two, r"^token is a function that needs arguments.*bind them"),
    (GoogleCredentials(), "^token must be .*not GoogleCredentials; give a function that refresh"),
    (Azure(), "^scope is missing: token is a credential of azure-identity"),
    (Path("/"), "^token='/' is a directory"),
    (Hostile(), r"^token: Hostile.get_secret_value\(\) raised ValueError"),
]


@pytest.mark.parametrize(("given", "match"), REFUSED)
def test_what_provides_no_token_is_refused_at_once(given: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=match) as caught:
        to_provider("token", given)
    seen = Seen()
    seen.add_error("the error", caught.value)
    seen.assert_without(TOKEN)


def test_a_coroutine_is_no_function() -> None:
    running = coroutine()
    with pytest.raises(ConfigError, match="give the coroutine function itself"):
        to_provider("token", running)
    running.close()


def test_the_path_of_a_file_is_no_token(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    with pytest.raises(ConfigError, match=r"^token is the path of a file, .*pathlib\.Path"):
        to_provider("token", str(file))


@pytest.mark.parametrize(
    ("scope", "match"),
    [
        ([], "^scope is empty"),
        ("", "^scope is empty"),
        ([""], "^each scope is empty"),
        (5, "^scope must be str or a list of str, not int"),
        ([5], "^each scope must be str, not int"),
    ],
)
def test_a_scope_is_text(scope: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        to_provider("token", Azure(), scope=scope)


@pytest.mark.parametrize("given", [TOKEN, plain, KafkaPython(), Path("token")])
def test_a_scope_is_for_azure_alone(given: Any) -> None:
    with pytest.raises(ConfigError, match=r"^scope is for credentials of azure-identity"):
        to_provider("token", given, scope="a")


RETURNED: list[tuple[object, str]] = [
    (None, "^the provider must return str, .* not NoneType"),
    (TOKEN.encode(), "not bytes; decode it"),
    ({"access_token": TOKEN}, "not dict"),
    ([TOKEN, SOON], "not list"),
    ((), "not a tuple of length 0"),
    ((TOKEN,), "not a tuple of length 1"),
    ((TOKEN, SOON, "p", {}, 1), "not a tuple of length 5"),
    ((TOKEN.encode(), SOON), "that the provider returned must be str, not bytes; decode it"),
    ("", "^the token that the provider returned is empty"),
    ((f"Bearer {TOKEN}", SOON), 'that the provider returned begins with "Bearer "'),
    (f"{TOKEN}\x01", "has at position 18"),
    (f"{TOKEN}\ud800", "has at position 18"),
    ((TOKEN, "1700000000"), "^the expiry that the provider returned must be seconds .* not str"),
    ((TOKEN, True), "not bool"),
    ((TOKEN, float("nan")), "is no time"),
    ((TOKEN, float("inf")), "is no time"),
    ((TOKEN, -1), "is no time"),
    ((TOKEN, 10**400), "is no time"),
    ((TOKEN, SOON, "p", "x=y"), "^the extensions that the provider returned must be a mapping"),
    ((TOKEN, SOON, "p", {"auth": "x"}), "have the name 'auth', which brokers refuse"),
    ((TOKEN, SOON, "p", {"a1": "x"}), "have the name 'a1'"),
    ((TOKEN, SOON, "p", {"": "x"}), "have the name ''"),
    ((TOKEN, SOON, "p", {TOKEN * 9: "x"}), "have the name, which"),
    (
        (TOKEN, SOON, "p", {"a": f"{TOKEN}\x01"}),
        "have a value of other than printable ASCII .* 'a'",
    ),
    ((TOKEN, SOON, "p", {"a": ""}), "have an empty value for 'a'"),
    ((TOKEN, SOON, "p", {"a": 1}), "must be a mapping of str to str"),
    ((TOKEN, SOON, "p", {1: "a"}), "must be a mapping of str to str"),
    (AccessTokenInfo(TOKEN, 1), r"^the provider returned a token that expired \d+ s ago; .*clocks"),
    (jwt({"exp": 1, "sub": TOKEN}), r"expired \d+ s ago"),
]


@pytest.mark.parametrize(("returned", "match"), RETURNED)
def test_what_is_no_token_is_refused_when_it_is_returned(returned: object, match: str) -> None:
    with pytest.raises(TokenRefusal, match=match) as caught:
        read(to_provider("token", returns(returned)))
    seen = Seen()
    seen.add_error("the error", caught.value)
    seen.assert_without(TOKEN)


def test_an_expiry_has_a_timestamp() -> None:
    with pytest.raises(TokenRefusal, match=r"as its timestamp\(\) returns it, not datetime"):
        to_token((TOKEN, dt.datetime.now(dt.UTC)))


def test_a_token_ends_at_its_expiry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    assert to_token((TOKEN, 1000.5)).expires_at == 1000.5
    with pytest.raises(TokenRefusal, match="expired 0 s ago"):
        to_token((TOKEN, 1000))
    with pytest.raises(TokenRefusal, match="expired 10 s ago"):
        to_token((TOKEN, 990))


def test_a_given_expiry_precedes_that_of_the_jwt() -> None:
    assert to_token((jwt({"exp": SOON + 1}), SOON)).expires_at == SOON
    assert to_token((jwt({"exp": SOON}), None)).expires_at == SOON


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"exp": SOON}, SOON),
        ({"exp": int(SOON)}, SOON),
        ({"exp": 0}, 0),
        ({"exp": str(int(SOON))}, None),
        ({"exp": True}, None),
        ({"exp": None}, None),
        ({"exp": [SOON]}, None),
        ({"exp": -1}, None),
        ({"exp": float("nan")}, None),
        ({"exp": float("inf")}, None),
        ({"exp": 10**400}, None),
        ({"sub": "alice"}, None),
        ([SOON], None),
        ("exp", None),
        (None, None),
    ],
)
def test_the_expiry_of_a_jwt(claims: object, expected: float | None) -> None:
    assert expiry_of(jwt(claims)) == expected
    assert expiry_of(jwt(claims, signature="")) == expected


def part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@pytest.mark.parametrize(
    "claims",
    [
        part(b"[" * 200_000),
        part(b'{"exp":' * 100_000),
        part(b'{"exp":' + b"9" * 5000 + b"}"),
        part(b'{"exp":1e999}'),
        part(b'\xff\xfe{"exp":1}'),
        part(b'{"exp":1}\xff'),
        part(b""),
        "",
        "A",
        "=",
        "====",
        "+/~",
        "A" * 1_000_000,
    ],
    ids=range(13),
)
def test_a_hostile_jwt_is_opaque(claims: str) -> None:
    assert expiry_of(f"e30.{claims}.x") is None
    for parts in (1, 2, 4, 5):
        assert expiry_of(".".join([part(b'{"exp":1}')] * parts)) is None


def test_hostile_tokens_never_raise_but_in_our_words() -> None:
    seeded = random.Random(7628)  # noqa: S311 - it chooses inputs
    pieces: list[bytes] = [
        b'{"exp":', b"[", b"{", b"}", b"]", b",", b":", b'"exp"', b"1e309", b"-1", b"NaN", b"null",
        b"true", b"9" * 400, b'"\\ud800"', b"\xff", b"\0", b" ", b"4102444800",
    ]  # fmt: skip
    ends = 0
    for _ in range(10_000):
        content = b"".join(seeded.choices(pieces, k=seeded.randrange(8)))
        text = f"{part(content[:5])}.{part(content)}.{part(content[-5:])}"
        if seeded.random() < 0.3:
            position = seeded.randrange(len(text))
            text = text[:position] + chr(seeded.randrange(0x250)) + text[position + 1 :]
        expiry = expiry_of(text)
        assert expiry is None or (type(expiry) is float and expiry >= 0)
        try:
            token = to_token(text)
        except TokenRefusal:
            continue
        ends += token.expires_at is not None
        assert token.value == text.strip()
    assert ends  # not all are refused or opaque


SOURCES: list[Any] = [TOKEN, SecretStr(), functools.partial(str, TOKEN), WithExtensions(), Azure()]


@pytest.mark.parametrize("given", SOURCES)
def test_a_provider_shows_no_token(given: Any) -> None:
    scope = "a/.default" if isinstance(given, Azure) else None
    provider = to_provider("token", given, scope=scope)
    seen = Seen()
    seen.add_value("the provider", provider)
    seen.add("the token", repr(read(provider)), str(read(provider)))
    with pytest.raises(TypeError, match=r"^security cannot be pickled: token ") as caught:
        pickle.dumps(provider)
    seen.add_error("the error", caught.value)
    seen.assert_without(TOKEN)


@pytest.mark.parametrize("given", [plain, coroutine, Path("token")])
def test_files_and_functions_are_pickled(given: Any) -> None:
    provider = to_provider("token", given)
    assert pickle.loads(pickle.dumps(provider)) == provider  # noqa: S301 - it is ours


def test_providers_are_equal_if_their_sources_are() -> None:
    assert to_provider("token", TOKEN) == to_provider("token", f"{TOKEN}\n")
    assert to_provider("token", TOKEN) != to_provider("token", f"{TOKEN}2")
    assert to_provider("token", plain) == to_provider("token", plain)
    assert repr(to_provider("token", plain)) == "plain"
    assert repr(to_provider("token", Path("t"))) == "Path('t')"
    assert repr(Provider("object", KafkaPython())) == "KafkaPython"
