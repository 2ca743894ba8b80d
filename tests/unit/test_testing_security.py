"""dekaf's own producer connects to a secured broker in the box, as users' tests do.

These tests need the producer to speak TLS and SASL.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dekaf import (
    AuthenticationError,
    AuthorizationError,
    ProduceError,
    Producer,
    Security,
    SyncProducer,
    TlsError,
)
from dekaf.testing import Broker

USER, PASSWORD = "alice", "a secret, with = and \"quotes'"

BROKERS: dict[str, dict[str, Any]] = {
    "tls": {"security": Security.tls()},
    "server-name": {"security": Security.tls(server_name="kafka.example")},
    "mtls": {"security": Security.tls(), "client_certificates": True},
    "plain": {"security": Security.sasl_plain(USER, PASSWORD)},
    "plain-in-clear-text": {"security": Security.sasl_plain(USER, PASSWORD, tls=False)},
    "scram": {"security": Security.sasl_scram(USER, PASSWORD)},
    "scram-256": {"security": Security.sasl_scram(USER, PASSWORD, mechanism="SCRAM-SHA-256")},
    "scram-512": {"security": Security.sasl_scram(USER, PASSWORD, mechanism="SCRAM-SHA-512")},
    "scram-in-clear-text": {"security": Security.sasl_scram(USER, PASSWORD, tls=False)},
    "scram-mtls": {
        "security": Security.sasl_scram(USER, PASSWORD),
        "client_certificates": True,
    },
    "three-brokers": {"security": Security.sasl_scram(USER, PASSWORD), "brokers": 3},
}

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("arguments", BROKERS.values(), ids=BROKERS)
async def test_a_producer_has_what_it_needs(arguments: dict[str, Any]) -> None:
    with Broker(partitions=6, **arguments) as broker:
        async with Producer(broker.bootstrap_servers, security=broker.security) as producer:
            for n in range(100):
                await producer.produce("orders", b"%d" % n, key=b"%d" % n)
            await producer.produce("orders", b"large" * 100_000)
        broker.assert_published("orders", times=101)


async def test_without_a_loop() -> None:
    def work() -> None:
        with Broker(security=Security.sasl_scram(USER, PASSWORD)) as broker:
            with SyncProducer(broker.bootstrap_servers, security=broker.security) as producer:
                producer.produce("orders", b"v")
            broker.assert_published("orders", value=b"v", times=1)

    await asyncio.to_thread(work)


@pytest.mark.dekaf_broker(security=Security.sasl_scram(USER, PASSWORD))
async def test_the_fixtures(dekaf_broker: Broker, dekaf_producer: Producer) -> None:
    await dekaf_producer.produce("orders", b"v")
    dekaf_broker.assert_published("orders", value=b"v", times=1)


@pytest.mark.dekaf_broker(security=Security.sasl_plain(USER, PASSWORD))
async def test_connections_that_are_dropped(dekaf_broker: Broker, dekaf_producer: Producer) -> None:
    for n in range(20):
        await dekaf_producer.produce("orders", b"%d" % n)
        dekaf_broker.faults.drop_connections()
    stored = [record.value for record in dekaf_broker.records("orders")]
    assert stored == [b"%d" % n for n in range(20)]


async def test_a_password_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    with Broker(security=Security.sasl_scram(USER, file)) as broker:
        async with Producer(broker.bootstrap_servers, security=broker.security) as producer:
            await producer.produce("orders", b"v")


async def test_several_users() -> None:
    users = {"bob": "bob-secret"}
    with Broker(security=Security.sasl_plain(USER, PASSWORD, tls=False), users=users) as broker:
        for user, password in ((USER, PASSWORD), ("bob", "bob-secret")):
            security = Security.sasl_plain(user, password, tls=False)
            async with Producer(broker.bootstrap_servers, security=security) as producer:
                await producer.produce("orders", user)
        security = Security.sasl_plain("bob", PASSWORD, tls=False)
        with pytest.raises(AuthenticationError):
            await Producer(broker.bootstrap_servers, security=security).start()


async def test_a_wrong_password_is_refused() -> None:
    asked = Security.sasl_scram(USER, PASSWORD, tls=False)
    with Broker(security=asked) as broker:
        wrong = Security.sasl_scram(USER, "canary-secret", tls=False)
        with pytest.raises(AuthenticationError) as caught:
            await Producer(broker.bootstrap_servers, security=wrong).start()
        assert "canary-secret" not in str(caught.value)


async def test_another_ca_is_not_trusted() -> None:
    with Broker(security=Security.tls()) as broker, Broker(security=Security.tls()) as other:
        producer = Producer(broker.bootstrap_servers, security=other.security)
        with pytest.raises(TlsError, match=r"dekaf\.testing CA"):
            await producer.start()


async def test_a_mechanism_that_is_not_enabled_is_named() -> None:
    asked = Security.sasl_scram(USER, PASSWORD, mechanism="SCRAM-SHA-256", tls=False)
    with Broker(security=asked) as broker:
        security = Security.sasl_plain(USER, PASSWORD, tls=False)
        with pytest.raises(AuthenticationError, match="SCRAM-SHA-256"):
            await Producer(broker.bootstrap_servers, security=security).start()
        # Without a mechanism, the producer takes the one that the broker has.
        security = Security.sasl_scram(USER, PASSWORD, tls=False)
        async with Producer(broker.bootstrap_servers, security=security) as producer:
            await producer.produce("orders", b"v")


@pytest.mark.dekaf_broker(security=Security.tls())
async def test_a_topic_that_is_denied(dekaf_broker: Broker, dekaf_producer: Producer) -> None:
    dekaf_broker.faults.deny("payments")
    with pytest.raises(AuthorizationError):
        await dekaf_producer.produce("payments", b"v")
    await dekaf_producer.produce("orders", b"v")


@pytest.mark.dekaf_broker(security=Security.tls())
async def test_a_cluster_that_is_denied(dekaf_broker: Broker, dekaf_producer: Producer) -> None:
    denied = "CLUSTER_AUTHORIZATION_FAILED"
    dekaf_broker.faults.fail("init_producer_id", denied, times=None)
    with pytest.raises(ProduceError, match=denied):
        await dekaf_producer.produce("orders", b"v")
