"""Batch calls that are larger than the buffer, that wait, and that are given up.

On brokers that are slow and that hang, and with others who produce meanwhile.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from dekaf import (
    BatchResult,
    BufferFull,
    DeliveryTimeout,
    InvalidRecord,
    Message,
    ProduceErrorGroup,
    Producer,
    ProducerClosed,
    Purged,
    RecordMetadata,
    SerializationError,
    SyncProducer,
    UnclaimedFailures,
)
from tests.kafka import wait_until
from tests.producer.conftest import Target
from tests.producer.kinds import Calls, each_kind, with_producer

MEMORY = 100_000
VALUE = b"x" * 1_000
TEN_BUFFERS = 10 * MEMORY // len(VALUE)
BOUND = 60.0  # seconds; against hanging


def numbered(n: int) -> bytes:
    return b"%06d" % n + VALUE


def in_order(values: list[bytes | None]) -> bool:
    return values == [numbered(n) for n in range(len(values))]


def numbers(values: list[bytes | None]) -> list[int]:
    return [int((value or b"")[:6]) for value in values]


async def until(condition: Callable[[], bool]) -> None:
    """Give the loop turns until a condition holds."""
    async with asyncio.timeout(BOUND):
        while not condition():  # noqa: ASYNC110 - nobody sets an event
            await asyncio.sleep(0.001)


@contextmanager
def sampled(producer: Any) -> Iterator[list[int]]:
    """Look at the memory used, from a thread of its own, all the while."""
    samples: list[int] = []
    is_over = threading.Event()

    def sample() -> None:
        while not is_over.wait(0.001):
            samples.append(producer.metrics().pending.memory_used)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        is_over.set()
        thread.join()


# -- larger than the buffer -------------------------------------------------------------------


@each_kind
def test_ten_buffers(target: Target, kind: Any) -> None:
    topic = target.topic()
    target.slow_down(0.01)

    def calls(producer: Any) -> Calls:
        with sampled(producer) as samples:
            values = [numbered(n) for n in range(TEN_BUFFERS)]
            results = yield producer.produce_all(topic, values)
        assert [each.offset for each in results] == list(range(TEN_BUFFERS))
        assert max(samples) <= MEMORY
        assert max(samples) > MEMORY // 2, "there was a look while it was full"

    with_producer(kind, target, calls, buffer_memory=MEMORY, batch_size=10_000)
    assert in_order(target.values(topic))


@pytest.mark.asyncio
async def test_others_have_their_turn_in_the_line(target: Target) -> None:
    """Each of their messages waits for some of the call's, not for all of them."""
    topic = target.topic()
    target.slow_down(0.01)
    async with Producer(target.servers, buffer_memory=MEMORY, batch_size=10_000) as producer:
        await producer.produce(topic, numbered(0))
        items = [numbered(n) for n in range(TEN_BUFFERS)]
        task = asyncio.create_task(producer.produce_all(topic, items))
        await until(lambda: producer.metrics().pending.waiting_for_memory > 0)
        between = 0
        while not task.done() and between < 3:
            await producer.produce(topic, b"999999")
            between += 1
        assert between == 3
        assert not task.done()
        await task
    stored = numbers(target.values(topic))
    assert [n for n in stored if n != 999_999] == [0, *range(TEN_BUFFERS)]


@each_kind
def test_nobody_waits_where_a_full_buffer_raises(target: Target, kind: Any) -> None:
    topic = target.topic()

    def calls(producer: Any) -> Calls:
        yield producer.produce(topic, b"first")
        target.hold()
        released = threading.Timer(0.3, target.release)
        released.start()
        items = [numbered(n) for n in range(TEN_BUFFERS)]
        results = yield producer.produce_all(topic, items, return_exceptions=True)
        released.join()
        assert len(results) == TEN_BUFFERS
        assert {type(error) for error in results.failed} == {BufferFull}
        assert all(error.index == n for n, error in enumerate(results) if error in results.failed)
        assert all(error.retriable and not error.maybe_written for error in results.failed)
        assert 0 < len(results.succeeded) <= MEMORY // len(VALUE)
        kept = [n for n, each in enumerate(results) if isinstance(each, RecordMetadata)]
        assert numbers(target.values(topic)[1:]) == kept

    with_producer(kind, target, calls, buffer_memory=MEMORY, on_full="raise")


