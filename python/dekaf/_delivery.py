"""How what a function returned gets to a producer, and who waits for it.

An async function waits for the acknowledgement, and never blocks its loop; a sync one waits only
for a producer that blocks.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from dekaf._core import send_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dekaf._core import AsyncProducerCore, SyncProducerCore
    from dekaf._results import BatchResult
    from dekaf._route import Route

__all__ = ["AsyncDelivery", "Delivery", "SyncDelivery"]


class Delivery(Protocol):
    """The way from functions to a producer."""

    def from_sync(self, result: object, /) -> None:
        """Publish what a sync function returned."""
        ...

    async def from_async(self, result: object, /) -> None:
        """Publish what an async function returned."""
        ...


class AsyncDelivery:
    """To a `Producer`: `await` waits, everything else sends."""

    def __init__(self, producer: AsyncProducerCore[Any, Any], route: Route) -> None:
        self._producer = producer
        self._route = route
        self._outlet = _outlet(producer, route)

    def from_sync(self, result: object) -> None:
        if self._route.is_batch(result):
            if self._route.atomic:
                raise TypeError(
                    "atomic=True needs somebody who waits for the batch: make the function async, "
                    "or take a SyncProducer"
                )
            self._route.check_topics(result)
            send_all(self._outlet, list(result))
        elif result is not None:
            self._route.check_topics([result])
            self._outlet.send(result)

    async def from_async(self, result: object) -> None:
        if self._route.is_batch(result):
            await self.batch(result)
        elif result is not None:
            self._route.check_topics([result])
            await self._outlet.produce(result)

    async def batch(self, messages: Sequence[object]) -> BatchResult:
        """Publish messages as one batch, whatever they are."""
        result: BatchResult = await _publish_batch(self._producer, self._route, messages)
        return result


class SyncDelivery:
    """To a `SyncProducer`: everything waits; for an async function, a thread does."""

    def __init__(self, producer: SyncProducerCore[Any, Any], route: Route) -> None:
        self._producer = producer
        self._route = route
        self._outlet = _outlet(producer, route)

    def from_sync(self, result: object) -> None:
        if self._route.is_batch(result):
            self.batch(result)
        elif result is not None:
            self._route.check_topics([result])
            self._outlet.produce(result)

    async def from_async(self, result: object) -> None:
        if result is not None:
            await asyncio.to_thread(self.from_sync, result)

    def batch(self, messages: Sequence[object]) -> BatchResult:
        """Publish messages as one batch, whatever they are."""
        result: BatchResult = _publish_batch(self._producer, self._route, messages)
        return result


def _outlet(producer: Any, route: Route) -> Any:  # noqa: ANN401 - either producer's
    return producer._outlet(  # noqa: SLF001 - the producers' own
        route.topic, key=route.key, headers=route.headers, partition=route.partition
    )


def _publish_batch(producer: Any, route: Route, messages: Sequence[object]) -> Any:  # noqa: ANN401 - either producer's
    route.check_topics(messages)
    return producer.publish_batch(
        *messages,
        topic=route.topic,
        key=route.key,
        headers=route.headers,
        partition=route.partition,
        atomic=route.atomic,
    )
