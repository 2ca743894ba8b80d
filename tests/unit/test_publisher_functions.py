"""What publishers decorate, and that it stays what it was to everybody who looks at it."""

import asyncio
import functools
import inspect
import pickle
import typing
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from types import FunctionType
from typing import Any

import pytest

from dekaf import Producer, SyncProducer, publisher
from dekaf.testing import Broker


@pytest.fixture
def blocking(dekaf_broker: Broker) -> Iterator[SyncProducer]:
    dekaf_broker.create_topic("out")
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        yield producer


def stored(broker: Broker, topic: str = "out") -> list[bytes | None]:
    """Return the values that were published, in order."""
    return [record.value for record in broker.records(topic)]


def now(n: int, *, by: "int" = 2) -> str:
    """Say it now."""
    return str(n * by)


async def later(n: int, *, by: "int" = 2) -> str:
    """Say it later."""
    return str(n * by)


def each(n: int, *, by: "int" = 2) -> Iterator[str]:
    """Say it again."""
    yield str(n * by)


async def each_later(n: int, *, by: "int" = 2) -> AsyncIterator[str]:
    """Say it again, later."""
    yield str(n * by)


KINDS = (
    inspect.iscoroutinefunction,
    inspect.isasyncgenfunction,
    inspect.isgeneratorfunction,
    inspect.isfunction,
)


@pytest.mark.parametrize("written", [now, later, each, each_later], ids=lambda each: each.__name__)
@pytest.mark.parametrize("batch", [False, True])
def test_it_looks_like_what_was_written(written: Callable[..., Any], batch: bool) -> None:
    published: Any = publisher("out", batch=batch)(written)
    assert published is not written
    assert [kind(published) for kind in KINDS] == [kind(written) for kind in KINDS]
    assert inspect.signature(published) == inspect.signature(written)
    for name in ("__doc__", "__name__", "__qualname__", "__module__", "__annotations__"):
        assert getattr(published, name) == getattr(written, name)
    assert typing.get_type_hints(published) == typing.get_type_hints(written)
    assert published.__wrapped__ is written


class Doubler:
    """Doubles."""

    by: int = 2

    def __init__(self) -> None:
        self.publish = "its own"

    def __call__(self, n: int) -> str:
        """Double one."""
        return str(n * self.by)


class LateDoubler(Doubler):
    async def __call__(self, n: int) -> str:  # type: ignore[override]
        return str(n * self.by)


class Doublers(Doubler):
    def __call__(self, n: int) -> Iterator[str]:  # type: ignore[override]
        yield str(n * self.by)

    def method(self, n: int) -> str:
        return str(n * self.by)

    async def late_method(self, n: int) -> str:
        return str(n * self.by)


def late(n: int) -> Any:
    return later(n)


