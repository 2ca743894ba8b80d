"""Logins that end, on Apache Kafka: they are renewed under load, and idle connections make way."""

import asyncio
import logging
import time
from collections.abc import Iterator
from functools import partial
from itertools import cycle
from typing import Any

import pytest

from dekaf import Producer, RecordMetadata, Security
from tests.integration.logins import PATIENCE, assert_stored, plain, scram
from tests.kafka import Certificates, Cluster, TopicFactory, wait_until
from tests.kafka.plan import Plan
from tests.kafka.release import Release
from tests.kafka.tokens import unsecured_token

pytestmark = [pytest.mark.asyncio, pytest.mark.versions]

LIFETIME = 3.0  # seconds, of a login


@pytest.fixture(scope="module")
def short_logins(kafka_version: str, certificates: Certificates) -> Iterator[Cluster]:
    """Start a broker on which each login lasts for some seconds (KIP-368)."""
    if Release(kafka_version).number < (2, 2):
        pytest.skip("logins end since Kafka 2.2")
    plan = Plan(
        version=kafka_version,
        listeners=["PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL"],
        certificates=certificates,
        settings={"connections.max.reauth.ms": int(LIFETIME * 1000)},
    )
    with Cluster(plan) as cluster:
        yield cluster


def bearer(**more: Any) -> Security:
    return Security.sasl_oauthbearer(unsecured_token, **more)


LOGINS = {"plain": plain, "scram": scram, "oauthbearer": bearer}


async def produce_for(producer: Producer, topic: str, seconds: float) -> list[str]:
    """Produce a message every few milliseconds, and return all values when they are stored."""
    end = time.monotonic() + seconds
    values: list[str] = []
    futures: list[asyncio.Future[RecordMetadata]] = []
    while time.monotonic() < end:
        values.append(str(len(values)))
        futures.append(producer.produce(topic, values[-1]))
        await asyncio.sleep(0.002)
    await asyncio.gather(*futures)
    return values


def has_ended(producer: Producer) -> bool:
    return producer.metrics().disconnects > 0


@pytest.mark.parametrize("login", LOGINS.values(), ids=LOGINS.keys())
@pytest.mark.parametrize("acks", ["all", 0])
async def test_pain_9_logins_are_renewed_under_load(
    short_logins: Cluster,
    certificates: Certificates,
    topic: TopicFactory,
    login: Any,
    acks: Any,
) -> None:
    name = topic(short_logins)
    servers = short_logins.bootstrap("SASL_SSL")
    security = login(ca=certificates.ca)
    async with Producer(servers, security=security, acks=acks) as producer:
        values = await produce_for(producer, name, 3 * LIFETIME)
        await producer.flush()
        metrics = producer.metrics()
    assert metrics.security.renewals >= 2
    assert metrics.security.renewal_failures == 0
    assert metrics.security.login_failures == 0
    # But for the connection on which the cluster is asked, which is not used, and ends.
    assert metrics.batches.retries == 0
    assert metrics.disconnects == 0
    assert_stored(short_logins, name, values)


async def test_pain_8_an_idle_producer_outlives_its_login_without_a_word(
    short_logins: Cluster, topic: TopicFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="dekaf")
    name = topic(short_logins)
    servers = short_logins.bootstrap("SASL_PLAINTEXT")
    async with Producer(servers, security=bearer(tls=False)) as producer:
        await producer.produce(name, "0")
        ended = partial(has_ended, producer)
        await asyncio.to_thread(wait_until, ended, what="the connection ends")
        await producer.produce(name, "1")
        assert producer.metrics().security.login_failures == 0
    assert_stored(short_logins, name, ["0", "1"])
    loud = [line for line in caplog.records if line.levelno > logging.INFO]
    assert not loud


async def test_a_user_that_changes_gets_a_new_connection(
    short_logins: Cluster, topic: TopicFactory, caplog: pytest.LogCaptureFixture
) -> None:
    users = cycle(["alice", "bob"])

    def token() -> str:
        # Each ends before the broker's limit, so that every renewal asks for another.
        return unsecured_token(next(users), lasts=LIFETIME)

    name = topic(short_logins)
    servers = short_logins.bootstrap("SASL_PLAINTEXT")
    security = Security.sasl_oauthbearer(token, tls=False)
    async with Producer(servers, security=security) as producer:
        values: list[str] = []
        async with asyncio.timeout(PATIENCE):
            # A connection that is opened late in the life of its token ends without a renewal.
            while producer.metrics().security.renewal_failures == 0:
                values += await produce_for(producer, name, LIFETIME)
        assert producer.metrics().records.failed == 0
    assert_stored(short_logins, name, values)
    assert not [line for line in caplog.records if line.levelno > logging.INFO]
