"""A secured broker in the box: strangers cost little, learn little, and others are served."""

import contextlib
import random
import socket
import ssl
import struct
import time
from collections.abc import Iterator

import pytest

from dekaf import Security
from dekaf.testing import Broker
from tests.unit.test_testing_hostile import (
    API_VERSIONS,
    MARGIN,
    connect,
    descriptors,
    exchange,
    memory,
    pytestmark,
    until,
)

__all__ = ["pytestmark"]

USER, PASSWORD = "alice", "alice-secret"
LARGEST = 512 << 10  # bytes of a request before authentication

SECURITIES = {
    "tls": Security.tls(),
    "sasl-ssl": Security.sasl_plain(USER, PASSWORD),
    "sasl-plaintext": Security.sasl_plain(USER, PASSWORD, tls=False),
}
METADATA, SASL_HANDSHAKE, SASL_AUTHENTICATE = 3, 17, 36
UNSUPPORTED_MECHANISM, ILLEGAL_STATE, AUTHENTICATION_FAILED = 33, 34, 58


@pytest.fixture(params=SECURITIES)
def box(request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]) -> Iterator[Broker]:
    """Hold the box to it: in the end it serves as before, with no more memory or descriptors."""
    with Broker(security=SECURITIES[request.param]) as broker:
        assert is_served(broker)
        memory_before, descriptors_before = memory(), descriptors()
        yield broker
        until(lambda: is_served(broker), "nobody is served")
        until(lambda: descriptors() <= descriptors_before, "descriptors are open")
        grown = memory() - memory_before
        assert grown < MARGIN, f"{grown / 2**20:.1f} MiB were not given back"
        assert broker.topics == {}
    # A connection's panic would be its own, but it would be said.
    assert capfd.readouterr().err == ""


@pytest.fixture
def login() -> Iterator[Broker]:
    """Run a broker that asks for a password in clear text, which is easy to speak."""
    with Broker(security=SECURITIES["sasl-plaintext"]) as broker:
        yield broker
        assert is_served(broker)


def request_of(api: int, version: int, body: bytes = b"", *, flexible: bool = False) -> bytes:
    head = struct.pack(">hhih", api, version, 7, -1) + (b"\0" if flexible else b"")
    return struct.pack(">i", len(head + body)) + head + body


def handshake(mechanism: bytes = b"PLAIN", version: int = 1) -> bytes:
    return request_of(SASL_HANDSHAKE, version, struct.pack(">h", len(mechanism)) + mechanism)


def authenticate(token: bytes = f"\0{USER}\0{PASSWORD}".encode()) -> bytes:
    return request_of(SASL_AUTHENTICATE, 0, struct.pack(">i", len(token)) + token)


ALL_TOPICS = request_of(METADATA, 1, struct.pack(">i", -1))


@contextlib.contextmanager
def encrypted(broker: Broker) -> Iterator[socket.socket]:
    """Connect as the broker wants it, up to authentication."""
    with contextlib.ExitStack() as stack:
        connection: socket.socket = stack.enter_context(connect(broker))
        if broker.ca:
            trust = ssl.create_default_context(cadata=broker.ca)
            connection = stack.enter_context(
                trust.wrap_socket(
                    connection, server_hostname="localhost", suppress_ragged_eofs=False
                )
            )
        yield connection


def log_in(broker: Broker, connection: socket.socket) -> bool:
    if broker.security is None or broker.security._core()["sasl"] is None:
        return True
    steps = (exchange(connection, handshake()), exchange(connection, authenticate()))
    return all(error(answer) == 0 for answer in steps)


def is_served(broker: Broker) -> bool:
    with encrypted(broker) as connection:
        return log_in(broker, connection) and exchange(connection, ALL_TOPICS) != b""


def error(answer: bytes) -> int:
    assert answer[:4] == struct.pack(">i", 7), "an answer to another request, or none"
    code: int = struct.unpack(">h", answer[4:6])[0]
    return code


def is_left(connection: socket.socket, request: bytes) -> bool:
    """Whether the broker ends the connection, and says nothing but a TLS alert."""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
        connection.sendall(request)
        got = b""
        while piece := connection.recv(65536):
            got += piece
        return got[:2] in {b"", b"\x15\x03"} and len(got) < 10
    return True


