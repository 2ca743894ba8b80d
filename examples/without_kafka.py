"""Produce to a broker in the box: no Kafka, no Java, nothing to install but dekaf."""

import asyncio

from dekaf import Producer
from dekaf.testing import Broker


async def main() -> None:
    with Broker() as broker:
        async with Producer(broker.bootstrap_servers) as producer:
            await asyncio.gather(
                *[producer.produce("orders", f"order {n}", key=f"customer-{n}") for n in range(3)]
            )
        for record in broker.records("orders"):
            print(record.offset, record.key, record.value)


if __name__ == "__main__":
    asyncio.run(main())
