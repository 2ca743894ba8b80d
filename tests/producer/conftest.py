"""What every test here runs against: the broker in the box, and Apache Kafka behind a proxy.

A test says what users may rely on, and has to hold for both.
"""

import uuid
from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from dekaf.testing import Broker, StoredRecord
from tests.integration.reader import read
from tests.kafka import Cluster, FaultProxy, TopicFactory


class Target(Protocol):
    """A broker to produce to, whose answers can be kept back."""

    @property
    def servers(self) -> str: ...

    def topic(self, partitions: int = 1) -> str:
        """Create one that is known at once."""
        ...

    def values(self, topic: str, partition: int = 0) -> list[bytes | None]:
        """Return what is stored, in order."""
        ...

    def records(self, topic: str) -> list[StoredRecord]:
        """Return all that is stored, by partition and offset."""
        ...

    def hold(self) -> None:
        """Answer nobody, and read nothing, until `release`."""
        ...

    def release(self) -> None: ...

    def slow_down(self, seconds: float) -> None:
        """Answer everything late."""
        ...


class Box:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.servers = broker.bootstrap_servers

    def topic(self, partitions: int = 1) -> str:
        name = f"topic-{uuid.uuid4().hex[:8]}"
        self._broker.create_topic(name, partitions=partitions)
        return name

    def values(self, topic: str, partition: int = 0) -> list[bytes | None]:
        return [record.value for record in self.records(topic) if record.partition == partition]

    def records(self, topic: str) -> list[StoredRecord]:
        return self._broker.records(topic)

    def hold(self) -> None:
        self._broker.faults.pause()

    def release(self) -> None:
        self._broker.faults.resume()

    def slow_down(self, seconds: float) -> None:
        self._broker.faults.delay("produce", seconds)


class Kafka:
    def __init__(self, cluster: Cluster, proxy: FaultProxy, topics: TopicFactory) -> None:
        self._cluster = cluster
        self._proxy = proxy
        self._topics = topics
        self.servers = cluster.bootstrap("PROXIED")

    def topic(self, partitions: int = 1) -> str:
        return self._topics(self._cluster, partitions=partitions)

    def values(self, topic: str, partition: int = 0) -> list[bytes | None]:
        return [message.value() for message in read(self._cluster, topic)[partition]]

    def records(self, topic: str) -> list[StoredRecord]:
        found = read(self._cluster, topic)
        return [record_of(message) for n in sorted(found) for message in found[n]]

    def hold(self) -> None:
        self._proxy.hold("up", "down")

    def release(self) -> None:
        self._proxy.release()

    def slow_down(self, seconds: float) -> None:
        self._proxy.slow_down(delay=seconds)


def record_of(message: Any) -> StoredRecord:
    """Make one of what another client read."""
    _, timestamp = message.timestamp()
    return StoredRecord(
        message.topic(),
        message.partition(),
        message.offset(),
        timestamp,
        message.key(),
        message.value(),
        tuple(message.headers() or ()),
    )


@pytest.fixture(params=["box", "kafka"])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    if request.param == "box":
        with Broker(auto_create_topics=False) as broker:
            yield Box(broker)
    else:
        kafka, proxy, topics = map(request.getfixturevalue, ("kafka", "proxy", "topic"))
        yield Kafka(kafka, proxy, topics)
        proxy.heal()
