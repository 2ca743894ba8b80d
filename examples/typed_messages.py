"""Serializers, and a producer that knows its types: `python typed_messages.py [HOST:PORT]`."""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass

from dekaf import Headers, Message, Producer, SerializationError


@dataclass
class Order:
    number: int
    total: float


def to_json(order: Order) -> bytes:
    return json.dumps(asdict(order)).encode()


async def main(bootstrap_servers: str) -> None:
    # A type checker sees a Producer[str, Order], and refuses anything else.
    async with Producer(
        bootstrap_servers, key_serializer=str.encode, value_serializer=to_json
    ) as orders:
        await orders.produce("orders", Order(1, 9.5), key="customer-1")

        # A message is a value: build it here, produce it there.
        message = Message(
            "orders", Order(2, 12.0), key="customer-1", headers=Headers({"trace-id": "a1"})
        )
        await orders.produce(message)
        metadata = await orders.produce(message.replace(value=None))  # a tombstone
        print(metadata)

        try:
            await orders.produce("orders", "no order")  # type: ignore[call-overload]  # the mistake to show
        except SerializationError as error:
            print(error)

    # Java's serializers have names, and "json" takes what Python has.
    async with Producer(bootstrap_servers, value_serializer="json") as anything:
        await anything.produce("orders", {"items": [1, 2, 3], "order": Order(3, 1.0)})


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
