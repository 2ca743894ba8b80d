"""Use less of the network and of the brokers' disks: `python compression.py [HOST:PORT]`."""

import asyncio
import json
import sys

from dekaf import Producer


async def main(bootstrap_servers: str) -> None:
    producers = {
        "lz4": Producer(bootstrap_servers, compression="lz4"),  # quick and good: take this one
        "zstd": Producer(bootstrap_servers, compression="zstd"),  # the smallest
        "snappy": Producer(bootstrap_servers, compression="snappy"),  # quick, a little larger
        "gzip": Producer(bootstrap_servers, compression="gzip"),  # the slowest; everybody reads it
        # zstd and gzip can be told how hard to try.
        "zstd, level 12": Producer(bootstrap_servers, compression="zstd", compression_level=12),
    }
    for codec, producer in producers.items():
        async with producer:
            # Whole batches are compressed: what messages have in common is stored once.
            for n in range(10_000):
                producer.send("orders", json.dumps({"order": n, "total": n % 97, "paid": True}))
            await producer.flush()
            print(f"{codec}: {producer.metrics().batches.compression_ratio:.1f} to 1")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
