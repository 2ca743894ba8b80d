"""Every way to be let in by Apache Kafka: dekaf produces, and Kafka's own tool reads it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dekaf import Security
from tests.integration.administrator import new_token
from tests.integration.logins import (
    ALICE,
    MECHANISMS,
    assert_stored,
    deliver,
    login,
    scram,
    tls_for,
)
from tests.kafka import KEY_FORMS, Certificates, Cluster, TopicFactory

# -- passwords ------------------------------------------------------------------------------


@pytest.mark.versions
@pytest.mark.asyncio
@pytest.mark.parametrize("listener", ["SASL_PLAINTEXT", "SASL_SSL"])
@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_password(
    secure_kafka: Cluster,
    certificates: Certificates,
    topic: TopicFactory,
    listener: str,
    mechanism: str | None,
) -> None:
    security = login(mechanism, **tls_for(listener, certificates))
    await deliver(secure_kafka, listener, security, topic(secure_kafka))


@pytest.mark.versions
@pytest.mark.asyncio
async def test_a_broker_that_knows_only_sha_256(secure_kafka: Cluster, topic: TopicFactory) -> None:
    await deliver(secure_kafka, "SCRAM_256", scram(tls=False), topic(secure_kafka))


@pytest.mark.versions
@pytest.mark.asyncio
async def test_a_delegation_token(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory, tmp_path: Path
) -> None:
    token = new_token(secure_kafka, ALICE[0], tmp_path)
    security = scram(token.id, token.secret, token=True, ca=certificates.ca)
    await deliver(secure_kafka, "SASL_SSL", security, topic(secure_kafka))


@pytest.mark.asyncio
async def test_a_password_from_a_file(
    secure_kafka: Cluster, topic: TopicFactory, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text("alice-secret\n")
    security = login("PLAIN", password=file, tls=False)
    await deliver(secure_kafka, "SASL_PLAINTEXT", security, topic(secure_kafka))


@pytest.mark.asyncio
async def test_a_password_from_a_callable(secure_kafka: Cluster, topic: TopicFactory) -> None:
    security = login("SCRAM-SHA-512", password=lambda: "alice-secret", tls=False)
    await deliver(secure_kafka, "SASL_PLAINTEXT", security, topic(secure_kafka))


@pytest.mark.versions
@pytest.mark.asyncio
@pytest.mark.parametrize(
    "settings",
    [{"acks": 0}, {"acks": 1}, {"acks": "all", "idempotence": False}, {"acks": "all"}],
    ids=["acks=0", "acks=1", "acks=all", "idempotence"],
)
async def test_acknowledgements(
    secure_kafka: Cluster,
    certificates: Certificates,
    topic: TopicFactory,
    settings: dict[str, Any],
) -> None:
    name = topic(secure_kafka)
    security = scram(ca=certificates.ca)
    await deliver(secure_kafka, "SASL_SSL", security, name, count=500, batch_size=1_000, **settings)


@pytest.mark.versions
@pytest.mark.asyncio
async def test_three_brokers(
    kafka3: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    name = topic(kafka3, partitions=6)
    security = scram(ca=certificates.ca)
    results = await deliver(kafka3, "SASL_SSL", security, name, count=500, batch_size=1_000)
    assert {result.partition for result in results} == set(range(6))


# -- trust ----------------------------------------------------------------------------------


@pytest.mark.versions
@pytest.mark.asyncio
async def test_a_ca_file(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    await deliver(secure_kafka, "SSL", Security.tls(ca=certificates.ca), topic(secure_kafka))


@pytest.mark.asyncio
async def test_a_directory_of_cas(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory, tmp_path: Path
) -> None:
    (tmp_path / "other.pem").write_bytes(certificates.other_ca.read_bytes())
    (tmp_path / "ours.crt").write_bytes(certificates.ca.read_bytes())
    await deliver(secure_kafka, "SSL", Security.tls(ca=tmp_path), topic(secure_kafka))


@pytest.mark.asyncio
async def test_a_ca_as_text(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    security = Security.tls(ca=certificates.ca.read_text())
    await deliver(secure_kafka, "SSL", security, topic(secure_kafka))


def test_the_system_store(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    name = topic(secure_kafka)
    program = (
        "import sys\n"
        "from dekaf import Security, SyncProducer\n"
        "with SyncProducer(sys.argv[1], security=Security.tls()) as producer:\n"
        "    producer.produce(sys.argv[2], 'v')\n"
    )
    subprocess.run(
        [sys.executable, "-c", program, secure_kafka.bootstrap("SSL"), name],
        env={**os.environ, "SSL_CERT_FILE": str(certificates.ca)},
        check=True,
        timeout=60,
    )
    assert_stored(secure_kafka, name, ["v"])


@pytest.mark.asyncio
async def test_the_brokers_own_certificate_as_ca(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    security = Security.tls(ca=certificates.certificate_of("self-signed"))
    await deliver(secure_kafka, "TLS_SELF_SIGNED", security, topic(secure_kafka))


@pytest.mark.asyncio
async def test_a_chain_with_an_intermediate(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    security = Security.tls(ca=certificates.ca)
    await deliver(secure_kafka, "TLS_INTERMEDIATE", security, topic(secure_kafka))


@pytest.mark.asyncio
async def test_any_host_name(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    security = Security.tls(ca=certificates.ca, verify_hostname=False)
    await deliver(secure_kafka, "TLS_OTHER_NAME", security, topic(secure_kafka))


@pytest.mark.asyncio
@pytest.mark.parametrize("listener", ["TLS_SELF_SIGNED", "TLS_EXPIRED", "TLS_V1", "TLS_CN_ONLY"])
async def test_no_verification(secure_kafka: Cluster, topic: TopicFactory, listener: str) -> None:
    await deliver(secure_kafka, listener, Security.tls(verify=False), topic(secure_kafka))


@pytest.mark.asyncio
@pytest.mark.parametrize("version", ["1.2", "1.3"])
async def test_an_oldest_version(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory, version: Any
) -> None:
    security = Security.tls(ca=certificates.ca, min_version=version)
    await deliver(secure_kafka, "SSL", security, topic(secure_kafka))


# -- client certificates --------------------------------------------------------------------


@pytest.mark.versions
@pytest.mark.asyncio
@pytest.mark.parametrize("form", KEY_FORMS)
@pytest.mark.parametrize("listener", ["MTLS", "MTLS_1_2"])
async def test_a_client_certificate(
    secure_kafka: Cluster,
    certificates: Certificates,
    topic: TopicFactory,
    form: str,
    listener: str,
) -> None:
    identity = certificates.identity(form)
    security = Security.tls(
        ca=certificates.ca,
        certificate=identity.certificate,
        key=identity.key,
        key_password=identity.password,
    )
    await deliver(secure_kafka, listener, security, topic(secure_kafka))


@pytest.mark.asyncio
async def test_a_certificate_and_key_in_one_text(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    identity = certificates.identity("pkcs8")
    security = Security.tls(
        ca=certificates.ca.read_text(),
        certificate=identity.certificate.read_text() + identity.key.read_text(),
    )
    await deliver(secure_kafka, "MTLS", security, topic(secure_kafka))
