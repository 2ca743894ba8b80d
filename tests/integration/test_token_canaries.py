"""Secrets of logins by token are shown nowhere, whatever fails on Apache Kafka.

As `test_security_canaries.py`, for tokens, their extensions, and what they are requested with:
client secrets, assertions, refresh tokens and AWS keys.
"""

import asyncio
import json
import logging
import pickle
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dekaf import DekafError, Producer, Security, SyncProducer
from dekaf._tokens import google_file
from dekaf.tokens import Google, MskIam, Oidc
from tests.canaries import Seen
from tests.integration.failing import add_output, fail
from tests.integration.logins import LONG, PATIENCE
from tests.kafka import Cluster, FaultProxy, TopicFactory, wait_until
from tests.kafka.token_server import CLIENT, Reply, TokenServer
from tests.kafka.tokens import unsecured_token
from tests.unit.cloud_services import Service, leave_clouds, serve

TOKEN = "canary-t0ken.opaque"  # noqa: S105
EXTENSION = "canary-extens10n"
SECRET = "canary-client-5ecret"  # noqa: S105
ASSERTION = "eyJhbGciOiJub25lIn0.canary-a55ertion.c2ln"
REFRESH = "1//canary-refre5h"
AWS_KEY = "canary-aws-5ecret"
AWS_SESSION = "canary-aws-5ession/+="
CANARIES = (TOKEN, EXTENSION, SECRET, ASSERTION, REFRESH, AWS_KEY, AWS_SESSION)

pytestmark = pytest.mark.asyncio


class Scene:
    """What tokens come from."""

    def __init__(self, server: TokenServer, clouds: Service, directory: Path) -> None:
        self.server = server
        self.clouds = clouds
        self.directory = directory

    def oidc(self, reply: Reply | None = None, **login: Any) -> Oidc:
        """Ask the server, which answers all requests so. Without a login, it is by a secret."""
        if reply is not None:
            self.server.faults.extend([reply] * 1000)
        login = login or {"client_id": CLIENT, "client_secret": SECRET}
        return Oidc(self.server.token_url, **login)

    def file(self, content: str) -> Path:
        path = self.directory / "secret"
        path.write_text(content)
        return path


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with TokenServer() as server, serve() as clouds:
        leave_clouds(monkeypatch, tmp_path, clouds)
        monkeypatch.setenv("no_proxy", "*")
        monkeypatch.setattr(google_file, "_ENDPOINT", server.token_url)
        yield Scene(server, clouds, tmp_path)


# -- providers ------------------------------------------------------------------------------


class Provider:
    """Its repr shows the token, as that of a dataclass does."""

    def __init__(self, **extensions: str) -> None:
        self._extensions = extensions

    def __repr__(self) -> str:
        return f"Provider({TOKEN!r})"

    def token(self) -> str:
        return TOKEN

    def extensions(self) -> dict[str, str]:
        return self._extensions


class Credential:
    """As azure-identity has them."""

    def get_token(self, *scopes: str) -> tuple[str, float]:
        raise RuntimeError(f"no token {TOKEN} for {scopes}: client_secret={SECRET}")


def raises() -> str:
    raise RuntimeError(f"the vault says {TOKEN}") from ValueError(f"client_secret={SECRET}")


async def raises_later() -> str:
    await asyncio.sleep(0)
    raise RuntimeError(f"the vault says {TOKEN}")


def times_out() -> str:
    raise TimeoutError(f"the vault did not take {SECRET}")


def echoed(secret: str, status: int = 401) -> Reply:
    """Have the server repeat what it was sent, as some do to explain an error."""
    answer = {"error": "invalid_client", "error_description": f"{secret} is wrong", "sent": secret}
    return Reply(status, json.dumps(answer).encode())


def answered(token: str) -> Reply:
    return Reply(200, json.dumps({"access_token": token, "expires_in": 60}).encode())


def redirected(secret: str) -> Reply:
    return Reply(302, b"", {"Location": f"http://login.example/{secret}?secret={secret}"})


def msk(**login: Any) -> MskIam:
    keys = {"secret_access_key": AWS_KEY, "session_token": AWS_SESSION}
    return MskIam("eu-west-1", access_key_id="AKIDEXAMPLE", **(keys | login))


