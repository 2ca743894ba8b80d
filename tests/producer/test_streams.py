"""Streams: results in the order of a source of any length, a bounded number of them behind it."""

import asyncio
import gc
import signal
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from dekaf import (
    DeliveryTimeout,
    InvalidRecord,
    Message,
    ProduceError,
    Producer,
    ProducerClosed,
    RecordMetadata,
    SyncProducer,
    UnclaimedFailures,
)
from dekaf.testing import Broker
from tests.producer.conftest import Target

BOUND = 60.0  # seconds; against hanging
MEMORY = 100_000
VALUE = b"x" * 1_000
TOO_LARGE = b"x" * 2_000_000


async def until(condition: Callable[[], bool]) -> None:
    """Give the loop turns until a condition holds."""
    async with asyncio.timeout(BOUND):
        while not condition():  # noqa: ASYNC110 - nobody sets an event
            await asyncio.sleep(0.001)


async def some_turns() -> None:
    """Let everybody else go as far as he gets."""
    for _ in range(100):
        await asyncio.sleep(0)


class Counted:
    """A source that knows how far it was read; the same for `for` and for `async for`."""

    def __init__(self, count: int, make: Callable[[int], Any] = lambda n: b"%d" % n) -> None:
        self.count = count
        self.make = make
        self.read = 0

    def items(self) -> Iterator[Any]:
        for n in range(self.count):
            self.read += 1
            yield self.make(n)

    async def async_items(self) -> AsyncIterator[Any]:
        for item in self.items():
            yield item

    def of(self, kind: str) -> Any:
        return self.items() if kind == "iterable" else self.async_items()


each_source = pytest.mark.parametrize("source", ["iterable", "async"])


def numbers(values: list[bytes | None]) -> list[int]:
    return [int(value or b"") for value in values]


# -- in order, and bounded --------------------------------------------------------------------


@each_source
@pytest.mark.parametrize("max_in_flight", [1, 2, 7, 100, 10_000])
@pytest.mark.asyncio
async def test_results_come_in_order(target: Target, source: str, max_in_flight: int) -> None:
    topic = target.topic(3)
    counted = Counted(500, lambda n: (f"k{n % 20}", b"%d" % n))
    async with Producer(target.servers) as producer:
        stream = producer.stream(counted.of(source), topic=topic, max_in_flight=max_in_flight)
        results: list[RecordMetadata] = []
        async for metadata in stream:
            assert counted.read - len(results) <= max_in_flight
            results.append(metadata)
        assert [each async for each in stream] == []
    stored = {(record.partition, record.offset): record for record in target.records(topic)}
    assert len(results) == len(stored) == 500
    for n, metadata in enumerate(results):
        assert stored[metadata.partition, metadata.offset].value == b"%d" % n


@pytest.mark.parametrize("max_in_flight", [1, 2, 7, 100, 10_000])
def test_results_come_in_order_without_a_loop(target: Target, max_in_flight: int) -> None:
    topic = target.topic()
    counted = Counted(500)
    with SyncProducer(target.servers) as producer:
        results: list[RecordMetadata] = []
        for metadata in producer.stream(counted.items(), topic=topic, max_in_flight=max_in_flight):
            assert counted.read - len(results) <= max_in_flight
            results.append(metadata)
    assert [metadata.offset for metadata in results] == list(range(500))
    assert numbers(target.values(topic)) == list(range(500))


@pytest.mark.asyncio
async def test_messages_that_name_their_topics(target: Target) -> None:
    first, second = target.topic(), target.topic(2)
    messages: list[Any] = [
        Message(first, b"0", key="k", headers={"a": "1"}),
        {"topic": second, "value": b"1", "partition": 1},
        Message(first, None, key="k"),
    ]
    async with Producer(target.servers) as producer:
        results = [each async for each in producer.stream(messages)]
    with SyncProducer(target.servers) as blocking:
        results += list(blocking.stream(messages))
    assert [(each.topic, each.partition, each.offset) for each in results] == [
        (first, 0, 0),
        (second, 1, 0),
        (first, 0, 1),
        (first, 0, 2),
        (second, 1, 1),
        (first, 0, 3),
    ]
    assert target.records(first)[2].headers == (("a", b"1"),)


