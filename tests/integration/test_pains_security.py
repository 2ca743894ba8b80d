"""What users of Kafka clients suffer from when connections are secured, as it is with dekaf.

Each test is named after a pain and its number among them. Pain 9 and a part of pain 8 are in
`test_security_renewal.py`, pains 10 and 11 in `test_security_rotation.py`, and pain 12 is in
`test_security_stores.py`.
"""

import asyncio
import logging
import re
import socket
import time
from typing import Any

import pytest

from dekaf import AuthenticationError, Producer, Security, SyncProducer, TlsError
from tests.integration.administrator import set_password
from tests.integration.logins import (
    LONG,
    MECHANISMS,
    PATIENCE,
    assert_stored,
    deliver,
    login,
    plain,
    refused,
    says,
    scram,
)
from tests.kafka import (
    Certificates,
    Cluster,
    FaultProxy,
    LoginLimit,
    Plan,
    TopicFactory,
    wait_until,
)
from tests.kafka.login_limit import WORDS
from tests.kafka.tokens import unsecured_token

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_pain_1_a_bad_login_loops_silently(
    secure_kafka: Cluster, topic: TopicFactory, mechanism: str | None
) -> None:
    servers = secure_kafka.bootstrap("SASL_PLAINTEXT")
    security = login(mechanism, user="mallory", tls=False)
    error = await refused(servers, security, topic(secure_kafka), topic(secure_kafka))
    assert isinstance(error, AuthenticationError)
    says(error, re.escape(servers), "mallory")
    producer = Producer(servers, security=security, **LONG)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(AuthenticationError, match="mallory"):
            await producer.ping(timeout=60)
        with pytest.raises(AuthenticationError, match="mallory"):
            await producer.start()


