"""How tests wait for what handlers are given, and look at what is stored."""

import asyncio
from typing import Any

from faststream.kafka import KafkaBroker

from dekaf.faststream._producer import DekafProducer
from dekaf.testing import StoredRecord
from tests.producer.conftest import Target

PATIENCE = 30.0  # seconds for whatever is to come


class Seen(asyncio.Queue[Any]):
    """What came to a handler."""

    async def take(self, count: int) -> list[Any]:
        """Wait for so many, and return them in the order in which they came."""
        async with asyncio.timeout(PATIENCE):
            return [await self.get() for _ in range(count)]


def producer_of(broker: KafkaBroker) -> DekafProducer:
    """Return what a broker publishes with."""
    producer = broker.config.producer
    assert isinstance(producer, DekafProducer)
    return producer


def headers_of(record: StoredRecord) -> dict[str, bytes | None]:
    """Return a record's headers, without the correlation id that FastStream makes up."""
    headers = dict(record.headers)
    assert len(headers["correlation_id"] or b"") == 36
    del headers["correlation_id"]
    return headers


def stored(target: Target, topic: str) -> list[tuple[bytes | None, bytes | None]]:
    """Return the keys and values of a topic."""
    return [(record.key, record.value) for record in target.records(topic)]
