"""The clusters that tests against real Kafka share, each handed out whole and healed afterwards.

A test may kill, pause and stop what it likes; it uses topics of its own.
"""

from collections.abc import Iterator

import pytest

from tests.kafka import (
    DEFAULT_VERSION,
    Certificates,
    Cluster,
    FaultProxy,
    MissingToolError,
    Plan,
    TopicFactory,
    make_certificates,
    make_class_data,
    secure_plan,
)


@pytest.fixture(scope="session")
def kafka_version() -> str:
    """Return the release to test against, ready to start; fail, not skip, where it cannot be."""
    missing = None
    try:
        make_class_data(DEFAULT_VERSION)
    except MissingToolError as error:
        missing = str(error)
    if missing is not None:  # outside of except, which would say it twice
        pytest.fail(missing, pytrace=False)
    return DEFAULT_VERSION


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def topic(request: pytest.FixtureRequest) -> TopicFactory:
    """Create topics of the test's own, on any cluster, each with one call."""
    return TopicFactory(request.node.name)


@pytest.fixture(scope="session")
def _one_broker(kafka_version: str) -> Iterator[Cluster]:
    plan = Plan(version=kafka_version, listeners=("PLAINTEXT", "PROXIED"), proxied=("PROXIED",))
    with Cluster(plan) as cluster:
        yield cluster


@pytest.fixture
def kafka(_one_broker: Cluster) -> Iterator[Cluster]:
    """One broker; its listener PROXIED can be reached with the fixture `proxy` only."""
    yield _one_broker
    _one_broker.heal()


@pytest.fixture
def proxy(kafka: Cluster) -> Iterator[FaultProxy]:
    """In front of kafka.bootstrap("PROXIED")."""
    with FaultProxy(kafka.routes("PROXIED")) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def _three_brokers(kafka_version: str, certificates: Certificates) -> Iterator[Cluster]:
    plan = Plan(
        version=kafka_version,
        brokers=3,
        controllers="separate",
        listeners=("PLAINTEXT", "PROXIED", "SASL_SSL", "SASL_SSL_PROXIED"),
        proxied=("PROXIED", "SASL_SSL_PROXIED"),
        certificates=certificates,
    )
    with Cluster(plan) as cluster:
        yield cluster


@pytest.fixture
def kafka3(_three_brokers: Cluster) -> Iterator[Cluster]:
    """Three brokers and a controller of its own, so that leadership moves within 2 s."""
    yield _three_brokers
    _three_brokers.heal()


@pytest.fixture(scope="session")
def _secure_broker(kafka_version: str, certificates: Certificates) -> Iterator[Cluster]:
    with Cluster(secure_plan(kafka_version, certificates)) as cluster:
        yield cluster


@pytest.fixture
def secure_kafka(_secure_broker: Cluster) -> Iterator[Cluster]:
    """One broker with every listener, access rules, and delegation tokens: see `secure_plan`."""
    yield _secure_broker
    _secure_broker.heal()
