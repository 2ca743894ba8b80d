"""`on_delivery` of many messages in a row: each is told as if it were the only one."""

import asyncio
import contextvars
import gc
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable

import pytest

from dekaf import ProduceError, Producer, RecordMetadata, SyncProducer
from dekaf.testing import Broker
from tests.kafka import wait_until
from tests.producer.conftest import Target

CURRENT = contextvars.ContextVar("current", default="none")
SEEN = contextvars.ContextVar[list[int]]("seen")
COUNT = 300

Callback = Callable[[RecordMetadata | None, ProduceError | None], object]


def send_on_a_loop(target: Target, topic: str, callback: Callback) -> None:
    async def main() -> None:
        async with Producer(target.servers) as producer:
            await producer.partitions(topic)  # they make rows only once that is known
            for n in range(COUNT):
                producer.send(topic, str(n), on_delivery=callback)
            await producer.flush()

    asyncio.run(main())


def send_without(target: Target, topic: str, callback: Callback) -> None:
    with SyncProducer(target.servers) as producer:
        producer.partitions(topic)
        send_all(producer, topic, [callback] * COUNT)


def send_all(producer: SyncProducer, topic: str, callbacks: list[Callback]) -> None:
    for callback in callbacks:
        producer.send(topic, b"v" * 500, on_delivery=callback)


everywhere = pytest.mark.parametrize("send", [send_on_a_loop, send_without])


@everywhere
def test_what_one_sets_is_not_there_for_the_next(target: Target, send: Callable[..., None]) -> None:
    found: list[str] = []

    def told(metadata: RecordMetadata | None, _: ProduceError | None) -> None:
        assert metadata is not None
        found.append(CURRENT.get())
        if metadata.offset % 3:
            CURRENT.set("left behind")

    send(target, target.topic(), told)
    assert found == ["none"] * COUNT
    contextvars.Context().run(send, target, target.topic(), told)
    assert found == ["none"] * 2 * COUNT
    here = contextvars.copy_context()
    here.run(CURRENT.set, "here")
    here.run(send, target, target.topic(), told)
    assert found == ["none"] * 2 * COUNT + ["here"] * COUNT


def test_each_finds_what_was_set_at_its_call(target: Target) -> None:
    topic = target.topic()
    lists: list[list[int]] = [[] for _ in range(30)]

    def told(metadata: RecordMetadata | None, _: ProduceError | None) -> None:
        assert metadata is not None
        SEEN.get().append(metadata.offset)

    def send_ten(some: list[int]) -> None:
        SEEN.set(some)
        send_all(producer, topic, [told] * 10)

    with SyncProducer(target.servers, linger_ms=100) as producer:
        for some in lists:  # each equals the one before, and is another
            contextvars.copy_context().run(send_ten, some)
    assert lists == [list(range(10 * n, 10 * n + 10)) for n in range(30)]


@everywhere
def test_what_one_raises_harms_no_other(target: Target, send: Callable[..., None]) -> None:
    told: list[int] = []

    def broken(metadata: RecordMetadata | None, _: ProduceError | None) -> None:
        assert metadata is not None
        told.append(metadata.offset)
        if metadata.offset % 3:
            raise ValueError

    send(target, target.topic(), broken)
    assert told == list(range(COUNT))


def test_all_are_told_though_one_ends_the_program(target: Target) -> None:
    told: list[int] = []

    def ends(metadata: RecordMetadata | None, _: ProduceError | None) -> None:
        assert metadata is not None
        told.append(metadata.offset)
        if metadata.offset == 3:
            raise SystemExit(3)

    with pytest.raises(SystemExit):
        send_on_a_loop(target, target.topic(), ends)
    wait_until(lambda: told == list(range(COUNT)), what="every callback was called")


def test_each_coroutine_has_a_context_of_its_own(target: Target) -> None:
    found: list[str] = []

    async def told(*_: object) -> None:
        found.append(CURRENT.get())
        CURRENT.set("mine")
        await asyncio.sleep(0)
        found.append(CURRENT.get())

    send_on_a_loop(target, target.topic(), told)
    assert Counter(found) == {"none": COUNT, "mine": COUNT}


def test_each_where_it_was_asked_for(target: Target) -> None:
    topic = target.topic()
    told: list[tuple[str, int]] = []

    def callback(metadata: RecordMetadata | None, _: ProduceError | None) -> None:
        assert metadata is not None
        told.append((threading.current_thread().name, metadata.offset))

    async def main() -> None:
        async with Producer(target.servers, linger_ms=100) as producer:
            await producer.partitions(topic)
            for _ in range(10):
                producer.send(topic, b"v", on_delivery=callback)
                await asyncio.to_thread(producer.send, topic, b"v", on_delivery=callback)

    asyncio.run(main())
    wait_until(lambda: len(told) == 20, what="every callback was called")
    here = threading.current_thread().name
    assert [offset for where, offset in told if where == here] == list(range(0, 20, 2))
    there = [offset for where, offset in told if where == "dekaf-dispatcher"]
    assert there == list(range(1, 20, 2))


def test_two_in_turn(target: Target) -> None:
    topic = target.topic()
    told: list[tuple[str, int]] = []

    def named(name: str) -> Callback:
        def callback(metadata: RecordMetadata | None, _: ProduceError | None) -> None:
            assert metadata is not None
            told.append((name, metadata.offset))

        return callback

    first, second = named("first"), named("second")
    with SyncProducer(target.servers) as producer:
        send_all(producer, topic, [first if n % 4 else second for n in range(100)])
    assert told == [("first" if n % 4 else "second", n) for n in range(100)]


