"""A message as a value, and headers: `python messages.py [HOST:PORT]`."""

import asyncio
import sys
from datetime import UTC, datetime

from dekaf import Headers, Message, Producer


async def main(bootstrap_servers: str) -> None:
    async with Producer(bootstrap_servers) as producer:
        message = Message(
            "orders",
            '{"total": 42}',
            key="order-1",
            headers={"trace-id": "a1"},
            partition=0,  # else the key decides
            timestamp=datetime(2026, 1, 31, 12, 30, tzinfo=UTC),  # else it is now
        )
        print(await producer.produce(message))

        # It never changes; `replace` makes another one.
        print(await producer.produce(message.replace(key="order-2", timestamp=None)))

        # Every call takes headers: a mapping, or pairs, in which a name may come twice.
        headers = {"trace-id": "a1", "source": "shop"}
        print(await producer.produce("orders", "...", key="order-3", headers=headers))
        producer.send("orders", "...", headers=[("passed", "shop"), ("passed", "warehouse")])

        # What many messages share is put together once.
        shared = Headers({"source": "shop"})
        producer.send("orders", "...", headers=shared.add("trace-id", "a2"))
        producer.send("orders", "...", headers=shared | {"trace-id": "a3"})


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
