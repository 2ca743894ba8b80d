"""Fixtures for users' tests; pytest finds them by the package's entry point."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from dekaf._producer import Producer
from dekaf.testing import Broker

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["dekaf_broker", "dekaf_producer"]


@pytest.fixture
def dekaf_broker() -> Iterator[Broker]:
    """Run a broker in the box, of this test's own."""
    with Broker() as broker:
        yield broker


@pytest.fixture
def dekaf_producer(dekaf_broker: Broker) -> Iterator[Producer]:
    """Produce to `dekaf_broker`; closed after the test, when everything is delivered."""
    producer = Producer(dekaf_broker.bootstrap_servers)
    yield producer
    asyncio.run(producer.close())