def google(scene: Scene, reply: Reply) -> Google:
    """Exchange a user's refresh token, as gcloud keeps it."""
    scene.server.faults.extend([reply] * 1000)
    login = {"client_id": "id", "client_secret": SECRET, "refresh_token": REFRESH}
    file = scene.directory / ".config/gcloud/application_default_credentials.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"type": "authorized_user", **login}))
    return Google(principal="alice")


REFUSED: dict[str, Callable[[Scene], Any]] = {
    "a text": lambda _: TOKEN,
    "a file": lambda scene: scene.file(f"{TOKEN}\n"),
    "a file with another character": lambda scene: scene.file(f"{TOKEN} {TOKEN}"),
    "a tuple": lambda _: lambda: (TOKEN, time.time() + 60, "alice", {"pool": EXTENSION}),
    "an object": lambda _: Provider(),
    "an extension that cannot be sent": lambda _: Provider(pool=f"{EXTENSION}\x01"),
    "a token that is expired": lambda _: lambda: (TOKEN, time.time() - 60),
    "an expiry that is none": lambda _: lambda: (TOKEN, TOKEN),
    "another type": lambda _: lambda: [TOKEN],
    "bytes": lambda _: TOKEN.encode,
    "a function that raises": lambda _: raises,
    "a coroutine that raises": lambda _: raises_later,
    "a credential that raises": lambda _: Credential(),
    "a token of a server": lambda scene: scene.oidc(answered(TOKEN)),
    "a token that cannot be sent": lambda scene: scene.oidc(answered(f"{TOKEN},{TOKEN}")),
    "a server that repeats the secret": lambda scene: scene.oidc(echoed(SECRET)),
    "a server that repeats the secret as text": lambda scene: scene.oidc(
        Reply(200, SECRET.encode(), {"Content-Type": SECRET})
    ),
    "a server that redirects": lambda scene: scene.oidc(redirected(SECRET)),
    "a server that repeats the client assertion": lambda scene: scene.oidc(
        echoed(ASSERTION), client_assertion=ASSERTION
    ),
    "a server that repeats the assertion": lambda scene: scene.oidc(
        echoed(ASSERTION, 400), assertion=lambda: ASSERTION
    ),
    "a secret of a function that raises": lambda scene: scene.oidc(
        client_id=CLIENT, client_secret=raises
    ),
    "AWS keys": lambda _: msk(),
    "AWS keys of functions": lambda _: msk(session_token=lambda: AWS_SESSION),
    "AWS keys of a function that raises": lambda _: msk(secret_access_key=raises),
    "a refresh token": lambda scene: google(scene, echoed(REFRESH, 400)),
    "an access token of Google": lambda scene: google(scene, answered(TOKEN)),
}

# What may pass is tried again, until the messages time out.
TRANSIENT: dict[str, Callable[[Scene], Any]] = {
    "a function that times out": lambda _: times_out,
    "a server that fails": lambda scene: scene.oidc(echoed(SECRET, 500)),
    "a server that has enough": lambda scene: scene.oidc(echoed(SECRET, 429)),
}
SHORT = {"metadata_timeout_ms": 700, "delivery_timeout_ms": 1_500, "request_timeout_ms": 500}


def provided(token: Any) -> Security:
    scope = {"scope": "https://ns.servicebus.windows.net/.default"}
    more: dict[str, Any] = scope if isinstance(token, Credential) else {}
    return Security.sasl_oauthbearer(token, tls=False, **more)