@each_source
@pytest.mark.asyncio
async def test_a_source_is_read_no_further_than_it_may(target: Target, source: str) -> None:
    topic = target.topic()
    counted = Counted(1_000)
    async with Producer(target.servers) as producer:
        await producer.produce(topic, b"-1")
        target.hold()
        stream = producer.stream(counted.of(source), topic=topic, max_in_flight=100)
        assert counted.read == 0, "nobody has asked for a result"
        first = asyncio.ensure_future(anext(stream))
        await until(lambda: counted.read == 100)
        await some_turns()
        assert counted.read == 100
        assert not first.done()
        target.release()
        assert (await first).offset == 1
        assert [each.offset async for each in stream] == list(range(2, 1_001))
    assert counted.read == 1_000


@each_source
@pytest.mark.asyncio
async def test_more_than_the_buffer_holds(target: Target, source: str) -> None:
    topic = target.topic()
    target.slow_down(0.005)
    counted = Counted(1_000, lambda n: b"%06d" % n + VALUE)
    async with Producer(target.servers, buffer_memory=MEMORY, batch_size=10_000) as producer:
        stream = producer.stream(counted.of(source), topic=topic)
        assert [each.offset async for each in stream] == list(range(1_000))
        assert producer.metrics().records.failed == 0
    assert [int((value or b"")[:6]) for value in target.values(topic)] == list(range(1_000))


def test_more_than_the_buffer_holds_without_a_loop(target: Target) -> None:
    topic = target.topic()
    target.slow_down(0.005)
    values = (b"%06d" % n + VALUE for n in range(1_000))
    with SyncProducer(target.servers, buffer_memory=MEMORY, batch_size=10_000) as producer:
        stream = producer.stream(values, topic=topic)
        assert [each.offset for each in stream] == list(range(1_000))
    assert [int((value or b"")[:6]) for value in target.values(topic)] == list(range(1_000))


class Value(bytearray):
    """One that counts how many of its kind there are."""

    alive = 0
    most = 0

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        Value.alive += 1
        Value.most = max(Value.most, Value.alive)

    def __del__(self) -> None:
        Value.alive -= 1


@pytest.mark.parametrize("kind", ["iterable", "async", "blocking"])
def test_a_million_messages_need_no_memory(kind: str) -> None:
    """Never more of them exist than may be on their way."""
    count, max_in_flight = 1_000_000 if kind == "iterable" else 200_000, 2_000
    Value.most = 0
    source = Counted(count, lambda _: Value(b"v"))
    given = 0

    async def main(servers: str) -> None:
        nonlocal given
        async with Producer(servers) as producer:
            async for _ in producer.stream(
                source.of(kind), topic="orders", max_in_flight=max_in_flight
            ):
                given += 1

    with Broker(memory=1_000_000) as broker:
        if kind != "blocking":
            asyncio.run(main(broker.bootstrap_servers))
        else:
            with SyncProducer(broker.bootstrap_servers) as producer:
                for _ in producer.stream(
                    source.items(), topic="orders", max_in_flight=max_in_flight
                ):
                    given += 1
    gc.collect()
    assert given == count
    assert 0 < Value.most <= max_in_flight
    assert Value.alive == 0


@pytest.mark.asyncio
async def test_a_result_does_not_wait_for_the_next_item(target: Target) -> None:
    """The source does not go on before somebody has the result; nothing lingers."""
    topic = target.topic()
    given: list[RecordMetadata] = []

    async def source() -> AsyncIterator[bytes]:
        for n in range(20):
            yield b"%d" % n
            await until(lambda: len(given) > n)  # noqa: B023 - it is over before n is another

    async with Producer(target.servers, linger_ms=60_000, delivery_timeout_ms=200_000) as producer:
        async for metadata in producer.stream(source(), topic=topic):
            given.append(metadata)  # noqa: PERF401 - the source looks at it
    assert [each.offset for each in given] == list(range(20))


