"""One client's connection through a fault proxy, and the broker's at its other side."""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass

from tests.kafka.faults import Direction, Faults

_CHUNK = 65536
_CHUNKS_UNDERWAY = 64
_LINGER_FOR_NOTHING = struct.pack("ii", 1, 0)  # so that closing sends RST


@dataclass(frozen=True, slots=True)
class Stream:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def gone(self) -> bool:
        """Whether it was ended, and nothing waits for a peer to read it."""
        transport = self.writer.transport
        return transport.is_closing() and not transport.get_write_buffer_size()

    def end(self, *, reset: bool) -> None:
        if not reset:
            self.writer.close()
            return
        with contextlib.suppress(OSError, AttributeError):  # closed already
            connection: socket.socket = self.writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_FOR_NOTHING)
        self.writer.transport.abort()


class ProxiedConnection:
    def __init__(self, faults: Faults, client: Stream, broker: Stream) -> None:
        self._faults = faults
        self._client = client
        self._broker = broker
        self._reset = False
        self._ended = asyncio.Event()

    def end(self, *, reset: bool) -> None:
        """End it at both sides, with RST or with FIN, even while bytes are held."""
        self._reset = self._reset or reset
        self._ended.set()

    async def run(self) -> None:
        pumps = [
            asyncio.create_task(self._pump("up", self._client.reader, self._broker.writer)),
            asyncio.create_task(self._pump("down", self._broker.reader, self._client.writer)),
        ]
        try:
            await self._ended.wait()
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for stream in (self._client, self._broker):
                stream.end(reset=self._reset)

    async def _pump(
        self, direction: Direction, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        # Reads and writes are apart, so that a delay does not lower the throughput.
        arrived: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_UNDERWAY)
        reading = asyncio.create_task(_read(source, arrived))
        try:
            while await self._pass_on(direction, *await arrived.get(), sink):
                pass
        except OSError:
            self.end(reset=False)
        finally:
            reading.cancel()

    async def _pass_on(
        self, direction: Direction, when: float, data: bytes, sink: asyncio.StreamWriter
    ) -> bool:
        """Return whether more may follow."""
        faults, way = self._faults, self._faults.ways[direction]
        due = when + faults.delay - asyncio.get_running_loop().time()
        if faults.delay and due > 0:
            await asyncio.sleep(due)
        await way.gate.wait()
        if not data:
            self.end(reset=False)
            return False
        spoilt, ends = way.spoil(data)
        for piece in faults.pieces(spoilt):
            sink.write(piece)
            await sink.drain()
            if faults.rate:
                await asyncio.sleep(len(piece) / faults.rate)
        if ends:
            self.end(reset=True)
        return not ends


async def _read(source: asyncio.StreamReader, arrived: asyncio.Queue[tuple[float, bytes]]) -> None:
    """Put what comes, and empty data when the source has ended."""
    clock = asyncio.get_running_loop().time
    data = b"not yet ended"
    while data:
        try:
            data = await source.read(_CHUNK)
        except OSError:
            data = b""
        await arrived.put((clock(), data))
