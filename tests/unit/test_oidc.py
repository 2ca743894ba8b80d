"""Tokens of a token server, which has faults: what is sent, what is read, and what is shown."""

import base64
import copy
import dataclasses
import json
import pickle
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote_plus

import pytest
import trustme

from dekaf import ConfigError
from dekaf._secret import Secret
from dekaf._tokens import endpoint, exchange
from dekaf._tokens.endpoint import LIMIT, Call, fetch
from dekaf._tokens.oidc import Oidc
from dekaf._tokens.provider import read, to_provider
from dekaf._tokens.refusal import TokenRefusal
from dekaf._tokens.said import shown_text
from dekaf._tokens.token import Token
from tests.canaries import Seen

CANARY = "CANARY7f3a/+ü=&"
ASSERTION = "eyJhbGciOiJub25lIn0.CANARY7f3a.c2ln"
URL = "https://login.example.com/token"
NOW = 2_000_000_000.0


@dataclass
class Server:
    """A token server that returns the configured answer."""

    port: int
    scheme: str = "http"
    status: int = 200
    body: bytes = b'{"access_token": "opaque"}'
    headers: dict[str, str] = field(default_factory=dict)
    is_slow: bool = False
    over: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}/realms/kafka/token?tenant=CANARY7f3a"

    def says(self, **answer: object) -> None:
        self.body = json.dumps(answer).encode()

    @property
    def form(self) -> dict[str, str]:
        return self.requests[-1][2]

    @property
    def login(self) -> str:
        kind, _, encoded = self.requests[-1][1]["Authorization"].partition(" ")
        assert kind == "Basic"
        return base64.b64decode(encoded).decode()


@contextmanager
def served(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = {name: value for name, [value] in parse_qs(body).items()}
            state.requests.append((self.path, dict(self.headers), form))
            if state.is_slow:
                state.over.wait(60)
            self.send_response(state.status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(state.body)

        do_GET = do_POST  # noqa: N815 - as http.server has it

        def log_message(self, *_: object) -> None: ...

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None: ...  # clients go away

    with Quiet(("localhost", 0), Handler) as listener:
        if context is not None:
            listener.socket = context.wrap_socket(listener.socket, server_side=True)
        state = Server(listener.server_port, "https" if context else "http")
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield state
        finally:
            state.over.set()
            listener.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(time, "time", lambda: NOW)


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as server:
        yield server


def jwt(claims: object) -> str:
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{part}.c2ln"


def test_a_secret_is_exchanged_for_a_token(server: Server) -> None:
    server.says(access_token="opaque", id_token="other", expires_in=300)
    oidc = Oidc(server.url, "alice", CANARY, scope="a b", audience="kafka", params={"x": "1&2"})
    assert oidc() == Token("opaque", NOW + 300)
    ((path, headers, form),) = server.requests
    assert path == "/realms/kafka/token?tenant=CANARY7f3a"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["Accept"] == "application/json"
    assert headers["User-Agent"] == "dekaf"
    assert form == {
        "grant_type": "client_credentials",
        "scope": "a b",
        "audience": "kafka",
        "x": "1&2",
    }
    assert server.login == f"alice:{CANARY}"


def test_the_header_is_encoded_if_that_is_asked_for(server: Server) -> None:
    Oidc(server.url, "a:b", CANARY, header_urlencode=True)()
    assert server.login == f"a%3Ab:{quote_plus(CANARY)}"


def test_secrets_are_read_anew_each_time(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    secrets = iter(["third"])
    for given, expected in ((file, "first"), (file, "second"), (lambda: next(secrets), "third")):
        file.write_text(f"{expected}\n")
        Oidc(server.url, "alice", given)()
        assert server.login == f"alice:{expected}"


@pytest.mark.parametrize("client_id", [None, "alice"])
def test_an_assertion_tells_who_asks(server: Server, tmp_path: Path, client_id: str | None) -> None:
    file = tmp_path / "assertion"
    oidc = Oidc(server.url, client_id, client_assertion=file, scope="a")
    for assertion in ("first", "second"):
        file.write_text(f"{assertion}\n")
        oidc()
        expected = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
            "scope": "a",
        }
        assert server.form == expected | ({"client_id": client_id} if client_id else {})
        assert "Authorization" not in server.requests[-1][1]


def test_an_assertion_is_exchanged(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "assertion"
    file.write_text(f"{ASSERTION}\n")
    expected = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": ASSERTION,
    }
    Oidc(server.url, assertion=file)()
    assert server.form == expected
    assert "Authorization" not in server.requests[-1][1]
    Oidc(server.url, "alice", CANARY, assertion=file)()
    assert server.form == expected
    assert server.login == f"alice:{CANARY}"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"access_token": "opaque"}, Token("opaque")),
        ({"access_token": "opaque\n", "expires_in": 60.5}, Token("opaque", NOW + 60.5)),
        ({"access_token": "opaque", "expires_in": "60"}, Token("opaque", NOW + 60)),
        ({"id_token": "opaque", "expires_in": 60}, Token("opaque", NOW + 60)),
        ({"access_token": "", "id_token": "opaque"}, Token("opaque")),
        ({"access_token": 5, "id_token": "opaque"}, Token("opaque")),
        ({"access_token": jwt({"exp": NOW + 9})}, Token(jwt({"exp": NOW + 9}), NOW + 9)),
        (
            {"access_token": jwt({"exp": NOW + 9}), "expires_in": 60},
            Token(jwt({"exp": NOW + 9}), NOW + 60),
        ),
        *(
            (
                {"access_token": jwt({"exp": NOW + 9}), "expires_in": odd},
                Token(jwt({"exp": NOW + 9}), NOW + 9),
            )
            for odd in (None, 0, -5, True, "soon", "", "9" * 5000, [60], 10**400, float("nan"))
        ),
    ],
)
def test_what_a_server_answers(server: Server, answer: dict[str, object], expected: Token) -> None:
    server.says(**answer)
    server.headers = {"Content-Type": "text/html"}  # which some servers say of JSON
    assert Oidc(server.url, "alice", CANARY)() == expected


