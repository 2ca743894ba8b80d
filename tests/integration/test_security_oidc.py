"""Signed tokens of an OpenID Connect server, which Apache Kafka verifies by the server's keys."""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from dekaf import AuthenticationError, Producer, Security, SyncProducer
from dekaf._tokens import endpoint
from dekaf.tokens import Oidc
from tests.integration.counters import Counters
from tests.integration.judge import assert_all_kept
from tests.integration.logins import LONG, PATIENCE, assert_stored, deliver, refused, says
from tests.kafka import JVM_FLAGS, Certificates, Cluster, Plan, TopicFactory, wait_until
from tests.kafka.release import Release
from tests.kafka.token_server import CLIENT, SECRET, Reply, TokenServer
from tests.kafka.tokens import SigningKey, unsecured_token

pytestmark = pytest.mark.versions

LISTENERS = ("SASL_PLAINTEXT", "SASL_SSL")
SHORT = 4.0  # seconds that a token lasts where tests wait for its end


@pytest.fixture(scope="module")
def _server() -> Iterator[TokenServer]:
    with TokenServer() as server:
        yield server


@pytest.fixture(scope="module")
def oidc_kafka(
    kafka_version: str, certificates: Certificates, _server: TokenServer
) -> Iterator[Cluster]:
    """Start a broker that takes tokens of the server alone."""
    release = Release(kafka_version)
    if not release.verifies_tokens:
        pytest.skip("brokers verify tokens by a server's keys since Kafka 3.1")
    plan = Plan(
        version=kafka_version,
        listeners=("PLAINTEXT", *LISTENERS),
        certificates=certificates,
        settings={
            name: value
            for listener in LISTENERS
            for name, value in _server.broker_settings(listener, release).items()
        },
        jvm_flags=(*JVM_FLAGS, _server.jvm_flag),
    )
    with Cluster(plan) as cluster:
        yield cluster


@pytest.fixture
def server(oidc_kafka: Cluster, _server: TokenServer) -> TokenServer:  # noqa: ARG001  (or skip)
    _server.reset()
    return _server


@pytest.fixture(autouse=True)
def _without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def by_secret(server: TokenServer) -> Oidc:
    return Oidc(server.token_url, CLIENT, SECRET, scope="kafka")


WAYS: dict[str, Callable[[TokenServer], Oidc]] = {
    "secret": by_secret,
    "client assertion": lambda server: Oidc(server.token_url, client_assertion=server.assertion),
    "jwt-bearer": lambda server: Oidc(server.token_url, assertion=server.assertion),
}


def bearer(server: TokenServer, **more: Any) -> Security:
    return Security.sasl_oauthbearer(by_secret(server), **(more or {"tls": False}))


@pytest.mark.asyncio
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
async def test_a_token_of_the_server(
    oidc_kafka: Cluster,
    server: TokenServer,
    topic: TopicFactory,
    way: Callable[[TokenServer], Oidc],
) -> None:
    security = Security.sasl_oauthbearer(way(server), tls=False)
    await deliver(oidc_kafka, "SASL_PLAINTEXT", security, topic(oidc_kafka))
    # The connection for questions and that for records share a token.
    assert server.asked == 1


@pytest.mark.asyncio
async def test_a_token_of_the_server_over_tls(
    oidc_kafka: Cluster, server: TokenServer, certificates: Certificates, topic: TopicFactory
) -> None:
    security = bearer(server, ca=certificates.ca)
    await deliver(oidc_kafka, "SASL_SSL", security, topic(oidc_kafka))


def test_without_an_event_loop(
    oidc_kafka: Cluster, server: TokenServer, topic: TopicFactory
) -> None:
    servers, name = oidc_kafka.bootstrap("SASL_PLAINTEXT"), topic(oidc_kafka)
    with SyncProducer(servers, security=bearer(server)) as producer:
        producer.produce(name, b"0")
    assert_stored(oidc_kafka, name, ["0"])


# -- tokens that the broker refuses ----------------------------------------------------------


def of_another_key(server: TokenServer) -> str:
    return SigningKey().sign(server.claims_of_now(), key_id=server.key.id)