@each_kind
def test_a_message_that_finds_no_room_names_its_topic(target: Target, kind: Any) -> None:
    topic = target.topic()

    def calls(producer: Any) -> Calls:
        yield producer.produce(topic, b"first")
        target.hold()
        released = threading.Timer(0.3, target.release)
        released.start()
        results = yield producer.produce_all(topic, [VALUE] * 200, return_exceptions=True)
        released.join()
        assert {error.topic for error in results.failed} == {topic}

    with_producer(kind, target, calls, buffer_memory=MEMORY, on_full="raise")


@each_kind
def test_as_many_wait_as_may(target: Target, kind: Any) -> None:
    """A call hands over no more at a time than may wait."""
    topic = target.topic()
    target.slow_down(0.005)

    def calls(producer: Any) -> Calls:
        items = [numbered(n) for n in range(TEN_BUFFERS)]
        results = yield producer.produce_all(topic, items)
        assert len(results.succeeded) == TEN_BUFFERS

    with_producer(kind, target, calls, buffer_memory=MEMORY, batch_size=10_000, max_waiting=5)
    assert in_order(target.values(topic))


def test_a_blocked_call_gives_up_after_max_block_ms(target: Target) -> None:
    topic = target.topic()
    with SyncProducer(
        target.servers,
        buffer_memory=MEMORY,
        max_block_ms=200,
        delivery_timeout_ms=1_500,
        request_timeout_ms=1_000,
    ) as producer:
        producer.produce(topic, b"first")
        target.hold()
        items = [numbered(n) for n in range(TEN_BUFFERS)]
        results = producer.produce_all(topic, items, return_exceptions=True)
        target.release()
        assert len(results) == len(results.failed) == TEN_BUFFERS
        kinds = [type(error) for error in results.failed]
        handed_over = kinds.index(BufferFull)
        assert 0 < handed_over <= MEMORY // len(VALUE)
        assert kinds == [DeliveryTimeout] * handed_over + [BufferFull] * (TEN_BUFFERS - handed_over)
        assert [error.index for error in results.failed] == list(range(TEN_BUFFERS))
        assert "max_block_ms=200" in str(results[-1])
        assert not results[-1].maybe_written  # type: ignore[union-attr]
        # It is as good as new.
        assert producer.metrics().pending.waiting_for_memory == 0
        producer.produce_all(topic, [b"last"])
    assert target.values(topic)[-1] == b"last"


@each_kind
def test_brokers_that_hang(target: Target, kind: Any) -> None:
    """A call of any length ends when its messages' time is over, and each has its outcome."""
    topic = target.topic()

    def calls(producer: Any) -> Calls:
        yield producer.produce(topic, b"first")
        target.hold()
        with pytest.raises(ProduceErrorGroup) as caught:
            yield producer.produce_all(topic, [VALUE] * 20 * TEN_BUFFERS)
        target.release()
        group = caught.value
        assert len(group.results) == len(group.failed) == 20 * TEN_BUFFERS
        assert {(type(error), error.topic) for error in group.failed} == {(DeliveryTimeout, topic)}
        assert [error.index for error in group.failed] == list(range(20 * TEN_BUFFERS))
        assert group.maybe_written
        in_doubt = [error.index for error in group.failed if error.maybe_written]
        assert in_doubt == list(range(len(in_doubt)))
        assert len(in_doubt) <= MEMORY // len(VALUE)
        metadata = yield producer.produce(topic, b"last")
        assert metadata.offset > 0

    with_producer(
        kind,
        target,
        calls,
        buffer_memory=MEMORY,
        delivery_timeout_ms=600,
        request_timeout_ms=500,
        linger_ms=0,
    )


