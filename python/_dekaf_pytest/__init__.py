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


@pytest.fixture
def dekaf_broker() -> Iterator[Broker]:
    """Run a broker in the box, of this test's own."""
    from dekaf.testing import Broker  # noqa: PLC0415 - see above

    with Broker() as broker:
        yield broker


@pytest.fixture
def dekaf_producer(dekaf_broker: Broker) -> Iterator[Producer]:
    """Produce to `dekaf_broker`; closed after the test, which may have left it no broker.

    The end of the test raises `UnclaimedFailures` if messages have failed and nobody was told.
    """
    import asyncio  # noqa: PLC0415 - see above

    from dekaf import Producer  # noqa: PLC0415 - see above

    producer = Producer(dekaf_broker.bootstrap_servers)
    yield producer
    asyncio.run(producer.close(_PATIENCE))
