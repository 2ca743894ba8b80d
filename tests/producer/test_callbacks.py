"""`on_delivery`: called once for each message, where it was asked for, and harming nobody."""

import asyncio
import contextvars
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from dekaf import ProduceError, Producer, RecordMetadata, SyncProducer
from tests.kafka import wait_until
from tests.producer.conftest import Target

CURRENT = contextvars.ContextVar("current", default="none")


class Calls:
    """A callback that remembers its calls, and where each was made."""

    def __init__(self) -> None:
        self.metadata: list[RecordMetadata] = []
        self.errors: list[ProduceError] = []
        self.threads: set[threading.Thread] = set()
        self.contexts: list[str] = []

    def __call__(self, metadata: RecordMetadata | None, error: ProduceError | None) -> None:
        assert (metadata is None) != (error is None)
        self.threads.add(threading.current_thread())
        self.contexts.append(CURRENT.get())
        if metadata is not None:
            self.metadata.append(metadata)
        if error is not None:
            self.errors.append(error)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_on_the_loop_that_ran_at_the_call(
    target: Target, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    topic = target.topic()
    calls = Calls()

    async def main() -> None:
        async with Producer(target.servers) as producer:
            for n in range(1_000):
                producer.send(topic, str(n), on_delivery=calls)
            await producer.flush()
            assert [metadata.offset for metadata in calls.metadata] == list(range(1_000))

    with asyncio.Runner(loop_factory=loop, debug=True) as runner:
        runner.run(main())
    assert calls.threads == {threading.current_thread()}
    assert target.values(topic) == [str(n).encode() for n in range(1_000)]


def test_without_a_loop_on_a_thread_of_the_producers(target: Target) -> None:
    topic = target.topic()
    calls = Calls()
    with SyncProducer(target.servers) as producer:
        for n in range(1_000):
            producer.send(topic, str(n), on_delivery=calls)
        producer.flush()
    wait_until(lambda: len(calls.metadata) == 1_000, what="every callback was called")
    assert [metadata.offset for metadata in calls.metadata] == list(range(1_000))
    (thread,) = calls.threads
    assert thread.name == "dekaf-dispatcher"
    assert thread.daemon


async def until(condition: Callable[[], bool]) -> None:
    """Let tasks run until they have done that."""
    while not condition():  # noqa: ASYNC110 - nobody tells when a task is done that others made
        await asyncio.sleep(0)


def test_each_in_the_context_of_its_call(target: Target) -> None:
    topic = target.topic()
    calls = Calls()

    async def main() -> None:
        async with Producer(target.servers) as producer:
            for name in ("a", "b"):
                CURRENT.set(name)
                producer.send(topic, b"v", on_delivery=calls)
            CURRENT.set("later")
            await producer.flush()

    asyncio.run(main())
    assert calls.contexts == ["a", "b"]
    with SyncProducer(target.servers) as producer:
        contextvars.copy_context().run(send_as, producer, topic, "c", calls)
    wait_until(lambda: calls.contexts == ["a", "b", "c"], what="every callback was called")


def send_as(producer: SyncProducer, topic: str, name: str, calls: Calls) -> None:
    CURRENT.set(name)
    producer.send(topic, b"v", on_delivery=calls)


def test_coroutine_functions(target: Target) -> None:
    topic = target.topic()
    told: list[tuple[str, int]] = []

    async def on_delivery(metadata: RecordMetadata | None, _: ProduceError | None) -> None:
        await asyncio.sleep(0)
        assert metadata is not None
        told.append((CURRENT.get(), metadata.offset))

    async def main() -> None:
        CURRENT.set("here")
        async with Producer(target.servers) as producer:
            for _ in range(3):
                producer.send(topic, b"v", on_delivery=on_delivery)
            await producer.flush()
            await until(lambda: len(told) == 3)

    asyncio.run(asyncio.wait_for(main(), 30))
    assert told == [("here", 0), ("here", 1), ("here", 2)]


def test_a_coroutine_function_needs_a_loop() -> None:
    async def on_delivery(*_: object) -> None:
        raise AssertionError

    producer = SyncProducer("127.0.0.1:1")
    with pytest.raises(TypeError, match="no event loop runs here"):
        producer.send("t", b"v", on_delivery=on_delivery)
    with pytest.raises(TypeError, match="on_delivery must be a function of metadata and error"):
        producer.send("t", b"v", on_delivery="print")  # type: ignore[call-overload]


class Failed(Exception):
    pass


def test_what_a_callback_raises_harms_nobody_else(
    target: Target, caplog: pytest.LogCaptureFixture
) -> None:
    topic = target.topic()
    calls = Calls()
    handled: list[dict[str, Any]] = []

    def broken(*_: object) -> None:
        raise Failed

    async def broken_later(*_: object) -> None:
        raise Failed

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: handled.append(context))
        async with Producer(target.servers) as producer:
            for callback in (broken, calls, broken_later, calls):
                producer.send(topic, b"v", on_delivery=callback)
            await producer.flush()
            await until(lambda: len(handled) == 2)

    asyncio.run(asyncio.wait_for(main(), 30))
    assert [metadata.offset for metadata in calls.metadata] == [1, 3]
    assert [type(context["exception"]) for context in handled] == [Failed, Failed]
    logged = [record for record in caplog.records if record.name == "dekaf"]
    assert [record.levelno for record in logged] == [logging.ERROR] * 2
    assert all(record.exc_info and record.exc_info[0] is Failed for record in logged)


