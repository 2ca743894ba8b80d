"""How those are called who wait for futures of `produce`: as the loop would, and all of them."""

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from dekaf import Producer, RecordMetadata
from tests.producer.conftest import Target

CURRENT = contextvars.ContextVar("current", default="none")

Loop = Callable[[], asyncio.AbstractEventLoop]
Future = asyncio.Future[RecordMetadata]


class Interrupted(asyncio.SelectorEventLoop):
    """A loop that a signal's handler ends just as it is asked to call those who waited."""

    def __init__(self) -> None:
        super().__init__()
        self.interruptions = 0

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:  # type: ignore[override,unused-ignore]  # typeshed's is generic
        if self.interruptions and "wake" in repr(callback) and "Watcher" in repr(callback):
            self.interruptions -= 1
            raise SystemExit(3)
        return super().call_soon(callback, *args, context=context)


class OtherFutures(asyncio.SelectorEventLoop):
    """A loop whose futures are not asyncio's own in C."""

    def create_future(self) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.futures._PyFuture(loop=self)  # type: ignore[attr-defined]  # private
        return future


all_loops = pytest.mark.parametrize(
    "loop", [asyncio.new_event_loop, uvloop.new_event_loop, OtherFutures]
)


def run(loop: Loop, main: Any) -> None:
    with asyncio.Runner(loop_factory=loop, debug=True) as runner:
        runner.run(main)


@all_loops
def test_in_the_context_that_was_named(target: Target, loop: Loop) -> None:
    topic = target.topic()
    seen = []

    def told(_: Future) -> None:
        seen.append(CURRENT.get())

    async def main() -> None:
        async with Producer(target.servers) as producer:
            await producer.produce(topic, b"0")
            CURRENT.set("at the call")
            first, second = producer.produce(topic, b"1"), producer.produce(topic, b"2")
            first.add_done_callback(told)
            named = contextvars.copy_context()
            named.run(CURRENT.set, "named")
            second.add_done_callback(told, context=named)
            CURRENT.set("later")
            await producer.flush()

    run(loop, main())
    assert seen == ["at the call", "named"]


@all_loops
def test_several_in_their_order(target: Target, loop: Loop) -> None:
    topic = target.topic()
    told: list[object] = []

    async def main() -> None:
        async with Producer(target.servers) as producer:
            await producer.produce(topic, b"0")
            future = producer.produce(topic, b"1")
            for n in range(3):
                future.add_done_callback(lambda _, n=n: told.append(n))  # type: ignore[misc]  # it has a default
            alone = producer.produce(topic, b"2")
            alone.add_done_callback(told.append)
            await asyncio.gather(future, alone)
            assert told == [0, 1, 2, alone]
            # What is added to a future that is done is called as well.
            future.add_done_callback(told.append)
            await asyncio.sleep(0)
            assert told[-1] is future

    run(loop, main())


@all_loops
def test_one_that_raises_harms_nobody(target: Target, loop: Loop) -> None:
    topic = target.topic()
    heard: list[dict[str, Any]] = []
    futures: list[Future] = []

    def raises(future: Future) -> None:
        raise LookupError(future.result().offset)

    async def main() -> None:
        running = asyncio.get_running_loop()
        running.set_exception_handler(lambda _, context: heard.append(context))
        async with Producer(target.servers) as producer:
            await producer.produce(topic, b"first")
            futures.extend(producer.produce(topic, str(n)) for n in range(3_000))
            futures[1_500].add_done_callback(raises)
            assert [(await future).offset for future in futures] == list(range(1, 3_001))

    run(loop, main())
    (context,) = heard
    assert isinstance(context["exception"], LookupError)
    assert context["exception"].args == (1_501,)
    assert "raises" in context["message"]
    assert context.get("future", futures[1_500]) is futures[1_500]


@all_loops
def test_what_ends_the_program_loses_nothing(target: Target, loop: Loop) -> None:
    topic = target.topic()
    futures: list[Future] = []
    told: list[int] = []

    def ends(_: Future) -> None:
        raise SystemExit(3)

    async def main(producer: Producer) -> None:
        await producer.produce(topic, b"first")
        futures.extend(producer.produce(topic, str(n)) for n in range(100))
        for future in futures[:50] + futures[51:]:
            future.add_done_callback(lambda future: told.append(future.result().offset))
        futures[50].add_done_callback(ends)
        await asyncio.Event().wait()

    producer = Producer(target.servers)
    with asyncio.Runner(loop_factory=loop) as runner:
        with pytest.raises(SystemExit):
            runner.run(main(producer))
        runner.run(producer.close())
        assert [future.result().offset for future in futures] == list(range(1, 101))
        assert sorted(told) == [n for n in range(1, 101) if n != 51]