def test_one_at_a_time_is_one_at_a_time(target: Target) -> None:
    """With `max_in_flight=1` a source can build on the results of what came before."""
    topic = target.topic()
    given: list[RecordMetadata] = []

    def source() -> Iterator[bytes]:
        for n in range(20):
            assert len(given) == n
            yield b"%d" % n

    with SyncProducer(target.servers, linger_ms=60_000, delivery_timeout_ms=200_000) as producer:
        for metadata in producer.stream(source(), topic=topic, max_in_flight=1):
            given.append(metadata)  # noqa: PERF402 - the source looks at it
    assert [each.offset for each in given] == list(range(20))


@pytest.mark.parametrize("kind", ["blocking", "on a loop"])
def test_results_come_while_a_source_is_slow(target: Target, kind: str) -> None:
    """Of an iterable that takes its time, results are given before all may be on their way."""
    topic = target.topic()
    given = 0

    def source() -> Iterator[bytes]:
        for _ in range(2_000):
            if given:
                return
            time.sleep(0.001)  # that is how slow it is
            yield b"v"
        pytest.fail("two thousand messages, and no result")

    async def main() -> None:
        nonlocal given
        async with Producer(target.servers) as producer:
            async for _ in producer.stream(source(), topic=topic):
                given += 1

    if kind == "on a loop":
        asyncio.run(main())
    else:
        with SyncProducer(target.servers) as producer:
            for _ in producer.stream(source(), topic=topic):
                given += 1
    assert given == len(target.values(topic)) > 0


@pytest.mark.asyncio
async def test_the_loop_is_not_held(target: Target) -> None:
    """By an iterable that works hard, whether or not there are results meanwhile."""
    topic = target.topic()
    counted = 0
    seen: list[int] = []

    async def count() -> None:
        nonlocal counted
        while True:
            counted += 1
            await asyncio.sleep(0)

    def source() -> Iterator[bytes]:
        for _ in range(300):
            seen.append(counted)
            until = time.perf_counter() + 0.001
            while time.perf_counter() < until:
                pass
            yield b"v"

    async with Producer(target.servers) as producer:
        await producer.produce(topic, b"v")
        counting = asyncio.create_task(count())
        target.hold()
        stream = producer.stream(source(), topic=topic)
        first = asyncio.ensure_future(anext(stream))
        await until(lambda: len(seen) == 300)
        # Two for each item would be as good as it gets.
        assert seen[-1] - seen[0] > 100
        target.release()
        await first
        assert len([None async for _ in stream]) == 299
        counting.cancel()


# -- failures, at their places ----------------------------------------------------------------


def bad_at(*bad: int) -> Callable[[int], Any]:
    return lambda n: TOO_LARGE if n in bad and n % 2 else object() if n in bad else b"%d" % n


@each_source
@pytest.mark.parametrize("max_in_flight", [1, 4, 10_000])
@pytest.mark.asyncio
async def test_a_failure_is_raised_at_its_place(
    target: Target, source: str, max_in_flight: int
) -> None:
    """And whoever catches it goes on behind it."""
    topic = target.topic()
    counted = Counted(10, bad_at(0, 3, 4, 9))
    seen: list[Any] = []
    async with Producer(target.servers) as producer:
        stream = producer.stream(counted.of(source), topic=topic, max_in_flight=max_in_flight)
        while True:
            try:
                seen.append((await anext(stream)).offset)
            except StopAsyncIteration:
                break
            except InvalidRecord as error:
                seen.append(error)
        # They were raised: nobody else is told.
        await producer.flush()
    failed = {n: each for n, each in enumerate(seen) if isinstance(each, InvalidRecord)}
    assert {each.topic for each in failed.values()} == {topic}
    for n, each in failed.items():
        assert each.index == n, "it is counted from the source's first item"
    assert [each if isinstance(each, int) else -1 for each in seen] == [
        -1, 0, 1, -1, -1, 2, 3, 4, 5, -1,
    ]  # fmt: skip
    assert numbers(target.values(topic)) == [1, 2, 5, 6, 7, 8]


def test_a_failure_is_raised_at_its_place_without_a_loop(target: Target) -> None:
    topic = target.topic()
    seen: list[Any] = []
    indices: list[int | None] = []
    with SyncProducer(target.servers) as producer:
        source = Counted(10, bad_at(0, 3, 4, 9)).items()
        stream = producer.stream(source, topic=topic, max_in_flight=4)
        while True:
            try:
                seen.append(next(stream).offset)
            except StopIteration:
                break
            except InvalidRecord as error:
                seen.append(-1)
                indices.append(error.index)
        producer.flush()
    assert indices == [0, 3, 4, 9]
    assert seen == [-1, 0, 1, -1, -1, 2, 3, 4, 5, -1]