def test_extensions_go_with_the_token(server: Server, tmp_path: Path) -> None:
    extensions = {"logicalCluster": "lkc-1", "identityPoolId": "pool-1"}
    file = tmp_path / "token"
    file.write_text("of-the-file")
    for oidc in (
        Oidc(server.url, "alice", CANARY, extensions=extensions),
        Oidc(file, extensions=extensions),
    ):
        assert oidc().extensions == tuple(extensions.items())
        assert read(to_provider("token", oidc)).extensions == tuple(extensions.items())


def test_a_file_holds_the_token(tmp_path: Path) -> None:
    file = tmp_path / "a token"
    file.write_text("opaque\n")
    for given in (file, str(file), file.as_uri(), f"file:{file}", f"file://localhost{file}"):
        assert Oidc(given)() == Token("opaque")
    file.write_text(jwt({"exp": NOW + 9}))
    assert Oidc(file)().expires_at == NOW + 9
    file.unlink()
    with pytest.raises(TokenRefusal, match=r"^token_endpoint: the file .* cannot be read: No such"):
        Oidc(file)()


REPEATS = [
    CANARY,
    CANARY.lower(),
    quote_plus(CANARY),
    base64.b64encode(CANARY.encode()).decode(),
    base64.b64encode(f"alice:{CANARY}".encode()).decode(),
    f"no such token: {jwt({})}",
    "\n".join(CANARY),
]
Break = Callable[[Server], object]


def says(status: int, **answer: object) -> Break:
    return sends(json.dumps(answer).encode(), status)


def sends(body: bytes, status: int = 200, **headers: str) -> Break:
    changes = {
        "body": body,
        "status": status,
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
    }
    return lambda server: vars(server).update(changes)


