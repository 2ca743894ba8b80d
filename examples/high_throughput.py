"""Send as much as possible: `python high_throughput.py [HOST:PORT]`."""

import asyncio
import sys
import time

from dekaf import Producer

COUNT = 200_000


async def main(bootstrap_servers: str) -> None:
    # The preset asks for the leader's acknowledgement alone, so there is no idempotence: what the
    # leader took last may be lost with it, and a retry may be stored twice. `.acks("all")` takes
    # that back and keeps the rest.
    producer = (
        Producer.builder(bootstrap_servers)
        .for_high_throughput()
        .linger_ms(10)  # a little time for batches to fill
        .batch_size(131_072)
        .lz4()
        .build()
    )
    async with producer:
        event = b'{"type": "clicked", "page": "/home"}'
        began = time.perf_counter()
        for _ in range(COUNT):
            # It pauses by itself when the buffer is full.
            producer.send("events", event)
        await producer.flush()
        taken = time.perf_counter() - began
        batches = producer.metrics().batches
    print(f"{COUNT / taken:,.0f} messages a second, {batches.mean_records:,.0f} to a batch")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
