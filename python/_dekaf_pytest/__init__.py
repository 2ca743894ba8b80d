"""Fixtures for users' tests; pytest finds them by the package's entry point.

This stands beside `dekaf`, and imports it only when a fixture is asked for: pytest imports this
in every run, before anything is measured or configured, wherever dekaf is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dekaf import Producer
    from dekaf.testing import Broker

__all__ = ["dekaf_broker", "dekaf_producer"]

_PATIENCE = 1.0  # seconds that what is on its way has after the test


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "dekaf_broker(**arguments): the arguments of the `dekaf_broker` fixture's Broker, "
        "as in security=Security.tls() or partitions=3",
    )


@pytest.fixture
def dekaf_broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """Run a broker in the box, of this test's own.

    The closest marker gives its arguments: `@pytest.mark.dekaf_broker(security=Security.tls())`.
    """
    from dekaf.testing import Broker  # noqa: PLC0415 - see above

    marker = request.node.get_closest_marker("dekaf_broker")
    with Broker(*marker.args, **marker.kwargs) if marker else Broker() as broker:
        yield broker


@pytest.fixture
def dekaf_producer(dekaf_broker: Broker) -> Iterator[Producer]:
    """Produce to `dekaf_broker`, with the security that it asks for.

    It is closed after the test, which may have left it no broker.

    The end of the test raises `UnclaimedFailures` if messages have failed and nobody was told.
    """
    import asyncio  # noqa: PLC0415 - see above

    from dekaf import Producer  # noqa: PLC0415 - see above

    producer = Producer(dekaf_broker.bootstrap_servers, security=dekaf_broker.security)
    yield producer
    asyncio.run(producer.close(_PATIENCE))