def test_garbage_in_place_of_the_first_bytes(box: Broker) -> None:
    chance = random.Random(1)  # noqa: S311 - the same garbage every time
    for turn in range(200):
        with connect(box) as connection, contextlib.suppress(OSError):
            connection.sendall(chance.randbytes(chance.randrange(1, 2000)))
            if turn % 2:
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass


def test_garbage_within_the_connection(box: Broker) -> None:
    chance = random.Random(2)  # noqa: S311 - the same garbage every time
    for turn in range(100):
        with encrypted(box) as connection, contextlib.suppress(OSError):
            if turn % 2:
                log_in(box, connection)
            connection.sendall(chance.randbytes(chance.randrange(1, 2000)))


def test_a_client_hello_that_is_cut_anywhere(box: Broker) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = outgoing.read()
    for size in range(0, len(hello), 5):
        with connect(box) as connection:
            connection.sendall(hello[:size])


def test_plain_text_on_a_tls_port() -> None:
    """The broker answers with an alert at most, as Kafka does."""
    with Broker(security=Security.tls()) as broker:
        for request in (API_VERSIONS, b"GET / HTTP/1.1\r\n\r\n"):
            with connect(broker) as connection:
                assert is_left(connection, request)
        assert is_served(broker)


@pytest.mark.parametrize("name", [None, "sasl-plaintext"])
def test_tls_on_a_plain_port(name: str | None) -> None:
    with Broker(security=SECURITIES[name] if name else None) as broker:
        trust = ssl.create_default_context()
        with connect(broker) as connection, pytest.raises((ssl.SSLError, ConnectionResetError)):
            trust.wrap_socket(connection, server_hostname="localhost")


@pytest.mark.parametrize("length", [-1, -(2**31), 2**31 - 1, LARGEST + 1])
def test_lengths_that_strangers_may_not_ask_for(login: Broker, length: int) -> None:
    with connect(login) as connection:
        assert is_left(connection, struct.pack(">i", length))
    with connect(login) as connection:
        assert error(exchange(connection, handshake())) == 0
        assert is_left(connection, struct.pack(">i", length))


def test_a_stranger_may_send_as_much_as_kafka_allows(login: Broker) -> None:
    with connect(login) as connection:
        padded = request_of(18, 0, bytes(LARGEST - 10))
        assert len(padded) == LARGEST + 4
        assert error(exchange(connection, padded)) == 0


def test_an_authenticated_client_may_send_more(login: Broker) -> None:
    with connect(login) as connection:
        assert log_in(login, connection)
        assert error(exchange(connection, request_of(18, 0, bytes(4 * LARGEST)))) == 0


def test_silence_holds_nothing_up(box: Broker) -> None:
    with contextlib.ExitStack() as stack:
        for n in range(200):
            connection = stack.enter_context(connect(box))
            if n % 2:
                connection.sendall(b"\x16\x03\x01\x02" if box.ca else b"\0\0")
        assert is_served(box)
        began = time.monotonic()
        box.faults.drop_connections()
        assert is_served(box)
        assert time.monotonic() - began < 5


def test_silence_does_not_hold_up_the_end() -> None:
    broker = Broker(security=SECURITIES["sasl-ssl"]).start()
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(connect(broker)).sendall(b"\x16\x03")
        began = time.monotonic()
        broker.close()
        assert time.monotonic() - began < 5


def test_a_half_frame_of_a_stranger_takes_little(login: Broker) -> None:
    before = memory()
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            connection = stack.enter_context(connect(login))
            connection.sendall(struct.pack(">i", LARGEST) + bytes(1000))
        assert is_served(login)
        assert memory() - before < 32 << 20


@pytest.mark.parametrize(
    "before", [[], [API_VERSIONS], [handshake()], [API_VERSIONS, handshake()]], ids=len
)
def test_nothing_else_is_answered_before_authentication(login: Broker, before: list[bytes]) -> None:
    for api in range(-1, 95):
        expected = {18, SASL_HANDSHAKE} if not before else {SASL_HANDSHAKE}
        expected = {SASL_AUTHENTICATE} if handshake() in before else expected
        if api in expected:
            continue
        with connect(login) as connection:
            assert all(exchange(connection, request) for request in before)
            assert is_left(connection, request_of(api, 0, bytes(64))), api