@each_source
@pytest.mark.asyncio
async def test_failures_among_the_results(target: Target, source: str) -> None:
    topic = target.topic()
    counted = Counted(10, bad_at(0, 3, 4, 9))
    async with Producer(target.servers) as producer:
        stream = producer.stream(
            counted.of(source), topic=topic, return_exceptions=True, max_in_flight=4
        )
        results = [each async for each in stream]
    with SyncProducer(target.servers) as blocking:
        items = Counted(10, bad_at(0, 3, 4, 9)).items()
        others = list(blocking.stream(items, topic=topic, return_exceptions=True, max_in_flight=4))
    for those in (results, others):
        failed = [each for each in those if isinstance(each, ProduceError)]
        assert [error.index for error in failed] == [0, 3, 4, 9]
        assert [those.index(error) for error in failed] == [0, 3, 4, 9]
        assert len(those) == 10


class Mine(Exception):
    pass


@each_source
@pytest.mark.asyncio
async def test_what_a_source_raises_comes_behind_its_results(target: Target, source: str) -> None:
    topic = target.topic()

    def make(n: int) -> bytes:
        if n == 700:
            raise Mine
        return b"%d" % n

    async with Producer(target.servers) as producer:
        stream = producer.stream(Counted(1_000, make).of(source), topic=topic)
        offsets = []
        with pytest.raises(Mine):
            async for metadata in stream:
                offsets.append(metadata.offset)  # noqa: PERF401 - it ends with an exception
        assert offsets == list(range(700))
        assert [each async for each in stream] == []
        await producer.flush()
    assert len(target.values(topic)) == 700


class Stumbling:
    """An iterator that goes on behind what it raises."""

    def __init__(self, stumble: Callable[[], BaseException]) -> None:
        self.n = -1
        self.stumble = stumble

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self.n += 1
        if self.n in (0, 3, 4):
            raise self.stumble()
        if self.n == 6:
            raise StopIteration
        return b"%d" % self.n


@pytest.mark.parametrize("stumble", [Mine, KeyboardInterrupt])
@pytest.mark.parametrize("max_in_flight", [1, 10_000])
def test_a_source_may_go_on_behind_what_it_raises(
    target: Target, stumble: type[BaseException], max_in_flight: int
) -> None:
    """And what was read before is not lost, also if that was Ctrl-C."""
    topic = target.topic()
    with SyncProducer(target.servers) as producer:
        stream = producer.stream(Stumbling(stumble), topic=topic, max_in_flight=max_in_flight)
        given, raised = 0, 0
        while True:
            try:
                next(stream)
                given += 1
            except StopIteration:
                break
            except stumble:
                raised += 1
        assert (given, raised) == (3, 3)
    assert target.values(topic) == [b"1", b"2", b"5"]


def test_what_ends_the_program_ends_the_stream(target: Target) -> None:
    """Out of a serializer: what was handed over before is delivered, and nothing hangs."""
    topic = target.topic()

    def serialize(value: bytes) -> bytes:
        if value == b"500":
            raise KeyboardInterrupt
        return value

    with SyncProducer(target.servers, value_serializer=serialize) as producer:
        stream = producer.stream(Counted(1_000).items(), topic=topic)
        with pytest.raises(KeyboardInterrupt):
            list(stream)
        assert list(stream) == []

    async def main() -> None:
        async with Producer(target.servers, value_serializer=serialize) as producer:
            stream = producer.stream(Counted(1_000).async_items(), topic=topic)
            with pytest.raises(KeyboardInterrupt):
                _ = [each async for each in stream]
            assert [each async for each in stream] == []

    asyncio.run(main())
    stored = numbers(target.values(topic))
    first = stored[: stored.index(0, 1)] if 0 in stored[1:] else stored
    assert first == list(range(len(first)))
    assert stored[len(first) :] == list(range(len(stored) - len(first)))
    assert len(stored) <= 1_000


