"""Send without waiting, and be told what became of each: `python callbacks.py [HOST:PORT]`."""

import asyncio
import sys

from dekaf import ProduceError, Producer, RecordMetadata


def told(metadata: RecordMetadata | None, error: ProduceError | None) -> None:
    """Exactly one of them is None. It runs on the loop that sent the message."""
    if error is not None:
        print(f"failed: {error} (retriable: {error.retriable})")
    elif metadata is not None:
        print(f"stored at {metadata.partition}/{metadata.offset}")


async def main(bootstrap_servers: str) -> None:
    async with Producer(bootstrap_servers) as producer:
        for n in range(3):
            producer.send("orders", f"order {n}", key=f"customer-{n}", on_delivery=told)
        producer.send("orders", b"x" * 2_000_000, on_delivery=told)
        await producer.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
