"""A process's end, and its forks, with a broker that answers."""

import asyncio
import itertools
import multiprocessing
import os
import subprocess
import sys
import time
import warnings
from multiprocessing.context import ForkContext, SpawnContext

import pytest

from dekaf import Producer
from tests.kafka import Cluster, FaultProxy, TopicFactory, check_sequences, wait_until


def stored(kafka: Cluster, topic: str) -> list[str | None]:
    return [record.value for batch in kafka.batches(topic) for record in batch.records]


EXITS = {
    "without waiting": "asyncio.run(main())",
    "by an exception": "asyncio.run(main()); raise SystemExit(0)",
    "in a thread": "t = threading.Thread(target=lambda: asyncio.run(main())); t.start(); t.join()",
    "while a daemon thread runs": (
        "threading.Thread(target=lambda: asyncio.run(main(forever=True)), daemon=True).start()\n"
        "handed_over.wait()"
    ),
}

SCRIPT = """
import asyncio, sys, threading
from dekaf import Producer

handed_over = threading.Event()
producers = []

async def main(forever=False):
    producers.append(Producer(sys.argv[1]))
    for n in range(1000):
        producers[-1].produce(sys.argv[2], str(n))
    handed_over.set()
    if forever:
        await asyncio.Event().wait()

"""


@pytest.mark.parametrize("way", EXITS.values(), ids=EXITS.keys())
def test_exit_delivers(kafka: Cluster, topic: TopicFactory, way: str) -> None:
    """What was handed over and never awaited is stored before the process is gone."""
    name = topic(kafka)
    command = [sys.executable, "-W", "error", "-c", SCRIPT + way, kafka.bootstrap(), name]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("", "")
    assert stored(kafka, name) == [str(n) for n in range(1000)]


def test_a_producer_that_was_dropped_delivers(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka)

    async def main() -> None:
        producer = Producer(kafka.bootstrap())
        for n in range(100):
            producer.produce(name, str(n))

    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        asyncio.run(main())
    expected = [str(n) for n in range(100)]
    wait_until(lambda: stored(kafka, name) == expected, what="what was handed over is stored")


def test_child_and_parent_both_deliver(kafka: Cluster, topic: TopicFactory) -> None:
    """Neither loses, repeats or steals a message of the other's."""
    name = topic(kafka)

    async def produce(producer: Producer, who: str, count: int) -> None:
        await asyncio.gather(*[producer.produce(name, f"{who}-{n}") for n in range(count)])

    async def main() -> None:
        async with Producer(kafka.bootstrap()) as producer:
            await produce(producer, "before", 10)
            under_way = [producer.produce(name, f"parent-{n}") for n in range(500)]
            with warnings.catch_warnings():
                # Since 3.12 Python warns that a fork beside threads is dangerous.
                warnings.simplefilter("ignore", DeprecationWarning)
                child = os.fork()
            if child == 0:
                status = 1
                try:
                    asyncio.set_event_loop_policy(None)
                    asyncio.events._set_running_loop(None)
                    asyncio.run(produce(producer, "child", 300))
                    status = 0
                finally:
                    os._exit(status)
            offsets = [metadata.offset for metadata in await asyncio.gather(*under_way)]
            assert offsets == sorted(offsets)
            waited = await asyncio.to_thread(os.waitpid, child, 0)
            assert os.waitstatus_to_exitcode(waited[1]) == 0
            await produce(producer, "after", 10)

    asyncio.run(main())
    expected = [f"before-{n}" for n in range(10)] + [f"after-{n}" for n in range(10)]
    expected += [f"parent-{n}" for n in range(500)] + [f"child-{n}" for n in range(300)]
    assert sorted(filter(None, stored(kafka, name))) == sorted(expected)


PRELOADED: Producer | None = None


def in_worker(topic: str, worker: int) -> list[int]:
    """Use what the parent made before it forked, as a worker of a preloading server does."""

    async def main() -> list[int]:
        assert PRELOADED is not None
        futures = [PRELOADED.produce(topic, f"{worker}-{n}") for n in range(50)]
        return [metadata.offset for metadata in await asyncio.gather(*futures)]

    return asyncio.run(main())


@pytest.mark.parametrize("used_before", [False, True])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_workers_share_a_preloaded_producer(
    kafka: Cluster, topic: TopicFactory, monkeypatch: pytest.MonkeyPatch, *, used_before: bool
) -> None:
    name = topic(kafka)
    producer = Producer(kafka.bootstrap())
    monkeypatch.setattr(sys.modules[__name__], "PRELOADED", producer)

    async def use() -> None:
        await producer.produce(name, "parent")

    if used_before:
        asyncio.run(use())
    with multiprocessing.get_context("fork").Pool(2) as pool:
        offsets = pool.starmap(in_worker, [(name, worker) for worker in range(4)])
    asyncio.run(use())
    asyncio.run(producer.close())
    first = 1 if used_before else 0
    assert sorted(itertools.chain.from_iterable(offsets)) == list(range(first, first + 200))


def leave_behind(bootstrap: str, topic: str) -> None:
    """Hand messages over and return, as the target of a process may."""

    async def main() -> None:
        producer = Producer(bootstrap)
        for n in range(10):
            producer.produce(topic, str(n))

    asyncio.run(main())


@pytest.mark.parametrize(
    "context",
    [multiprocessing.get_context("fork"), multiprocessing.get_context("spawn")],
    ids=["fork", "spawn"],
)
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_process_delivers_before_it_ends(
    kafka: Cluster, topic: TopicFactory, context: ForkContext | SpawnContext
) -> None:
    """A forked child of multiprocessing ends without the interpreter's usual end."""
    name = topic(kafka)
    process = context.Process(target=leave_behind, args=(kafka.bootstrap(), name))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert stored(kafka, name) == [str(n) for n in range(10)]


def test_a_lost_acknowledgement_does_not_hang(
    kafka: Cluster, proxy: FaultProxy, topic: TopicFactory
) -> None:
    """The connection dies after the broker has stored the batch: it is recognised."""
    name = topic(kafka)

    async def main() -> None:
        async with Producer(kafka.bootstrap("PROXIED")) as producer:
            await producer.produce(name, b"first")
            proxy.cut_after("down", 5)
            began = time.monotonic()
            await producer.produce(name, b"second")
            assert time.monotonic() - began < 30

    asyncio.run(main())
    assert stored(kafka, name) == ["first", "second"]
    check_sequences(kafka.batches(name))


def test_a_broker_that_restarts_is_found_again(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka)

    async def main() -> None:
        async with Producer(kafka.bootstrap()) as producer:
            await producer.produce(name, "0")
            await asyncio.to_thread(kafka.restart, 1)
            for n in range(1, 20):
                await producer.produce(name, str(n))

    asyncio.run(main())
    assert stored(kafka, name) == [str(n) for n in range(20)]
    check_sequences(kafka.batches(name))