def test_a_batch_that_is_cut_up(dekaf_broker: Broker) -> None:
    dekaf_broker.create_topic("orders", configs={"max.message.bytes": "5000"})
    told: list[int] = []

    def callback(metadata: RecordMetadata | None, _: ProduceError | None) -> None:
        assert metadata is not None
        told.append(metadata.offset)

    with SyncProducer(dekaf_broker.bootstrap_servers, linger_ms=1_000) as producer:
        send_all(producer, "orders", [callback] * 100)
        producer.flush()
        assert producer.metrics().batches.splits
    assert told == list(range(100))


def test_each_failure_by_itself(dekaf_broker: Broker) -> None:
    dekaf_broker.create_topic("orders")
    dekaf_broker.faults.fail("produce", "INVALID_RECORD", times=None)
    errors: list[ProduceError] = []

    def callback(metadata: RecordMetadata | None, error: ProduceError | None) -> None:
        assert metadata is None
        assert error is not None
        errors.append(error)

    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        send_all(producer, "orders", [callback] * 100)
    assert len({id(error) for error in errors}) == 100


def test_nothing_is_kept_of_a_callback_that_was_told(target: Target) -> None:
    topic = target.topic()

    class Told:
        def __call__(self, *_: object) -> None: ...

    told = Told()
    with SyncProducer(target.servers) as producer:
        send_all(producer, topic, [told] * COUNT)
        producer.flush()
        kept = weakref.ref(told)
        del told
        wait_until(lambda: kept() is None, what="nobody holds it")


def test_a_callback_that_sends_with_itself(target: Target) -> None:
    topic = target.topic()
    found: list[str] = []

    def again(*_: object) -> None:
        found.append(CURRENT.get())
        if len(found) < 5:
            CURRENT.set(str(len(found)))
            producer.send(topic, b"v", on_delivery=again)
            CURRENT.set("later")

    with SyncProducer(target.servers) as producer:
        send_all(producer, topic, [again])
        wait_until(lambda: len(found) == 5, what="every callback was called")
    assert found == ["none", "1", "2", "3", "4"]


def test_they_make_rows(target: Target) -> None:
    """Each waiter has a context."""
    topic = target.topic()

    def contexts() -> int:
        gc.collect()
        return sum(type(each) is contextvars.Context for each in gc.get_objects())

    def told(*_: object) -> None: ...

    with SyncProducer(target.servers) as producer:
        producer.partitions(topic)
        before = contexts()
        target.hold()
        send_all(producer, topic, [told] * 1_000)
        assert contexts() - before < 500
        target.release()


def test_many_variables_are_found_as_well(target: Target) -> None:
    found: list[int] = []
    variables = [contextvars.ContextVar[int](f"v{n}") for n in range(20)]

    def told(*_: object) -> None:
        found.append(sum(variable.get() for variable in variables))
        variables[0].set(1_000)

    def send() -> None:
        for n, variable in enumerate(variables):
            variable.set(n)
        send_without(target, target.topic(), told)

    contextvars.copy_context().run(send)
    assert found == [190] * COUNT


def test_a_loop_that_is_dropped_as_it_is_takes_nobody_along(target: Target) -> None:
    """Its callbacks lead back to it; the collector must not empty what is still to be called."""
    topic = target.topic()
    producer = Producer(target.servers)
    told: list[object] = []

    class Told:
        def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
            self.loop = loop

        def __call__(self, *_: object) -> None:
            told.append(threading.current_thread().name)

    def send(loop: asyncio.AbstractEventLoop) -> None:
        loop.stop()
        callback = Told(loop)
        for _ in range(COUNT):
            producer.send(topic, b"v" * 500, on_delivery=callback)

    def leave() -> "weakref.ref[asyncio.AbstractEventLoop]":
        loop = asyncio.new_event_loop()
        loop.run_until_complete(producer.partitions(topic))
        loop.call_soon(send, loop)
        loop.run_forever()
        return weakref.ref(loop)

    kept = leave()
    wait_until(lambda: len(target.values(topic)) == COUNT, what="all are stored")
    gc.collect()
    dropped = kept()
    assert dropped is not None
    assert told == []
    dropped.close()
    wait_until(lambda: len(told) == COUNT, what="every callback was called")
    assert set(told) == {"dekaf-dispatcher"}
    asyncio.run(producer.close())


@everywhere
def test_stamped_with_the_millisecond_of_the_call(
    target: Target, send: Callable[..., None]
) -> None:
    topic = target.topic()
    stamps: list[int] = []

    def told(metadata: RecordMetadata | None, _: ProduceError | None) -> None:
        assert metadata is not None
        stamps.append(metadata.timestamp)

    before = time.time_ns() // 1_000_000
    send(target, topic, told)
    assert before <= min(stamps)
    assert max(stamps) <= time.time_ns() // 1_000_000
    assert stamps == [record.timestamp for record in target.records(topic)]


def test_no_stamp_is_older_than_its_call(target: Target) -> None:
    topic = target.topic()
    calls: list[tuple[int, int]] = []
    stamps: list[int] = []

    def told(metadata: RecordMetadata | None, _: ProduceError | None) -> None:
        assert metadata is not None
        stamps.append(metadata.timestamp)

    with SyncProducer(target.servers) as producer:
        for _ in range(50_000):
            before = time.time_ns()
            producer.send(topic, None, on_delivery=told)
            calls.append((before // 1_000_000, time.time_ns() // 1_000_000))
    # A system's clock that is set meanwhile makes this wrong; a millisecond is never that.
    assert all(
        before <= stamp <= after for (before, after), stamp in zip(calls, stamps, strict=True)
    )
