"""A broker in the box for each test, before clients that share no code with it."""

from collections.abc import Iterator

import pytest

from dekaf.testing import Broker

PARTITIONS = 3


@pytest.fixture
def box() -> Iterator[Broker]:
    """One broker; topics that somebody asks for get three partitions."""
    with Broker(partitions=PARTITIONS) as broker:
        yield broker
