"""The fault proxy does to a connection what it says, seen from both of its ends."""

import contextlib
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.kafka import Direction, FaultProxy, ports, wait_until

_TIMEOUT = 10.0


class Server:
    """What stands where a broker does: listens, and hands out its side of connections."""

    def __init__(self) -> None:
        self.port = ports.reserve()
        self._listening = socket.create_server((ports.HOST, self.port))
        self._listening.settimeout(_TIMEOUT)

    def accept(self) -> socket.socket:
        connection, _ = self._listening.accept()
        connection.settimeout(_TIMEOUT)
        return connection

    def close(self) -> None:
        self._listening.close()
        ports.release(self.port)


@dataclass(frozen=True)
class Ends:
    """Both ends of a connection through the proxy."""

    client: socket.socket
    broker: socket.socket

    def of(self, direction: Direction) -> tuple[socket.socket, socket.socket]:
        """Return the end that sends in a direction, and the one that receives."""
        up = direction == "up"
        return (self.client, self.broker) if up else (self.broker, self.client)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def front() -> Iterator[int]:
    port = ports.reserve()
    yield port
    ports.release(port)


@pytest.fixture
def between(server: Server, front: int) -> Iterator[FaultProxy]:
    with FaultProxy({front: server.port}) as proxy:
        yield proxy


@pytest.fixture
def ends(between: FaultProxy, server: Server, front: int) -> Iterator[Ends]:
    assert between.accepted == 0
    with _connect(front) as client, server.accept() as broker:
        wait_until(lambda: between.open == 1, what="both ends are connected")
        yield Ends(client, broker)


@pytest.fixture(params=["up", "down"])
def direction(request: pytest.FixtureRequest) -> Direction:
    return "up" if request.param == "up" else "down"


def test_without_faults_bytes_pass_both_ways(between: FaultProxy, ends: Ends) -> None:
    ends.client.sendall(b"request")
    assert _read(ends.broker, 7) == b"request"
    ends.broker.sendall(b"reply")
    assert _read(ends.client, 5) == b"reply"
    assert (between.passed("up"), between.passed("down")) == (7, 5)
    assert between.accepted == 1


@pytest.mark.parametrize("closes", ["client", "broker"])
def test_an_end_passes(ends: Ends, closes: str) -> None:
    one, other = (ends.client, ends.broker) if closes == "client" else (ends.broker, ends.client)
    one.close()
    assert other.recv(1) == b""


def test_delay_delays_each_way(between: FaultProxy, ends: Ends) -> None:
    between.slow_down(delay=0.15)
    began = time.monotonic()
    ends.client.sendall(b"ping")
    ends.broker.sendall(_read(ends.broker, 4))
    assert _read(ends.client, 4) == b"ping"
    assert time.monotonic() - began >= 0.3


def test_delay_does_not_lower_the_throughput(between: FaultProxy, ends: Ends) -> None:
    between.slow_down(delay=0.1)
    began = time.monotonic()
    for _ in range(20):
        ends.client.sendall(b"x")
        _is_silent(ends.broker, for_seconds=0.01)  # so that each byte comes by itself
    assert _read(ends.broker, 20) == b"x" * 20
    assert time.monotonic() - began < 20 * 0.1


def test_rate_limits_bytes_per_second(between: FaultProxy, ends: Ends) -> None:
    between.slow_down(rate=20_000)
    began = time.monotonic()
    ends.client.sendall(bytes(8_000))
    assert len(_read(ends.broker, 8_000)) == 8_000
    assert time.monotonic() - began >= 0.3


def test_held_bytes_pass_after_the_release(
    between: FaultProxy, ends: Ends, direction: Direction
) -> None:
    source, sink = ends.of(direction)
    between.hold(direction)
    source.sendall(b"held")
    sink.sendall(b"not held")  # the other way is open, and shows that time has passed
    assert _read(source, 8) == b"not held"
    assert _is_silent(sink)
    between.release()
    assert _read(sink, 4) == b"held"