@pytest.mark.parametrize("source", ["iterable", "async", "blocking"])
def test_a_producer_that_is_closed_meanwhile(target: Target, source: str) -> None:
    """What was handed over has its results; then the stream says so, once, and is over."""
    topic = target.topic()
    counted = Counted(1_000)

    def see(results: list[Any]) -> None:
        stored = [each for each in results if isinstance(each, RecordMetadata)]
        assert results[: len(stored)] == stored
        assert 1 <= len(stored) < 1_000
        assert {type(each) for each in results[len(stored) :]} == {ProducerClosed}
        assert len(results) <= 1 + 1_000

    async def main() -> None:
        producer = Producer(target.servers)
        stream = producer.stream(counted.of(source), topic=topic, max_in_flight=100)
        results: list[Any] = [await anext(stream)]
        await producer.close()
        while True:
            try:
                results.append(await anext(stream))
            except ProducerClosed as error:
                results.append(error)
            except StopAsyncIteration:
                break
        see(results)

    if source != "blocking":
        asyncio.run(main())
        return
    producer = SyncProducer(target.servers)
    stream = producer.stream(counted.items(), topic=topic, max_in_flight=100)
    results: list[Any] = [next(stream)]
    producer.close()
    while True:
        try:
            results.append(next(stream))
        except ProducerClosed as error:
            results.append(error)
        except StopIteration:
            break
    see(results)


# -- cancelled, and ended early ---------------------------------------------------------------


@each_source
@pytest.mark.asyncio
async def test_a_stream_goes_on_after_a_cancellation(target: Target, source: str) -> None:
    """Wherever it comes: while messages wait for memory, or for their results."""
    topic = target.topic()
    target.slow_down(0.01)
    counted = Counted(400, lambda n: b"%06d" % n + VALUE)
    async with Producer(target.servers, buffer_memory=MEMORY, batch_size=5_000) as producer:
        stream = producer.stream(counted.of(source), topic=topic, max_in_flight=300)
        offsets: list[int] = []
        cancelled = 0
        while True:
            asking = asyncio.ensure_future(anext(stream))
            for _ in range(cancelled % 7):
                await asyncio.sleep(0)
            asking.cancel()
            try:
                offsets.append((await asking).offset)
            except asyncio.CancelledError:
                cancelled += 1
                await asyncio.sleep(0.001)  # the broker is not to be out-run by cancellations
            except StopAsyncIteration:
                break
        assert offsets == list(range(400))
        assert cancelled > 20
    assert [int((value or b"")[:6]) for value in target.values(topic)] == list(range(400))


class Interrupted(Exception):
    pass


def interrupt(*_: object) -> None:
    raise Interrupted


def test_a_blocking_stream_goes_on_after_an_interrupt(target: Target) -> None:
    """As Ctrl-C is one. It waits for memory when it comes, and then for results."""
    topic = target.topic()
    values = [b"%06d" % n + VALUE for n in range(300)]
    with SyncProducer(target.servers, buffer_memory=MEMORY) as producer:
        producer.produce(topic, b"first")
        stream = producer.stream(values, topic=topic, max_in_flight=1_000)
        target.hold()
        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            for _ in range(3):
                signal.setitimer(signal.ITIMER_REAL, 0.2)
                with pytest.raises(Interrupted):
                    next(stream)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        target.release()
        assert [each.offset for each in stream] == list(range(1, 301))
    assert target.values(topic)[1:] == values


def noises() -> list[dict[str, Any]]:
    heard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: heard.append(what))
    return heard


@each_source
@pytest.mark.parametrize("way", ["aclose", "async with", "break", "raise"])
@pytest.mark.asyncio
async def test_a_stream_may_be_ended_half_way(  # noqa: C901 - four ways
    target: Target, source: str, way: str
) -> None:
    """What was handed over is delivered; the source is read no further; nobody complains."""
    topic = target.topic()
    counted = Counted(100_000)
    heard = noises()
    async with Producer(target.servers) as producer:
        stream = producer.stream(counted.of(source), topic=topic, max_in_flight=100)
        given = 0
        if way == "aclose":
            for _ in range(10):
                await anext(stream)
            await stream.aclose()
        elif way == "async with":
            async with stream:
                for _ in range(10):
                    await anext(stream)
        elif way == "break":
            async for _ in stream:
                given += 1
                if given == 10:
                    break
        else:
            with pytest.raises(Mine):
                async with stream:
                    async for _ in stream:
                        given += 1
                        if given == 10:
                            raise Mine
        if way != "break":
            assert [each async for each in stream] == []
            await stream.aclose()
        read = counted.read
        assert 10 <= read <= 110
        del stream
        gc.collect()
        await producer.flush()
        await some_turns()
        assert counted.read <= 110
        stored = numbers(target.values(topic))
        assert stored == list(range(len(stored)))
        assert 10 <= len(stored) <= counted.read
    gc.collect()
    await some_turns()
    assert not heard