async def test_pain_2_a_certificate_could_not_be_verified(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    security = Security.tls(ca=certificates.other_ca)
    error = await refused(secure_kafka.bootstrap("SSL"), security, topic(secure_kafka))
    assert isinstance(error, TlsError)
    subject, issuer, store = "Testing cert #", "Testing CA #", str(certificates.other_ca)
    says(error, subject, issuer, re.escape(store))


async def test_pain_3_an_intermediate_is_no_ca(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    security = Security.tls(ca=certificates.intermediate)
    await deliver(secure_kafka, "TLS_INTERMEDIATE", security, topic(secure_kafka))


async def test_pain_4_a_trailing_dot_does_not_match(
    secure_kafka: Cluster, certificates: Certificates
) -> None:
    try:
        socket.getaddrinfo("localhost.", None)
    except socket.gaierror:
        pytest.skip("this machine's resolver knows no name with a trailing dot")
    servers = secure_kafka.bootstrap("SSL").replace("127.0.0.1", "localhost.")
    async with (
        asyncio.timeout(PATIENCE),
        Producer(servers, security=Security.tls(ca=certificates.ca), **LONG) as producer,
    ):
        await producer.start()


async def test_pain_5_an_address_instead_of_a_name(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    assert secure_kafka.bootstrap("SSL").startswith("127.0.0.1:")
    security = Security.tls(ca=certificates.ca)
    await deliver(secure_kafka, "SSL", security, topic(secure_kafka))


async def test_pain_5_a_certificate_of_another_name(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    """As behind a tunnel."""
    security = Security.tls(ca=certificates.ca, server_name="other.example")
    await deliver(secure_kafka, "TLS_OTHER_NAME", security, topic(secure_kafka))


class Tokens:
    """A provider of short-lived tokens that counts its calls."""

    def __init__(self, lasts: float = 3600.0) -> None:
        self.calls = 0
        self.end = 0.0  # of the last token
        self._lasts = lasts

    def __call__(self) -> str:
        self.calls += 1
        self.end = time.time() + self._lasts
        return unsecured_token(lasts=self._lasts)

    async def coroutine(self) -> str:
        await asyncio.sleep(0)
        return self()


async def test_pain_7_a_token_is_provided_while_nothing_is_polled(
    secure_kafka: Cluster, topic: TopicFactory
) -> None:
    """Nor does the event loop run."""
    name, tokens = topic(secure_kafka), Tokens()
    security = Security.sasl_oauthbearer(tokens, tls=False)
    producer = Producer(secure_kafka.bootstrap("SASL_PLAINTEXT"), security=security, **LONG)
    producer.send(name, "0")
    assert_stored(secure_kafka, name, ["0"])  # it blocks the loop
    await producer.close()
    assert tokens.calls == 1


async def test_pain_7_a_token_is_provided_by_a_coroutine(
    secure_kafka: Cluster, topic: TopicFactory
) -> None:
    name, tokens = topic(secure_kafka), Tokens()
    security = Security.sasl_oauthbearer(tokens.coroutine, tls=False)
    servers = secure_kafka.bootstrap("SASL_PLAINTEXT")
    producer = Producer(servers, security=security, **LONG)
    producer.send(name, "0")
    await asyncio.to_thread(assert_stored, secure_kafka, name, ["0"])
    await producer.close()
    assert tokens.calls == 1


@pytest.mark.parametrize("is_async", [False, True], ids=["function", "coroutine"])
async def test_pain_7_a_token_is_provided_to_a_producer_that_was_idle(
    secure_kafka: Cluster, topic: TopicFactory, is_async: bool
) -> None:
    """After its token has ended, and without asyncio."""
    name, tokens = topic(secure_kafka), Tokens(lasts=2.0)
    provider = tokens.coroutine if is_async else tokens
    security = Security.sasl_oauthbearer(provider, tls=False)
    servers = secure_kafka.bootstrap("SASL_PLAINTEXT")

    def produce() -> None:
        with SyncProducer(servers, security=security, **LONG) as producer:
            producer.send(name, "0")
            assert_stored(secure_kafka, name, ["0"])
            wait_until(lambda: time.time() > tokens.end, what="the token has ended")
            asked = tokens.calls
            producer.send(name, "1")
            assert_stored(secure_kafka, name, ["0", "1"])
            assert tokens.calls > asked

    await asyncio.to_thread(produce)


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_pain_8_idle_connections_that_end_are_reported_as_errors(
    secure_kafka: Cluster,
    certificates: Certificates,
    topic: TopicFactory,
    caplog: pytest.LogCaptureFixture,
    reset: bool,
) -> None:
    name, told = topic(secure_kafka), list[BaseException]()
    with FaultProxy(secure_kafka.routes("SASL_SSL_PROXIED")) as proxy:
        async with Producer(
            secure_kafka.bootstrap("SASL_SSL_PROXIED"),
            security=scram(ca=certificates.ca),
            on_error=told.append,
            **LONG,
        ) as producer:
            await producer.produce(name, "before")
            proxy.cut(reset=reset)
            await asyncio.to_thread(
                wait_until, lambda: producer.metrics().disconnects > 0, what="the end is noticed"
            )
            assert not [r for r in caplog.records if r.levelno >= logging.INFO], caplog.text
            await producer.produce(name, "after")
    assert not told
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING], caplog.text
    assert_stored(secure_kafka, name, ["before", "after"])


async def test_pain_8_the_broker_closes_idle_connections(
    kafka_version: str, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    plan = Plan(
        version=kafka_version,
        listeners=["PLAINTEXT", "SASL_SSL_PROXIED"],
        proxied=["SASL_SSL_PROXIED"],
        certificates=certificates,
        settings={"connections.max.idle.ms": 2_000},
    )
    security = scram(ca=certificates.ca)
    with Cluster(plan) as kafka, FaultProxy(kafka.routes("SASL_SSL_PROXIED")) as proxy:
        name, servers = kafka.new_topic(), kafka.bootstrap("SASL_SSL_PROXIED")
        async with Producer(servers, security=security, **LONG) as producer:
            await producer.produce(name, "before")
            await asyncio.to_thread(wait_until, lambda: proxy.open == 0, what="all are closed")
            await producer.produce(name, "after")
        assert_stored(kafka, name, ["before", "after"])
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING], caplog.text


async def test_pain_13_a_wrong_protocol_is_guessed_wrongly(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    """By every kind of client on every kind of port: what differs is named, and no more."""
    tls: dict[str, Any] = {"ca": certificates.ca}
    no_tls: dict[str, Any] = {"tls": False}
    clients = {
        "PLAINTEXT": None,
        "SSL": Security.tls(**tls),
        "SASL_PLAINTEXT": plain(**no_tls),
        "SASL_SSL": plain(**tls),
    }
    name = topic(secure_kafka)
    wrong = []
    for client, security in clients.items():
        for port in clients:
            if client == port:
                continue
            error = await refused(secure_kafka.bootstrap(port), security, name)
            differs_in_tls = ("SSL" in client) != ("SSL" in port)
            expected = TlsError if differs_in_tls else AuthenticationError
            if not isinstance(error, expected):
                wrong.append(f"a {client} client on a {port} port: {error!r}")
    assert not wrong, "\n".join(wrong)


async def test_pain_14_a_limit_of_logins_loses_messages(
    secure_kafka: Cluster, topic: TopicFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """As Amazon MSK has it, with the code of a wrong password."""
    name, servers = topic(secure_kafka), secure_kafka.bootstrap("SASL_PLAINTEXT_PROXIED")
    with LoginLimit(secure_kafka.routes("SASL_PLAINTEXT_PROXIED")) as limit:
        async with Producer(servers, security=scram(tls=False), **LONG) as producer:
            await producer.produce(name, "before")
            limit.refuse(2)
            limit.cut()
            await producer.produce(name, "after")
        assert limit.refused == 2
    assert_stored(secure_kafka, name, ["before", "after"])
    assert WORDS in caplog.text


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "OAUTHBEARER"])
async def test_pain_14_a_limit_of_logins_fails_the_first_messages(
    secure_kafka: Cluster, topic: TopicFactory, mechanism: str
) -> None:
    asked: list[str] = []

    def token() -> str:
        asked.append(unsecured_token())
        return asked[-1]

    by_token = mechanism == "OAUTHBEARER"
    security = Security.sasl_oauthbearer(token, tls=False) if by_token else scram(tls=False)
    name, servers = topic(secure_kafka), secure_kafka.bootstrap("SASL_PLAINTEXT_PROXIED")
    with LoginLimit(secure_kafka.routes("SASL_PLAINTEXT_PROXIED")) as limit:
        limit.refuse(2)
        async with Producer(servers, security=security, **LONG) as producer:
            await producer.produce(name, "0")
        assert limit.refused == 2
    assert_stored(secure_kafka, name, ["0"])
    assert len(asked) == by_token, "a refused login keeps its token"


AWKWARD = {
    "quotes": "\"p'a`ss\\word;",
    "separators": "a,b=c;n=d,r=e",
    "letters": "pässwörd-пароль-密码",
    "spaces": "pass word",
    "percent": "%24{p}$HOME#",
}


@pytest.mark.parametrize("password", AWKWARD.values(), ids=AWKWARD.keys())
async def test_pain_15_special_characters_in_passwords(
    secure_kafka: Cluster, topic: TopicFactory, password: str
) -> None:
    set_password(secure_kafka, "da,ve=d", password)
    security = scram("da,ve=d", password, tls=False)
    await deliver(secure_kafka, "SASL_PLAINTEXT", security, topic(secure_kafka))


async def test_pain_15_a_newline_behind_a_password(
    secure_kafka: Cluster, topic: TopicFactory
) -> None:
    """It came with the password from a file or a secret; a warning mentions it."""
    for make in (plain, scram):
        with pytest.warns(UserWarning, match="begins or ends with whitespace"):
            security = make("alice", "alice-secret\n", tls=False)
        error = await refused(
            secure_kafka.bootstrap("SASL_PLAINTEXT"), security, topic(secure_kafka)
        )
        assert isinstance(error, AuthenticationError)
