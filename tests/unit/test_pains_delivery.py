"""What users of Kafka producers suffer from: full queues, polling, failures that nobody hears of.

Each test is named after a pain, as it should be with dekaf.
"""

import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from dekaf import (
    BrokerError,
    ProduceError,
    Producer,
    RecordMetadata,
    SyncProducer,
    UnclaimedFailures,
)
from dekaf.testing import Broker
from tests.unit.programs import run

BOUND = 60.0  # seconds; against hanging, and far below what a lost deadline would take

# -- a queue that is full -------------------------------------------------------------------

MEMORY = 256 * 1024
SIZE = 4 * 1024
COUNT = 10 * MEMORY // SIZE


def number(n: int) -> bytes:
    return str(n).rjust(SIZE).encode()


async def by_send(servers: str) -> None:
    async with Producer(servers, buffer_memory=MEMORY) as producer:
        for n in range(COUNT):
            producer.send("orders", number(n))


async def by_produce(servers: str) -> None:
    async with Producer(servers, buffer_memory=MEMORY) as producer:
        await asyncio.gather(*[producer.produce("orders", number(n)) for n in range(COUNT)])


async def by_awaiting_each(servers: str) -> None:
    async with Producer(servers, buffer_memory=MEMORY) as producer:
        for n in range(COUNT):
            await producer.produce("orders", number(n))


async def by_both_in_turns(servers: str) -> None:
    async with Producer(servers, buffer_memory=MEMORY) as producer:
        futures = []
        for n in range(0, COUNT, 2):
            futures.append(producer.produce("orders", number(n)))
            producer.send("orders", number(n + 1))
        await asyncio.gather(*futures)


async def by_a_thread(servers: str) -> None:
    def work() -> None:
        with SyncProducer(servers, buffer_memory=MEMORY) as producer:
            for n in range(COUNT):
                producer.send("orders", number(n))

    await asyncio.to_thread(work)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "way", [by_send, by_produce, by_awaiting_each, by_both_in_turns, by_a_thread]
)
async def test_a_full_queue_raises_nothing(
    dekaf_broker: Broker, way: Callable[[str], Coroutine[Any, Any, None]]
) -> None:
    """Ten times the buffer, in a loop without a pause, for a broker that is slow."""
    dekaf_broker.faults.delay("produce", 0.002)
    await way(dekaf_broker.bootstrap_servers)
    stored = [record.value for record in dekaf_broker.records("orders")]
    assert stored == [number(n) for n in range(COUNT)]