UNACCEPTABLE: dict[str, Callable[[TokenServer], str]] = {
    "no JWT": lambda _: "opaque",
    "no signature": lambda _: unsecured_token(),
    "another key's signature": of_another_key,
    "an unknown key": lambda server: SigningKey().sign(server.claims_of_now()),
    "another audience": lambda server: server.token(aud="another"),
    "no audience": lambda server: server.token(aud=[]),
    "another issuer": lambda server: server.token(iss="http://another"),
    "no subject": lambda server: server.token(sub=""),
    "not valid yet": lambda server: server.token(nbf=time.time() + 3600),
    "expired by the broker's clock": lambda server: server.token(exp=time.time() - 5),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("issue", UNACCEPTABLE.values(), ids=UNACCEPTABLE.keys())
async def test_the_broker_refuses_a_token(
    oidc_kafka: Cluster,
    server: TokenServer,
    topic: TopicFactory,
    issue: Callable[[TokenServer], str],
) -> None:
    token = issue(server)
    server.answer["access_token"] = token
    error = await refused(oidc_kafka.bootstrap("SASL_PLAINTEXT"), bearer(server), topic(oidc_kafka))
    assert isinstance(error, AuthenticationError)
    says(error, "the broker refuses the token; check that", "issuer, audience", "invalid_token")
    assert token not in str(error)
    assert server.asked == 1


# -- clocks that differ ----------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_server_whose_clock_is_ahead(
    oidc_kafka: Cluster, server: TokenServer, topic: TopicFactory
) -> None:
    """Brokers allow for 30 s."""
    server.claims = {"iat": time.time() + 20, "nbf": time.time() + 20}
    await deliver(oidc_kafka, "SASL_PLAINTEXT", bearer(server), topic(oidc_kafka))


@pytest.mark.asyncio
async def test_a_token_that_is_expired_by_the_clients_clock(
    oidc_kafka: Cluster, server: TokenServer, topic: TopicFactory
) -> None:
    server.claims, server.answer = {"exp": time.time() - 5}, {"expires_in": None}
    servers = oidc_kafka.bootstrap("SASL_PLAINTEXT")
    error = await refused(servers, bearer(server), topic(oidc_kafka))
    assert isinstance(error, AuthenticationError)
    says(error, r"a token that expired \d+ s ago", "check the clocks")


# -- faults of the server --------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_server_that_fails_is_asked_again(
    oidc_kafka: Cluster, server: TokenServer, topic: TopicFactory
) -> None:
    server.faults.extend([Reply(500), Reply(503, b"<html>")])
    await deliver(oidc_kafka, "SASL_PLAINTEXT", bearer(server), topic(oidc_kafka), **LONG)
    assert server.asked == 3


@pytest.mark.asyncio
async def test_a_server_that_refuses_the_client_is_final(
    oidc_kafka: Cluster, server: TokenServer, topic: TopicFactory
) -> None:
    wrong = Oidc(server.token_url, CLIENT, "wrong-secret")
    security = Security.sasl_oauthbearer(wrong, tls=False)
    servers = oidc_kafka.bootstrap("SASL_PLAINTEXT")
    error = await refused(servers, security, topic(oidc_kafka))
    assert isinstance(error, AuthenticationError)
    says(error, "token: the token server at ", "status 401: invalid_client")
    assert server.asked == 1


@pytest.mark.asyncio
async def test_messages_wait_for_a_slow_server(
    oidc_kafka: Cluster, server: TokenServer, topic: TopicFactory
) -> None:
    server.hold()
    name, values = topic(oidc_kafka), [str(n) for n in range(20)]
    producer = Producer(oidc_kafka.bootstrap("SASL_PLAINTEXT"), security=bearer(server), **LONG)
    async with asyncio.timeout(PATIENCE):
        futures = [producer.produce(name, value) for value in values]
        await until(lambda: server.asked > 0, "the server is asked")
        assert not any(future.done() for future in futures)
        server.release()
        await asyncio.gather(*futures)
        await producer.close()
    assert server.asked == 1
    assert_stored(oidc_kafka, name, values)