def test_a_signal_while_the_loop_is_asked_loses_nobody(target: Target) -> None:
    assert told_by_interrupted(target, several=False) == list(range(1, 101))


def test_a_signal_before_the_loop_calls_several_loses_nobody(target: Target) -> None:
    assert sorted(told_by_interrupted(target, several=True)) == list(range(1, 101))


def told_by_interrupted(target: Target, *, several: bool) -> list[int]:
    """Return the offsets that were told; each third future may have several callbacks."""
    topic = target.topic()
    told: list[int] = []

    async def main(producer: Producer) -> None:
        await producer.produce(topic, b"first")
        for n in range(100):
            future = producer.produce(topic, str(n))
            future.add_done_callback(lambda future: told.append(future.result().offset))
            if several and n % 3 == 0:
                future.add_done_callback(lambda _: None)
            futures.append(future)
        loop.interruptions = 3
        await asyncio.Event().wait()

    futures: list[Future] = []
    loop = Interrupted()
    producer = Producer(target.servers)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        with pytest.raises(SystemExit):
            runner.run(main(producer))
        while loop.interruptions:
            with pytest.raises(SystemExit):
                runner.run(producer.flush())
        runner.run(producer.close())
    return told


@all_loops
def test_cancelled_as_it_is_done(target: Target, loop: Loop) -> None:
    """Tasks that are cancelled by one that was told in the same turn."""
    topic = target.topic()
    tasks: list[asyncio.Task[RecordMetadata]] = []

    async def one(producer: Producer, n: int) -> RecordMetadata:
        metadata = await producer.produce(topic, str(n))
        for task in tasks:
            task.cancel()
        return metadata

    async def main() -> None:
        async with Producer(target.servers) as producer:
            await producer.produce(topic, b"first")
            target.hold()
            tasks.extend(asyncio.create_task(one(producer, n)) for n in range(50))
            await asyncio.sleep(0)
            target.release()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(it, asyncio.CancelledError | RecordMetadata) for it in ended)
            # Whether or not somebody waited to the end.
            await producer.flush()

    run(loop, main())
    assert target.values(topic) == [b"first", *(str(n).encode() for n in range(50))]


@all_loops
def test_one_who_was_added_twice(target: Target, loop: Loop) -> None:
    topic = target.topic()
    told: list[Future] = []

    async def main() -> None:
        async with Producer(target.servers) as producer:
            await producer.produce(topic, b"first")
            future = producer.produce(topic, b"v")
            future.add_done_callback(told.append)
            future.add_done_callback(told.append)
            await producer.flush()
            await asyncio.sleep(0)
            assert told == [future, future]

    run(loop, main())


def test_a_loop_that_is_run_anew_goes_on(target: Target) -> None:
    """As notebooks do it: a function that is called for one message waits for the others'."""
    topic = target.topic()
    told: list[int] = []

    async def main() -> None:
        loop: Any = asyncio.get_running_loop()

        def waits_for_all(future: Future) -> None:
            told.append(future.result().offset)
            while len(told) < 10:
                loop._run_once()

        async with Producer(target.servers) as producer:
            await producer.produce(topic, b"first")
            for n in range(10):
                producer.produce(topic, str(n)).add_done_callback(waits_for_all)
            await producer.flush()

    asyncio.run(main())
    assert told == list(range(1, 11))


def test_futures_with_several_callbacks_keep_their_order(target: Target) -> None:
    """The loop itself calls those, and one handle calls all the others."""
    topic = target.topic()
    told: list[int] = []

    async def main() -> None:
        async with Producer(target.servers, linger_ms=0, batch_size=1_000) as producer:
            await producer.partitions(topic)
            for n in range(3_000):
                future = producer.produce(topic, b"v" * 50)
                future.add_done_callback(lambda future: told.append(future.result().offset))
                if n // 7 % 3 == 0:
                    future.add_done_callback(lambda _: None)
                if n % 50 == 0:
                    await asyncio.sleep(0)

    asyncio.run(main())
    assert told == list(range(3_000))
