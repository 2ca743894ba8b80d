"""Send many events, and count what became of them: `python event_publisher.py [HOST:PORT]`."""

import asyncio
import logging
import sys
import time
from contextlib import aclosing
from functools import partial

from dekaf import ProduceError, Producer, RecordMetadata

logger = logging.getLogger(__name__)


class EventPublisher:
    """It owns its producer, and needs no lock: callbacks run on the loop that published."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._producer = Producer(bootstrap_servers)
        self.succeeded = 0
        self.failed = 0

    def publish(self, event_type: str, payload: bytes) -> None:
        self._producer.send(
            "events",
            payload,
            key=event_type,
            headers={
                "event-type": event_type,
                "timestamp": str(time.time_ns() // 1_000_000),
            },
            on_delivery=partial(self._delivered, event_type),
        )

    async def aclose(self) -> None:
        """Deliver what was published, and disconnect."""
        await self._producer.close()
        logger.info("%d succeeded, %d failed", self.succeeded, self.failed)

    def _delivered(
        self, event_type: str, _: RecordMetadata | None, error: ProduceError | None
    ) -> None:
        if error is None:
            self.succeeded += 1
        else:
            self.failed += 1
            logger.warning("an event of type %s was not published: %s", event_type, error)


async def main(bootstrap_servers: str) -> None:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO)
    async with aclosing(EventPublisher(bootstrap_servers)) as events:
        for n in range(10_000):
            events.publish("clicked" if n % 10 else "bought", b"...")
        events.publish("uploaded", b"x" * 2_000_000)
    print(f"{events.succeeded} succeeded, {events.failed} failed")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
