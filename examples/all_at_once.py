"""Do not wait for each message in turn: `python all_at_once.py [HOST:PORT]`."""

import asyncio
import sys
import time

from dekaf import Producer

ORDERS = [(f"order-{n}", f"order {n}") for n in range(1_000)]


async def main(bootstrap_servers: str) -> None:
    async with Producer(bootstrap_servers) as producer:
        began = time.perf_counter()
        for key, order in ORDERS:  # a message, an answer, a message, an answer, …
            await producer.produce("orders", order, key=key)
        print(f"one by one:  {time.perf_counter() - began:.3f} s")

        began = time.perf_counter()
        await producer.produce_all("orders", ORDERS)
        print(f"all at once: {time.perf_counter() - began:.3f} s")

        # The same with a future for each, for messages that are made here and there: `produce`
        # hands over when it is called, and `await` only waits.
        began = time.perf_counter()
        futures = [producer.produce("orders", order, key=key) for key, order in ORDERS]
        await asyncio.gather(*futures)
        print(f"gathered:    {time.perf_counter() - began:.3f} s")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
