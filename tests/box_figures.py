"""What the broker in the box costs: `.venv/bin/python -m tests.box_figures`.

Printed, not asserted: a build for development and a busy machine have figures of their own.
"""

import asyncio
import resource
import statistics
import time
from pathlib import Path

from dekaf import Producer
from dekaf.testing import Broker

STARTS = 200
IDLE = 10
RECORDS = 100_000
AWAITED = 2_000


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def spread(times: list[float]) -> str:
    return f"median {milliseconds(statistics.median(times))}, worst {milliseconds(max(times))}"


def memory() -> float:
    """MiB that this process really uses."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def starts() -> None:
    began, ended = [], []
    for _ in range(STARTS):
        start = time.perf_counter()
        broker = Broker().start()
        began.append(time.perf_counter() - start)
        start = time.perf_counter()
        broker.close()
        ended.append(time.perf_counter() - start)
    print(f"start():  {spread(began)}")
    print(f"close():  {spread(ended)}")


def idle() -> None:
    before = memory()
    brokers = [Broker().start() for _ in range(IDLE)]
    print(f"memory when idle: {(memory() - before) / IDLE:.2f} MiB each, of {IDLE}")
    for broker in brokers:
        broker.close()


async def first_record() -> None:
    start = time.perf_counter()
    with Broker() as broker:
        async with Producer(broker.bootstrap_servers) as producer:
            await producer.produce("orders", b"v")
            print(f"from nothing to the first record: {milliseconds(time.perf_counter() - start)}")


async def throughput(size: int) -> None:
    value = bytes(size)
    with Broker() as broker:
        before = memory()
        async with Producer(broker.bootstrap_servers) as producer:
            await producer.produce("orders", value)
            start = time.perf_counter()
            for _ in range(RECORDS):
                producer.produce("orders", value)
            await producer.flush()
            seconds = time.perf_counter() - start
        kept = memory() - before
        start = time.perf_counter()
        assert len(broker.records("orders")) == RECORDS + 1
        reading = time.perf_counter() - start
    mebibytes = RECORDS * size / 2**20
    print(
        f"{RECORDS} records of {size} bytes: {RECORDS / seconds:,.0f} a second "
        f"({mebibytes / seconds:.0f} MiB/s), {kept:.0f} MiB more in memory for {mebibytes:.0f}, "
        f"records() in {milliseconds(reading)}"
    )


async def round_trips() -> None:
    times = []
    with Broker() as broker:
        async with Producer(broker.bootstrap_servers) as producer:
            await producer.produce("orders", b"v")
            for _ in range(AWAITED):
                start = time.perf_counter()
                await producer.produce("orders", b"v")
                times.append(time.perf_counter() - start)
    print(f"one record after another: {spread(times)}")


def main() -> None:
    idle()  # first, while nothing is left over that could be used again
    starts()
    asyncio.run(first_record())
    asyncio.run(round_trips())
    for size in (100, 1_000):
        asyncio.run(throughput(size))


if __name__ == "__main__":
    main()
