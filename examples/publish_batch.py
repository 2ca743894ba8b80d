"""Publish what functions return, in batches: `python publish_batch.py [HOST:PORT]`."""

import asyncio
import sys
from dataclasses import dataclass

from dekaf import Message, Producer, publisher


@dataclass
class Data:
    data: float


# A publisher that is made for a module finds the producer of the `async with` block it is used in;
# one that belongs to a producer is made with `producer.publisher(…)`.
to_output = publisher("output_data", batch=True)


@to_output
async def decrease_and_increase(data: Data) -> tuple[Data, Data]:
    """Return a batch of two; the dataclasses become JSON."""
    return Data(data.data * 0.5), Data(data.data * 2.0)


async def main(bootstrap_servers: str) -> None:
    async with Producer(bootstrap_servers) as producer:
        # The function runs, both are published, and the caller has the result as usual.
        print(await decrease_and_increase(Data(1.0)))

        # The publisher can be called without a function.
        print(await to_output.publish(Data(2.0), Data(3.0)))

        # And so can the producer. A `Message` has a key or headers of its own.
        print(await producer.publish_batch("msg1", "msg2", topic="output_data"))
        keyed = Message(value={"data": 4.0}, key="sensor-1", headers={"source": "roof"})
        print(await producer.publish_batch("msg3", keyed, topic="output_data"))

        # All or nothing: what is atomic has one partition, and is stored as one batch.
        print(
            await producer.publish_batch(
                "debit", "credit", topic="output_data", key="account-1", atomic=True
            )
        )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
