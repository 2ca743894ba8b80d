"""Store nothing twice, whatever is sent again: `python idempotence.py [HOST:PORT]`."""

import asyncio
import sys

from dekaf import Acks, ConfigError, Producer
from dekaf.testing import Broker


async def main(bootstrap_servers: str) -> None:
    # It is on by default. Who asks for it makes sure: what would turn it off is refused.
    async with Producer.builder(bootstrap_servers).idempotence().build() as producer:
        print(await producer.produce("orders", b"...", key="order-1"))

    # It needs all acks, and other ones turn it off; nobody can have both.
    try:
        Producer(bootstrap_servers, acks=Acks.LEADER, idempotence=True)
    except ConfigError as error:
        print(error)

    # What it is good for: a broker stores a message, and its answer is lost. It is sent again, and
    # the broker recognises it.
    with Broker() as broker:
        async with Producer(broker.bootstrap_servers) as producer:
            broker.faults.drop_answers("produce")
            await producer.produce("orders", b"...", key="order-1")
            print(producer.metrics().batches.retries, "retry")
        print(len(broker.records("orders")), "message stored")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