FAULTS: list[tuple[Break, str, bool]] = [
    (says(500), "answers with status 500$", True),
    (sends(CANARY.encode(), 503), "answers with status 503$", True),
    (says(429, error="slow_down"), "answers with status 429: slow_down$", True),
    (says(408), "status 408$", True),
    (says(404), "status 404$", False),
    (
        says(401, error="invalid_client", error_description="Invalid\r\n client\tor\x1b secret"),
        (
            "status 401: invalid_client: Invalid client or secret; if id and secret are right, try "
            "header_urlencode=True$"
        ),
        False,
    ),
    (says(400, error=["x"], error_description={}, trace=CANARY), "status 400; if id", False),
    (says(400, error="x" * 5000), "status 400: x{300}…; if id", False),
    *(
        (
            says(401, error="invalid_client", error_description=f"wrong: {repeated}"),
            r"status 401: invalid_client: \(the server's words are not shown, as they contain a s",
            False,
        )
        for repeated in REPEATS[:-1]
    ),
    (says(400, error=CANARY), r"status 400: \(the server's words are not shown", False),
    (says(200), "answers without access_token or id_token$", False),
    (says(200, error="bad", access_token=None), "without access_token or id_token: bad$", False),
    (says(200, access_token=f"{CANARY} x"), "^the token that the provider returned has at", False),
    (
        says(200, access_token=jwt({"exp": NOW - 60, "sub": CANARY})),
        "token that expired 60 s ago",
        False,
    ),
    (
        sends(CANARY.encode()),
        "answers with status 200 and a body that is no JSON object; ch",
        False,
    ),
    (sends(b"[1]"), "no JSON object", False),
    (sends(b"[" * 100_000), "no JSON object", False),
    (sends(b""), "no JSON object", False),
    (sends(b"<html>", content_type="text/html"), "no JSON object, but text/html; check the", False),
    (sends(b"", content_type=quote_plus(CANARY)), "no JSON object", False),
    (sends(b" " * (LIMIT + 1)), f"answers with more than {LIMIT} bytes", False),
    (
        sends(b"", 302, location="https://other.example/login?x=CANARY7f3a"),
        "status 302, a redirect to https://other.example/login, which would get the secret",
        False,
    ),
    (sends(b"", 307, location="/login"), "status 307, a redirect to /login, which would", False),
    (sends(b"", 308, location="//[/"), "status 308, a redirect, which would get the secret", False),
    (sends(b"", 301), "status 301, a redirect, which would get the secret", False),
]


@pytest.mark.parametrize(("fault", "match", "is_transient"), FAULTS)
def test_a_fault_is_explained(server: Server, fault: Break, match: str, is_transient: bool) -> None:
    fault(server)
    oidc = Oidc(server.url, "alice", CANARY)
    with pytest.raises(TokenRefusal, match=match) as caught:
        oidc()
    assert caught.value.is_transient is is_transient
    assert len(str(caught.value)) < 1000
    assert len(server.requests) == 1  # a redirect is not followed, and nothing is asked again
    seen = Seen()
    seen.add_error("the error", caught.value)
    seen.add_variables("the error", caught.value)
    seen.assert_without(CANARY, "CANARY7f3a", *REPEATS)


def test_the_assertions_are_not_shown(server: Server) -> None:
    server.status = 400
    server.says(error="invalid_grant", error_description=f"{ASSERTION} is no assertion")
    for name in ("assertion", "client_assertion"):
        assertion: dict[str, Any] = {name: f"{ASSERTION}"}
        with pytest.raises(TokenRefusal, match=r"invalid_grant: .the server's words are not") as it:
            Oidc(server.url, "alice", **assertion)()
        seen = Seen()
        seen.add_error("the error", it.value)
        seen.assert_without(ASSERTION, "CANARY7f3a")


def test_a_line_may_put_a_secret_together() -> None:
    assert "not shown" in shown_text("CANA\x00RY", ["CANA RY"])
    assert "not shown" in shown_text('{"secret": "a\\"b"}', ['a"b'])
    assert shown_text("plain", ["secret"]) == "plain"


def failed(oidc: Oidc) -> TokenRefusal:
    with pytest.raises(TokenRefusal) as caught:
        oidc()
    seen = Seen()
    seen.add_error("the error", caught.value)
    seen.assert_without(CANARY, "CANARY7f3a")
    return caught.value


@pytest.mark.parametrize("is_header", [True, False])
def test_a_slow_server_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch, is_header: bool
) -> None:
    if is_header:
        server.is_slow = True
        monkeypatch.setattr(endpoint, "_SECONDS", 0.05)
    else:
        monkeypatch.setattr(endpoint, "_SECONDS", 60)
        clock = iter([0.0, 61.0, 62.0])
        monkeypatch.setattr(exchange, "time", Clock(lambda: next(clock)))
    error = failed(Oidc(server.url, "alice", CANARY))
    assert "/realms/kafka/token does not answer within" in str(error)
    assert error.is_transient


@dataclass
class Clock:
    monotonic: Callable[[], float]