class Decorated:
    """A decorator that is a class, as some are."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__wrapped__(*args, **kwargs)  # type: ignore[attr-defined]


CALLABLES = {
    "partial": (functools.partial(now, by=2), "now"),
    "partial of async": (functools.partial(later, by=2), "later"),
    "partial of a generator": (functools.partial(each, by=2), "each"),
    "partial of partial": (functools.partial(functools.partial(later), by=2), "later"),
    "partial of an object": (functools.partial(LateDoubler()), "LateDoubler"),
    "object": (Doubler(), "Doubler"),
    "async object": (LateDoubler(), "LateDoubler"),
    "generating object": (Doublers(), "Doublers"),
    "method": (Doublers().method, "method"),
    "async method": (Doublers().late_method, "late_method"),
    "awaitable": (late, "late"),
    "lambda": (lambda n: str(n * 2), "<lambda>"),
    "class decorator": (Decorated(now), "now"),
    "class decorator of async": (Decorated(later), "later"),
    "cached": (functools.cache(now), "now"),
    "builtin": (hex, "hex"),
}


async def result_of(given: Any) -> Any:
    """Return what a call of any kind comes to."""
    if inspect.isawaitable(given):
        return await given
    return next(given) if inspect.isgenerator(given) else given


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", CALLABLES)
async def test_whatever_can_be_called(
    dekaf_broker: Broker, blocking: SyncProducer, kind: str
) -> None:
    function: Any
    function, name = CALLABLES[kind]
    published: Any = blocking.publisher("out")(function)
    assert published.__name__ == name
    assert inspect.signature(published) == inspect.signature(function)
    expected = hex(21) if function is hex else "42"
    assert await result_of(published(21)) == expected
    assert stored(dekaf_broker) == [expected.encode()]
    assert len(published.publish("more")) == 1
    assert type(published) is FunctionType


def test_partials_and_objects_are_seen_through(blocking: SyncProducer) -> None:
    out = blocking.publisher("out")
    for function in (functools.partial(later), LateDoubler(), functools.partial(LateDoubler())):
        assert inspect.iscoroutinefunction(out(function))
    assert inspect.iscoroutinefunction(out(Doublers().late_method))
    assert inspect.isgeneratorfunction(out(Doublers()))
    assert not inspect.iscoroutinefunction(out(late))
    given = functools.partial(now, 21)
    assert inspect.signature(out(given)) == inspect.signature(given) != inspect.signature(now)
    doubler = out(Doubler())
    assert doubler.__doc__ == "Doubles."
    # Not those of the class, which are its attributes'.
    assert typing.get_type_hints(doubler) == {"n": int, "return": str}
    assert out(hex).__annotations__ == {}


@pytest.mark.asyncio
async def test_a_task_that_a_function_starts(dekaf_broker: Broker, blocking: SyncProducer) -> None:
    """It is one still, and what comes of it is published though nobody awaits it."""

    @blocking.publisher("out")
    def start(n: int) -> "asyncio.Task[str]":
        return asyncio.create_task(later(n))

    task = start(21)
    assert isinstance(task, asyncio.Task)
    await asyncio.wait({task})
    assert stored(dekaf_broker) == [b"42"]


@pytest.mark.asyncio
async def test_methods(dekaf_broker: Broker) -> None:  # noqa: C901 - all kinds of them
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        out = producer.publisher("out", batch=True)

        class Meter(ABC):
            def __init__(self, by: int) -> None:
                self.by = by

            @out
            async def read(self, n: int) -> list[str]:
                return [str(self.by * n)]

            @out
            def count(self, n: int) -> Iterator[str]:
                yield str(self.by * n)

            @out
            @staticmethod
            async def over_static(n: int) -> list[str]:
                return [f"over static {n}"]

            @staticmethod
            @out
            async def under_static(n: int) -> list[str]:
                return [f"under static {n}"]

            @out
            @classmethod
            async def over_class(cls, n: int) -> list[str]:
                return [f"over {cls.__name__} {n}"]

            @classmethod
            @out
            async def under_class(cls, n: int) -> list[str]:
                return [f"under {cls.__name__} {n}"]

            @property
            @out
            def unit(self) -> list[str]:
                return ["V"]

            @out
            @abstractmethod
            def still_abstract(self) -> None: ...

        class Special(Meter):
            def still_abstract(self) -> None: ...  # type: ignore[override]

        meter = Special(2)
        assert await meter.read(1) == ["2"]
        assert await Meter.read(meter, 2) == ["4"]
        assert list(meter.count(3)) == ["6"]
        assert meter.unit == ["V"]
        await producer.flush()
        for holder in (meter, Special):
            await holder.over_static(1)
            await holder.under_static(2)
            await holder.over_class(3)
            await holder.under_class(4)
        for function in (
            meter.read,
            Meter.read,
            meter.count,
            meter.over_static,
            Meter.under_static,
            meter.over_class,
            Meter.under_class,
        ):
            assert len(await function.publish("direct")) == 1
        with pytest.raises(TypeError, match="abstract"):
            Meter(1)  # type: ignore[abstract]
    assert stored(dekaf_broker) == [
        *[b"2", b"4", b"6", b"V"],
        *[b"over static 1", b"under static 2", b"over Special 3", b"under Special 4"] * 2,
        *[b"direct"] * 7,
    ]


def test_what_is_no_function(blocking: SyncProducer) -> None:
    out: Any = blocking.publisher("out")
    with pytest.raises(TypeError, match=r"not the class Doubler: decorate its methods"):
        out(Doubler)
    with pytest.raises(TypeError, match=r"not float: .* publisher\.publish\(value\)"):
        out(3.0)
    with pytest.raises(TypeError, match=r"not property: .* decorate the function beneath"):
        out(property(lambda self: self))
    with pytest.raises(TypeError, match="positional argument"):
        out(now, later)


@pytest.mark.asyncio
async def test_publishers_on_top_of_each_other(dekaf_broker: Broker) -> None:
    """Both publish, the inner one first; `publish` is the outer one's."""
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        outer, inner = producer.publisher("outer"), producer.publisher("inner", batch=True)

        @outer
        @inner
        async def pair() -> tuple[str, str]:
            return "1", "2"

        @inner
        @outer
        async def other_pair() -> tuple[str, str]:
            return "3", "4"

        assert await pair() == ("1", "2")
        assert await other_pair() == ("3", "4")
        assert stored(dekaf_broker, "inner") == [b"1", b"2", b"3", b"4"]
        assert stored(dekaf_broker, "outer") == [b'["1","2"]', b'["3","4"]']
        await pair.publish("5")
        await other_pair.publish("6")
        assert stored(dekaf_broker, "inner")[4:] == [b"6"]
        assert stored(dekaf_broker, "outer")[2:] == [b"5"]


def test_two_producers_on_top_of_each_other(dekaf_broker: Broker, blocking: SyncProducer) -> None:
    producer = Producer(dekaf_broker.bootstrap_servers)

    @producer.publisher("sent")
    @blocking.publisher("out")
    def double(n: int) -> str:
        return str(2 * n)

    assert double(21) == "42"
    assert stored(dekaf_broker) == [b"42"]
    asyncio.run(producer.close())
    assert stored(dekaf_broker, "sent") == [b"42"]


@pytest.mark.asyncio
async def test_other_decorators_over_and_under(dekaf_broker: Broker) -> None:
    calls: list[str] = []

    def noted(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            calls.append(function.__name__)
            return await function(*args, **kwargs)

        return wrapper

    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        over: Any = noted(producer.publisher("out")(later))
        under = producer.publisher("out")(noted(later))
        assert await over(21) == await under(21) == "42"
        assert calls == ["later", "later"]
        # Decorators hand on what a function has.
        assert len(await over.publish("direct")) == 1
    assert stored(dekaf_broker) == [b"42", b"42", b"direct"]


@publisher("out")
def of_the_module() -> str:
    return "v"


def test_functions_of_a_module_pickle() -> None:
    assert pickle.loads(pickle.dumps(of_the_module)) is of_the_module  # noqa: S301 - just made


def test_one_publisher_decorates_many(dekaf_broker: Broker, blocking: SyncProducer) -> None:
    out = blocking.publisher("out")
    out(now)(1)
    out(now)(2)
    assert stored(dekaf_broker) == [b"2", b"4"]
    assert not hasattr(now, "publish")
