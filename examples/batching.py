"""Let more messages travel together, or none wait: `python batching.py [HOST:PORT]`."""

import asyncio
import sys

from dekaf import Producer


async def main(bootstrap_servers: str) -> None:
    # A batch leaves when it is full, or when its first message has waited for `linger_ms`. Larger
    # numbers make for fewer requests. A lone message that somebody awaits does not wait at all.
    for linger_ms, batch_size in [(0, 1_024), (5, 65_536), (50, 262_144)]:
        async with Producer(
            bootstrap_servers, linger_ms=linger_ms, batch_size=batch_size
        ) as producer:
            for n in range(10_000):
                producer.send("orders", f"order {n}", key=f"customer-{n % 100}")
            await producer.flush()
            batches = producer.metrics().batches
        print(f"linger_ms={linger_ms}, batch_size={batch_size}: {batches.sent} batches")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