PEAK = """
import asyncio, re, sys
from pathlib import Path
from dekaf import Producer

MEMORY, SIZE = 8 << 20, 16 << 10

def peak():
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])

async def main():
    async with Producer(sys.argv[1], buffer_memory=MEMORY) as producer:
        before = peak()
        for _ in range(10 * MEMORY // SIZE):
            producer.send("orders", bytes(SIZE))
        await producer.flush()
        print(peak() - before)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read in /proc")
def test_a_full_queue_takes_no_more_memory_than_it_may() -> None:
    # In another process, so that what the broker takes is not counted.
    with Broker(memory=1 << 20) as broker:
        broker.faults.delay("produce", 0.002)
        stdout, _ = run(PEAK, broker.bootstrap_servers)
    assert int(stdout) < (8 + 16) << 20, "80 MiB went through a buffer of 8"


# -- asyncio without a thread that polls ----------------------------------------------------


def test_one_await_brings_the_metadata(
    dekaf_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """In debug mode the loop complains of calls from other threads."""
    complaints: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        loop.slow_callback_duration = BOUND  # a busy machine is no mistake of ours
        # It does not wait for others that could share its batch: the linger is a minute.
        async with Producer(dekaf_broker.bootstrap_servers, linger_ms=60_000) as producer:
            for n in range(20):
                metadata = await producer.produce("orders", str(n), timestamp=n)
                assert metadata == RecordMetadata("orders", 0, n, n)

    with caplog.at_level(logging.WARNING):
        asyncio.run(asyncio.wait_for(main(), BOUND), debug=True)
    assert complaints == []
    assert caplog.records == []


# -- nobody calls poll ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Producer, SyncProducer])
def test_nobody_has_to_poll(dekaf_broker: Broker, kind: Any) -> None:
    """A callback comes to a program that sleeps."""
    producer = kind(dekaf_broker.bootstrap_servers)
    assert not hasattr(producer, "poll")
    told = threading.Event()
    results: list[Any] = []

    def on_delivery(metadata: RecordMetadata | None, error: ProduceError | None) -> None:
        results.append((metadata, error))
        told.set()

    producer.send("orders", b"v", timestamp=1, on_delivery=on_delivery)
    assert told.wait(BOUND)
    assert results == [(RecordMetadata("orders", 0, 0, 1), None)]
    if kind is Producer:
        asyncio.run(producer.close())
    else:
        producer.close()


@pytest.mark.asyncio
async def test_nobody_has_to_poll_in_a_loop(dekaf_broker: Broker, dekaf_producer: Producer) -> None:
    told = asyncio.Event()
    dekaf_producer.send("orders", b"v", on_delivery=lambda _, __: told.set())
    await asyncio.wait_for(told.wait(), BOUND)
    assert len(dekaf_broker.records("orders")) == 1


def test_callbacks_are_done_when_flush_returns(dekaf_broker: Broker) -> None:
    """A script that counts what arrived does so behind its flush."""
    gate, returned = threading.Event(), threading.Event()
    told: list[RecordMetadata | None] = []

    def on_delivery(metadata: RecordMetadata | None, _: ProduceError | None) -> None:
        gate.wait(BOUND)
        told.append(metadata)

    def open_late() -> None:
        returned.wait(2)  # a flush that waits needs the gate, one that does not is back by now
        gate.set()

    opener = threading.Thread(target=open_late)
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        producer.send("orders", b"v", on_delivery=on_delivery)
        opener.start()
        producer.flush()
        seen = list(told)
        returned.set()
        opener.join()
    assert len(seen) == 1


@pytest.mark.asyncio
async def test_callbacks_are_done_when_flush_returns_to_a_loop(dekaf_producer: Producer) -> None:
    told: list[RecordMetadata | None] = []
    for _ in range(5_000):
        dekaf_producer.send("orders", b"v", on_delivery=lambda metadata, _: told.append(metadata))
    await dekaf_producer.flush()
    assert len(told) == 5_000


def test_a_coroutine_callback_is_not_cut_off(dekaf_broker: Broker) -> None:
    """By the end of the block, and of the program behind it."""
    ends: list[str] = []

    async def on_delivery(_: RecordMetadata | None, __: ProduceError | None) -> None:
        try:
            for _turn in range(100):
                await asyncio.sleep(0)  # whatever it does takes some turns of the loop
            ends.append("done")
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    async def main() -> None:
        async with Producer(dekaf_broker.bootstrap_servers) as producer:
            producer.send("orders", b"v", on_delivery=on_delivery)

    asyncio.run(main())
    assert ends == ["done"]


@pytest.mark.asyncio
async def test_every_callback_comes_once(dekaf_broker: Broker, dekaf_producer: Producer) -> None:
    """Whatever happens to the connections meanwhile."""
    told = [0] * 1_000
    offsets: list[int] = []

    def on_delivery(n: int, metadata: RecordMetadata | None, _: ProduceError | None) -> None:
        told[n] += 1
        assert metadata is not None
        offsets.append(metadata.offset)

    for n in range(len(told)):
        if n % 300 == 0:
            dekaf_broker.faults.drop_answers()
            dekaf_broker.faults.drop_connections()
        dekaf_producer.send("orders", b"v", on_delivery=partial(on_delivery, n))
        if n % 100 == 0:
            await dekaf_producer.flush()
    await dekaf_producer.close()
    assert told == [1] * len(told)
    assert offsets == list(range(len(told)))


# -- a failure that nobody hears of ---------------------------------------------------------


@pytest.mark.parametrize("way", ["send", "a dropped future"])
def test_a_failure_nobody_asked_about_is_heard(
    dekaf_broker: Broker, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    heard: list[ProduceError] = []

    async def main() -> None:
        producer = Producer(dekaf_broker.bootstrap_servers, on_error=heard.append)
        await producer.produce("orders", b"v")
        dekaf_broker.faults.fail("produce", "INVALID_RECORD", times=None)
        for _ in range(3):
            producer.send("orders", b"v") if way == "send" else producer.produce("orders", b"v")
        with pytest.raises(
            UnclaimedFailures, match=r"3 messages failed .* INVALID_RECORD"
        ) as flush:
            await producer.flush()
        assert flush.value.count == 3
        assert [failure.code for failure in flush.value.failures] == ["INVALID_RECORD"] * 3
        await producer.flush()
        await producer.close()

    asyncio.run(main())
    assert [(type(error), error.code) for error in heard] == [(BrokerError, "INVALID_RECORD")] * 3
    (line,) = [record for record in caplog.records if record.name == "dekaf"]
    assert line.levelno == logging.ERROR
    assert "INVALID_RECORD" in line.getMessage()


@pytest.mark.asyncio
async def test_whoever_awaits_hears_of_the_failure_himself(dekaf_broker: Broker) -> None:
    """And nobody else: it is neither told twice nor raised by the end of the block."""
    heard: list[ProduceError] = []
    async with Producer(dekaf_broker.bootstrap_servers, on_error=heard.append) as producer:
        dekaf_broker.faults.fail("produce", "INVALID_RECORD", times=None)
        with pytest.raises(BrokerError, match="INVALID_RECORD"):
            await producer.produce("orders", b"v")
        told: list[ProduceError | None] = []
        producer.send("orders", b"v", on_delivery=lambda _, error: told.append(error))
        await producer.flush()
        await asyncio.sleep(0)
        assert [type(error) for error in told] == [BrokerError]
    assert heard == []
