"""Messages that are produced in one turn of the loop leave together; one that is alone, at once."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from dekaf import Producer, RecordMetadata
from tests.kafka import wait_until
from tests.producer.conftest import Target

Loop = Callable[[], asyncio.AbstractEventLoop]

all_loops = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])


@all_loops
def test_together_in_a_few_requests(target: Target, loop: Loop) -> None:
    topic = target.topic()

    async def main() -> None:
        # So long a pause that it is not what makes them leave.
        async with Producer(target.servers, linger_ms=60_000) as producer:
            await producer.produce(topic, b"first")
            before = producer.metrics().requests.sent
            made = await asyncio.gather(*[producer.produce(topic, str(n)) for n in range(1_000)])
            assert [metadata.offset for metadata in made] == list(range(1, 1_001))
            # Two at least; a machine that is busy may let some more find nobody on their way.
            assert producer.metrics().requests.sent - before <= 20

    # In its debug mode a loop takes longer for a message than the broker for a request.
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(asyncio.wait_for(main(), 30))


@all_loops
def test_tasks_that_each_await_their_own(target: Target, loop: Loop) -> None:
    topic = target.topic()

    async def worker(producer: Producer[Any, Any]) -> None:
        for _ in range(50):
            await producer.produce(topic, b"v")

    async def main() -> None:
        async with Producer(target.servers, linger_ms=60_000) as producer:
            await asyncio.gather(*[worker(producer) for _ in range(20)])

    with asyncio.Runner(loop_factory=loop, debug=True) as runner:
        runner.run(asyncio.wait_for(main(), 60))
    assert len(target.values(topic)) == 1_000


def test_a_turn_that_does_not_end_holds_nobody_for_long(target: Target) -> None:
    topic = target.topic()

    async def main() -> None:
        async with Producer(target.servers, linger_ms=20) as producer:
            futures = [producer.produce(topic, str(n)) for n in range(100)]
            wait_until(lambda: len(target.values(topic)) == 100, what="all are stored")
            await asyncio.gather(*futures)

    asyncio.run(main())


def stop_within_a_turn(
    loop: asyncio.AbstractEventLoop, producer: Producer[Any, Any], topic: str
) -> "list[asyncio.Future[RecordMetadata]]":
    """Run the loop until it has produced 100 messages, behind a first, and not a turn longer."""
    futures: list[asyncio.Future[RecordMetadata]] = []

    async def first() -> None:
        await producer.produce(topic, b"first")

    def begin() -> None:
        loop.stop()
        futures.extend(producer.produce(topic, str(n)) for n in range(100))

    loop.run_until_complete(first())
    loop.call_soon(begin)
    loop.run_forever()
    return futures


def test_a_loop_that_pauses_within_a_turn(target: Target) -> None:
    topic = target.topic()
    loop = asyncio.new_event_loop()
    producer = Producer(target.servers, linger_ms=60_000)
    futures = stop_within_a_turn(loop, producer, topic)

    async def end() -> None:
        made = await asyncio.gather(*futures)
        assert [metadata.offset for metadata in made] == list(range(1, 101))
        await producer.close()

    loop.run_until_complete(asyncio.wait_for(end(), 30))
    loop.close()


def test_a_loop_that_is_closed_within_a_turn(target: Target) -> None:
    topic = target.topic()
    loop = asyncio.new_event_loop()
    producer = Producer(target.servers, linger_ms=60_000)
    stop_within_a_turn(loop, producer, topic)
    loop.close()
    wait_until(lambda: len(target.values(topic)) == 101, what="all are stored")
    asyncio.run(producer.close())


class Forgetful(asyncio.SelectorEventLoop):
    """A loop that loses what it was asked, as if a signal's handler had raised in its place."""

    losses = 0
    loses = ""

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:  # type: ignore[override,unused-ignore]  # typeshed's is generic
        handle = super().call_soon(callback, *args, context=context)
        if self.losses and self.loses in repr(callback):
            self.losses -= 1
            handle.cancel()
            KEPT.append(callback)
        return handle


KEPT: list[object] = []


@pytest.mark.parametrize("loses", ["Ship", "Watcher"])
def test_a_loop_that_loses_what_it_was_asked(target: Target, loses: str) -> None:
    topic = target.topic()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Forgetful)
        async with Producer(target.servers, linger_ms=100) as producer:
            await producer.produce(topic, b"first")
            loop.loses, loop.losses = loses, 1
            made = asyncio.gather(*[producer.produce(topic, str(n)) for n in range(100)])
            while not KEPT:  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0)
            KEPT.clear()
            # What comes later mends it.
            await producer.produce(topic, b"another")
            assert [metadata.offset for metadata in await made] == list(range(1, 101))

    with asyncio.Runner(loop_factory=Forgetful) as runner:
        runner.run(asyncio.wait_for(main(), 30))


def test_two_producers_and_two_loops(target: Target) -> None:
    topics = [target.topic(), target.topic()]

    async def main(producers: list[Producer[Any, Any]]) -> None:
        futures = [
            producer.produce(topic, b"v")
            for _ in range(200)
            for producer, topic in zip(producers, topics, strict=True)
        ]
        await asyncio.wait_for(asyncio.gather(*futures), 30)

    producers = [Producer[Any, Any](target.servers, linger_ms=60_000) for _ in topics]
    threads = [threading.Thread(target=asyncio.run, args=(main(producers),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(target.values(topic)) for topic in topics] == [400, 400]
    for producer in producers:
        asyncio.run(producer.close())


class Interrupted(asyncio.SelectorEventLoop):
    """A loop that a signal's handler interrupts as it is asked to say when the turn is over."""

    interruptions = 1

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:  # type: ignore[override,unused-ignore]  # typeshed's is generic
        if self.interruptions and "Ship" in repr(callback):
            self.interruptions -= 1
            raise InterruptedError
        return super().call_soon(callback, *args, context=context)


def test_a_loop_that_cannot_be_asked_sends_nothing(target: Target) -> None:
    topic = target.topic()

    async def main() -> None:
        async with Producer(target.servers) as producer:
            await producer.produce(topic, b"first")
            target.hold()
            futures = list[asyncio.Future[RecordMetadata]]()
            with pytest.raises(InterruptedError):
                for _ in range(100):
                    futures.append(producer.produce(topic, b"v"))
            futures += [producer.produce(topic, b"v") for _ in range(10)]
            target.release()
            made = await asyncio.gather(*futures)
            assert [metadata.offset for metadata in made] == list(range(1, len(made) + 1))

    with asyncio.Runner(loop_factory=Interrupted) as runner:
        runner.run(asyncio.wait_for(main(), 30))
    assert len(target.values(topic)) > 11