def test_versions_may_be_asked_for_again_after_an_unknown_one(login: Broker) -> None:
    with connect(login) as connection:
        assert error(exchange(connection, request_of(18, 99, flexible=True))) == 35
        assert exchange(connection, API_VERSIONS)[4:6] == b"\0\0"
        assert log_in(login, connection)


def test_the_old_handshake_is_refused(login: Broker) -> None:
    """Raw tokens would follow version 0; it is not listed, and no client asks for it."""
    with connect(login) as connection:
        assert is_left(connection, handshake(version=0))


def test_an_unknown_mechanism_is_answered_with_the_enabled_ones(login: Broker) -> None:
    with connect(login) as connection:
        answer = exchange(connection, handshake(b"GSSAPI"))
        assert error(answer) == UNSUPPORTED_MECHANISM
        assert answer[6:] == struct.pack(">ih", 1, 5) + b"PLAIN"
        assert is_left(connection, b"")


def test_a_wrong_password_is_answered_as_kafka_does(login: Broker) -> None:
    with connect(login) as connection:
        assert error(exchange(connection, handshake())) == 0
        answer = exchange(connection, authenticate(b"\0alice\0wrong"))
        assert error(answer) == AUTHENTICATION_FAILED
        assert b"Authentication failed: Invalid username or password" in answer
        assert b"wrong" not in answer
        assert is_left(connection, b"")


def test_sasl_on_a_port_without_it() -> None:
    with Broker() as broker, connect(broker) as connection:
        assert error(exchange(connection, handshake())) == ILLEGAL_STATE
        assert exchange(connection, ALL_TOPICS)


def test_authenticated_twice(login: Broker) -> None:
    with connect(login) as connection:
        assert log_in(login, connection)
        assert error(exchange(connection, handshake())) == ILLEGAL_STATE
        assert error(exchange(connection, authenticate())) == ILLEGAL_STATE
        assert exchange(connection, ALL_TOPICS)


def test_faults_meet_logins_too(login: Broker) -> None:
    login.faults.fail("sasl_authenticate", "SASL_AUTHENTICATION_FAILED")
    with connect(login) as connection:
        assert not log_in(login, connection)
    login.faults.drop_answers("sasl_handshake")
    with connect(login) as connection:
        assert is_left(connection, handshake())
    login.faults.pause()
    with connect(login) as connection:
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            exchange(connection, handshake())
    login.faults.resume()


def test_a_broker_that_hangs_answers_no_client_hello() -> None:
    with Broker(security=Security.tls()) as broker:
        broker.faults.pause()
        trust = ssl.create_default_context(cadata=broker.ca)
        with connect(broker) as connection:
            connection.settimeout(0.1)
            with pytest.raises(TimeoutError):
                trust.wrap_socket(connection, server_hostname="localhost")
        broker.faults.resume()
        assert is_served(broker)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_certificate_is_valid_as_strictly_as_can_be(name: str, version: ssl.TLSVersion) -> None:
    with Broker(security=Security.tls()) as broker:
        trust = ssl.create_default_context(cadata=broker.ca)
        trust.verify_flags |= ssl.VERIFY_X509_STRICT
        trust.minimum_version = trust.maximum_version = version
        with (
            connect(broker) as plain,
            trust.wrap_socket(plain, server_hostname=name) as connection,
        ):
            assert exchange(connection, ALL_TOPICS)


def test_the_end_of_a_tls_connection_is_announced() -> None:
    """Without a close_notify, Python's `ssl` would raise."""
    with Broker(security=SECURITIES["sasl-ssl"]) as broker, encrypted(broker) as connection:
        assert error(exchange(connection, handshake())) == 0
        answer = exchange(connection, authenticate(b"\0alice\0wrong"))
        assert error(answer) == AUTHENTICATION_FAILED
        assert connection.recv(1) == b""
