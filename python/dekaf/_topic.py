"""Bound topics: what messages of one topic have in common is said once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from dekaf._batches import checked, deliver, deliver_blocking, listed
from dekaf._core import TopicCore, batch_call
from dekaf._stream import MAX_IN_FLIGHT, Stream, SyncStream
from dekaf._types import K, V

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import AsyncIterable, Iterable
    from datetime import datetime
    from typing import Literal

    from dekaf._core import Message, RecordMetadata
    from dekaf._errors import ProduceError
    from dekaf._results import BatchResult
    from dekaf._types import HeadersLike, Item

__all__ = ["SyncTopic", "Topic"]


class Topic(TopicCore[K, V]):
    """A topic of an asyncio producer: see `Producer.topic`.

        async with Producer("localhost:9092") as producer:
            orders = producer.topic("orders", key=lambda o: o["id"], value_serializer="json")
            await orders.produce({"id": "o-1", "total": 12})
            orders.send({"id": "o-2", "total": 7})

    `produce` and `send` take what the producer's own take, without the topic. What a message or a
    call says itself wins over what was said for the topic.
    """

    if TYPE_CHECKING:

        def produce(
            self,
            value: V | Message[K, V] | None = None,
            *,
            key: K | None = None,
            headers: HeadersLike | None = None,
            partition: int | None = None,
            timestamp: int | datetime | None = None,
        ) -> Future[RecordMetadata]: ...

    @overload
    async def produce_all(
        self,
        items: Iterable[Item[V, K]],
        *,
        return_exceptions: Literal[False] = False,
        progress: bool = False,
    ) -> BatchResult[RecordMetadata]: ...
    @overload
    async def produce_all(
        self, items: Iterable[Item[V, K]], *, return_exceptions: bool, progress: bool = False
    ) -> BatchResult[RecordMetadata | ProduceError]: ...
    async def produce_all(
        self,
        items: Iterable[Item[V, K]],
        *,
        return_exceptions: bool = False,
        progress: bool = False,
    ) -> BatchResult[Any]:
        """Produce many messages: see `Producer.produce_all`."""
        taken = await listed(checked("items", items, "produce_all"))
        call = batch_call(self, taken, "pair")
        return await deliver(
            call, "produce_all", return_exceptions=return_exceptions, progress=progress
        )

    @overload
    def stream(
        self,
        source: Iterable[Item[V, K]] | AsyncIterable[Item[V, K]],
        *,
        max_in_flight: int = MAX_IN_FLIGHT,
        return_exceptions: Literal[False] = False,
        progress: bool = False,
    ) -> Stream[RecordMetadata]: ...
    @overload
    def stream(
        self,
        source: Iterable[Item[V, K]] | AsyncIterable[Item[V, K]],
        *,
        max_in_flight: int = MAX_IN_FLIGHT,
        return_exceptions: bool,
        progress: bool = False,
    ) -> Stream[RecordMetadata | ProduceError]: ...
    def stream(
        self,
        source: Iterable[Item[V, K]] | AsyncIterable[Item[V, K]],
        *,
        max_in_flight: int = MAX_IN_FLIGHT,
        return_exceptions: bool = False,
        progress: bool = False,
    ) -> Stream[Any]:
        """Produce a source of any length: see `Producer.stream`."""
        return Stream(
            self,
            "pair",
            source,
            max_in_flight,
            return_exceptions=return_exceptions,
            progress=progress,
        )


class SyncTopic(TopicCore[K, V]):
    """A topic of a blocking producer: see `SyncProducer.topic`.

        with SyncProducer("localhost:9092") as producer:
            orders = producer.topic("orders", key=lambda o: o["id"], value_serializer="json")
            orders.produce({"id": "o-1", "total": 12})

    `produce` and `send` take what the producer's own take, without the topic. What a message or a
    call says itself wins over what was said for the topic.
    """

    if TYPE_CHECKING:

        def produce(
            self,
            value: V | Message[K, V] | None = None,
            *,
            key: K | None = None,
            headers: HeadersLike | None = None,
            partition: int | None = None,
            timestamp: int | datetime | None = None,
        ) -> RecordMetadata: ...

    @overload
    def produce_all(
        self,
        items: Iterable[Item[V, K]],
        *,
        return_exceptions: Literal[False] = False,
        progress: bool = False,
    ) -> BatchResult[RecordMetadata]: ...
    @overload
    def produce_all(
        self, items: Iterable[Item[V, K]], *, return_exceptions: bool, progress: bool = False
    ) -> BatchResult[RecordMetadata | ProduceError]: ...
    def produce_all(
        self,
        items: Iterable[Item[V, K]],
        *,
        return_exceptions: bool = False,
        progress: bool = False,
    ) -> BatchResult[Any]:
        """Produce many messages and wait for them: see `SyncProducer.produce_all`."""
        call = batch_call(self, list(checked("items", items, "produce_all")), "pair")
        return deliver_blocking(
            call, "produce_all", return_exceptions=return_exceptions, progress=progress
        )

    @overload
    def stream(
        self,
        source: Iterable[Item[V, K]],
        *,
        max_in_flight: int = MAX_IN_FLIGHT,
        return_exceptions: Literal[False] = False,
        progress: bool = False,
    ) -> SyncStream[RecordMetadata]: ...
    @overload
    def stream(
        self,
        source: Iterable[Item[V, K]],
        *,
        max_in_flight: int = MAX_IN_FLIGHT,
        return_exceptions: bool,
        progress: bool = False,
    ) -> SyncStream[RecordMetadata | ProduceError]: ...
    def stream(
        self,
        source: Iterable[Item[V, K]],
        *,
        max_in_flight: int = MAX_IN_FLIGHT,
        return_exceptions: bool = False,
        progress: bool = False,
    ) -> SyncStream[Any]:
        """Produce a source of any length: see `SyncProducer.stream`."""
        return SyncStream(
            self,
            "pair",
            source,
            max_in_flight,
            return_exceptions=return_exceptions,
            progress=progress,
        )