def test_hold_keeps_back_an_end_too(between: FaultProxy, ends: Ends) -> None:
    between.hold()
    ends.client.close()
    assert _is_silent(ends.broker)
    between.release()
    assert ends.broker.recv(1) == b""


def test_cut_ends_with_fin_or_reset(between: FaultProxy, ends: Ends) -> None:
    between.cut()
    assert ends.client.recv(1) == b""
    assert ends.broker.recv(1) == b""


def test_cut_resets(between: FaultProxy, ends: Ends) -> None:
    between.cut(reset=True)
    with pytest.raises(ConnectionResetError):
        ends.client.recv(1)
    with pytest.raises(ConnectionResetError):
        ends.broker.recv(1)


def test_cut_works_while_bytes_are_held(between: FaultProxy, ends: Ends) -> None:
    between.hold()
    ends.client.sendall(b"never to arrive")
    between.cut()
    assert ends.broker.recv(1) == b""


def test_cut_after_passes_so_many_bytes(
    between: FaultProxy, ends: Ends, direction: Direction
) -> None:
    source, sink = ends.of(direction)
    source.sendall(b"before")
    assert _read(sink, 6) == b"before"
    between.cut_after(direction, 3)
    source.sendall(b"abcdef")
    with pytest.raises(ConnectionResetError):
        source.recv(1)
    assert between.passed(direction) == 9


def test_flip_bit_spoils_one_byte_once(
    between: FaultProxy, ends: Ends, direction: Direction
) -> None:
    source, sink = ends.of(direction)
    source.sendall(b"before")
    assert _read(sink, 6) == b"before"
    between.flip_bit(direction, after=2)
    source.sendall(b"abcabc")
    assert _read(sink, 6) == b"absabc"


def test_refused_connections_are_reset(between: FaultProxy, front: int) -> None:
    between.refuse()
    with pytest.raises(ConnectionResetError), _connect(front) as client:
        client.recv(1)


def test_a_closed_port_refuses_and_old_connections_live_on(
    between: FaultProxy, ends: Ends, front: int
) -> None:
    between.close_ports()
    with pytest.raises(ConnectionRefusedError):
        _connect(front)
    ends.client.sendall(b"alive")
    assert _read(ends.broker, 5) == b"alive"
    between.open_ports()
    _connect(front).close()


def test_a_broker_that_does_not_run_looks_like_a_reset(
    between: FaultProxy, server: Server, front: int
) -> None:
    server.close()
    with pytest.raises(ConnectionResetError), _connect(front) as client:
        client.recv(1)
    assert between.accepted == 1


def test_healing_ends_every_fault(between: FaultProxy, ends: Ends, front: int) -> None:
    between.slow_down(delay=30.0)
    between.refuse()
    between.hold()
    between.cut_after("up", 1)
    between.flip_bit("up", after=0)
    between.close_ports()
    between.heal()
    ends.client.sendall(b"well again")
    assert _read(ends.broker, 10) == b"well again"
    _connect(front).close()


def test_the_end_of_the_proxy_ends_connections(server: Server, front: int) -> None:
    with FaultProxy({front: server.port}) as proxy:
        client = _connect(front)
        broker = server.accept()
        proxy.hold("up")
        client.sendall(b"never to arrive")
    with client, pytest.raises(ConnectionResetError):
        client.recv(1)
    with broker, pytest.raises(ConnectionResetError):
        broker.recv(1)


def test_a_peer_that_does_not_read_does_not_hold_up_the_end(server: Server, front: int) -> None:
    with FaultProxy({front: server.port}) as proxy, _connect(front) as client, server.accept():
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                client.send(bytes(65536))
        proxy.cut()


def _connect(port: int) -> socket.socket:
    return socket.create_connection((ports.HOST, port), _TIMEOUT)


def _read(end: socket.socket, size: int) -> bytes:
    """Read so many bytes, or up to the end."""
    data = b""
    while len(data) < size and (more := end.recv(size - len(data))):
        data += more
    return data


def _is_silent(end: socket.socket, for_seconds: float = 0.1) -> bool:
    """Whether nothing comes, not even an end."""
    return not select.select([end], [], [], for_seconds)[0]
