"""How a publisher that names no producer finds one."""

import asyncio
import contextvars
import gc
import sys
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from dekaf import Producer, SyncProducer, _current, publisher
from dekaf.testing import Broker
from tests.unit.forks import in_child


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the producers that other tests have left open."""
    monkeypatch.setattr(_current, "_made", {})


@pytest.fixture
def other() -> Iterator[Broker]:
    with Broker() as broker:
        yield broker


def stored(broker: Broker, topic: str = "out") -> list[bytes | None]:
    """Return the values that were published, in order; none if nothing was."""
    return [r.value for r in broker.records(topic)] if topic in broker.topics else []


@publisher("out")
async def later(value: str) -> str:
    return value


@publisher("out")
def now(value: str) -> str:
    return value


NONE = (
    r"pass producer=, call it within async with Producer\(…\), or keep exactly one open "
    r"\(there are %d\)"
)


@pytest.mark.asyncio
async def test_without_any() -> None:
    """It is told before the function runs."""
    ran: list[int] = []
    out = publisher("out")
    with pytest.raises(RuntimeError, match=NONE % 0):
        out(lambda: ran.append(1))()

    @out
    async def run_later() -> None:
        ran.append(1)

    with pytest.raises(RuntimeError, match=NONE % 0):
        await run_later()
    with pytest.raises(RuntimeError, match=NONE % 0):
        await later.publish("v")
    assert not ran


def test_the_only_open_one(dekaf_broker: Broker) -> None:
    """Also one that nobody has used yet, among any number of closed ones."""
    for _ in range(3):
        SyncProducer(dekaf_broker.bootstrap_servers).close()
    producer = SyncProducer(dekaf_broker.bootstrap_servers)
    assert now("v") == "v"
    assert stored(dekaf_broker) == [b"v"]
    second = SyncProducer(dekaf_broker.bootstrap_servers)
    with pytest.raises(RuntimeError, match=NONE % 2):
        now("w")
    second.close()
    now("x")
    del producer
    gc.collect()
    with pytest.raises(RuntimeError, match=NONE % 0):
        now("y")
    assert stored(dekaf_broker) == [b"v", b"x"]


@pytest.mark.asyncio
async def test_the_innermost_that_was_entered(dekaf_broker: Broker, other: Broker) -> None:
    async with Producer(dekaf_broker.bootstrap_servers):
        await later("1")
        async with Producer(other.bootstrap_servers):
            await later("2")
            with SyncProducer(dekaf_broker.bootstrap_servers):
                await later("3")
            await later("4")
        await later("5")
    assert stored(dekaf_broker) == [b"1", b"3", b"5"]
    assert stored(other) == [b"2", b"4"]


@pytest.mark.asyncio
async def test_it_is_looked_for_at_each_call(dekaf_broker: Broker, other: Broker) -> None:
    """A generator's call is one call, however long it takes."""

    @publisher("out")
    def count() -> Iterator[str]:
        yield "1"
        yield "2"

    with SyncProducer(dekaf_broker.bootstrap_servers):
        counted = count()
        next(counted)
        with SyncProducer(other.bootstrap_servers):
            next(counted)
            now("other")
        now("3")
    assert stored(dekaf_broker) == [b"1", b"2", b"3"]
    assert stored(other) == [b"other"]


@pytest.mark.asyncio
async def test_the_one_that_was_given(dekaf_broker: Broker, other: Broker) -> None:
    given = Producer(dekaf_broker.bootstrap_servers)
    async with Producer(other.bootstrap_servers):
        double = publisher("out", producer=given)(later.__wrapped__)
        await double("1")
        await double.publish("2")
    await given.close()
    assert stored(dekaf_broker) == [b"1", b"2"]
    blocking = SyncProducer(other.bootstrap_servers)
    publisher("out", producer=blocking).publish("3")
    blocking.close()
    assert stored(other) == [b"3"]


@pytest.mark.asyncio
async def test_tasks_have_their_own(dekaf_broker: Broker, other: Broker) -> None:
    """They inherit what was entered where they were made."""
    inside = asyncio.Event()
    leave = asyncio.Event()

    async def enter() -> None:
        async with Producer(other.bootstrap_servers):
            inside.set()
            await leave.wait()
            await later("other")

    async with Producer(dekaf_broker.bootstrap_servers):
        task = asyncio.create_task(enter())
        await inside.wait()
        await later("1")
        await asyncio.create_task(later("2"))
        await asyncio.to_thread(now, "3")
        leave.set()
        await task
    assert stored(dekaf_broker) == [b"1", b"2", b"3"]
    assert stored(other) == [b"other"]