def test_a_blocking_stream_may_be_ended_half_way(target: Target) -> None:
    topic = target.topic()
    with SyncProducer(target.servers) as producer:
        for way in ("close", "with", "break"):
            counted = Counted(100_000)
            stream = producer.stream(counted.items(), topic=topic, max_in_flight=100)
            if way == "with":
                with stream:
                    for _ in range(10):
                        next(stream)
            else:
                for _ in range(10):
                    next(stream)
            if way == "close":
                stream.close()
                stream.close()
            if way != "break":
                assert list(stream) == []
            del stream
            assert counted.read <= 110
        producer.flush()
        assert producer.metrics().records.unsettled == 0
        assert len(target.values(topic)) == producer.metrics().records.acknowledged >= 30


@each_source
@pytest.mark.asyncio
async def test_failures_after_the_end_are_told(target: Target, source: str) -> None:
    topic = target.topic()
    async with Producer(
        target.servers, delivery_timeout_ms=600, request_timeout_ms=500, linger_ms=0
    ) as producer:
        await producer.produce(topic, b"first")
        counted = Counted(10)
        stream = producer.stream(counted.of(source), topic=topic)
        target.hold()
        asking = asyncio.ensure_future(anext(stream))
        await until(lambda: producer.metrics().records.handed_over == 11)
        asking.cancel()
        await asyncio.wait({asking})
        await stream.aclose()
        with pytest.raises(UnclaimedFailures) as caught:
            await producer.flush()
        target.release()
        assert caught.value.count == 10
        assert {type(failure) for failure in caught.value.failures} == {DeliveryTimeout}


def test_failures_before_the_end_are_told(target: Target) -> None:
    """Also those whose chunk has settled, and which nobody has come for."""
    topic = target.topic()
    with SyncProducer(target.servers) as producer:
        stream = producer.stream(Counted(10, bad_at(3, 4, 9)).items(), topic=topic)
        next(stream)
        stream.close()
        with pytest.raises(UnclaimedFailures) as caught:
            producer.flush()
        assert caught.value.count == 3


@each_source
@pytest.mark.asyncio
async def test_a_stream_may_be_forgotten(target: Target, source: str) -> None:
    """While its messages are under way, and its source waits: both are let go of."""
    topic = target.topic()
    heard = noises()
    before = asyncio.all_tasks()
    counted = Counted(1_000)
    async with Producer(target.servers) as producer:
        await producer.produce(topic, b"-1")
        target.hold()
        stream = producer.stream(counted.of(source), topic=topic, max_in_flight=40)
        asking = asyncio.ensure_future(anext(stream))
        await until(lambda: producer.metrics().records.handed_over == 41)
        asking.cancel()
        await asyncio.wait({asking})
        seen = weakref.ref(stream)
        del stream, asking
        gc.collect()
        assert seen() is None
        target.release()
        await producer.flush()
        await some_turns()
        assert asyncio.all_tasks() == before
        assert counted.read == 40
        assert len(target.values(topic)) == 41
    assert not heard


@pytest.mark.asyncio
async def test_a_stream_may_be_forgotten_by_another_thread(target: Target) -> None:
    """Whose garbage collector finds it, while the loop sleeps."""
    topic = target.topic()
    before = asyncio.all_tasks()
    ended = asyncio.Event()

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"v"
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with Producer(target.servers) as producer:
        held = [producer.stream(source(), topic=topic)]
        await anext(held[0])
        thread = threading.Thread(target=held.clear)
        thread.start()
        await asyncio.wait_for(ended.wait(), BOUND)
        thread.join()
        await some_turns()
        assert asyncio.all_tasks() == before


