"""What users of Kafka producers suffer from: what is lost at the end, and waits that have none.

Each test is named after a pain, as it should be with dekaf.
"""

import asyncio
from typing import Any

import pytest

from dekaf import (
    BrokerUnreachable,
    DeliveryTimeout,
    FlushTimeout,
    Producer,
    ProducerClosed,
    SyncProducer,
    UnclaimedFailures,
)
from dekaf.testing import Broker
from tests.unit.peers import closed_port
from tests.unit.programs import DROPS, run

BOUND = 60.0  # seconds; against hanging, and far below what a lost deadline would take

# -- the program ends -----------------------------------------------------------------------


@pytest.mark.asyncio
async def test_leaving_the_block_loses_nothing(dekaf_broker: Broker) -> None:
    dekaf_broker.faults.delay("produce", 0.05, times=3)
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        for n in range(100):
            producer.send("orders", str(n))
    assert len(dekaf_broker.records("orders")) == 100
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the end of the block is what is tested
        async with Producer(dekaf_broker.bootstrap_servers) as producer:
            producer.send("orders", "100")
            raise ZeroDivisionError
    assert len(dekaf_broker.records("orders")) == 101


@pytest.mark.asyncio
async def test_leaving_the_block_ends_and_counts(dekaf_broker: Broker) -> None:
    """A broker that hangs holds the block's end for `delivery_timeout_ms`, and no longer."""
    with pytest.raises(UnclaimedFailures) as caught:  # noqa: PT012 - the end of the block raises
        async with Producer(
            dekaf_broker.bootstrap_servers, request_timeout_ms=200, delivery_timeout_ms=500
        ) as producer:
            await producer.produce("orders", b"stored")
            dekaf_broker.faults.pause()
            for _ in range(7):
                producer.send("orders", b"lost")
    dekaf_broker.faults.resume()
    assert caught.value.count == 7
    assert {type(failure) for failure in caught.value.failures} == {DeliveryTimeout}


ENDS = {
    "asyncio, never closed": """
async def main():
    producer = Producer(sys.argv[1])
    for n in range(1000):
        producer.send("orders", str(n))
asyncio.run(main())
""",
    "no asyncio, never closed": """
producer = SyncProducer(sys.argv[1])
for n in range(1000):
    producer.send("orders", str(n))
""",
    "dropped at once": """
def work():
    producer = SyncProducer(sys.argv[1])
    for n in range(1000):
        producer.send("orders", str(n))
work()
""",
    "sys.exit": """
producer = SyncProducer(sys.argv[1])
for n in range(1000):
    producer.send("orders", str(n))
sys.exit()
""",
}
HEAD = "import asyncio, sys\nfrom dekaf import Producer, SyncProducer\n"


@pytest.mark.parametrize("script", ENDS.values(), ids=ENDS.keys())
def test_a_script_that_ends_loses_nothing(dekaf_broker: Broker, script: str) -> None:
    """`tests/integration/test_process.py` has more ways to end, for awaited messages."""
    dekaf_broker.faults.delay("produce", 0.02, times=5)
    assert run(HEAD + script, dekaf_broker.bootstrap_servers, options=DROPS) == ("", "")
    stored = [record.value for record in dekaf_broker.records("orders")]
    assert stored == [str(n).encode() for n in range(1000)]


HANGS = """
import asyncio
from dekaf import Producer, SyncProducer
from dekaf.testing import Broker
broker = Broker().start()
"""
HANGING = {
    "asyncio": """
async def main():
    producer = Producer(broker.bootstrap_servers, exit_timeout_ms=200)
    await asyncio.gather(*[producer.produce("orders", str(n)) for n in range(3)])
    broker.faults.pause()
    for n in range(5):
        producer.send("orders", str(n))
asyncio.run(main())
""",
    "no asyncio": """
producer = SyncProducer(broker.bootstrap_servers, exit_timeout_ms=200)
for n in range(3):
    producer.produce("orders", str(n))
broker.faults.pause()
for n in range(5):
    producer.send("orders", str(n))
""",
}


@pytest.mark.parametrize("script", HANGING.values(), ids=HANGING.keys())
def test_what_is_lost_at_the_end_is_counted(script: str) -> None:
    """Those that were delivered before are not among them."""
    stdout, stderr = run(HANGS + script, options=DROPS)
    assert stdout == ""
    assert stderr.startswith("dekaf: 5 messages were not delivered before the interpreter ended")
    assert stderr.count("\n") == 1


def test_what_fails_at_the_end_is_counted() -> None:
    """Nobody is left to be told of a failure when the program is over: it must not be silent."""
    script = HEAD + (
        "producer = SyncProducer(sys.argv[1], metadata_timeout_ms=200)\n"
        "for n in range(5):\n    producer.send('orders', str(n))\n"
    )
    _, stderr = run(script, closed_port())
    assert "5 messages were not delivered" in stderr


# -- a wait that never ends -----------------------------------------------------------------

IMPATIENT: dict[str, Any] = {
    "linger_ms": 0,
    "request_timeout_ms": 300,
    "delivery_timeout_ms": 600,
    "metadata_timeout_ms": 400,
}


