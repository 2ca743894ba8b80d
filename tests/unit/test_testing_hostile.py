"""The broker in the box: whatever a client does, the others are served and nothing is left."""

import contextlib
import gc
import random
import resource
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dekaf.testing import Broker
from tests.unit.blocking import produce_all
from tests.unit.wiretap import frames_of_a_producer

LIMIT = 1_000  # connections that the box serves at a time
MARGIN = 64 << 20  # bytes by which the process may have grown in the end: malloc keeps some
PATIENCE = 30.0  # seconds; a loaded machine is late

API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)
UNSUPPORTED_VERSION = 35

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc to measure"),
    pytest.mark.timeout(60),
]


def memory() -> int:
    """Bytes of memory that this process really uses."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"after {PATIENCE} s {what}"
        time.sleep(0.002)


@pytest.fixture
def box(capfd: pytest.CaptureFixture[str]) -> Iterator[Broker]:
    """Hold the box to it: in the end it serves as before, with no more memory or descriptors."""
    with Broker() as broker:
        produce_all(broker, {"value": "before"})
        until(lambda: open_sockets(broker) == 0, "the producer's sockets are open")
        memory_before, descriptors_before = memory(), descriptors()
        yield broker
        produce_all(broker, {"value": "after"})
        stored = [record.value for record in broker.records("orders")]
        assert stored == [b"before", b"after"]
        until(
            lambda: descriptors() <= descriptors_before,
            f"{descriptors()} descriptors are open, and {descriptors_before} were",
        )
        grown = memory() - memory_before
        assert grown < MARGIN, f"{grown / 2**20:.1f} MiB were not given back"
    # A connection's panic would be its own, but it would be said.
    assert capfd.readouterr().err == ""


def open_sockets(broker: Broker) -> int:
    """Count the box's connections, as the system sees them."""
    port = int(broker.bootstrap_servers.rpartition(":")[2])
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    # 01 is ESTABLISHED, 08 is CLOSE_WAIT.
    return sum(row[1].endswith(f":{port:04X}") and row[3] in {"01", "08"} for row in table)