@pytest.mark.asyncio
async def test_a_server_that_does_not_answer_is_asked_again(
    oidc_kafka: Cluster,
    server: TokenServer,
    topic: TopicFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(endpoint, "_SECONDS", 0.2)
    server.hold()
    name = topic(oidc_kafka)
    producer = Producer(oidc_kafka.bootstrap("SASL_PLAINTEXT"), security=bearer(server), **LONG)
    async with asyncio.timeout(PATIENCE):
        future = producer.produce(name, "0")
        await until(lambda: server.asked >= 2, "the server is asked again")
        assert not future.done()
        monkeypatch.undo()
        server.release()
        await future
        await producer.close()
    assert_stored(oidc_kafka, name, ["0"])


# -- tokens that end while a producer is at work ---------------------------------------------


async def until(condition: Callable[[], bool], what: str) -> None:
    await asyncio.to_thread(wait_until, condition, what=what)


async def hand_over_until(counters: Counters, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await counters.hand_over(1)
            await asyncio.sleep(0.002)  # between records: some hundred a second are enough


async def produce_until(counters: Counters, condition: Callable[[], bool]) -> None:
    await hand_over_until(counters, condition)
    await counters.until_settled()


@asynccontextmanager
async def at_work(
    cluster: Cluster, server: TokenServer, topic: TopicFactory, lasts: float = SHORT
) -> AsyncIterator[tuple[Producer, Counters]]:
    """Run a producer whose tokens last shortly; all that it has sent must be stored at the end."""
    server.lasts = lasts
    name, servers = topic(cluster), cluster.bootstrap("SASL_PLAINTEXT")
    async with Producer(servers, security=bearer(server), **LONG) as producer:
        counters = Counters(producer, name)
        await produce_until(counters, lambda: counters.acknowledged > 0)
        yield producer, counters
    assert_all_kept(cluster, counters, counters.handed_over)


@pytest.mark.asyncio
async def test_without_expires_in_the_token_says_when_it_ends(
    oidc_kafka: Cluster,
    server: TokenServer,
    topic: TopicFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.answer = {"expires_in": None}
    async with at_work(oidc_kafka, server, topic) as (producer, counters):
        assert server.asked == 1  # or each connection would have asked
        await produce_until(counters, lambda: producer.metrics().security.renewals >= 2)
        assert producer.metrics().security.renewal_failures == 0
    assert not [line for line in caplog.records if line.levelno > logging.INFO]


@pytest.mark.asyncio
async def test_a_server_that_fails_while_a_token_lasts_goes_unnoticed(
    oidc_kafka: Cluster,
    server: TokenServer,
    topic: TopicFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # The last fifth of a token's life must outlast the pauses of a busy machine.
    async with at_work(oidc_kafka, server, topic, lasts=3 * SHORT) as (_, counters):
        server.faults.append(Reply(500))
        await produce_until(counters, lambda: server.asked >= 3)
        await counters.hand_over(1)
        await counters.until_settled()
    assert not [line for line in caplog.records if line.levelno > logging.INFO]


@pytest.mark.asyncio
async def test_messages_outlive_a_server_that_is_down_when_the_token_ends(
    oidc_kafka: Cluster, server: TokenServer, topic: TopicFactory
) -> None:
    async with at_work(oidc_kafka, server, topic) as (_, counters):
        server.faults.extend([Reply(503)] * 1000)
        # They pile up once the token has ended.
        await hand_over_until(counters, lambda: counters.open >= 500)
        assert server.asked > 2
        server.faults.clear()
        await counters.until_settled()


@pytest.mark.asyncio
async def test_a_server_that_signs_with_another_key(
    oidc_kafka: Cluster, server: TokenServer, topic: TopicFactory
) -> None:
    """A broker refuses a key that it does not know, and then loads the server's keys anew."""
    async with at_work(oidc_kafka, server, topic) as (_, counters):
        server.rotate()
        old_ends, keys_asked = math.ceil(time.time() + SHORT), server.keys_asked
        await produce_until(counters, lambda: time.time() > old_ends)
        assert server.keys_asked > keys_asked
