"""Produce one message and see where it landed: `python quickstart.py [HOST:PORT]`."""

import asyncio
import sys

from dekaf import Producer


async def main(bootstrap_servers: str) -> None:
    async with Producer(bootstrap_servers) as producer:
        metadata = await producer.produce("orders", b'{"total": 42}', key="order-1")
        print(
            f"topic {metadata.topic}, partition {metadata.partition}, "
            f"offset {metadata.offset}, timestamp {metadata.timestamp}"
        )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
