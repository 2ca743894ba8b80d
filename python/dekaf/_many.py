"""What a `Producer` does with many messages, and with those that have something in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, cast, overload

from dekaf._batches import (
    MISSING,
    NO_TRANSACTIONS,
    common,
    deliver,
    hand_over_atomic,
    listed,
    published,
    shaped,
    streamed,
)
from dekaf._core import batch_call
from dekaf._publisher import AsyncPublisher
from dekaf._serializers import resolve
from dekaf._stream import MAX_IN_FLIGHT, Stream
from dekaf._topic import Topic
from dekaf._types import K, V

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable
    from datetime import datetime
    from typing import Literal, NoReturn

    from dekaf._core import AsyncProducerCore, RecordMetadata, TopicCore
    from dekaf._errors import ProduceError
    from dekaf._results import BatchResult
    from dekaf._serializers import SerializerName
    from dekaf._types import Fields, HeadersLike, Item, Payload, T

__all__ = ["Many"]


class Many(Generic[K, V]):
    """The half of `Producer` that is made of batch calls."""

    __slots__ = ()

    @overload
    async def produce_all(
        self,
        messages: Iterable[Fields[K, V]],
        /,
        *,
        return_exceptions: Literal[False] = False,
        progress: bool = False,
    ) -> BatchResult[RecordMetadata]: ...
    @overload
    async def produce_all(
        self,
        messages: Iterable[Fields[K, V]],
        /,
        *,
        return_exceptions: bool,
        progress: bool = False,
    ) -> BatchResult[RecordMetadata | ProduceError]: ...
    @overload
    async def produce_all(
        self,
        topic: str,
        items: Iterable[Item[V, K]],
        *,
        return_exceptions: Literal[False] = False,
        progress: bool = False,
    ) -> BatchResult[RecordMetadata]: ...
    @overload
    async def produce_all(
        self,
        topic: str,
        items: Iterable[Item[V, K]],
        *,
        return_exceptions: bool,
        progress: bool = False,
    ) -> BatchResult[RecordMetadata | ProduceError]: ...
    async def produce_all(
        self,
        topic: object,
        items: object = MISSING,
        *,
        return_exceptions: bool = False,
        progress: bool = False,
    ) -> BatchResult[Any]:
        """Produce many messages, and return what became of each, in their order.

            async with Producer("localhost:9092") as producer:
                await producer.produce_all("orders", [("o1", b"..."), ("o2", b"...")])
                await producer.produce_all(Message("orders", b"...", key=k) for k in "abc")

        With a topic, a 2-tuple is a key and a value, a `Message` says what it says, and everything
        else is a value. Without one, each is a `Message` or a dict of its fields. The source is
        listed before anything is sent: one that raises sends nothing.

        Messages that cannot be sent fail alone. If any has failed when all have their fate, this
        raises `ProduceErrorGroup`, which has the results of the others; `return_exceptions=True`
        has the errors returned in their places. `progress=True` shows how far it is.
        """
        core, shape, source = shaped(_core(self), "produce_all", topic, items)
        call = batch_call(core, await listed(source), shape)
        return await deliver(
            call, "produce_all", return_exceptions=return_exceptions, progress=progress
        )

    async def publish_batch(  # noqa: PLR0913 - a message's parts, by keyword
        self,
        *messages: object,
        topic: str | None = None,
        key: object = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
        timestamp: int | datetime | None = None,
        atomic: bool = False,
        progress: bool = False,
    ) -> BatchResult[RecordMetadata]:
        """Publish messages together, and return where each of them is, in their order.

            async with Producer("localhost:9092") as producer:
                await producer.publish_batch("msg1", {"n": 2}, topic="output_data")
                await producer.publish_batch(Message("a", b"1"), Message("b", b"2", key="k"))

        A message is a value or a `Message`, which may say for itself what else is said for all of
        them; `key` may be a function of the value. What has no bytes becomes JSON, unless
        `value_serializer` makes something else of it; `None` is a tombstone. Raises
        `ProduceErrorGroup` if any has failed.

        `atomic=True` is for all or nothing: the messages are one batch of one partition, given by
        their keys or by `partition`. What cannot be one is refused before anything is sent.
        """
        core = common(
            _core(self),
            topic,
            key=key,
            headers=headers,
            partition=partition,
            timestamp=timestamp,
        )
        call = batch_call(core, published(messages), "value")
        if atomic:
            await hand_over_atomic(_core(self), call)
        return await deliver(call, "publish_batch", return_exceptions=False, progress=progress)

    @overload
    def stream(
        self,
        source: Iterable[Fields[K, V]] | AsyncIterable[Fields[K, V]],
        *,
        topic: None = None,
        max_in_flight: int = MAX_IN_FLIGHT,
        return_exceptions: Literal[False] = False,
        progress: bool = False,
    ) -> Stream[RecordMetadata]: ...
    @overload
    def stream(
        self,
        source: Iterable[Fields[K, V]] | AsyncIterable[Fields[K, V]],
        *,
        topic: None = None,
        max_in_flight: int = MAX_IN_FLIGHT,
        return_exceptions: bool,
        progress: bool = False,
    ) -> Stream[RecordMetadata | ProduceError]: ...
    @overload
    def stream(
        self,
        source: Iterable[Item[V, K]] | AsyncIterable[Item[V, K]],
        *,
        topic: str,
        max_in_flight: int = MAX_IN_FLIGHT,
        return_exceptions: Literal[False] = False,
        progress: bool = False,
    ) -> Stream[RecordMetadata]: ...
    @overload
    def stream(
        self,
        source: Iterable[Item[V, K]] | AsyncIterable[Item[V, K]],
        *,
        topic: str,
        max_in_flight: int = MAX_IN_FLIGHT,
        return_exceptions: bool,
        progress: bool = False,
    ) -> Stream[RecordMetadata | ProduceError]: ...
    def stream(
        self,
        source: Iterable[Any] | AsyncIterable[Any],
        *,
        topic: str | None = None,
        max_in_flight: int = MAX_IN_FLIGHT,
        return_exceptions: bool = False,
        progress: bool = False,
    ) -> Stream[Any]:
        """Produce a source of any length, and iterate over the results in its order.

            rows = (f"row {n}" for n in range(1_000))
            async with Producer("localhost:9092") as producer:
                async for metadata in producer.stream(rows, topic="orders"):
                    assert metadata.offset >= 0

        The source is an iterable, or one of `async for`, and is read ahead of the results: at most
        `max_in_flight` messages are between the two; with 1, each may depend on the result before.
        Items are what `produce_all` takes, with or without a topic. A failure is raised at its
        place, and asking for the next result goes on behind it; with `return_exceptions=True` it is
        one of the results.
        """
        return Stream(
            *streamed(_core(self), topic),
            source,
            max_in_flight,
            return_exceptions=return_exceptions,
            progress=progress,
        )

    @overload
    def topic(
        self,
        name: str,
        *,
        key: K | Callable[[V], K | None] | None = None,
        value_serializer: None = None,
        headers: HeadersLike | None = None,
    ) -> Topic[K, V]: ...
    @overload
    def topic(
        self,
        name: str,
        *,
        key: K | Callable[[T], K | None] | None = None,
        value_serializer: Callable[[T], Payload | None],
        headers: HeadersLike | None = None,
    ) -> Topic[K, T]: ...
    @overload
    def topic(
        self,
        name: str,
        *,
        key: K | Callable[[Any], K | None] | None = None,
        value_serializer: SerializerName,
        headers: HeadersLike | None = None,
    ) -> Topic[K, Any]: ...
    def topic(
        self,
        name: str,
        *,
        key: Any = None,
        value_serializer: SerializerName | Callable[[Any], Payload | None] | None = None,
        headers: HeadersLike | None = None,
    ) -> Topic[Any, Any]:
        """Bind a topic, and what its messages have in common.

            async with Producer("localhost:9092") as producer:
                orders = producer.topic("orders", key=lambda o: o["id"], value_serializer="json")
                await orders.produce({"id": "o-1", "total": 12})

        `key` may be a function of the value, before it is serialized.
        """
        return Topic(
            _core(self),
            name,
            key=key,
            headers=headers,
            value_serializer=resolve(value_serializer, "value_serializer"),
        )

    def publisher(  # noqa: PLR0913 - one for each thing that can be said
        self,
        topic: str | None = None,
        *,
        batch: bool = False,
        key: Any = None,  # noqa: ANN401 - what the key serializer takes, or a function
        headers: HeadersLike | None = None,
        partition: int | None = None,
        atomic: bool = False,
    ) -> AsyncPublisher:
        """Publish what a function returns; or publish without one.

            async with Producer("localhost:9092") as producer:

                @producer.publisher("scaled", batch=True)
                async def scale(n: float) -> tuple[float, float]:
                    return n * 0.5, n * 2.0

                await scale(1.0)  # publishes both, and returns the tuple
                await scale.publish(3.0, 4.0)  # publishes these

        It decorates functions, generators and whatever can be called, and stacks with itself and
        with other decorators. The function's own result is returned. `None` publishes nothing; a
        `Message` says itself what else is said here, and `key` may be a function of the value. With
        `batch`, a returned tuple or list is several messages, published together, and so is all
        that a generator yields. What has no bytes becomes JSON.

        An async function returns once its messages are acknowledged; any other sends them and goes
        on.
        """
        return AsyncPublisher(
            _core(self),
            topic,
            batch=batch,
            key=key,
            headers=headers,
            partition=partition,
            atomic=atomic,
        )

    def _outlet(
        self,
        topic: str | None,
        *,
        key: object = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
    ) -> TopicCore[Any, Any]:
        """Make what a publisher publishes single messages with."""
        return common(_core(self), topic, key=key, headers=headers, partition=partition)

    def transaction(self) -> NoReturn:
        """Raise `NotImplementedError`: transactions are not supported yet."""
        raise NotImplementedError(NO_TRANSACTIONS)


def _core(producer: Many[Any, Any]) -> AsyncProducerCore[Any, Any]:
    return cast("AsyncProducerCore[Any, Any]", producer)