def test_left_in_another_context(dekaf_broker: Broker, other: Broker) -> None:
    """As fixtures and frameworks do: nobody is told, and what is closed does not count."""
    inner = SyncProducer(other.bootstrap_servers)
    with SyncProducer(dekaf_broker.bootstrap_servers):
        context = contextvars.copy_context()
        context.run(inner.__enter__)
        context.run(now, "inner")
        inner.__exit__(None, None, None)
        context.run(now, "1")
        now("2")
    with pytest.raises(RuntimeError, match=NONE % 0):
        context.run(now, "3")
    assert stored(dekaf_broker) == [b"1", b"2"]
    assert stored(other) == [b"inner"]


def test_a_context_does_not_grow(dekaf_broker: Broker) -> None:
    for _ in range(5):
        contextvars.copy_context().run(
            SyncProducer(dekaf_broker.bootstrap_servers).__enter__
        ).close()

    def many() -> int:
        for _ in range(5):
            SyncProducer(dekaf_broker.bootstrap_servers).__enter__().close()
        with SyncProducer(dekaf_broker.bootstrap_servers):
            assert len(_current._entered.get()) == 1
        return len(_current._entered.get())

    assert contextvars.copy_context().run(many) == 0


def test_nobody_is_kept_alive(dekaf_broker: Broker) -> None:
    context = contextvars.copy_context()
    producer: Any = SyncProducer(dekaf_broker.bootstrap_servers)
    context.run(producer.__enter__)
    context.run(now, "v")
    seen = weakref.ref(producer)
    del producer
    gc.collect()
    assert seen() is None
    assert not _current._made
    with pytest.raises(RuntimeError, match=NONE % 0):
        context.run(now, "w")


def test_a_producer_that_cannot_be_hashed(dekaf_broker: Broker) -> None:
    class Odd(SyncProducer):
        __hash__ = None  # type: ignore[assignment]

    with Odd(dekaf_broker.bootstrap_servers):
        now("v")
    assert stored(dekaf_broker) == [b"v"]


def test_producers_come_and_go_on_other_threads(dekaf_broker: Broker) -> None:
    failed: list[BaseException] = []
    done = threading.Event()

    def make() -> None:
        while not done.is_set():
            assert [SyncProducer("a:1") for _ in range(50)]

    def find() -> None:
        try:
            with SyncProducer(dekaf_broker.bootstrap_servers):
                for _ in range(200):
                    _current.current()
            for _ in range(1_000):
                try:
                    _current.current()
                except RuntimeError as error:
                    assert "there are" in str(error)  # noqa: PT017 - most find some, which is right
        except BaseException as error:  # noqa: BLE001 - any
            failed.append(error)

    makers = [threading.Thread(target=make, daemon=True) for _ in range(2)]
    finder = threading.Thread(target=find, daemon=True)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in (*makers, finder):
            thread.start()
        finder.join(60)
    finally:
        sys.setswitchinterval(interval)
        done.set()
        for thread in makers:
            thread.join(60)
    assert not failed


def test_a_child_has_the_same(dekaf_broker: Broker) -> None:
    with SyncProducer(dekaf_broker.bootstrap_servers):
        now("parent")

        def work() -> None:
            now("child")

        assert in_child(work) == 0
    assert sorted(map(str, stored(dekaf_broker))) == ["b'child'", "b'parent'"]


@pytest.mark.asyncio
async def test_publish_can_be_awaited_on_any(dekaf_broker: Broker) -> None:
    """So it is said of it; on a `SyncProducer`, it leaves the loop free."""
    async with Producer(dekaf_broker.bootstrap_servers):
        assert len(await later.publish("1")) == 1
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        producer.ping()
        dekaf_broker.faults.pause()
        task = asyncio.ensure_future(now.publish("2", "3"))
        asyncio.get_running_loop().call_later(0.01, dekaf_broker.faults.resume)
        assert len(await task) == 2
    assert stored(dekaf_broker) == [b"1", b"2", b"3"]


def test_publish_blocks_where_nobody_could_await(dekaf_broker: Broker) -> None:
    found: Any = now
    with SyncProducer(dekaf_broker.bootstrap_servers):
        assert len(found.publish("1", "2")) == 2
    assert stored(dekaf_broker) == [b"1", b"2"]
