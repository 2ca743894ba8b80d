"""Say once what the messages of a topic have in common: `python topics.py [HOST:PORT]`."""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass

from dekaf import Producer


@dataclass
class Order:
    id: str
    total: float


def to_json(order: Order) -> bytes:
    return json.dumps(asdict(order)).encode()


def order_id(order: Order) -> str:
    return order.id


async def main(bootstrap_servers: str) -> None:
    async with Producer(bootstrap_servers) as producer:
        # A type checker knows that this takes orders. Other topics of the same producer may take
        # something else.
        orders = producer.topic(
            "orders", key=order_id, value_serializer=to_json, headers={"source": "shop"}
        )
        events = producer.topic("events", value_serializer="json")

        print(await orders.produce(Order("order-1", 9.5)))
        print(await orders.produce_all(Order(f"order-{n}", 1.0 * n) for n in range(10)))

        # What a call says itself wins.
        orders.send(Order("order-2", 12.0), headers={"source": "telephone"})
        events.send({"type": "ordered", "order": "order-2"}, key="order-2")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