def test_what_a_callback_raises_off_the_loop_is_logged(
    target: Target, caplog: pytest.LogCaptureFixture
) -> None:
    topic = target.topic()
    calls = Calls()

    def broken(*_: object) -> None:
        raise Failed

    with SyncProducer(target.servers) as producer:
        producer.send(topic, b"v", on_delivery=broken)
        producer.send(topic, b"v", on_delivery=calls)
    wait_until(lambda: len(calls.metadata) == 1, what="every callback was called")
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [Failed]


def test_a_loop_that_ended_leaves_its_callbacks_to_the_dispatcher(target: Target) -> None:
    topic = target.topic()
    calls = Calls()
    producer = Producer(target.servers)

    async def main() -> None:
        await producer.start()
        target.hold()
        for _ in range(10):
            producer.send(topic, b"v", on_delivery=calls)

    asyncio.run(main())
    target.release()
    wait_until(lambda: len(calls.metadata) == 10, what="every callback was called")
    assert [thread.name for thread in calls.threads] == ["dekaf-dispatcher"]
    asyncio.run(producer.close())


def test_failures_are_told_once(target: Target) -> None:
    topic = target.topic()
    calls = Calls()

    async def main() -> None:
        async with Producer(target.servers) as producer:
            producer.send(topic, b"v", partition=7, on_delivery=calls)
            producer.send(topic, b"x" * 2_000_000, on_delivery=calls)
            producer.send(topic, b"v", on_delivery=calls)
            await producer.flush()

    asyncio.run(main())
    assert sorted(type(error).__name__ for error in calls.errors) == [
        "InvalidRecord",
        "UnknownPartition",
    ]
    assert [metadata.offset for metadata in calls.metadata] == [0]


def test_a_callback_may_send(target: Target) -> None:
    topic = target.topic()
    told: list[int] = []

    def again(metadata: RecordMetadata | None, _: ProduceError | None) -> None:
        assert metadata is not None
        told.append(metadata.offset)
        if metadata.offset < 9:
            producer.send(topic, b"v", on_delivery=again)

    with SyncProducer(target.servers) as producer:
        producer.send(topic, b"v", on_delivery=again)
        wait_until(lambda: len(told) == 10, what="every callback was called")
    assert told == list(range(10))