@pytest.mark.asyncio
@pytest.mark.parametrize("hangs", [True, False], ids=["it hangs", "it is gone"])
async def test_no_wait_is_endless(hangs: bool) -> None:
    """The only broker is there no more: every call ends by its own deadline."""

    async def main(broker: Broker) -> None:
        producer = Producer(broker.bootstrap_servers, **IMPATIENT)
        await producer.produce("orders", b"v")
        broker.faults.pause() if hangs else broker.close()
        futures = [producer.produce("orders", b"v") for _ in range(10)]
        with pytest.raises(FlushTimeout) as late:
            await producer.flush(timeout=0)
        assert late.value.remaining == 10
        failures = await asyncio.gather(*futures, return_exceptions=True)
        assert {type(failure) for failure in failures} == {DeliveryTimeout}
        await producer.flush()
        with pytest.raises(BrokerUnreachable):
            await producer.ping(timeout=0.2)
        with pytest.raises(BrokerUnreachable):
            await producer.partitions("other")
        with pytest.raises(BrokerUnreachable):
            await producer.produce("another", b"v")
        last = producer.produce("orders", b"v")
        await producer.close()
        assert isinstance(last.exception(), DeliveryTimeout)
        with pytest.raises(BrokerUnreachable):
            async with Producer(broker.bootstrap_servers, **IMPATIENT):
                pytest.fail("nobody was there to connect to")

    with Broker() as broker:
        await asyncio.wait_for(main(broker), BOUND)


@pytest.mark.parametrize("hangs", [True, False], ids=["it hangs", "it is gone"])
def test_no_thread_waits_endlessly(hangs: bool) -> None:
    with Broker() as broker:
        producer = SyncProducer(broker.bootstrap_servers, **IMPATIENT)
        producer.produce("orders", b"v")
        broker.faults.pause() if hangs else broker.close()
        with pytest.raises(DeliveryTimeout):
            producer.produce("orders", b"v")
        producer.send("orders", b"v", on_delivery=lambda _, __: None)
        with pytest.raises(FlushTimeout):
            producer.flush(timeout=0)
        producer.flush()
        with pytest.raises(BrokerUnreachable):
            producer.ping(timeout=0.2)
        with pytest.raises(BrokerUnreachable):
            producer.produce("another", b"v")
        producer.close()
        with pytest.raises(BrokerUnreachable), SyncProducer(broker.bootstrap_servers, **IMPATIENT):
            pytest.fail("nobody was there to connect to")


@pytest.mark.asyncio
async def test_flush_is_not_held_up_by_what_comes_later(dekaf_broker: Broker) -> None:
    async with Producer(dekaf_broker.bootstrap_servers, linger_ms=0) as producer:
        first = producer.produce("orders", b"v")
        flushing = asyncio.ensure_future(producer.flush())
        while not flushing.done():
            producer.send("orders", b"v")
            await asyncio.sleep(0)
        assert first.done()


@pytest.mark.asyncio
@pytest.mark.parametrize("address", ["there", "nowhere"])
async def test_a_producer_that_was_not_started_does_not_hang(
    dekaf_broker: Broker, address: str
) -> None:
    servers = dekaf_broker.bootstrap_servers if address == "there" else closed_port()

    async def main() -> None:
        producer = Producer(servers, **IMPATIENT)
        await producer.flush()
        if address == "there":
            await producer.produce("orders", b"v")
        else:
            with pytest.raises(BrokerUnreachable):
                await producer.produce("orders", b"v")
        await producer.close()
        await Producer(servers, **IMPATIENT).close()
        with pytest.raises(ProducerClosed):
            await producer.flush()

    await asyncio.wait_for(main(), BOUND)


# -- Ctrl-C ---------------------------------------------------------------------------------

INTERRUPT = """
import os, signal, sys, threading
from dekaf import SyncProducer
from dekaf.testing import Broker

broker = Broker().start()
producer = SyncProducer(broker.bootstrap_servers, exit_timeout_ms=0, buffer_memory=100_000)
producer.produce("orders", b"v")
broker.faults.pause()
what = sys.argv[1]
inside, pause = threading.Event(), threading.Event()

def press():
    # Once the main thread is within the call, and stays there.
    inside.wait()
    main = threading.main_thread().ident
    looks = []
    while len(looks) < 10 or len(set(looks[-10:])) > 1:
        frame = sys._current_frames()[main]
        looks.append((frame.f_code.co_name, frame.f_lasti))
        pause.wait(0.01)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=press, daemon=True).start()

def wait():
    inside.set()
    if what == "flush":
        producer.flush()
    elif what == "flush in time":
        producer.flush(timeout=3600)
    elif what == "produce":
        producer.produce("orders", b"v")
    elif what == "close":
        producer.close()
    elif what == "start":
        SyncProducer(broker.bootstrap_servers, metadata_timeout_ms=3_600_000).start()
    elif what == "send":
        while True:
            producer.send("orders", bytes(10_000))

producer.send("orders", b"v")
try:
    wait()
except KeyboardInterrupt:
    print("interrupted", flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("what", ["flush", "flush in time", "produce", "close", "start", "send"])
def test_ctrl_c_ends_every_wait(what: str) -> None:
    """The broker hangs: without Ctrl-C each of them would take minutes."""
    assert run(INTERRUPT, what) == ("interrupted\n", "")
