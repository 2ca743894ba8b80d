"""One producer for the life of an application: `python service.py [HOST:PORT]`."""

import asyncio
import sys
from dataclasses import dataclass
from typing import Any

from dekaf import Producer


@dataclass
class Order:
    id: str
    total: float


class OrderService:
    """It is given a producer, as it would be given a database, and shares it with others."""

    def __init__(self, producer: Producer[str, Any]) -> None:
        self._producer = producer

    async def process(self, order: Order) -> None:
        metadata = await self._producer.produce("orders", order, key=order.id)
        print(f"{order.id} is at {metadata.partition}/{metadata.offset}")


async def main(bootstrap_servers: str) -> None:
    # Connecting takes time, and messages share batches only within a producer: make one, not one
    # for each request. It serves any number of tasks, threads and event loops.
    producer = Producer(bootstrap_servers, key_serializer=str.encode, value_serializer="json")

    # The block delivers what was sent before it ends, and disconnects. Where there is no block to
    # write, as between two hooks of a framework, call `start` and `close`.
    async with producer:
        orders = OrderService(producer)
        async with asyncio.TaskGroup() as requests:
            for n in range(5):
                requests.create_task(orders.process(Order(f"order-{n}", total=9.5 * n)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
