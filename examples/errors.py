"""Find out what went wrong, and whether to try again: `python errors.py [HOST:PORT]`."""

import asyncio
import sys

from dekaf import BrokerUnreachable, ProduceError, Producer


async def main(bootstrap_servers: str) -> None:
    async with Producer(bootstrap_servers) as producer:
        # What may pass is retried for `delivery_timeout_ms`, so what arrives here is for good, or
        # has lasted.
        try:
            await producer.produce("orders", b"x" * 2_000_000, key="order-1")
        except ProduceError as error:
            print("delivery failed:", error)
            print("topic:", error.topic)
            print("code:", error.code)
            print("retriable:", error.retriable)
            print("stored all the same:", "maybe" if error.maybe_written else "no")

    # Each kind of failure has a class of its own, for those who tell them apart.
    try:
        async with Producer("localhost:1", metadata_timeout_ms=200) as producer:
            await producer.produce("orders", b"...")
    except BrokerUnreachable as error:
        print("nobody there:", error)
        print("retriable:", error.retriable)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