def test_a_server_that_is_down_may_come_back() -> None:
    with served() as server:
        pass
    error = failed(Oidc(server.url, "alice", CANARY))
    assert str(error) == (
        f"the token server at http://localhost:{server.port}/realms/kafka/token cannot be reached: "
        "Connection refused"
    )
    assert error.is_transient


def test_a_host_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", not_found)
    error = failed(Oidc("https://no-such-host.invalid/token", "alice", CANARY))
    assert str(error) == (
        "the token server at https://no-such-host.invalid/token cannot be reached: Name or service "
        "not known"
    )
    assert error.is_transient


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Server]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    with served(context) as server:
        yield server


def test_the_certificate_is_verified(secure: Server, authority: trustme.CA, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    for ca in (file, str(file), file.read_text(), file.read_bytes()):
        assert Oidc(secure.url, "alice", CANARY, ca=ca)() == Token("opaque")
    other = trustme.CA().cert_pem.bytes().decode()
    for untrusted in (None, other):
        error = failed(Oidc(secure.url, "alice", CANARY, ca=untrusted))
        assert "is not trusted: " in str(error)
        assert str(error).endswith("; give ca=")
        assert not error.is_transient
    wrong_name = secure.url.replace("localhost", "127.0.0.1")
    assert "127.0.0.1" in str(failed(Oidc(wrong_name, "alice", CANARY, ca=file)))
    assert len(secure.requests) == 4  # none without a trusted certificate


def test_a_directory_holds_authorities(secure: Server, tmp_path: Path) -> None:
    assert "is not trusted" in str(failed(Oidc(secure.url, "alice", CANARY, ca=tmp_path)))


def test_authorities_that_cannot_be_read(secure: Server, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    error = failed(Oidc(secure.url, "alice", CANARY, ca=file))
    assert str(error) == f"ca: the file {file} cannot be read: No such file or directory"
    file.write_text(CANARY)
    error = failed(Oidc(secure.url, "alice", CANARY, ca=file))
    assert str(error) == f"ca: the file {file} has no certificate in PEM"
    text = "-----BEGIN CERTIFICATE-----\nCANARY7f3a\n-----END CERTIFICATE-----"
    error = failed(Oidc(secure.url, "alice", CANARY, ca=text))
    assert str(error) == "ca: the text has no certificate in PEM"


def test_http_and_https_are_mixed_up(server: Server, secure: Server) -> None:
    error = failed(Oidc(server.url.replace("http:", "https:"), "alice", CANARY))
    assert "refuses TLS: " in str(error)
    error = failed(Oidc(secure.url.replace("https:", "http:"), "alice", CANARY))
    assert str(error).startswith(f"the token server at http://localhost:{secure.port}/realms/kafka")


def test_a_server_that_speaks_no_http() -> None:
    class NoHttp(BaseHTTPRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            self.wfile.write(f"220 smtp {CANARY}\r\n".encode())

    with ThreadingHTTPServer(("localhost", 0), NoHttp) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        error = failed(Oidc(f"http://localhost:{listener.server_port}", "alice", CANARY))
        listener.shutdown()
        thread.join()
    assert "does not answer with HTTP (BadStatusLine); check the URL" in str(error)


def test_a_get_has_no_form(server: Server) -> None:
    assert fetch(Call(server.url, {"Metadata": "true"})) == {"access_token": "opaque"}
    ((_, headers, form),) = server.requests
    assert headers["Metadata"] == "true"
    assert "Content-Type" not in headers
    assert form == {}


def test_proxies_of_the_environment_are_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://localhost:{server.port}")
    monkeypatch.setenv("no_proxy", "")
    assert Oidc("http://keycloak:8080/token", "alice", CANARY)() == Token("opaque")
    assert server.requests[0][0] == "http://keycloak:8080/token"


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example.com/token",
        "http://93.184.216.34/token",
        "http://[2606:2800:220:1::1]/token",
    ],
)
def test_clear_text_beyond_the_network_is_warned_of(url: str) -> None:
    with pytest.warns(UserWarning, match="^token_endpoint is an http URL: .* clear text") as caught:
        Oidc(url, "alice", CANARY)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "keycloak",
        "keycloak.auth.svc", "keycloak.auth.svc.cluster.local", "metadata.google.internal.",
    ],
)  # fmt: skip
def test_clear_text_within_the_network_is_usual(host: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Oidc(f"http://{host}:8080/token", "alice", CANARY)


def given(*arguments: Any, **keywords: Any) -> Callable[[], Oidc]:
    return lambda: Oidc(*arguments, **keywords)


REFUSED: list[tuple[Callable[[], Oidc], str]] = [
    (given(None, "a", CANARY), "^token_endpoint must be str, not NoneType; if it comes from an"),
    (given("", "a", CANARY), "^token_endpoint is empty"),
    (given("login.example.com/token", "a", CANARY), "^token_endpoint must begin with https://"),
    (given("ftp://example.com/token", "a", CANARY), "^token_endpoint must begin with https://"),
    (given("https://", "a", CANARY), "^token_endpoint must begin with https://"),
    (given("https://a:b/token", "a", CANARY), "^token_endpoint is no URL"),
    (given("https://[::1/token", "a", CANARY), "^token_endpoint is no URL"),
    (
        given(f"https://alice:{quote_plus(CANARY)}@a/", "a", "b"),
        "^token_endpoint has a login in it",
    ),
    (given("https://a/CANARY7f3a b", "a", "b"), "^token_endpoint has a character that a URL"),
    (given(f"https://a/{CANARY}", "a", "b"), "^token_endpoint has a character that a URL"),
    (given("https://a/\n", "a", "b"), "^token_endpoint has a character that a URL"),
    (given("file:token"), "^token_endpoint is a file: URL without an absolute path"),
    (given("file://host/token"), "^token_endpoint is a file: URL without an absolute path"),
    (given("file://[/token"), "^token_endpoint is a file: URL without an absolute path"),
    (given("file:///token", "a"), "^client_id is for a server, and token_endpoint is a file"),
    (given("/token", client_secret=CANARY), "^client_secret is for a server"),
    (given("/token", params={"a": "b"}), "^params is for a server"),
    (given(URL), "^client_secret is missing; give it, client_assertion= or assertion="),
    (given(URL, "a"), "^client_secret is missing"),
    (given(URL, None, CANARY), "^client_secret is given without client_id"),
    (given(URL, "a:b", CANARY), "^client_id has a colon.*header_urlencode=True"),
    (given(URL, "a", CANARY, client_assertion=Path("a")), "^client_secret contradicts"),
    (given(URL, "", CANARY), "^client_id is empty"),
    (given(URL, 5, CANARY), "^client_id must be str, not int"),
    (given(URL, "a", CANARY.encode()), "^client_secret must be str, .* not bytes; decode it"),
    (given(URL, "a", ""), "^client_secret is empty"),
    (given(URL, "a", CANARY, scope=["a"]), "^scope must be str, not list"),
    (given(URL, "a", CANARY, audience=""), "^audience is empty"),
    (given(URL, "a", CANARY, header_urlencode=1), "^header_urlencode must be True or False"),
    (given(URL, "a", CANARY, ca=5), "^ca must be a path or PEM text"),
    (given(URL, "a", CANARY, params="a=b"), "^params must be a mapping of str to str, not str"),
    (given(URL, "a", CANARY, params={1: "b"}), "^each name in params must be str, not int"),
    (given(URL, "a", CANARY, params={"a": 1}), r"^params\['a'\] must be str, not int"),
    (given(URL, "a", CANARY, params={"scope": "a"}), "^params has 'scope', which dekaf sends"),
    (
        given(URL, "a", "b", params={"client_secret": CANARY}),
        "^params has 'client_secret', which m",
    ),
    (given(URL, "a", "b", params={"assertion": CANARY}), "^params has 'assertion', which may be a"),
    (given(URL, "a", "b", extensions={"auth": CANARY}), "^extensions have the name 'auth'"),
    (given(URL, "a", "b", extensions={"a": f"{CANARY}\x01"}), "^extensions have a value of other"),
]


@pytest.mark.parametrize(("make", "match"), REFUSED)
def test_wrong_arguments_are_refused_at_once(make: Callable[[], Oidc], match: str) -> None:
    with pytest.raises(ConfigError, match=match) as caught:
        make()
    seen = Seen()
    seen.add_error("the error", caught.value)
    seen.assert_without(CANARY, "CANARY7f3a", quote_plus(CANARY))


@pytest.mark.parametrize(
    ("secret", "match"),
    [
        (Path("/no/such/file"), "^client_secret: the file /no/such/file cannot be read: No such"),
        (
            lambda: dict[str, str]()[CANARY],
            f"^client_secret: the function raised KeyError at {__file__}:.*text",
        ),
        (lambda: b"x", "^client_secret: the function must return str, not bytes"),
    ],
)
def test_a_secret_that_cannot_be_read(server: Server, secret: Any, match: str) -> None:
    with pytest.raises(TokenRefusal, match=match) as caught:
        Oidc(server.url, "alice", secret)()
    seen = Seen()
    seen.add_error("the error", caught.value)
    seen.assert_without(CANARY)
    assert not server.requests


def secret_of_the_vault() -> str:
    return CANARY


def full(**changes: Any) -> Oidc:
    settings: dict[str, Any] = {
        "scope": "a",
        "params": {"resource": "CANARY7f3a"},
        "extensions": {"a": "CANARY7f3a"},
        "header_urlencode": True,
    }
    return Oidc(
        f"{URL}?key=CANARY7f3a", "alice", changes.pop("secret", CANARY), **settings | changes
    )


def test_no_secret_is_shown() -> None:
    for oidc in (full(), full(secret=secret_of_the_vault)):
        seen = Seen()
        seen.add("the repr", repr(oidc), str(oidc), f"{oidc}", oidc._settings)
        seen.add("the repr of the provider", to_provider("token", oidc))
        seen.assert_without(CANARY, "CANARY7f3a")
        assert not dataclasses.is_dataclass(oidc)
    assert repr(full()) == (
        f"Oidc('{URL}', client_id='alice', client_secret='***', scope='a', "
        "params={'resource': ***}, extensions={'a': ***}, header_urlencode=True)"
    )
    assert repr(Oidc("/run/token")) == "Oidc(Path('/run/token'))"
    assert "client_assertion=Path('a')" in repr(Oidc(URL, client_assertion=Path("a")))
    assert "client_secret=secret_of_the_vault" in repr(full(secret=secret_of_the_vault))


def test_equality() -> None:
    assert full() == full()
    assert hash(full()) == hash(full())
    assert full() != full(secret="other")
    assert full() != full(scope="b")
    assert full() != "full"
    assert copy.deepcopy(full()) == copy.copy(full()) == full()


def test_nothing_is_changed_afterwards() -> None:
    oidc: Any = full()
    with pytest.raises(AttributeError, match="make another Oidc"):
        oidc.scope = "b"
    with pytest.raises(AttributeError, match="make another Oidc"):
        del oidc._settings


def of_the_environment(text: str) -> Secret:
    return Secret(text, (of_the_environment, ("another",)))


@pytest.mark.parametrize("secret", [Path("secret"), secret_of_the_vault])
def test_it_is_pickled_without_a_secret(secret: Any) -> None:
    oidc = full(secret=secret, params=None, extensions=None)
    pickled = pickle.dumps(to_provider("token", oidc))
    assert pickle.loads(pickled) == to_provider("token", oidc)  # noqa: S301 - it is ours
    variable: Any = of_the_environment(CANARY)
    pickled = pickle.dumps(full(secret=variable))
    assert CANARY.encode() not in pickled
    assert pickle.loads(pickled) == full(secret="another")  # noqa: S301 - it is ours


@pytest.mark.parametrize(
    "make",
    [
        full,
        lambda: full(secret=lambda: CANARY),
        lambda: full(secret=CANARY.strip),
        lambda: Oidc(URL, client_assertion=ASSERTION),
        lambda: Oidc(URL, assertion=ASSERTION),
    ],
)
def test_it_is_not_pickled_with_a_secret(make: Callable[[], Oidc]) -> None:
    with pytest.raises(TypeError, match=r"^Oidc cannot be pickled: (client_secret|.*assertion) "):
        pickle.dumps(make())
    with pytest.raises(TypeError, match=r"^Oidc cannot be pickled"):
        pickle.dumps(to_provider("token", make()))


def test_it_is_a_provider(server: Server) -> None:
    provider = to_provider("token", Oidc(server.url, "alice", CANARY))
    assert not provider.is_async
    assert read(provider) == Token("opaque")
    assert read(provider) == Token("opaque")
    assert len(server.requests) == 2