@pytest.mark.timeout(60)
@pytest.mark.asyncio
async def test_brokers_that_hang_and_bad_messages() -> None:
    """Those that fail at once change nothing: 100 times 64 messages do not wait 100 times."""
    from dekaf.testing import Broker  # noqa: PLC0415 - the box alone: it takes its time

    with Broker() as broker:
        producer = Producer(
            broker.bootstrap_servers,
            buffer_memory=MEMORY,
            delivery_timeout_ms=300,
            request_timeout_ms=250,
            linger_ms=0,
        )
        await producer.produce("orders", b"first")
        broker.faults.pause()
        items = [VALUE if n % 2 else Message("t" * 300, b"") for n in range(6_400)]
        call = asyncio.create_task(producer.produce_all("orders", items, return_exceptions=True))
        # A single message that is produced now, twenty times in turn, has less time than that.
        for _ in range(20):
            with pytest.raises(DeliveryTimeout):
                await producer.produce("orders", VALUE)
        is_over = call.done()
        broker.faults.resume()
        await call
        await producer.close()
        assert is_over


@each_kind
def test_a_purge_meanwhile(target: Target, kind: Any) -> None:
    topic = target.topic()
    during_a_call(target, kind, topic, lambda producer: producer.purge(), Purged)


def test_a_close_meanwhile(target: Target) -> None:
    topic = target.topic()
    during_a_call(target, SyncProducer, topic, lambda producer: producer.close(0), ProducerClosed)


def during_a_call(
    target: Target, kind: Any, topic: str, what: Callable[[Any], object], error_type: type
) -> None:
    """Do something from another thread while a call waits for memory."""

    def calls(producer: Any) -> Calls:
        yield producer.produce(topic, b"first")
        target.hold()

        def meanwhile() -> None:
            wait_until(lambda: producer.metrics().pending.waiting_for_memory > 0, what="it waits")
            what(producer)
            target.release()

        thread = threading.Thread(target=meanwhile)
        thread.start()
        items = [numbered(n) for n in range(TEN_BUFFERS)]
        results = yield producer.produce_all(topic, items, return_exceptions=True)
        thread.join()
        assert len(results) == TEN_BUFFERS
        assert {type(error) for error in results.failed} == {error_type}
        assert len(results.failed) >= 100
        stored = set(numbers(target.values(topic)[1:]))
        for n, each in enumerate(results):
            if isinstance(each, RecordMetadata):
                assert n in stored
            elif not each.maybe_written:
                assert n not in stored

    with_producer(kind, target, calls, buffer_memory=MEMORY)


@pytest.mark.asyncio
async def test_a_close_on_the_loop_meanwhile(target: Target) -> None:
    """It delivers what was handed over; what had not been is refused, each by itself."""
    topic = target.topic()
    producer = Producer(target.servers, buffer_memory=MEMORY)
    await producer.produce(topic, b"first")
    target.hold()
    items = [numbered(n) for n in range(TEN_BUFFERS)]
    task = asyncio.create_task(producer.produce_all(topic, items, return_exceptions=True))
    await until(lambda: producer.metrics().pending.waiting_for_memory > 0)
    closing = asyncio.create_task(producer.close())
    await until(lambda: producer.closed)
    target.release()
    await closing
    results = await task
    kept = [n for n, each in enumerate(results) if isinstance(each, RecordMetadata)]
    assert kept == list(range(len(kept)))
    assert 50 < len(kept) < TEN_BUFFERS
    assert {type(error) for error in results.failed} == {ProducerClosed}
    assert numbers(target.values(topic)[1:]) == kept
    with pytest.raises(ProducerClosed):
        await producer.produce_all(topic, [b"v"])


def test_the_source_may_be_changed_meanwhile(target: Target) -> None:
    """The call has a list of its own."""
    topic = target.topic()
    items = [numbered(n) for n in range(TEN_BUFFERS)]
    with SyncProducer(target.servers, buffer_memory=MEMORY, batch_size=10_000) as producer:
        producer.produce(topic, b"first")
        target.hold()

        def change() -> None:
            wait_until(lambda: producer.metrics().pending.waiting_for_memory > 0, what="it waits")
            items.clear()
            target.release()

        thread = threading.Thread(target=change)
        thread.start()
        assert len(producer.produce_all(topic, items)) == TEN_BUFFERS
        thread.join()
    assert in_order(target.values(topic)[1:])


