"""Futures of `produce` are asyncio's own, on every loop, from every thread."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from dekaf import Producer, ProducerClosed, RecordMetadata
from tests.kafka import Cluster, TopicFactory

Main = Callable[[], Coroutine[Any, Any, None]]


def run_plainly(main: Main) -> None:
    asyncio.run(main())


def run_in_debug_mode(main: Main) -> None:
    asyncio.run(main(), debug=True)


def run_on_uvloop(main: Main) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


@pytest.fixture(params=[run_plainly, run_in_debug_mode, run_on_uvloop])
def run(request: pytest.FixtureRequest) -> Callable[[Main], None]:
    """Return one of the ways to run a coroutine."""
    run: Callable[[Main], None] = request.param
    return run


def test_futures_compose(kafka: Cluster, topic: TopicFactory, run: Callable[[Main], None]) -> None:
    name = topic(kafka)

    async def main() -> None:
        async with Producer(kafka.bootstrap()) as producer:
            future = producer.produce(name, b"1")
            assert asyncio.isfuture(future)
            first = await future
            assert await future == first
            seen: list[RecordMetadata] = []
            future = producer.produce(name, b"2")
            future.add_done_callback(lambda done: seen.append(done.result()))
            second = await asyncio.wait_for(future, 30)
            await asyncio.sleep(0)
            assert seen == [second]
            third = await asyncio.shield(producer.produce(name, b"3"))
            async with asyncio.TaskGroup() as group:

                async def one() -> RecordMetadata:
                    return await producer.produce(name, b"4")

                task = group.create_task(one())
            gathered = await asyncio.gather(*[producer.produce(name, b"5") for _ in range(100)])
            offsets = [m.offset for m in (first, second, third, task.result(), *gathered)]
            assert offsets == list(range(104))

    run(main)


def test_enqueued_when_called(
    kafka: Cluster, topic: TopicFactory, run: Callable[[Main], None]
) -> None:
    """A message whose future nobody awaits is delivered all the same."""
    name = topic(kafka)

    async def main() -> None:
        async with Producer(kafka.bootstrap()) as producer:
            producer.produce(name, b"not awaited")
            assert (await producer.produce(name, b"awaited")).offset == 1

    run(main)


def test_a_cancelled_wait_stops_only_the_waiting(
    kafka: Cluster, topic: TopicFactory, run: Callable[[Main], None]
) -> None:
    name = topic(kafka)

    async def main() -> None:
        async with Producer(kafka.bootstrap()) as producer:
            await producer.produce(name, b"known")
            futures = [producer.produce(name, b"v") for _ in range(1_000)]
            for future in futures[::2]:
                assert future.cancel()
            others = await asyncio.gather(*futures[1::2])
            assert [metadata.offset for metadata in others] == list(range(2, 1_001, 2))
            with pytest.raises(asyncio.CancelledError):
                await futures[0]

    run(main)


def test_several_loops_and_threads_share_a_producer(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka)
    producer = Producer(kafka.bootstrap())
    stored: list[RecordMetadata] = []

    async def main() -> None:
        for _ in range(5):
            futures = [producer.produce(name, b"v") for _ in range(200)]
            stored.extend(await asyncio.gather(*futures))

    ways = [run_plainly, run_on_uvloop, run_plainly, run_in_debug_mode]
    threads = [threading.Thread(target=way, args=(main,)) for way in ways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_plainly(producer.close)
    assert sorted(metadata.offset for metadata in stored) == list(range(4_000))


def test_a_loop_after_another(kafka: Cluster, topic: TopicFactory) -> None:
    """As in a notebook, or in a test suite: the producer outlives its loops."""
    name = topic(kafka)
    producer = Producer(kafka.bootstrap())

    async def main() -> None:
        await producer.produce(name, b"v")
        producer.produce(name, b"left behind")

    for way in (run_plainly, run_on_uvloop, run_plainly, run_plainly):
        way(main)
    run_plainly(producer.close)
    (records,) = {sum(len(batch.records) for batch in kafka.batches(name))}
    assert records == 8


def test_a_closed_loop_is_not_kept_alive(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka)
    producer = Producer(kafka.bootstrap())

    async def main() -> None:
        await producer.produce(name, b"v")

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()
    seen = weakref.ref(loop)
    del loop
    gc.collect()
    assert seen() is None
    run_plainly(producer.close)


def test_leaving_the_block_on_an_error_still_delivers(
    kafka: Cluster, topic: TopicFactory, run: Callable[[Main], None]
) -> None:
    name = topic(kafka)

    async def main() -> None:
        async with Producer(kafka.bootstrap()) as producer:
            future = producer.produce(name, b"v")
            raise ZeroDivisionError(future)

    with pytest.raises(ZeroDivisionError) as caught:
        run(main)
    assert caught.value.args[0].result().offset == 0


def test_flush_waits_for_what_came_before(
    kafka: Cluster, topic: TopicFactory, run: Callable[[Main], None]
) -> None:
    name = topic(kafka)

    async def main() -> None:
        async with Producer(kafka.bootstrap(), linger_ms=60_000, request_timeout_ms=1_000) as p:
            await p.flush()
            futures = [p.produce(name, b"v") for _ in range(10)]
            await p.flush()
            assert all(future.done() for future in futures)
            assert [future.result().offset for future in futures] == list(range(10))

    run(main)


def test_closing_from_several_tasks(
    kafka: Cluster, topic: TopicFactory, run: Callable[[Main], None]
) -> None:
    name = topic(kafka)

    async def main() -> None:
        producer = Producer(kafka.bootstrap())
        future = producer.produce(name, b"v")
        await asyncio.gather(*[producer.close() for _ in range(5)])
        assert future.result().offset == 0
        with pytest.raises(ProducerClosed):
            producer.produce(name, b"v")

    run(main)
