"""What type checkers must infer of publishers; mypy and pyright read this, nothing runs it."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Generic, TypeVar, assert_type

from dekaf import BatchResult, Message, Producer, SyncProducer
from dekaf._publisher import AsyncPublisher, Publisher, SyncPublisher, publisher

T = TypeVar("T")


async def functions(producer: Producer) -> None:
    @producer.publisher("out", batch=True, key=str)
    async def scale(n: float, *, by: int = 2) -> tuple[float, float]:
        return n / by, n * by

    @producer.publisher("out", headers={"a": "1"}, partition=0)
    def double(n: int) -> int:
        return 2 * n

    assert_type(await scale(1.0, by=3), tuple[float, float])
    assert_type(await scale.publish(3.0, Message("out", b"4")), BatchResult)
    assert_type(double(1), int)
    assert_type(await double.publish(1), BatchResult)
    assert_type(scale.__name__, str)
    assert_type(double.__wrapped__(1), int)
    await scale("1")  # type: ignore[arg-type]
    await scale(1.0, 3)  # type: ignore[call-arg]
    double(m=1)  # type: ignore[call-arg]
    await call(scale)


async def call(scale: Callable[[float], Coroutine[Any, Any, tuple[float, float]]]) -> None:
    await scale(1.0)


def generators(producer: Producer) -> None:
    @producer.publisher("out")
    def count(n: int) -> Iterator[int]:
        yield from range(n)

    @producer.publisher("out")
    async def count_later(n: int) -> AsyncIterator[int]:
        yield n

    assert_type(count(3), Iterator[int])
    assert_type(count_later(3), AsyncIterator[int])


def generic(producer: Producer) -> None:
    @producer.publisher("out")
    def same(value: T) -> T:
        return value

    assert_type(same(1), int)
    assert_type(same(value="1"), str)


class Meter(Generic[T]):
    @publisher("out")
    async def read(self, scale: T) -> T:
        return scale

    @publisher("out")
    def count(self, n: int) -> Iterator[int]:
        yield n

    @publisher("out")
    @staticmethod
    def unit(n: int) -> str:
        return n * "V"

    @staticmethod
    @publisher("out")
    def nothing() -> str:
        return ""

    @publisher("out")
    @classmethod
    def made(cls, n: int) -> str:
        return n * "M"

    @classmethod
    @publisher("out")
    async def found(cls, n: int) -> str:
        return n * "F"


class Special(Meter[int]):
    async def read_twice(self) -> None:
        assert_type(await self.read(1), int)
        assert_type(await super().read(1), int)
        assert_type(self.made(1), str)


async def methods(meter: Meter[float]) -> None:
    assert_type(await meter.read(1.0), float)
    assert_type(await meter.read.publish(1.0), BatchResult)
    assert_type(meter.count(1), Iterator[int])
    assert_type(Special.count(Special(), 1), Iterator[int])
    assert_type(meter.unit(1), str)
    assert_type(Meter.unit(1), str)
    assert_type(meter.nothing(), str)
    assert_type(Special.nothing(), str)
    assert_type(meter.made(1), str)
    assert_type(Meter.made(1), str)
    assert_type(await meter.found(1), str)
    assert_type(await Special.found(1), str)
    assert_type(await Special.found.publish(1), BatchResult)
    await meter.read("1")  # type: ignore[arg-type]
    meter.count()  # type: ignore[call-arg]
    meter.made("1")  # type: ignore[arg-type]
    Meter.made()  # type: ignore[call-arg]
    meter.unit("1")  # type: ignore[arg-type]


def blocking(producer: SyncProducer) -> None:
    out = producer.publisher("out", batch=True)
    assert_type(out, SyncPublisher)

    @out
    def scale(n: float) -> list[float]:
        return [n]

    @out
    async def scale_later(n: float) -> list[float]:
        return [n]

    assert_type(out.publish(1, 2), BatchResult)
    assert_type(scale(1.0), list[float])
    assert_type(scale.publish(1), BatchResult)
    assert_type(scale_later.publish(1), BatchResult)


async def found(
    producer: Producer, blocking: SyncProducer, either: Producer | SyncProducer
) -> None:
    out = publisher("out")
    assert_type(out, Publisher[Coroutine[Any, Any, BatchResult]])
    assert_type(await out.publish(1), BatchResult)
    assert_type(await publisher(batch=True, atomic=True).publish(1), BatchResult)
    assert_type(await publisher("out", producer=producer).publish(1), BatchResult)
    assert_type(await publisher("out", producer=None).publish(1), BatchResult)
    assert_type(publisher("out", producer=blocking).publish(1), BatchResult)
    publisher("out", producer=either)
    publisher("out", True)  # type: ignore[call-overload]
    publisher("out", bach=True)  # type: ignore[call-overload]
    publisher(scaled)  # type: ignore[call-overload]
    assert_type(producer.publisher(), AsyncPublisher)


def stacked(one: Producer, other: SyncProducer) -> None:
    @one.publisher("one")
    @other.publisher("other")
    def double(n: int) -> int:
        return 2 * n

    assert_type(double(2), int)


def scaled(n: float) -> float:
    return n
