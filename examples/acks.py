"""Say when a message counts as delivered: `python acks.py [HOST:PORT]`."""

import asyncio
import sys

from dekaf import Acks, Producer


async def main(bootstrap_servers: str) -> None:
    # Every replica in sync has it: nothing is lost with one broker. This is the default.
    async with Producer(bootstrap_servers, acks=Acks.ALL) as producer:
        metadata = await producer.produce("orders", b"...", key="order-1")
        print("all:", metadata)

    # The partition's leader has it: a little sooner, and lost if the leader fails at once.
    async with Producer(bootstrap_servers, acks=Acks.LEADER) as producer:
        metadata = await producer.produce("orders", b"...", key="order-1")
        print("leader:", metadata)

    # It is on its way, and nobody answers: there is no offset, and no news of what is lost.
    async with Producer(bootstrap_servers, acks=Acks.NONE) as producer:
        metadata = await producer.produce("orders", b"...", key="order-1")
        print("none:", metadata)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "localhost:9092"))
