"""Key stores as Java's users have them, on Apache Kafka: for its own client, and for dekaf."""

import asyncio
from pathlib import Path

import pytest

from dekaf import Producer, ProducerConfig, Security
from tests.integration.logins import LONG, PATIENCE, assert_stored
from tests.integration.test_security_rotation import on_a_new_connection, until
from tests.kafka import Certificates, Cluster, TopicFactory
from tests.kafka.tool import run_tool
from tests.store_files import STORE, keytool, to_pkcs12, trust_in

pytestmark = pytest.mark.asyncio

CONSOLE = "org.apache.kafka.tools.ConsoleProducer"


def write_stores(certificates: Certificates, directory: Path, kind: str) -> tuple[Path, Path]:
    """Make a key store and a trust store of a kind, with keytool."""
    key, trust = directory / f"client.{kind}", directory / f"trust.{kind}"
    between = directory / "client.between"
    identity = certificates.identity("pkcs8")
    to_pkcs12(between, identity.certificate.read_bytes(), identity.key.read_bytes())
    keytool("-importkeystore", "-srckeystore", between, "-destkeystore", key, kind=kind)
    trust_in(trust, certificates.ca.read_bytes(), kind)
    return key, trust


@pytest.mark.parametrize("kind", ["JKS", "PKCS12"])
async def test_pain_12_jks_only(
    secure_kafka: Cluster,
    certificates: Certificates,
    topic: TopicFactory,
    tmp_path: Path,
    kind: str,
) -> None:
    """The client.properties of a Java client, and its stores, are used as they are."""
    name, servers = topic(secure_kafka), secure_kafka.bootstrap("MTLS")
    key, trust = write_stores(certificates, tmp_path, kind)
    properties = tmp_path / "client.properties"
    properties.write_text(
        f"bootstrap.servers={servers}\n"
        "security.protocol=SSL\n"
        f"ssl.keystore.type={kind}\n"
        f"ssl.keystore.location={key}\n"
        f"ssl.keystore.password={STORE}\n"
        f"ssl.truststore.type={kind}\n"
        f"ssl.truststore.location={trust}\n"
        f"ssl.truststore.password={STORE}\n"
    )
    java = ("--bootstrap-server", servers, "--topic", name, "--producer.config", properties)
    release = secure_kafka.plan.release
    await asyncio.to_thread(lambda: run_tool(release, CONSOLE, *java, given="of Java\n"))
    config = ProducerConfig.from_file(properties)
    async with asyncio.timeout(PATIENCE), Producer.from_config(config) as producer:
        await producer.produce(name, "of dekaf")
    assert_stored(secure_kafka, name, ["of Java", "of dekaf"])


async def test_a_key_store_is_loaded_anew(
    secure_kafka: Cluster,
    certificates: Certificates,
    topic: TopicFactory,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One that is half written is not used, which the log says once."""
    name = topic(secure_kafka)
    key, trust = write_stores(certificates, tmp_path, "PKCS12")
    old, stranger = key.read_bytes(), tmp_path / "stranger.p12"
    pair = (certificates.stranger_certificate, certificates.stranger_key)
    to_pkcs12(stranger, *(file.read_bytes() for file in pair))
    security = Security.tls(ca=trust, ca_password=STORE, certificate=key, key_password=STORE)
    servers = secure_kafka.bootstrap("MTLS")
    idle = {**LONG, "connections_max_idle_ms": 1_000}
    async with Producer(servers, security=security, **idle) as producer:
        await producer.produce(name, "0")
        key.write_bytes(old[: len(old) // 2])
        await on_a_new_connection(producer, name, "1")
        await on_a_new_connection(producer, name, "2")
        warnings = [line.message for line in caplog.records if "not used yet" in line.message]
        assert len(warnings) == 1, warnings
        assert str(key) in warnings[0]
        # That another is used: no broker lets it in.
        key.write_bytes(stranger.read_bytes())
        late = asyncio.ensure_future(on_a_new_connection(producer, name, "3"))
        await until(lambda: producer.metrics().connect_failures > 0, "a stranger is refused")
        assert not late.done()
        key.write_bytes(old)
        await late
    assert STORE not in caplog.text
    assert_stored(secure_kafka, name, [str(n) for n in range(4)])