# -- given up ---------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("way", ["cancel", "wait_for"])
async def test_what_waits_is_un_sent(target: Target, way: str) -> None:
    topic = target.topic()
    async with Producer(target.servers, buffer_memory=MEMORY) as producer:
        await producer.produce(topic, b"first")
        target.hold()
        call = producer.produce_all(topic, [numbered(n) for n in range(TEN_BUFFERS)])
        if way == "cancel":
            task = asyncio.create_task(call)
            await until(lambda: producer.metrics().pending.waiting_for_memory > 0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(call, 0.3)
        metrics = producer.metrics()
        assert metrics.pending.waiting_for_memory == 0
        assert metrics.records.unsent > 0
        target.release()
        await producer.flush()
        metrics = producer.metrics()
        assert metrics.records.unsettled == 0
        assert metrics.records.handed_over < TEN_BUFFERS
        handed_over = metrics.records.acknowledged - 1
        await producer.produce(topic, numbered(handed_over))
    stored = target.values(topic)[1:]
    assert in_order(stored)
    assert len(stored) == handed_over + 1
    assert handed_over >= 90


@pytest.mark.asyncio
async def test_what_fails_after_that_is_told(target: Target) -> None:
    topic = target.topic()
    async with Producer(
        target.servers,
        buffer_memory=MEMORY,
        delivery_timeout_ms=600,
        request_timeout_ms=500,
        linger_ms=0,
    ) as producer:
        await producer.produce(topic, b"first")
        target.hold()
        # The first is refused before it is cancelled, and nobody has heard of it.
        items: list[Any] = [object(), b"x" * 2_000_000, *[VALUE] * TEN_BUFFERS]
        task = asyncio.create_task(producer.produce_all(topic, items))
        await until(lambda: producer.metrics().pending.waiting_for_memory > 0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        records = producer.metrics().records
        handed_over = records.handed_over - records.unsent - 1
        with pytest.raises(UnclaimedFailures) as caught:
            await producer.flush()
        target.release()
        kinds = [type(failure) for failure in caught.value.failures]
        # The one that is too large was handed over, too.
        assert caught.value.count == handed_over + 1
        assert kinds.count(InvalidRecord) == 2
        assert kinds.count(DeliveryTimeout) == len(kinds) - 2
        await producer.flush()


@pytest.mark.asyncio
async def test_a_refusal_that_is_told_later_is_the_same(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers, buffer_memory=MEMORY, value_serializer="json") as producer:
        await producer.produce(topic, "first")
        target.hold()
        items: list[Any] = [object(), *["x" * 1_000] * TEN_BUFFERS]
        task = asyncio.create_task(producer.produce_all(topic, items))
        await until(lambda: producer.metrics().pending.waiting_for_memory > 0)
        task.cancel()
        await asyncio.wait({task})
        target.release()
        with pytest.raises(UnclaimedFailures) as caught:
            await producer.flush()
    (failure,) = caught.value.failures
    assert type(failure) is SerializationError
    assert failure.topic == topic


@pytest.mark.asyncio
async def test_what_had_failed_before_that_is_told(target: Target) -> None:
    """Everything has failed, and the one who asked is cancelled before he can be told."""
    topic = target.topic()
    async with Producer(target.servers) as producer:
        await producer.produce(topic, b"first")
        items = [Message(value=b"v", partition=9)] * 3
        task = asyncio.create_task(producer.produce_all(topic, items))
        await until(lambda: producer.metrics().records.failed == 3 or task.done())
        told = 0
        if task.cancel():
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            told = 3
        try:
            await producer.flush()
        except UnclaimedFailures as unclaimed:
            told += unclaimed.count
        assert told == 3


@pytest.mark.asyncio
async def test_a_cancellation_at_the_last_moment_loses_no_failure(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the exceptions are made of a call in which many messages have failed."""
    topic = target.topic()
    begun = asyncio.Event()

    def make_exceptions(_: object) -> bool:
        begun.set()
        return True  # there are always more

    monkeypatch.setattr("dekaf._batches.make_exceptions", make_exceptions)
    async with Producer(target.servers) as producer:
        task = asyncio.create_task(producer.produce_all(topic, bad_ones(3)))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(UnclaimedFailures, match="3 messages"):
            await producer.flush()


def bad_ones(count: int) -> list[Message[Any, Any]]:
    return [Message(value=b"v", partition=9)] * count


# -- neither loops nor threads are held -------------------------------------------------------


@asynccontextmanager
async def turns() -> AsyncIterator[list[int]]:
    """Count the turns of another task."""
    counted = [0]

    async def count() -> None:
        while True:
            counted[0] += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(count())
    yield counted
    task.cancel()
    await asyncio.wait({task})


MANY = 200_000


@pytest.mark.asyncio
async def test_the_loop_is_not_held(target: Target) -> None:
    """While messages are handed over: the broker hangs, so that there is nothing to wait for."""
    topic = target.topic()
    async with Producer(target.servers) as producer:
        await producer.produce(topic, b"first")
        target.hold()
        items = [b"%d" % n for n in range(MANY)]
        async with turns() as counted:
            task = asyncio.create_task(producer.produce_all(topic, items))
            await until(lambda: producer.metrics().records.handed_over > MANY)
            turns_meanwhile = counted[0]
        target.release()
        assert len(await task) == MANY
        assert turns_meanwhile > 10
    assert target.values(topic)[1:] == items


@pytest.mark.asyncio
async def test_the_loop_is_not_held_by_a_generator(target: Target) -> None:
    """Nor by its work: the turns are counted between its first item and its last."""
    topic = target.topic()
    async with Producer(target.servers) as producer, turns() as counted:
        seen: list[int] = []

        def source() -> Iterator[bytes]:
            for n in range(MANY):
                if n % 1_000 == 0:
                    seen.append(counted[0])
                yield b"%d" % n

        results = await producer.produce_all(topic, source())
        assert len(results) == MANY
        assert seen[-1] - seen[0] > 3


@pytest.mark.asyncio
async def test_the_loop_is_not_held_by_failures(target: Target) -> None:
    """Their exceptions are made a few at a time."""
    topic = target.topic()
    async with Producer(target.servers) as producer, turns() as counted:
        await producer.produce(topic, b"first")
        task = asyncio.create_task(
            producer.produce_all(topic, bad_ones(MANY), return_exceptions=True)
        )
        while producer.metrics().records.failed < MANY:  # noqa: ASYNC110
            await asyncio.sleep(0)
        before = counted[0]
        results = await task
        assert len(results.failed) == MANY
        assert counted[0] - before > 50


def test_threads_are_not_held(target: Target) -> None:
    topic = target.topic()
    counted = 0
    is_over = threading.Event()

    def count() -> None:
        nonlocal counted
        while not is_over.is_set():
            counted += 1
            threading.Event().wait(0.000_1)

    with SyncProducer(target.servers) as producer:
        producer.produce(topic, b"first")
        target.hold()
        items = [b"%d" % n for n in range(MANY)]
        done: list[BatchResult[RecordMetadata]] = []
        counter = threading.Thread(target=count)
        caller = threading.Thread(target=lambda: done.append(producer.produce_all(topic, items)))
        counter.start()
        caller.start()
        wait_until(lambda: producer.metrics().records.handed_over > MANY, what="all is there")
        is_over.set()
        counter.join()
        target.release()
        caller.join()
        assert [len(results) for results in done] == [MANY]
        # A thread that wants the interpreter asks for it after 5 ms, and has it then.
        assert counted > 3


# -- several at once --------------------------------------------------------------------------


def per_origin(values: list[bytes | None]) -> dict[bytes, list[int]]:
    found: dict[bytes, list[int]] = {}
    for value in values:
        origin, number, _ = (value or b"").split(b":")
        found.setdefault(origin, []).append(int(number))
    return found


@pytest.mark.asyncio
async def test_several_tasks(target: Target) -> None:
    """Each has its own order, whatever it calls."""
    topic = target.topic()
    target.slow_down(0.005)
    async with Producer(
        target.servers, buffer_memory=MEMORY, batch_size=10_000, send_block_ms=30_000
    ) as producer:

        async def task(name: bytes) -> None:
            made = iter(range(1_000_000))
            pending = []

            def values(count: int) -> list[bytes]:
                return [b"%b:%d:" % (name, next(made)) + VALUE for _ in range(count)]

            for count in (70, 1, 100):
                pending += [producer.produce(topic, value) for value in values(20)]
                producer.send(topic, values(1)[0])
                await producer.produce_all(topic, values(count))
                producer.send(topic, values(1)[0])
            await asyncio.gather(*pending)

        await asyncio.gather(*(task(b"%d" % n) for n in range(4)))
    found = per_origin(target.values(topic))
    assert len(found) == 4
    for order in found.values():
        assert order == list(range(70 + 1 + 100 + 3 * 22))


def test_several_threads(target: Target) -> None:
    topic = target.topic()
    with (
        SyncProducer(target.servers, buffer_memory=MEMORY, batch_size=10_000) as producer,
        ThreadPoolExecutor(6) as threads,
    ):

        def thread(name: int) -> None:
            made = iter(range(1_000_000))

            def values(count: int) -> list[bytes]:
                return [b"%d:%d:" % (name, next(made)) + VALUE for _ in range(count)]

            for count in (70, 1, 100):
                producer.send(topic, values(1)[0])
                results = producer.produce_all(topic, values(count))
                offsets = [each.offset for each in results]
                assert offsets == sorted(offsets)
                producer.produce(topic, values(1)[0])

        list(threads.map(thread, range(6)))
    found = per_origin(target.values(topic))
    assert len(found) == 6
    for order in found.values():
        assert order == list(range(70 + 1 + 100 + 3 * 2))


# -- no lingering -----------------------------------------------------------------------------

LINGERS: Any = {"linger_ms": 60_000, "delivery_timeout_ms": 200_000}


@each_kind
def test_a_batch_does_not_linger(target: Target, kind: Any) -> None:
    topic = target.topic(5)

    def calls(producer: Any) -> Calls:
        for n in range(3):
            results = yield producer.produce_all(topic, [(f"{n}", b"v") for n in range(10)])
            assert len(results.succeeded) == 10
            # And what lingers goes with it.
            producer.send(topic, b"lingers", partition=n)
            yield producer.produce_all(topic, [Message(value=b"v", partition=n)])
            assert producer.metrics().records.unsettled == 0

    with_producer(kind, target, calls, **LINGERS)


@pytest.mark.asyncio
async def test_a_batch_does_not_linger_behind_others(target: Target) -> None:
    """Something is in flight: when that is done, it leaves."""
    topic = target.topic(2)
    async with Producer(target.servers, **LINGERS) as producer:
        await producer.produce(topic, b"first")
        target.hold()
        first = producer.produce(topic, b"v", partition=0)
        batches = [
            asyncio.create_task(
                producer.produce_all(topic, [Message(value=b"v", partition=n)] * 10)
            )
            for n in (0, 1, 0)
        ]
        await until(lambda: producer.metrics().records.handed_over == 32)
        target.release()
        await asyncio.wait_for(asyncio.gather(first, *batches), 30)


@each_kind
def test_a_batch_larger_than_the_buffer_does_not_linger(target: Target, kind: Any) -> None:
    topic = target.topic(20)

    def calls(producer: Any) -> Calls:
        items = [(f"{n}", VALUE) for n in range(TEN_BUFFERS)]
        results = yield producer.produce_all(topic, items)
        assert len(results.succeeded) == TEN_BUFFERS

    with_producer(kind, target, calls, buffer_memory=MEMORY, **LINGERS)


@pytest.mark.asyncio
async def test_what_a_cancelled_batch_had_handed_over_does_not_linger(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers, **LINGERS) as producer:
        await producer.produce(topic, b"first")
        items = [b"v"] * MANY
        task = asyncio.create_task(producer.produce_all(topic, items))
        await until(lambda: producer.metrics().records.handed_over > 100)
        task.cancel()
        await asyncio.wait({task})
        await until(lambda: producer.metrics().records.unsettled == 0)
