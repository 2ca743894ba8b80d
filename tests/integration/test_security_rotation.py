"""Passwords that are changed while a producer is at work, and connections that end then."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dekaf import ProduceError, Producer
from tests.integration.administrator import set_password
from tests.integration.logins import LONG, assert_stored, says, scram
from tests.kafka import Certificates, Cluster, FaultProxy, TopicFactory

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