@pytest.mark.asyncio
async def test_the_end_ends_an_async_source(target: Target) -> None:
    """One that waits is cancelled, so that it can tidy up, before `aclose` returns."""
    topic = target.topic()
    steps: list[str] = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"v"
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            steps.append("tidy")
            raise

    async with Producer(target.servers) as producer:
        async with producer.stream(source(), topic=topic) as stream:
            await anext(stream)
            assert not steps
        assert steps == ["tidy"]


@pytest.mark.parametrize("source", ["iterable", "async", "silent"])
@pytest.mark.asyncio
async def test_another_task_may_end_it(target: Target, source: str) -> None:
    """Whoever waits for a result then learns that there are no more."""
    topic = target.topic()

    async def silent() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b"never"

    async with Producer(target.servers) as producer:
        await producer.produce(topic, b"first")
        target.hold()
        items = silent() if source == "silent" else Counted(10).of(source)
        stream = producer.stream(items, topic=topic)
        asking = asyncio.ensure_future(anext(stream, None))
        await some_turns()
        assert not asking.done()
        await stream.aclose()
        assert await asyncio.wait_for(asking, BOUND) is None
        target.release()
    # At once, before the source has had its first turn.
    async with Producer(target.servers) as producer:
        stream = producer.stream(silent(), topic=topic)
        asking = asyncio.ensure_future(anext(stream, None))
        await asyncio.sleep(0)
        await stream.aclose()
        assert await asyncio.wait_for(asking, BOUND) is None


@pytest.mark.asyncio
async def test_one_task_at_a_time(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers) as producer:
        stream = producer.stream(Counted(10).items(), topic=topic)
        first, second = await asyncio.gather(anext(stream), anext(stream), return_exceptions=True)
        assert isinstance(first, RecordMetadata)
        assert isinstance(second, RuntimeError)
        assert "let one task or thread iterate" in str(second)
        assert [each.offset async for each in stream] == list(range(1, 10))
    assert numbers(target.values(topic)) == list(range(10))


def test_one_thread_at_a_time(target: Target) -> None:
    topic = target.topic()
    refused: list[int] = []
    with SyncProducer(target.servers) as producer:
        producer.produce(topic, b"-1")
        target.hold()
        stream = producer.stream(Counted(10).items(), topic=topic)
        waiting = threading.Thread(target=next, args=[stream])
        waiting.start()
        while producer.metrics().records.handed_over < 11:
            time.sleep(0.001)
        with pytest.raises(RuntimeError, match="somebody else waits"):
            next(stream)
        refused.append(1)
        target.release()
        waiting.join()
        assert [each.offset for each in stream] == list(range(2, 11))
    assert numbers(target.values(topic)) == list(range(-1, 10))


@pytest.mark.parametrize(
    ("wrong", "error"),
    [(0, ValueError), (-1, ValueError), (2**31, ValueError), ("5", TypeError), (True, TypeError),
     (1.5, TypeError), (None, TypeError)],
)  # fmt: skip
def test_a_bound_that_is_none(target: Target, wrong: Any, error: type[Exception]) -> None:
    heard: list[Any] = []
    for kind in (Producer, SyncProducer):
        producer: Any = kind(target.servers)
        with pytest.raises(error, match="max_in_flight"):
            producer.stream([b"v"], topic="orders", max_in_flight=wrong)
        with pytest.raises(error, match="max_in_flight"):
            producer.topic("orders").stream([b"v"], max_in_flight=wrong)
    gc.collect()
    assert not heard


@each_source
@pytest.mark.asyncio
async def test_nothing_is_a_stream_too(target: Target, source: str) -> None:
    async with Producer(target.servers) as producer:
        assert [None async for _ in producer.stream(Counted(0).of(source), topic="t")] == []
        stream = producer.stream(Counted(10).of(source), topic="t")
        await stream.aclose()
        assert [None async for _ in stream] == []
        producer.stream(Counted(10).of(source), topic="t")
    with SyncProducer(target.servers) as blocking:
        assert list(blocking.stream([], topic="t")) == []
        blocking.stream(Counted(10).items(), topic="t")
    gc.collect()
