"""Logins by tokens on Apache Kafka, by its default handler, which wants no signature."""

import asyncio
import time
from typing import Any

import pytest

from dekaf import AuthenticationError, ProducerConfig, Security, SyncProducer
from dekaf.testing import issue_token
from tests.integration.logins import assert_stored, deliver, refused, says, tls_for
from tests.kafka import Certificates, Cluster, TopicFactory
from tests.kafka.tokens import unsecured_token

pytestmark = [pytest.mark.versions]


@pytest.fixture(autouse=True)
def _knows_tokens(secure_kafka: Cluster) -> None:
    if not secure_kafka.plan.release.knows_tokens:
        pytest.skip("OAUTHBEARER came with Kafka 2.0")


def bearer(token: Any, **more: Any) -> Security:
    return Security.sasl_oauthbearer(token, **(more or {"tls": False}))


class Provider:
    """As kafka-python takes it."""

    def token(self) -> str:
        return unsecured_token()


class AsyncProvider:
    """As aiokafka takes it."""

    async def token(self) -> str:
        await asyncio.sleep(0)
        return unsecured_token()

    def extensions(self) -> dict[str, str]:
        return {"traceId": "1"}


async def coroutine() -> tuple[str, float]:
    await asyncio.sleep(0)
    return unsecured_token(), time.time() + 3600


def issued_as_for_the_box() -> str:
    return issue_token("alice")


def function() -> tuple[str, float, str, dict[str, str]]:
    return unsecured_token(), time.time() + 3600, "alice", {}


@pytest.mark.asyncio
@pytest.mark.parametrize("listener", ["SASL_PLAINTEXT", "SASL_SSL"])
async def test_a_token(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory, listener: str
) -> None:
    security = bearer(unsecured_token, **tls_for(listener, certificates))
    await deliver(secure_kafka, listener, security, topic(secure_kafka))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "source", [function, issued_as_for_the_box, coroutine, Provider(), AsyncProvider()]
)
async def test_every_shape_of_provider(
    secure_kafka: Cluster, topic: TopicFactory, source: object
) -> None:
    await deliver(secure_kafka, "SASL_PLAINTEXT", bearer(source), topic(secure_kafka))


@pytest.mark.asyncio
async def test_a_function_as_confluent_kafka_takes_it(
    secure_kafka: Cluster, topic: TopicFactory
) -> None:
    def oauth_cb(config: str) -> tuple[str, float]:
        return unsecured_token(config), time.time() + 3600

    config = ProducerConfig.from_properties(
        {
            "bootstrap.servers": secure_kafka.bootstrap("SASL_PLAINTEXT"),
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanisms": "OAUTHBEARER",
            "sasl.oauthbearer.config": "alice",
            "oauth_cb": oauth_cb,
        }
    )
    assert config.security is not None
    await deliver(secure_kafka, "SASL_PLAINTEXT", config.security, topic(secure_kafka))


@pytest.mark.parametrize("source", [function, coroutine])
def test_without_an_event_loop(secure_kafka: Cluster, topic: TopicFactory, source: object) -> None:
    servers, name = secure_kafka.bootstrap("SASL_PLAINTEXT"), topic(secure_kafka)
    with SyncProducer(servers, security=bearer(source)) as producer:
        producer.produce(name, b"0")
    assert_stored(secure_kafka, name, ["0"])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "token",
    [
        "no.json.here",
        unsecured_token(issued=time.time() + 3600),
        unsecured_token(lasts=7200, issued=time.time() - 3600).removesuffix("."),
    ],
    ids=["garbage", "not yet valid", "malformed"],
)
async def test_a_refused_token_fails_at_once_with_the_brokers_words(
    secure_kafka: Cluster, topic: TopicFactory, token: str
) -> None:
    servers = secure_kafka.bootstrap("SASL_PLAINTEXT")
    error = await refused(servers, bearer(token), topic(secure_kafka))
    assert isinstance(error, AuthenticationError)
    says(error, "the broker refuses the token; check that", "SASL", "invalid_token")
    assert token not in str(error)


@pytest.mark.asyncio
async def test_a_provider_that_raises_fails_the_messages(
    secure_kafka: Cluster, topic: TopicFactory
) -> None:
    def fails() -> str:
        raise KeyError("canary-secret")

    servers = secure_kafka.bootstrap("SASL_PLAINTEXT")
    error = await refused(servers, bearer(fails), topic(secure_kafka))
    assert isinstance(error, AuthenticationError)
    says(error, r"the provider raised KeyError at .*test_security_tokens\.py:\d+", "catch and log")
    assert "canary" not in str(error)
