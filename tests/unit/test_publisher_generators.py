"""Publishers of generators: each item is published, then yielded, and nothing else is changed."""

import asyncio
import gc
import inspect
import sys
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any

import pytest

from dekaf import Message, Producer, SerializationError, SyncProducer
from dekaf.testing import Broker


class Failed(Exception):
    pass


class Thrown(Exception):
    pass


def stored(broker: Broker, topic: str = "out") -> list[Any]:
    """Return the values that were published, in order."""
    return [record.value for record in broker.records(topic)]


@pytest.fixture
def blocking(dekaf_broker: Broker) -> Iterator[SyncProducer]:
    dekaf_broker.create_topic("out")
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        yield producer


def test_each_item_is_published_then_yielded(dekaf_broker: Broker, blocking: SyncProducer) -> None:
    @blocking.publisher("out")
    def count(n: int) -> Iterator[str]:
        for each in range(n):
            yield str(each)

    counted = count(3)
    assert stored(dekaf_broker) == []
    assert next(counted) == "0"
    assert stored(dekaf_broker) == [b"0"]
    assert list(counted) == ["1", "2"]
    assert stored(dekaf_broker) == [b"0", b"1", b"2"]


@pytest.mark.asyncio
async def test_each_item_is_acknowledged_then_yielded(dekaf_broker: Broker) -> None:
    async with Producer(dekaf_broker.bootstrap_servers) as producer:

        @producer.publisher("out")
        async def count(n: int) -> AsyncIterator[str]:
            for each in range(n):
                yield str(each)

        seen = 0
        async for _ in count(3):
            seen += 1
            assert len(stored(dekaf_broker)) == seen
        assert stored(dekaf_broker) == [b"0", b"1", b"2"]


@pytest.mark.asyncio
async def test_an_async_generator_on_a_sync_producer(
    dekaf_broker: Broker, blocking: SyncProducer
) -> None:
    @blocking.publisher("out")
    async def count(n: int) -> AsyncIterator[str]:
        for each in range(n):
            yield str(each)

    assert [each async for each in count(2)] == ["0", "1"]
    assert stored(dekaf_broker) == [b"0", b"1"]


@pytest.mark.asyncio
async def test_a_sync_generator_sends_on_a_producer(dekaf_broker: Broker) -> None:
    async with Producer(dekaf_broker.bootstrap_servers) as producer:

        @producer.publisher("out")
        def each(n: int) -> Iterator[str]:
            yield from map(str, range(n))

        @producer.publisher("together", batch=True)
        def together(n: int) -> Iterator[str]:
            yield from map(str, range(n))

        await producer.ping()
        dekaf_broker.faults.pause()
        assert list(each(2)) == ["0", "1"]
        assert list(together(2)) == ["0", "1"]
        dekaf_broker.faults.resume()
    assert stored(dekaf_broker) == stored(dekaf_broker, "together") == [b"0", b"1"]


def test_items_are_messages_tuples_or_none(dekaf_broker: Broker, blocking: SyncProducer) -> None:
    items = [None, Message("else", b"1", key="k"), (1, 2)]

    @blocking.publisher("out")
    def count() -> Iterator[Any]:
        yield from items

    assert list(count()) == items
    assert stored(dekaf_broker) == [b"[1,2]"]
    assert [record.key for record in dekaf_broker.records("else")] == [b"k"]


def echo(seen: list[Any]) -> Generator[str, str, str]:
    """Yield what it is sent and thrown; return at "end"."""
    told = "first"
    try:
        while told != "end":
            try:
                told = yield told
            except Thrown:
                told = "thrown"
    except GeneratorExit:
        seen.append("closed")
        raise
    else:
        return "returned"
    finally:
        seen.append("done")


def test_a_generator_is_sent_thrown_and_returns(
    dekaf_broker: Broker, blocking: SyncProducer
) -> None:
    seen: list[Any] = []
    each = blocking.publisher("out")(echo)(seen)
    assert next(each) == "first"
    assert each.send("second") == "second"
    assert each.throw(Thrown()) == "thrown"
    with pytest.raises(StopIteration) as end:
        each.send("end")
    assert end.value.value == "returned"
    assert seen == ["done"]
    assert stored(dekaf_broker) == [b"first", b"second", b"thrown"]


def test_a_generator_is_closed(dekaf_broker: Broker, blocking: SyncProducer) -> None:
    seen: list[Any] = []
    each = blocking.publisher("out")(echo)(seen)
    next(each)
    each.close()
    assert seen == ["closed", "done"]
    assert stored(dekaf_broker) == [b"first"]


def test_a_generator_that_is_dropped_is_closed(blocking: SyncProducer) -> None:
    seen: list[Any] = []
    each = blocking.publisher("out")(echo)(seen)
    next(each)
    del each
    assert seen == ["closed", "done"]


def test_what_a_generator_does_not_catch_comes_back(blocking: SyncProducer) -> None:
    each = blocking.publisher("out")(echo)([])
    next(each)
    mine = Failed()
    with pytest.raises(Failed) as raised:
        each.throw(mine)
    assert raised.value is mine
    with pytest.raises(StopIteration):
        next(each)


def test_a_generator_may_end_when_it_is_closed(blocking: SyncProducer) -> None:
    def last() -> Generator[str, None, str]:
        try:
            yield "only"
        except GeneratorExit:
            return "last words"
        return "never"

    plain, each = last(), blocking.publisher("out")(last)()
    next(plain)
    next(each)
    # Python 3.13 made close() return them.
    assert each.close() == plain.close() == ("last words" if sys.version_info >= (3, 13) else None)  # type: ignore[func-returns-value]


