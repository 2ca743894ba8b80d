"""Logins by tokens of a broker: FastStream's consumers and dekaf's producer ask one provider."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from aiokafka.abc import AbstractTokenProvider
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import AuthenticationFailedError, KafkaConnectionError
from faststream.kafka.security import parse_security
from faststream.security import SASLOAuthBearer

import dekaf
from dekaf import ConfigError
from dekaf.faststream import KafkaBroker, Security, _tokens
from dekaf.testing import Broker
from dekaf.tokens import MskIam
from tests.faststream.apps import Seen, producer_of
from tests.kafka import Cluster, TopicFactory
from tests.kafka.tokens import unsecured_token

TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9."  # noqa: S105 - of a made-up user
NOW = 2_000_000_000.0


class Clock:
    """A clock that tests set."""

    now = NOW

    def time(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(_tokens, "time", clock)
    return clock


class Source:
    """A token server: each answer is another token, valid for 100 s of the test's clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked = 0
        self.failure: Exception | None = None

    def __call__(self) -> Any:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return f"token{self.asked}", self.clock.now + 100, None, {"traceId": str(self.asked)}


@pytest.mark.asyncio
async def test_both_halves_log_in_to_apache_kafka(
    monkeypatch: pytest.MonkeyPatch, secure_kafka: Cluster, topic: TopicFactory
) -> None:
    monkeypatch.setattr(_tokens, "time", time)  # the broker has the real one
    asked: list[int] = []

    def function() -> tuple[str, float]:
        asked.append(threading.get_ident())
        return unsecured_token(), time.time() + 3600

    name, seen = topic(secure_kafka), Seen()
    security = Security(dekaf.Security.sasl_oauthbearer(function, tls=False))
    broker = KafkaBroker(secure_kafka.bootstrap("SASL_PLAINTEXT"), security=security)

    @broker.subscriber(name, auto_offset_reset="earliest")
    async def handler(body: str) -> None:
        seen.put_nowait(body)

    async with broker:
        await broker.start()
        await broker.publish("hello", name)
        assert await seen.take(1) == ["hello"]
    assert len(asked) == 2, "each half asks once"


def provider_of(token: Any, **settings: Any) -> AbstractTokenProvider:
    security = Security(dekaf.Security.sasl_oauthbearer(token, **settings))
    assert security.token_provider is not None
    return security.token_provider


def consumer_settings(broker: Any) -> dict[str, Any]:
    settings: dict[str, Any] = broker.config.broker_config.builder.keywords
    return settings


def test_both_halves_of_a_broker_ask_one_provider() -> None:
    own = dekaf.Security.sasl_oauthbearer(lambda: TOKEN)
    security = Security(own)
    assert isinstance(security, SASLOAuthBearer)
    parsed = parse_security(security)
    assert parsed.pop("ssl_context").get_ca_certs()
    assert parsed == {"security_protocol": "SASL_SSL", "sasl_mechanism": "OAUTHBEARER"}
    assert security.get_schema() == {"oauthbearer": {"type": "oauth2"}}
    broker = KafkaBroker("h:1", security=security)
    config = producer_of(broker).config
    assert config is not None
    assert config.security is own
    assert consumer_settings(broker)["sasl_oauth_token_provider"] is security.token_provider


def test_consumers_alone_have_the_provider() -> None:
    security = Security(dekaf.Security.sasl_oauthbearer(lambda: TOKEN, tls=False))
    assert not security.use_ssl
    broker = KafkaBroker("h:1", security=security, consumer_only=True)
    assert consumer_settings(broker)["sasl_oauth_token_provider"] is security.token_provider


def test_other_logins_have_none() -> None:
    security = Security(dekaf.Security.sasl_plain("u", "p"))
    assert security.token_provider is None
    settings = consumer_settings(KafkaBroker("h:1", security=security))
    assert settings["sasl_oauth_token_provider"] is None


@pytest.mark.asyncio
async def test_two_providers_contradict_each_other(dekaf_broker: Broker) -> None:
    provider: Any = provider_of(lambda: TOKEN)
    security = Security(dekaf.Security.sasl_oauthbearer(lambda: TOKEN, tls=False))
    broker = KafkaBroker(
        dekaf_broker.bootstrap_servers, security=security, sasl_oauth_token_provider=provider
    )
    with pytest.raises(ConfigError, match="sasl_oauth_token_provider contradicts"):
        await broker.connect()


