"""Send without waiting, then wait for everything: `python send_and_flush.py [HOST:PORT]`."""

import asyncio
import sys

from dekaf import FlushTimeout, Producer, UnclaimedFailures


async def main(bootstrap_servers: str) -> None:
    async with Producer(bootstrap_servers) as producer:
        for n in range(10_000):
            producer.send("events", f"event {n}", key=f"event-{n}")
        await producer.flush()
        print(producer.metrics().records.acknowledged, "events delivered")

        # Nothing is lost in silence: what fails unheard is raised by the next flush, and by the
        # end of the block.
        producer.send("events", b"x" * 2_000_000)
        try:
            await producer.flush()
        except UnclaimedFailures as failures:
            print(failures.count, "failed, the first:", failures.failures[0])

        # A flush may have a limit; delivery goes on.
        producer.send("events", "last")
        try:
            await producer.flush(timeout=5)
        except FlushTimeout as late:
            print(late.remaining, "are still on their way")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
