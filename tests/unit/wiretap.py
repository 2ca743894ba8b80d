"""What a producer really sends, to be cut and bent."""

import asyncio
import struct

from dekaf import Producer
from dekaf.testing import Broker


def frames_of_a_producer(topic: str) -> list[bytes]:
    """Produce one message, and return every request that this took, as it went over the wire."""
    with Broker(host="127.0.0.1") as broker:
        return asyncio.run(_listen(broker, topic))


async def _listen(broker: Broker, topic: str) -> list[bytes]:
    frames: list[bytes] = []
    port = int(broker.bootstrap_servers.rpartition(":")[2])

    async def relay(client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        served, requests = await asyncio.open_connection("127.0.0.1", port)
        try:
            while True:
                frame = await _frame(client)
                frames.append(frame)
                requests.write(frame)
                answer = await _frame(served)
                # The producer is to come back here: everything goes through one door.
                answers.write(answer.replace(_port(port), _port(door)))
        except asyncio.IncompleteReadError:
            requests.close()
            answers.close()

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        door = server.sockets[0].getsockname()[1]
        async with Producer(f"127.0.0.1:{door}") as producer:
            await producer.produce(topic, b"value", key=b"key", headers={"name": b"content"})
    return frames


def _port(port: int) -> bytes:
    """Write an address as metadata does: the end of the host, then the port."""
    return b"127.0.0.1" + struct.pack(">i", port)


async def _frame(source: asyncio.StreamReader) -> bytes:
    prefix = await source.readexactly(4)
    return prefix + await source.readexactly(struct.unpack(">i", prefix)[0])