def test_a_stop_iteration_is_no_end(blocking: SyncProducer) -> None:
    """What is thrown in means what it means to any generator."""
    each = blocking.publisher("out")(echo)([])
    next(each)
    with pytest.raises(RuntimeError, match="generator raised StopIteration"):
        each.throw(StopIteration())


@pytest.mark.asyncio
async def test_an_async_generator_is_sent_thrown_and_closed(dekaf_broker: Broker) -> None:
    seen: list[Any] = []

    async def echo_later() -> AsyncGenerator[str, str]:
        told = "first"
        try:
            while told != "end":
                try:
                    told = yield told
                except Thrown:
                    told = "thrown"
        except GeneratorExit:
            seen.append("closed")
            raise
        finally:
            await asyncio.sleep(0)
            seen.append("done")

    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        published = producer.publisher("out")(echo_later)
        each = published()
        assert await anext(each) == "first"
        assert await each.asend("second") == "second"
        assert await each.athrow(Thrown()) == "thrown"
        with pytest.raises(StopAsyncIteration):
            await each.asend("end")
        assert seen == ["done"]
        seen.clear()
        each = published()
        await anext(each)
        await each.aclose()
        assert seen == ["closed", "done"]
        mine = Failed()
        each = published()
        await anext(each)
        with pytest.raises(Failed) as raised:
            await each.athrow(mine)
        assert raised.value is mine
    assert stored(dekaf_broker) == [b"first", b"second", b"thrown", b"first", b"first"]


def test_a_batch_is_collected_then_published_then_yielded(
    dekaf_broker: Broker, blocking: SyncProducer
) -> None:
    made: list[int] = []

    @blocking.publisher("out", batch=True)
    def count(n: int) -> Generator[str | None, str, str]:
        for each in range(n):
            made.append(each)
            yield str(each)
        yield None
        return "returned"

    counted = count(2)
    assert next(counted) == "0"
    assert made == [0, 1]
    assert stored(dekaf_broker) == [b"0", b"1", None]
    assert counted.send("into the void") == "1"
    assert next(counted) is None
    with pytest.raises(StopIteration) as end:
        next(counted)
    assert end.value.value == "returned"


@pytest.mark.asyncio
async def test_an_async_batch_is_collected_then_published_then_yielded(
    dekaf_broker: Broker,
) -> None:
    made: list[int] = []
    async with Producer(dekaf_broker.bootstrap_servers) as producer:

        @producer.publisher("out", batch=True)
        async def count(n: int) -> AsyncIterator[str]:
            for each in range(n):
                made.append(each)
                yield str(each)

        counted = count(2)
        assert await anext(counted) == "0"
        assert made == [0, 1]
        assert stored(dekaf_broker) == [b"0", b"1"]
        assert [each async for each in counted] == ["1"]


@pytest.mark.asyncio
@pytest.mark.parametrize("batch", [False, True])
async def test_a_generator_that_raises(dekaf_broker: Broker, batch: bool) -> None:
    """What it yielded before is published, but for a batch, of which nothing is."""
    dekaf_broker.create_topic("out")
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        out = producer.publisher("out", batch=batch)

        @out
        def fail() -> Iterator[str]:
            yield "before"
            raise Failed

        @out
        async def fail_later() -> AsyncIterator[str]:
            yield "before"
            raise Failed

        with pytest.raises(Failed):
            list(fail())
        with pytest.raises(Failed):
            [each async for each in fail_later()]
    assert stored(dekaf_broker) == ([] if batch else [b"before", b"before"])


@pytest.mark.asyncio
async def test_a_failure_to_publish_ends_the_generator(
    dekaf_broker: Broker, blocking: SyncProducer
) -> None:
    """At once, not when it is collected; the item is not yielded."""
    seen: list[str] = []

    async def later() -> AsyncIterator[object]:
        try:
            yield object()
        finally:
            await asyncio.sleep(0)
            seen.append("async")

    def now() -> Iterator[object]:
        try:
            yield object()
        finally:
            seen.append("sync")

    held_now = now()
    held_later = later()
    with pytest.raises(SerializationError):
        next(blocking.publisher("out")(lambda: held_now)())
    assert seen == ["sync"]
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        with pytest.raises(SerializationError):
            await anext(producer.publisher("out")(lambda: held_later)())
    assert seen == ["sync", "async"]


def test_an_exception_leads_to_no_cycle(blocking: SyncProducer) -> None:
    """What it holds goes when it goes, not when the collector comes."""

    class Held:
        pass

    def consume() -> "weakref.ref[Held]":
        error = Failed()
        error.held = held = Held()  # type: ignore[attr-defined]
        each = blocking.publisher("out")(echo)([])
        next(each)
        try:
            each.throw(error)
        except Failed:
            del error
        return weakref.ref(held)

    gc.disable()
    try:
        assert consume()() is None
    finally:
        gc.enable()


def test_they_are_what_they_were(blocking: SyncProducer) -> None:
    async def later() -> AsyncIterator[str]:
        yield ""

    for batch in (False, True):
        out = blocking.publisher("out", batch=batch)
        assert inspect.isgeneratorfunction(out(echo))
        assert inspect.isasyncgenfunction(out(later))
        assert not inspect.iscoroutinefunction(out(later))


@pytest.mark.asyncio
async def test_functions_that_return_generators(
    dekaf_broker: Broker, blocking: SyncProducer
) -> None:
    async def later() -> AsyncIterator[str]:
        yield "later"

    for batch in (False, True):
        out = blocking.publisher("out", batch=batch)
        made = out(lambda: (str(n) for n in range(2)))()
        assert inspect.isgenerator(made)
        assert list(made) == ["0", "1"]
        assert [each async for each in out(lambda: later())()] == ["later"]  # noqa: PLW0108 - it is no generator function
    assert stored(dekaf_broker) == [b"0", b"1", b"later"] * 2
