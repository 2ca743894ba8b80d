"""A batch of orders, with headers and a log: `python order_batch.py [HOST:PORT]`."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dekaf import Message, ProduceErrorGroup, Producer

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    id: str
    customer: str
    total: Decimal


class OrderProcessor:
    def __init__(self, producer: Producer[str, Any]) -> None:
        self._producer = producer

    async def process(self, orders: Sequence[Order]) -> None:
        headers = {"source": "batch-processor", "batch-size": str(len(orders))}
        try:
            results = await self._producer.produce_all(
                Message("orders", order, key=order.id, headers=headers) for order in orders
            )
        except ProduceErrorGroup:
            logger.exception("some orders of a batch were not sent")
            raise
        partitions = {metadata.partition for metadata in results}
        logger.info("sent %d orders across %d partitions", len(results), len(partitions))


async def main(bootstrap_servers: str) -> None:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO)
    orders = [Order(f"order-{n}", f"customer-{n % 7}", Decimal(n) / 4) for n in range(1_000)]
    async with Producer(
        bootstrap_servers, key_serializer=str.encode, value_serializer="json"
    ) as producer:
        await OrderProcessor(producer).process(orders)
        print(producer.metrics().records.acknowledged, "orders are stored")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
