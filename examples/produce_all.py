"""Produce many messages in one call: `python produce_all.py [HOST:PORT]`."""

import asyncio
import sys
from dataclasses import dataclass

from dekaf import Message, Producer


@dataclass
class Order:
    id: str
    total: float


async def pending_orders() -> list[Order]:
    """Stand in for a query."""
    return [Order(f"order-{n}", total=10.0 * n) for n in range(4, 7)]


async def main(bootstrap_servers: str) -> None:
    async with Producer(bootstrap_servers, value_serializer="json") as producer:
        # Messages say where they go.
        results = await producer.produce_all(
            [
                Message("orders", {"total": 10}, key="order-1"),
                Message("orders", {"total": 20}, key="order-2", headers={"source": "shop"}),
                Message("events", {"type": "sale"}),
            ]
        )
        # Results are in the order of the messages.
        for index, metadata in enumerate(results):
            print(f"message {index}: {metadata.topic}, offset {metadata.offset}")

        # For one topic, pairs of a key and a value are enough; or values alone.
        pairs = [("order-1", {"total": 11}), ("order-2", {"total": 21})]
        print(await producer.produce_all("orders", pairs))
        print(await producer.produce_all("orders", [{"total": 1}, {"total": 2}, {"total": 3}]))

        # From any iterable. It is listed first: one that raises sends nothing.
        orders = await pending_orders()
        results = await producer.produce_all(
            Message("orders", order, key=order.id) for order in orders
        )
        print(results[-1])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
