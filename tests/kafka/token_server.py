"""An OpenID Connect server that brokers trust: it issues tokens, publishes keys, and has faults."""

import json
import math
import threading
import time
from base64 import b64decode
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

from tests.kafka.ports import HOST
from tests.kafka.release import Release
from tests.kafka.tokens import SigningKey

CLIENT = "dekaf"
SECRET = "client-secret"  # noqa: S105  (opens nothing else)
AUDIENCE = "kafka"

_CONTENT = "application/json"


@dataclass
class Reply:
    """An answer other than a token. `headers` may be those of a redirect."""

    status: int
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": _CONTENT})


class TokenServer:
    """It listens until the block ends, on a free port.

    The client CLIENT logs in with SECRET, or with an assertion that `client_key` has signed.
    """

    def __init__(self) -> None:
        self.client_key = SigningKey()
        self._keys = [SigningKey()]
        self.keys_asked = 0  # how often brokers have asked for the keys
        self._open = threading.Event()
        self.reset()
        self._server = _Listener((HOST, 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def reset(self) -> None:
        """End all faults, and forget what was asked. Keys stay."""
        self.lasts = 3600.0  # seconds, of a token
        self.claims: dict[str, object] = {}  # in place of the usual ones
        self.answer: dict[str, object] = {}  # fields in place of the usual ones; None is without
        self.faults: deque[Reply] = deque()  # each answers one request for a token
        self.forms: list[dict[str, str]] = []  # of all requests for tokens
        self._open.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    # -- for brokers and clients ----------------------------------------------------------

    @property
    def url(self) -> str:
        """The issuer of its tokens."""
        return f"http://{HOST}:{self._server.server_port}"

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"

    @property
    def jwks_url(self) -> str:
        return f"{self.url}/jwks"

    @property
    def key(self) -> SigningKey:
        """What it signs with."""
        return self._keys[-1]

    @property
    def asked(self) -> int:
        """How many tokens were requested, whatever the answer."""
        return len(self.forms)

    def broker_settings(self, listener: str, release: Release) -> dict[str, object]:
        """Let a listener of a broker verify this server's tokens (KIP-768)."""
        package = "org.apache.kafka.common.security.oauthbearer"
        if release.number < (3, 4):
            package += ".secured"
        settings = {
            "sasl.server.callback.handler.class": f"{package}.OAuthBearerValidatorCallbackHandler",
            "sasl.oauthbearer.jwks.endpoint.url": self.jwks_url,
            "sasl.oauthbearer.expected.audience": AUDIENCE,
            "sasl.oauthbearer.expected.issuer": self.url,
        }
        prefix = f"listener.name.{listener.lower()}.oauthbearer"
        return {f"{prefix}.{name}": value for name, value in settings.items()}

    @property
    def jvm_flag(self) -> str:
        """What brokers since Kafka 4.0 want before they ask a URL."""
        return f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={self.jwks_url}"

    def token(self, **claims: object) -> str:
        """Return a signed token, with these claims in place of the usual ones."""
        return self.key.sign(self.claims_of_now(**claims))

    def claims_of_now(self, **claims: object) -> dict[str, object]:
        now = time.time()
        usual = {
            "sub": "alice",
            "iss": self.url,
            "aud": AUDIENCE,
            "iat": int(now),
            # Brokers read whole seconds: rounded up, tokens last no shorter than `expires_in`.
            "exp": math.ceil(now + self.lasts),
        }
        return usual | self.claims | claims

    def assertion(self) -> str:
        """Return what a client shows in place of its secret."""
        now = int(time.time())
        claims = {"iss": CLIENT, "sub": CLIENT, "aud": self.token_url, "exp": now + 60}
        return self.client_key.sign(claims)

    # -- faults ---------------------------------------------------------------------------

    def hold(self) -> None:
        """Take requests for tokens, and answer none before `release`."""
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def rotate(self) -> None:
        """Sign with another key from now on. The keys before are still published."""
        self._keys.append(SigningKey())

    # -- inside ---------------------------------------------------------------------------

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        this = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                this.keys_asked += 1
                keys = [key.jwk() for key in this._keys]
                self._send(Reply(200, json.dumps({"keys": keys}).encode()))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                form = {name: value for name, [value] in parse_qs(body).items()}
                login = self.headers.get("Authorization", "")
                this.forms.append(form)
                this._open.wait()
                self._send(this.faults.popleft() if this.faults else this._reply(form, login))

            def _send(self, reply: Reply) -> None:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler

    def _reply(self, form: Mapping[str, str], login: str) -> Reply:
        if not self._knows(form, login):
            return Reply(401, b'{"error": "invalid_client"}')
        usual = {"access_token": self.token(), "expires_in": self.lasts, "token_type": "Bearer"}
        answer = {name: it for name, it in (usual | self.answer).items() if it is not None}
        return Reply(200, json.dumps(answer).encode())

    def _knows(self, form: Mapping[str, str], login: str) -> bool:
        """Say whether the client has shown its secret or an assertion."""
        grant = form["grant_type"]
        if grant == "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return self.client_key.has_signed(form["assertion"])
        if grant == "client_credentials" and "client_assertion" in form:
            return self.client_key.has_signed(form["client_assertion"])
        expected = f"{CLIENT}:{SECRET}"
        return b64decode(login.removeprefix("Basic ")).decode() == expected


class _Listener(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing: clients go away."""
