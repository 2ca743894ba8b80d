"""Addresses that lead nowhere: a typed error in time, that names each with its stage."""

import asyncio
import subprocess
import sys
import time

import pytest

from dekaf import BrokerUnreachable, Producer, TlsError
from tests.unit.peers import closed_port, peer

pytestmark = pytest.mark.asyncio

DEADLINE_MS = 600
SLACK = 10.0  # seconds; a loaded machine is late, a missing deadline is much later


async def unreachable(address: str) -> BrokerUnreachable:
    began = time.monotonic()
    with pytest.raises(BrokerUnreachable) as caught:
        async with Producer(address, metadata_timeout_ms=DEADLINE_MS):
            pytest.fail("it is not there, and the block was entered")
    assert time.monotonic() - began < SLACK
    assert caught.value.retriable
    assert not caught.value.fatal
    assert not caught.value.maybe_written
    assert f"metadata_timeout_ms={DEADLINE_MS}" in str(caught.value)
    return caught.value


async def test_refused_port() -> None:
    address = closed_port()
    error = await unreachable(address)
    assert f"{address} (TCP: Connection refused)" in str(error)


async def test_name_that_does_not_exist() -> None:
    error = await unreachable("no-such-host.invalid:9092")
    assert "no-such-host.invalid:9092 (DNS: " in str(error)


async def test_every_address_is_named() -> None:
    one, other = closed_port(), closed_port()
    error = await unreachable(f"{one},{other}")
    assert f"{one} (TCP: " in str(error)
    assert f"{other} (TCP: " in str(error)


async def test_silence() -> None:
    with peer(answer=None) as address:
        error = await unreachable(address)
        assert f"{address} (ApiVersions: no answer within 200ms)" in str(error)


@pytest.mark.parametrize(
    ("answer", "guess"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it looks like HTTP"),
        (b"\xff\xff\xff\xff\x00\x00", "is this Kafka's port?"),
        (b"", "the broker closed the connection"),
        (b"\x00\x00\x00\x02\x00\x00", "answered another request"),
        (b"\x00\x00\x00\x04\x00\x00\x00\x00", "malformed"),
    ],
)
async def test_no_kafka_behind_the_port(answer: bytes, guess: str) -> None:
    with peer(answer) as address:
        error = await unreachable(address)
        assert f"{address} (ApiVersions: " in str(error)
        assert guess in str(error)


async def test_a_listener_for_tls_behind_the_port() -> None:
    """The first message fails at once, as no retry can succeed."""
    alert = b"\x15\x03\x01\x00\x02\x02\x46"
    with peer(alert) as address:
        producer = Producer(address)
        with pytest.raises(TlsError, match="the port speaks TLS, and plain text was sent"):
            await producer.produce("orders", b"v")
        await producer.close()


async def test_message_fails_alike() -> None:
    address = closed_port()
    producer = Producer(address, metadata_timeout_ms=DEADLINE_MS)
    with pytest.raises(BrokerUnreachable, match="Connection refused") as caught:
        await producer.produce("orders", b"v")
    assert caught.value.topic == "orders"
    await producer.close()


async def test_flush_and_close_end_with_their_messages() -> None:
    producer = Producer(closed_port(), metadata_timeout_ms=DEADLINE_MS)
    future = producer.produce("orders", b"v")
    await producer.flush()
    assert isinstance(future.exception(), BrokerUnreachable)
    later = producer.produce("orders", b"v")
    await producer.close()
    assert isinstance(later.exception(), BrokerUnreachable)


async def test_close_gives_up_when_told_to() -> None:
    producer = Producer(closed_port())
    future = producer.produce("orders", b"v")
    await asyncio.wait_for(producer.close(timeout=0), SLACK)
    assert "closed before" in str(future.exception())


SCRIPT = """
import asyncio, sys
from dekaf import BrokerUnreachable, Producer

async def main():
    try:
        async with Producer(sys.argv[1], metadata_timeout_ms=300):
            pass
    except BrokerUnreachable:
        print("told")

asyncio.run(main())
"""


async def test_one_line_on_stderr() -> None:
    """As Python's own warnings, where nobody has configured logging."""
    address = closed_port()
    command = [sys.executable, "-W", "error", "-c", SCRIPT, address]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: ASYNC221 - nothing else runs in this loop
    assert done.stdout == "told\n"
    why = f"{address} (TCP: Connection refused)"
    assert done.stderr == f"the cluster cannot be reached: {why}; trying again\n"
