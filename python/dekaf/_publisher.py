"""Publishers: they publish what decorated functions return, and what they are given."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from dekaf._core import AsyncProducerCore, SyncProducerCore
from dekaf._current import current
from dekaf._delivery import AsyncDelivery, SyncDelivery
from dekaf._route import Route
from dekaf._wrapping import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Unpack

    from dekaf._core import ProducerCore
    from dekaf._delivery import Delivery
    from dekaf._producer import Producer
    from dekaf._published import Published
    from dekaf._results import BatchResult
    from dekaf._route import PublisherSettings
    from dekaf._sync import SyncProducer
    from dekaf._types import HeadersLike

__all__ = ["AsyncPublisher", "Publisher", "SyncPublisher", "publisher"]

P = ParamSpec("P")
R = TypeVar("R")
B_co = TypeVar("B_co", covariant=True)


class Publisher(ABC, Generic[B_co]):
    """A decorator that publishes what a function returns; `publish` needs no function.

    The function's own result comes back unchanged. `None` publishes nothing, and a `Message` says
    itself where it goes.
    """

    def __init__(self, topic: str | None, settings: PublisherSettings) -> None:
        self._route = Route.of(topic, **settings)

    def __call__(self, function: Callable[P, R], /) -> Published[P, R, B_co]:
        """Make a function publish what it returns, or yields."""
        wrapped: Published[P, R, B_co] = wrap(
            function, self._find, self.publish, batch=self._route.batch
        )
        return wrapped

    @abstractmethod
    def publish(self, *messages: object) -> B_co:
        """Publish messages in one batch."""

    @abstractmethod
    def _find(self) -> Delivery:
        """Say where a call's results go."""


class AsyncPublisher(Publisher["Coroutine[Any, Any, BatchResult]"]):
    """A publisher to a `Producer`."""

    def __init__(
        self,
        producer: AsyncProducerCore[Any, Any],
        topic: str | None,
        **settings: Unpack[PublisherSettings],
    ) -> None:
        super().__init__(topic, settings)
        self._delivery = AsyncDelivery(producer, self._route)

    async def publish(self, *messages: object) -> BatchResult:
        return await self._delivery.batch(messages)

    def _find(self) -> Delivery:
        return self._delivery


class SyncPublisher(Publisher["BatchResult"]):
    """A publisher to a `SyncProducer`."""

    def __init__(
        self,
        producer: SyncProducerCore[Any, Any],
        topic: str | None,
        **settings: Unpack[PublisherSettings],
    ) -> None:
        super().__init__(topic, settings)
        self._delivery = SyncDelivery(producer, self._route)

    def publish(self, *messages: object) -> BatchResult:
        return self._delivery.batch(messages)

    def _find(self) -> Delivery:
        return self._delivery


class _FindingPublisher(Publisher[Any]):
    """A publisher that looks for its producer at each call."""

    def publish(self, *messages: object) -> Any:  # noqa: ANN401 - see below
        found = self._find()
        if isinstance(found, AsyncDelivery):
            return found.batch(messages)
        # Awaitable, as is said of it; but where no loop runs nobody could await it.
        return asyncio.to_thread(found.batch, messages) if _on_loop() else found.batch(messages)

    def _find(self) -> AsyncDelivery | SyncDelivery:
        producer = current()
        if isinstance(producer, AsyncProducerCore):
            return AsyncDelivery(producer, self._route)
        return SyncDelivery(producer, self._route)


@overload
def publisher(
    topic: str | None = None,
    *,
    producer: Producer[Any, Any] | None = None,
    **settings: Unpack[PublisherSettings],
) -> Publisher[Coroutine[Any, Any, BatchResult]]: ...
@overload
def publisher(
    topic: str | None = None,
    *,
    producer: SyncProducer[Any, Any],
    **settings: Unpack[PublisherSettings],
) -> Publisher[BatchResult]: ...
def publisher(  # noqa: PLR0913 - one for each thing that can be said
    topic: str | None = None,
    *,
    producer: ProducerCore[Any, Any] | None = None,
    batch: bool = False,
    key: Any = None,
    headers: HeadersLike | None = None,
    partition: int | None = None,
    atomic: bool = False,
) -> Publisher[Any]:
    """Publish what a function returns, with the producer of the place where it is called.

    That is `producer` if it is given, else the one whose `async with` block is the innermost
    around the call, else the only one that is open.

        @publisher("scaled", batch=True)
        async def scale(n: float) -> tuple[float, float]:
            return n * 0.5, n * 2.0

        async with Producer("localhost:9092"):
            await scale(1.0)                # publishes both, and returns the tuple
            await scale.publish(3.0, 4.0)   # publishes these

    See `Producer.publisher` for the rest.
    """
    settings: PublisherSettings = {
        "batch": batch,
        "key": key,
        "headers": headers,
        "partition": partition,
        "atomic": atomic,
    }
    match producer:
        case None:
            return _FindingPublisher(topic, settings)
        case AsyncProducerCore():
            return AsyncPublisher(producer, topic, **settings)
        case SyncProducerCore():
            return SyncPublisher(producer, topic, **settings)
        case _:
            raise TypeError(
                f"producer must be a Producer or a SyncProducer, not {type(producer).__name__}"
            )


def _on_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
