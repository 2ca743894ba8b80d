"""Producing, and closing, from tests that have no event loop."""

import asyncio
from typing import Any

from dekaf import Producer, SyncProducer
from dekaf.testing import Broker


def produce_all(broker: Broker, *messages: dict[str, Any], topic: str = "orders") -> None:
    """Produce messages in order, and return when all are stored."""

    async def main() -> None:
        async with Producer(broker.bootstrap_servers) as producer:
            futures = [producer.produce(topic, **message) for message in messages]
            await asyncio.gather(*futures)

    asyncio.run(main())


def close(producer: Producer[Any, Any] | SyncProducer[Any, Any]) -> None:
    """Close a producer of either kind."""
    if isinstance(producer, Producer):
        asyncio.run(producer.close())
    else:
        producer.close()