def connect(broker: Broker) -> socket.socket:
    host, port = broker.bootstrap_servers.split(":")
    connection = socket.create_connection((host, int(port)), timeout=PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def exchange(connection: socket.socket, request: bytes) -> bytes:
    """Return the answer without its length; nothing if the connection ended instead."""
    try:
        connection.sendall(request)
        prefix = receive(connection, 4)
        return receive(connection, struct.unpack(">i", prefix)[0]) if prefix else b""
    except (ConnectionResetError, BrokenPipeError):
        return b""


def receive(connection: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        piece = connection.recv(size - len(got))
        if not piece:
            assert not got, "an answer ended in the middle"
            return b""
        got += piece
    return got


def is_served(connection: socket.socket) -> bool:
    answer = exchange(connection, API_VERSIONS)
    return answer[:6] == struct.pack(">ih", 1, 0)


def abort(connection: socket.socket) -> None:
    """Close with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_garbage(box: Broker) -> None:
    chance = random.Random(1)  # noqa: S311 - the same garbage every time
    for turn in range(300):
        with connect(box) as connection:
            garbage = chance.randbytes(chance.randrange(1, 2000))
            with contextlib.suppress(OSError):  # it may have been left already
                connection.sendall(garbage)
                if turn % 2:
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass


@pytest.mark.parametrize(
    "request_line", [b"GET / HTTP/1.1\r\nHost: box\r\n\r\n", b"\x16\x03\x01" * 9]
)
def test_other_protocols(box: Broker, request_line: bytes) -> None:
    with connect(box) as connection:
        assert exchange(connection, request_line) == b""


@pytest.mark.parametrize("length", [-1, -(2**31), 2**31 - 1, (100 << 20) + 1])
def test_lengths_that_nobody_serves(box: Broker, length: int) -> None:
    with connect(box) as connection:
        assert exchange(connection, struct.pack(">i", length)) == b""


@pytest.mark.parametrize("length", range(8))
def test_frames_that_are_too_short(box: Broker, length: int) -> None:
    with connect(box) as connection:
        assert exchange(connection, struct.pack(">i", length) + bytes(length)) == b""


def test_a_length_alone_takes_no_memory(box: Broker) -> None:
    before = memory()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(box)) for _ in range(100)]
        for connection in connections:
            connection.sendall(struct.pack(">i", 100 << 20) + b"\0")
        assert is_served(stack.enter_context(connect(box)))
        assert memory() - before < 32 << 20


def test_half_frames_are_forgotten_with_their_connections(box: Broker) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            connection = stack.enter_context(connect(box))
            connection.sendall(struct.pack(">i", 50 << 20) + bytes(4 << 20))


def test_silence(box: Broker) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(connect(box))
        produce_all(box, {"value": "beside"}, topic="beside")


def test_silence_does_not_hold_up_the_end() -> None:
    broker = Broker().start()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(broker)) for _ in range(20)]
        connections[0].sendall(b"\0\0")
        began = time.monotonic()
        broker.close()
        assert time.monotonic() - began < 5
        for connection in connections:
            assert exchange(connection, b"") == b""


def test_unknown_apis_and_versions(box: Broker) -> None:
    """With nothing behind the header, and with zeros, which are a good deal of most requests."""
    for body in (b"", bytes(64)):
        for key in [*range(-1, 95), 999, 2**15 - 1, -(2**15)]:
            for version in (-1, 0, 3, 9, 13, 99):
                with connect(box) as connection:
                    head = struct.pack(">hhih", key, version, 7, -1)
                    answer = exchange_if_any(connection, head + body)
                    assert answer == b"" or answer[:4] == struct.pack(">i", 7)


def exchange_if_any(connection: socket.socket, request: bytes) -> bytes:
    """Exchange with somebody who may wait for more, as groups do: our end makes them give up."""
    framed = struct.pack(">i", len(request)) + request
    try:
        connection.sendall(framed)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(0.2)
        prefix = receive(connection, 4)
        return receive(connection, struct.unpack(">i", prefix)[0]) if prefix else b""
    except (ConnectionResetError, BrokenPipeError, TimeoutError):
        return b""


def test_a_version_of_the_future_is_told_which_there_are(box: Broker) -> None:
    with connect(box) as connection:
        # Headers end with tagged fields since version 3.
        answer = exchange(connection, struct.pack(">ihhihb", 11, 18, 99, 5, -1, 0))
        assert answer[:6] == struct.pack(">ih", 5, UNSUPPORTED_VERSION)
        # The client may try again, on the same connection.
        assert is_served(connection)


@pytest.fixture(scope="module")
def frames() -> list[bytes]:
    """Listen to a producer, on a topic that no other one uses."""
    return frames_of_a_producer("bent")


def test_requests_that_are_cut_anywhere(box: Broker, frames: list[bytes]) -> None:
    """The client is gone in the middle of its request, politely or not."""
    keys = {struct.unpack(">h", frame[4:6])[0] for frame in frames}
    assert keys >= {0, 3, 18, 22}, "Produce, Metadata, ApiVersions, InitProducerId"
    for frame in frames:
        for size in range(len(frame)):
            connection = connect(box)
            connection.sendall(frame[:size])
            (connection.close if size % 2 else lambda: abort(connection))()  # noqa: B023 - called now
    assert "bent" not in box.topics or box.records("bent") == []


def test_requests_that_end_too_early(box: Broker, frames: list[bytes]) -> None:
    """The frame is whole, the request in it is not: nothing of it is done."""
    for frame in frames:
        for size in range(4, len(frame) - 4):
            short = struct.pack(">i", size) + frame[4 : 4 + size]
            with connect(box) as connection:
                exchange(connection, short)
    assert box.records("bent") == []


def test_requests_with_a_byte_that_is_wrong(box: Broker, frames: list[bytes]) -> None:
    for frame in frames:
        for place in range(4, len(frame)):
            for wrong in (0x00, 0x7F, 0x80, 0xFF):
                bent = frame[:place] + bytes([wrong]) + frame[place + 1 :]
                with connect(box) as connection:
                    exchange(connection, bent)


def test_answers_that_nobody_reads(box: Broker) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            connection = stack.enter_context(connect(box))
            connection.setblocking(False)
            sent = 0
            with contextlib.suppress(BlockingIOError):
                while sent < 64 << 20:
                    sent += connection.send(API_VERSIONS * 1000)
        produce_all(box, {"value": "beside"}, topic="beside")


def test_requests_that_are_piped_are_answered_in_order(box: Broker) -> None:
    with connect(box) as connection:
        count = 500
        requests = [struct.pack(">ihhih", 10, 18, 0, n, -1) for n in range(count)]
        connection.sendall(b"".join(requests))
        for n in range(count):
            size = struct.unpack(">i", receive(connection, 4))[0]
            assert receive(connection, size)[:4] == struct.pack(">i", n)


def test_requests_that_come_byte_by_byte(box: Broker) -> None:
    with connect(box) as connection:
        for byte in API_VERSIONS[:-1]:
            connection.sendall(bytes([byte]))
        assert exchange(connection, API_VERSIONS[-1:])[:6] == struct.pack(">ih", 1, 0)


@pytest.fixture
def _many_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8 * LIMIT
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"needs {wanted} descriptors, and {hard} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("_many_descriptors")
def test_more_connections_than_there_are_places(box: Broker) -> None:
    with contextlib.ExitStack() as stack:
        inside = [stack.enter_context(connect(box)) for _ in range(LIMIT)]
        assert all([is_served(connection) for connection in inside])  # noqa: C419 - every one
        outside = [stack.enter_context(connect(box)) for _ in range(2 * LIMIT)]
        assert not any(is_served(connection) for connection in outside)
        assert all(is_served(connection) for connection in inside)
        # Who leaves makes room, at once for somebody else.
        inside.pop().close()
        until(lambda: tries(box), "a place that is free is not given out")
    until(lambda: tries(box), "nobody is served after the crowd has gone")


def tries(broker: Broker) -> bool:
    with connect(broker) as connection:
        return is_served(connection)


def test_connections_that_come_and_go(box: Broker) -> None:
    for turn in range(3_000):
        connection = connect(box)
        if turn % 3 == 0:
            assert is_served(connection)
        (connection.close if turn % 2 else lambda: abort(connection))()  # noqa: B023 - called now