@pytest.mark.asyncio
async def test_aiokafka_logs_in_with_it(clock: Clock) -> None:
    provider = provider_of(Source(clock), extensions={"logicalCluster": "lkc-1"})
    connection = AIOKafkaConnection(
        "h",
        1,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="OAUTHBEARER",
        sasl_oauth_token_provider=provider,
    )
    payload, _ = await connection.authenticator_oauth().step(None)
    parts = payload.decode().split("\x01")
    assert parts[:2] == ["n,,", "auth=Bearer token1"]
    assert set(filter(None, parts[2:])) == {"logicalCluster=lkc-1", "traceId=1"}


@pytest.mark.asyncio
async def test_a_token_serves_for_most_of_its_life(clock: Clock) -> None:
    source = Source(clock)
    provider = provider_of(source)
    assert [await provider.token(), await provider.token()] == ["token1", "token1"]
    clock.now += 79
    assert await provider.token() == "token1"
    clock.now += 1
    assert await provider.token() == "token2"
    assert provider.extensions() == {"traceId": "2"}
    assert source.asked == 2


@pytest.mark.asyncio
async def test_the_old_token_serves_while_there_is_no_other(clock: Clock) -> None:
    source = Source(clock)
    provider = provider_of(source)
    assert await provider.token() == "token1"
    source.failure = ConnectionError("canary")
    clock.now += 99
    assert await provider.token() == "token1"
    clock.now += 1
    with pytest.raises(KafkaConnectionError) as refused:
        await provider.token()
    assert "canary" not in str(refused.value)
    source.failure = None
    assert (await provider.token()).startswith("token")


@pytest.mark.asyncio
async def test_without_an_expiry_each_connection_asks() -> None:
    asked: list[int] = []

    def opaque() -> str:
        asked.append(threading.get_ident())
        return "opaque"

    provider = provider_of(opaque)
    assert [await provider.token(), await provider.token()] == ["opaque", "opaque"]
    assert len(asked) == 2
    assert threading.get_ident() not in asked, "a function may block, so it has its own thread"


@pytest.mark.asyncio
async def test_coroutines_run_in_the_loop() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def coroutine() -> str:
        loops.append(asyncio.get_running_loop())
        return "opaque"

    assert await provider_of(coroutine).token() == "opaque"
    assert loops == [asyncio.get_running_loop()]


@pytest.mark.asyncio
async def test_files_and_text(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of.a.file\n")
    assert await provider_of(tmp_path / "token").token() == "of.a.file"
    provider = provider_of("some-text")
    assert (await provider.token(), provider.extensions()) == ("some-text", {})
    assert "some-text" not in repr(provider)


@pytest.mark.asyncio
async def test_a_provider_that_fails_is_no_riddle() -> None:
    def broken() -> str:
        raise ValueError("canary")

    with pytest.raises(AuthenticationFailedError) as refused:
        await provider_of(broken).token()
    assert "no token for OAUTHBEARER: the provider raised ValueError" in str(refused.value)
    assert "canary" not in str(refused.value)


@pytest.mark.asyncio
async def test_a_provider_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tokens, "_SECONDS", 0.01)
    release, errors = asyncio.Event(), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))

    async def hang() -> str:
        await release.wait()
        return "late"

    with pytest.raises(KafkaConnectionError, match="did not return within"):
        await provider_of(hang).token()
    release.set()
    await asyncio.wait([task for task in asyncio.all_tasks() if task.get_name() == "dekaf-token"])
    await asyncio.sleep(0)  # the late answer has come
    assert errors == []


def test_a_provider_may_serve_several_loops() -> None:
    provider = provider_of(lambda: "opaque")
    assert [asyncio.run(provider.token()) for _ in range(2)] == ["opaque", "opaque"]


def test_a_late_answer_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop has ended before the function returns."""
    monkeypatch.setattr(_tokens, "_SECONDS", 0.01)
    release, threads = threading.Event(), list[threading.Thread]()

    def slow() -> str:
        threads.append(threading.current_thread())
        release.wait(30)
        return "late"

    with pytest.raises(KafkaConnectionError):
        asyncio.run(provider_of(slow).token())
    release.set()
    threads[0].join(30)
    assert not threads[0].is_alive()


def test_dekafs_own_providers_are_welcome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tokens, "time", time)
    keys = {"access_key_id": "AKID", "secret_access_key": "canary-secret"}
    provider = provider_of(MskIam("eu-west-1", **keys))  # type: ignore[arg-type]
    assert len(asyncio.run(provider.token())) > 100
    assert "canary" not in repr(provider)
