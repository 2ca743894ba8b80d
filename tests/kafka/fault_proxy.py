"""A TCP proxy that misbehaves on demand, in front of brokers.

It runs in a thread of its own with an event loop of its own, so that a test drives it with
plain calls, whether it is asynchronous itself or not.
"""

import asyncio
import socket
import threading
from collections.abc import Coroutine, Mapping
from types import TracebackType
from typing import Self, TypeVar

from tests.kafka.faults import DIRECTIONS, Direction, Faults
from tests.kafka.ports import HOST
from tests.kafka.proxied_connection import ProxiedConnection, Stream

T = TypeVar("T")

_ANSWER_TIMEOUT = 10.0


class FaultProxy:
    """FaultProxy(cluster.routes("PROXIED")): a port that clients are told -> the broker's own."""

    def __init__(self, routes: Mapping[int, int]) -> None:
        self._routes = dict(routes)
        self._faults = Faults()
        self._accepted = 0
        self._streams: set[Stream] = set()
        self._connections: set[ProxiedConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: list[socket.socket] = []
        self._loop = asyncio.SelectorEventLoop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="fault-proxy", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.open_ports()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    # -- what has passed ------------------------------------------------------------------

    @property
    def accepted(self) -> int:
        """Connections so far, refused ones too."""
        return self._accepted

    @property
    def open(self) -> int:
        """Connections that stand now, through to the broker."""
        return len(self._connections)

    def passed(self, direction: Direction) -> int:
        """Bytes so far."""
        return self._faults.ways[direction].passed

    @property
    def pending(self) -> bool:
        """Whether a cut or a flip still waits for its byte."""
        ways = self._faults.ways.values()
        waits = (wait for way in ways for wait in (way.cut_at, way.flip_at, way.flip_in))
        return any(wait is not None for wait in waits)

    # -- faults ---------------------------------------------------------------------------

    def slow_down(self, *, delay: float = 0.0, rate: float | None = None) -> None:
        """Delay each way by seconds, and let pass only so many bytes per second."""
        self._faults.delay, self._faults.rate = delay, rate

    def hold(self, *directions: Direction) -> None:
        """Leave connections half-open: nothing passes, not even an end. Both ways if not said."""

        async def hold() -> None:
            for direction in directions or DIRECTIONS:
                self._faults.ways[direction].gate.clear()

        self._call(hold())

    def release(self) -> None:
        """Let pass what was held."""

        async def release() -> None:
            for way in self._faults.ways.values():
                way.gate.set()

        self._call(release())

    def cut(self, *, reset: bool = False) -> None:
        """End every connection: with FIN, or with RST."""
        self._call(self._cut(reset=reset))

    def cut_after(self, direction: Direction, size: int) -> None:
        """Send RST to both sides after `size` more bytes.

        Up: in the middle of a request. Down: the broker has stored it, and the ack is lost.
        """

        async def cut_after() -> None:
            way = self._faults.ways[direction]
            way.cut_at = way.passed + size

        self._call(cut_after())

    def flip_bit(self, direction: Direction, after: int) -> None:
        """Spoil the byte that comes after `after` more bytes."""

        async def flip_bit() -> None:
            way = self._faults.ways[direction]
            way.flip_at = way.passed + after

        self._call(flip_bit())

    def flip_bit_in(self, direction: Direction, what: bytes) -> None:
        """Spoil the first byte of the next bytes that are these."""

        async def flip_bit() -> None:
            self._faults.ways[direction].flip_in = what

        self._call(flip_bit())

    def refuse(self) -> None:
        """Accept new connections and reset them, as a broker does that has too many."""
        self._faults.refuse = True

    def close_ports(self) -> None:
        """Refuse new connections, as a host without the broker does; old ones live on."""
        self._call(self._close_ports())

    def open_ports(self) -> None:
        self._call(self._open_ports())

    def heal(self) -> None:
        """End all faults."""

        async def heal() -> None:
            self._faults.heal()
            await self._open_ports()

        self._call(heal())

    # -- inside the loop ------------------------------------------------------------------

    def _call(self, coroutine: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_ANSWER_TIMEOUT)

    # Not asyncio's own server: closed while a connection comes in, it forgets the connection.

    async def _open_ports(self) -> None:
        if self._listening:
            return
        for front, back in self._routes.items():
            listening = socket.create_server((HOST, front))
            listening.setblocking(False)
            self._listening.append(listening)
            self._loop.add_reader(listening, self._accept, listening, back)

    async def _close_ports(self) -> None:
        for listening in self._listening:
            self._loop.remove_reader(listening)
            listening.close()
        self._listening.clear()

    def _accept(self, listening: socket.socket, back: int) -> None:
        try:
            connection, _ = listening.accept()
        except (BlockingIOError, ConnectionError):  # it has gone again
            return
        self._accepted += 1
        task = self._loop.create_task(self._serve(connection, back))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _cut(self, *, reset: bool) -> None:
        for connection in self._connections:
            connection.end(reset=reset)

    async def _serve(self, accepted: socket.socket, back: int) -> None:
        client = self._keep(Stream(*await asyncio.open_connection(sock=accepted)))
        if self._faults.refuse:
            client.end(reset=True)
            return
        try:
            broker = self._keep(Stream(*await asyncio.open_connection(HOST, back)))
        except OSError:  # a broker that does not run: the nearest that a proxy can show
            client.end(reset=True)
            return
        connection = ProxiedConnection(self._faults, client, broker)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)

    def _keep(self, stream: Stream) -> Stream:
        self._streams = {stream for stream in self._streams if not stream.gone} | {stream}
        return stream

    async def _abandon(self) -> None:
        await self._close_ports()
        await asyncio.sleep(0)  # for who came in last to be served, and so be known
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await self._cut(reset=True)
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=0.05)
        for stream in self._streams:  # some may still wait for a peer that does not read
            stream.end(reset=True)
        await asyncio.sleep(0)  # for the sockets to close

    def _end(self) -> None:
        try:
            self._call(self._abandon())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_ANSWER_TIMEOUT)
            self._loop.close()
