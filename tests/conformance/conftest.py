"""What every test here runs on, one after the other: the broker in the box, and Apache Kafka.

A test says what Kafka does, and has to hold for both.
"""

import itertools
import re
import uuid
from collections.abc import Iterator

import pytest

from dekaf.testing import Broker
from tests.conformance.engine import Engine
from tests.kafka import Cluster, Plan

BOTH = ("box", "kafka")


@pytest.fixture(params=BOTH)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One broker that makes no topic by itself."""
    if request.param == "kafka":
        cluster: Cluster = request.getfixturevalue("kafka")
        yield Engine(cluster.bootstrap())
    else:
        with Broker(auto_create_topics=False) as broker:
            yield Engine(broker.bootstrap_servers)


@pytest.fixture(scope="session")
def _creating_kafka(kafka_version: str) -> Iterator[Cluster]:
    settings = {"auto.create.topics.enable": "true", "num.partitions": 2}
    with Cluster(Plan(version=kafka_version, settings=settings)) as cluster:
        yield cluster


@pytest.fixture(params=BOTH)
def creating_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One broker that makes topics that somebody asks for, with two partitions."""
    if request.param == "kafka":
        cluster: Cluster = request.getfixturevalue("_creating_kafka")
        yield Engine(cluster.bootstrap())
    else:
        with Broker(partitions=2) as broker:
            yield Engine(broker.bootstrap_servers)


@pytest.fixture
def names(request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield names that nobody else uses, for topics and groups."""
    prefix = re.sub(r"[^a-zA-Z0-9]+", "-", request.node.name)[:100]
    return (f"{prefix}-{uuid.uuid4().hex[:8]}-{n}" for n in itertools.count())


@pytest.fixture
def name(names: Iterator[str]) -> str:
    return next(names)
