"""Passwords, certificates and authorities that are replaced while a producer is at work."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dekaf import ProduceError, Producer, Security
from tests.integration.administrator import set_password
from tests.integration.logins import LONG, assert_stored, says, scram
from tests.kafka import Certificates, Cluster, FaultProxy, TopicFactory, wait_until

pytestmark = pytest.mark.asyncio

FIRST, SECOND = "first-secret", "second-secret"


class Rotation:
    """The user carol, whose password is changed, behind a proxy that cuts connections."""

    def __init__(self, kafka: Cluster, proxy: FaultProxy, certificates: Certificates) -> None:
        self.servers = kafka.bootstrap("SASL_SSL_PROXIED")
        self.ca = certificates.ca
        self._kafka = kafka
        self._proxy = proxy
        set_password(kafka, "carol", FIRST)

    def rotate(self) -> None:
        set_password(self._kafka, "carol", SECOND)
        self._proxy.cut()


@pytest.fixture
def rotation(secure_kafka: Cluster, certificates: Certificates) -> Iterator[Rotation]:
    with FaultProxy(secure_kafka.routes("SASL_SSL_PROXIED")) as proxy:
        yield Rotation(secure_kafka, proxy, certificates)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with the first password."""
    path = tmp_path / "password"
    path.write_text(FIRST)
    return path


SOURCES: dict[str, Callable[[Path], object]] = {
    "file": lambda path: path,
    "callable": lambda path: path.read_text,
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
async def test_pain_11_a_new_password_is_used(
    secure_kafka: Cluster,
    topic: TopicFactory,
    rotation: Rotation,
    file: Path,
    source: Callable[[Path], object],
) -> None:
    name = topic(secure_kafka)
    security = scram("carol", source(file), ca=rotation.ca)
    async with Producer(rotation.servers, security=security, **LONG) as producer:
        await producer.produce(name, "before")
        await asyncio.to_thread(file.write_text, SECOND)
        await asyncio.to_thread(rotation.rotate)
        await producer.produce(name, "after")
    assert_stored(secure_kafka, name, ["before", "after"])


async def test_a_new_password_may_come_late(
    secure_kafka: Cluster, topic: TopicFactory, rotation: Rotation, file: Path
) -> None:
    """Once it was let in, a producer tries again within the delivery timeout."""
    name = topic(secure_kafka)
    security = scram("carol", file, ca=rotation.ca)
    async with Producer(rotation.servers, security=security, **LONG) as producer:
        await producer.produce(name, "before")
        await asyncio.to_thread(rotation.rotate)
        future = producer.produce(name, "after")
        done, _ = await asyncio.wait([future], timeout=1.0)
        assert not done, repr(future)
        await asyncio.to_thread(file.write_text, SECOND)
        await future
    assert_stored(secure_kafka, name, ["before", "after"])


async def test_a_password_that_was_replaced_fails_in_the_end(
    secure_kafka: Cluster, topic: TopicFactory, rotation: Rotation
) -> None:
    name = topic(secure_kafka)
    security = scram("carol", FIRST, ca=rotation.ca)
    settings: dict[str, Any] = {"delivery_timeout_ms": 5_000, "request_timeout_ms": 2_000}
    async with Producer(rotation.servers, security=security, **settings) as producer:
        await producer.produce(name, "before")
        await asyncio.to_thread(rotation.rotate)
        with pytest.raises(ProduceError) as caught:
            await producer.produce(name, "after")
    says(caught.value, "SASL", "carol", "password")
    assert FIRST not in str(caught.value)


# -- certificates ---------------------------------------------------------------------------


class Pair:
    """The files of a client certificate and its key, one replaced after the other."""

    def __init__(self, directory: Path) -> None:
        self.certificate, self.key = directory / "client.pem", directory / "client.key"

    def write(self, certificate: Path | None = None, key: Path | None = None) -> None:
        for source, file in ((certificate, self.certificate), (key, self.key)):
            if source is not None:
                next_file = file.with_suffix(".next")
                next_file.write_bytes(source.read_bytes())
                next_file.replace(file)


async def until(condition: Callable[[], bool], what: str) -> None:
    await asyncio.to_thread(wait_until, condition, what=what)


async def on_a_new_connection(producer: Producer, topic: str, value: str) -> None:
    """Wait until connections have ended for want of use, and produce."""
    ended = producer.metrics().disconnects
    await until(lambda: producer.metrics().disconnects > ended, "a connection ends")
    await producer.produce(topic, value)


async def test_pain_10_certificates_are_loaded_anew(
    secure_kafka: Cluster,
    certificates: Certificates,
    topic: TopicFactory,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A pair that is half replaced is not used, which the log says once."""
    name, pair = topic(secure_kafka), Pair(tmp_path)
    old, new = certificates.identity("pkcs8"), certificates.identity("pkcs1")
    pair.write(old.certificate, old.key)
    security = Security.tls(ca=certificates.ca, certificate=pair.certificate, key=pair.key)
    servers = secure_kafka.bootstrap("MTLS")
    idle: dict[str, Any] = {**LONG, "connections_max_idle_ms": 1_000}
    async with Producer(servers, security=security, **idle) as producer:
        await producer.produce(name, "0")
        pair.write(certificate=new.certificate)
        await on_a_new_connection(producer, name, "1")
        await on_a_new_connection(producer, name, "2")
        warnings = [line.message for line in caplog.records if line.levelno > logging.INFO]
        assert len(warnings) == 1, warnings
        assert "the files of TLS have changed, and are not used yet" in warnings[0]
        pair.write(key=new.key)
        await on_a_new_connection(producer, name, "3")
        # That they are used: with others, no broker lets the client in, until these come back.
        pair.write(certificates.stranger_certificate, certificates.stranger_key)
        late = asyncio.ensure_future(on_a_new_connection(producer, name, "4"))
        await until(lambda: producer.metrics().connect_failures > 0, "a stranger is refused")
        assert not late.done()
        pair.write(new.certificate, new.key)
        await late
    assert_stored(secure_kafka, name, [str(n) for n in range(5)])


async def test_authorities_are_loaded_anew(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory, tmp_path: Path
) -> None:
    name, ca = topic(secure_kafka), tmp_path / "ca.pem"
    ca.write_bytes(certificates.ca.read_bytes())
    servers = secure_kafka.bootstrap("SSL")
    idle: dict[str, Any] = {**LONG, "connections_max_idle_ms": 1_000}
    async with Producer(servers, security=Security.tls(ca=ca), **idle) as producer:
        await producer.produce(name, "0")
        ca.write_bytes(certificates.other_ca.read_bytes())
        late = asyncio.ensure_future(on_a_new_connection(producer, name, "1"))
        await until(lambda: producer.metrics().security.tls_failures > 0, "no broker is trusted")
        assert not late.done()
        ca.write_bytes(certificates.ca.read_bytes())
        await late
    assert_stored(secure_kafka, name, ["0", "1"])