@pytest.fixture
def seen(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[Seen]:
    """Look for canaries, in the end, in what a test adds and in what is logged and printed."""
    caplog.set_level(logging.DEBUG)
    seen = Seen()
    yield seen
    add_output(seen, caplog, capfd)
    seen.assert_without(*CANARIES)


@pytest.mark.parametrize("name", [*REFUSED, *TRANSIENT])
async def test_what_is_refused(secure_kafka: Cluster, scene: Scene, seen: Seen, name: str) -> None:
    token = (REFUSED | TRANSIENT)[name](scene)
    security = provided(token)
    seen.add_value("the setting", security)
    if isinstance(token, Oidc | MskIam | Google):
        seen.add_value("the provider", token)
    servers, ends = secure_kafka.bootstrap("SASL_PLAINTEXT"), SHORT if name in TRANSIENT else {}
    await fail(servers, security, seen, pings=False, **ends)


async def test_without_an_event_loop(secure_kafka: Cluster, scene: Scene, seen: Seen) -> None:
    servers = secure_kafka.bootstrap("SASL_PLAINTEXT")

    def produce() -> None:
        security = provided(scene.oidc(echoed(SECRET)))
        producer = SyncProducer(servers, security=security, **LONG)
        seen.add_value("the producer", producer)
        for call in (
            lambda: producer.produce("unreached", b"v"),
            producer.ping,
            producer.close,
        ):
            try:
                call()
            except DekafError as error:
                seen.add_error("the error", error)
                seen.add_variables("the error", error)

    await asyncio.to_thread(produce)
    assert any(where == "the error" for where, _ in seen.texts)


# -- a login that succeeds, and is refused later ----------------------------------------------


async def test_a_token_that_is_refused_later(
    secure_kafka: Cluster,
    topic: TopicFactory,
    seen: Seen,
    caplog: pytest.LogCaptureFixture,
) -> None:
    name, good = topic(secure_kafka), unsecured_token()
    tokens = iter([(good, time.time() + 2)])

    def provide() -> tuple[str, float]:
        return next(tokens, (TOKEN, time.time() + 60))

    security = provided(provide)
    servers = secure_kafka.bootstrap("SASL_PLAINTEXT_PROXIED")
    ends: dict[str, Any] = {"delivery_timeout_ms": 4_000, "request_timeout_ms": 2_000}
    with FaultProxy(secure_kafka.routes("SASL_PLAINTEXT_PROXIED")) as proxy:
        async with (
            asyncio.timeout(PATIENCE),
            Producer(servers, security=security, **ends) as producer,
        ):
            await producer.produce(name, b"v")
            seen.add_value("the producer", producer)
            seen.add_value("the configuration", producer.config)
            ended = time.time() + 2
            await asyncio.to_thread(wait_until, lambda: time.time() > ended, what="it has ended")
            proxy.cut()
            with pytest.raises(DekafError) as caught:
                await producer.produce(name, b"v")
            seen.add_error("the error", caught.value)
            seen.add_variables("the error", caught.value)
            seen.add_value("the metrics", producer.metrics())
            assert producer.metrics().security.login_failures > 0
    assert "refuses the token" in caplog.text
    seen.add("the log", caplog.text)
    seen.assert_without(good)


# -- pickles ---------------------------------------------------------------------------------


def secret_of_the_vault() -> str:
    return SECRET


PICKLED: dict[str, Callable[[Scene], Any]] = {
    "a file": lambda scene: scene.file(TOKEN),
    "a function": lambda _: secret_of_the_vault,
    "a secret of a file": lambda scene: scene.oidc(
        client_id=CLIENT, client_secret=scene.file(SECRET)
    ),
    "a secret of a function": lambda scene: scene.oidc(
        client_id=CLIENT, client_secret=secret_of_the_vault
    ),
    "AWS keys of files": lambda scene: msk(
        secret_access_key=scene.file(AWS_KEY), session_token=secret_of_the_vault
    ),
}
UNPICKLED: dict[str, Callable[[Scene], Any]] = {
    "a text": lambda _: TOKEN,
    "a lambda": lambda _: lambda: TOKEN,
    "an object": lambda _: Provider(),
    "a secret": lambda scene: scene.oidc(),
    "an assertion": lambda scene: scene.oidc(assertion=ASSERTION),
    "AWS keys": lambda _: msk(),
}


@pytest.mark.parametrize("make", PICKLED.values(), ids=PICKLED.keys())
async def test_what_is_pickled(scene: Scene, make: Callable[[Scene], Any]) -> None:
    seen = Seen()
    seen.add("the pickle", pickle.dumps(provided(make(scene))).decode("latin-1"))
    seen.assert_without(*CANARIES)


@pytest.mark.parametrize("make", UNPICKLED.values(), ids=UNPICKLED.keys())
async def test_what_is_not_pickled(scene: Scene, make: Callable[[Scene], Any]) -> None:
    seen = Seen()
    with pytest.raises(TypeError, match="cannot be pickled") as caught:
        pickle.dumps(provided(make(scene)))
    seen.add_error("the error", caught.value)
    seen.add_variables("the error", caught.value)
    seen.assert_without(*CANARIES)
