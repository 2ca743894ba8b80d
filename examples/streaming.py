"""Produce more than fits into memory: `python streaming.py [HOST:PORT]`."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from itertools import islice

from dekaf import ProduceError, Producer


def rows() -> Iterator[tuple[str, str]]:
    """Stand in for a file of millions of lines."""
    return ((f"customer-{n % 100}", f"order {n}") for n in range(20_000))


async def readings() -> AsyncIterator[str]:
    """Stand in for a socket, or a query that brings row after row."""
    for n in range(100):
        await asyncio.sleep(0)
        yield f"reading {n}"
    yield "x" * 2_000_000  # more than Kafka takes


async def main(bootstrap_servers: str) -> None:
    async with Producer(bootstrap_servers) as producer:
        # A stream takes rows as fast as they can be sent, and holds a bounded number of them.
        # Results come in the order of the rows.
        stored = 0
        async for _ in producer.stream(rows(), topic="orders", max_in_flight=5_000):
            stored += 1
        print(stored, "rows")

        # Sources may be asynchronous, and failures can be had as results.
        results = producer.stream(readings(), topic="events", return_exceptions=True)
        async for result in results:
            if isinstance(result, ProduceError):
                print(f"failed: {result}")

        # Chunks do it, too, where something is to be done between them; but each waits for the
        # slowest message of the one before.
        remaining = rows()
        while chunk := list(islice(remaining, 5_000)):
            print(await producer.produce_all("orders", chunk))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
