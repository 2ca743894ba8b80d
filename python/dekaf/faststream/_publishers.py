"""Publishers. FastStream makes them, and they become dekaf's as they get to a broker or a router.

So whatever FastStream lets publishers be made with goes on to work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, overload

from faststream.kafka.broker.registrator import KafkaRegistrator
from faststream.kafka.publisher import usecase as faststreams

from dekaf.faststream._commands import Command

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Iterable
    from typing import Unpack

    from faststream._internal.types import PublisherMiddleware
    from faststream.kafka import KafkaPublishCommand, RecordMetadata, Topic
    from faststream.response.response import PublishCommand

    import dekaf
    from dekaf._results import BatchResult
    from dekaf.faststream._commands import Parts

__all__ = [
    "AdoptingRegistrator",
    "BatchPublisher",
    "DefaultPublisher",
    "PublisherSettings",
    "adopt",
]


class PublisherSettings(TypedDict, total=False):
    """The keywords of FastStream's publishers, but for `batch`. FastStream says what they mean."""

    key: Any
    partition: int | None
    headers: dict[str, Any] | None
    reply_to: str
    persistent: bool
    title: str | None
    description: str | None
    schema: Any
    include_in_schema: bool
    autoflush: bool


class DefaultPublisher(faststreams.DefaultPublisher):
    """Publishes what it is given, or what a handler returns, as one message."""

    __slots__ = ()

    @overload  # type: ignore[override] # a future's result is dekaf's own
    async def publish(
        self,
        message: object,
        topic: str = "",
        *,
        no_confirm: Literal[False] = False,
        **parts: Unpack[Parts],
    ) -> RecordMetadata: ...
    @overload
    async def publish(
        self,
        message: object,
        topic: str = "",
        *,
        no_confirm: Literal[True],
        **parts: Unpack[Parts],
    ) -> Future[dekaf.RecordMetadata]: ...
    @overload
    async def publish(
        self, message: object, topic: str = "", *, no_confirm: bool, **parts: Unpack[Parts]
    ) -> RecordMetadata | Future[dekaf.RecordMetadata]: ...
    async def publish(  # pyright: ignore[reportIncompatibleMethodOverride] - likewise
        self, message: object, topic: str = "", *, no_confirm: bool = False, **parts: Any
    ) -> RecordMetadata | Future[dekaf.RecordMetadata]:
        """Publish one message, and return where it is stored.

        `no_confirm=True` waits for room at the most, and returns a future of that.
        """
        result: Any = await self._basic_publish(
            _command(self, message, topic=topic, no_confirm=no_confirm, **parts),
            producer=self._outer_config.producer,
            _extra_middlewares=(),
        )
        return result


class BatchPublisher(faststreams.BatchPublisher):
    """Publishes what it is given, or all that a handler returns, as many messages."""

    __slots__ = ()

    @overload  # type: ignore[override] # each message has a result
    async def publish(
        self,
        *messages: object,
        topic: str = "",
        no_confirm: Literal[False] = False,
        **parts: Unpack[Parts],
    ) -> BatchResult: ...
    @overload
    async def publish(
        self,
        *messages: object,
        topic: str = "",
        no_confirm: Literal[True],
        **parts: Unpack[Parts],
    ) -> Future[BatchResult]: ...
    @overload
    async def publish(
        self, *messages: object, topic: str = "", no_confirm: bool, **parts: Unpack[Parts]
    ) -> BatchResult | Future[BatchResult]: ...
    async def publish(  # pyright: ignore[reportIncompatibleMethodOverride] - likewise
        self, *messages: object, topic: str = "", no_confirm: bool = False, **parts: Any
    ) -> BatchResult | Future[BatchResult]:
        """Publish any number of messages, and return where each of them is stored.

        A `KafkaPublishMessage` has a key, headers, a timestamp and a correlation id of its own.
        Raises `dekaf.ProduceErrorGroup` if any has failed.
        """
        result: BatchResult | Future[BatchResult] = await self._basic_publish_batch(
            _command(self, *messages, topic=topic, no_confirm=no_confirm, **parts),
            producer=self._outer_config.producer,
            _extra_middlewares=(),
        )
        return result

    async def _publish(
        self,
        cmd: PublishCommand | KafkaPublishCommand,
        *,
        _extra_middlewares: Iterable[PublisherMiddleware],
    ) -> None:
        cmd = Command.from_cmd(cmd, batch=True)
        cmd.destination = self.topic
        cmd.add_headers(self.headers, override=False)
        cmd.reply_to = cmd.reply_to or self.reply_to
        cmd.partition = self.partition if cmd.partition is None else cmd.partition
        cmd.key = self.key if cmd.key is None else cmd.key
        await self._basic_publish_batch(
            cmd, producer=self._outer_config.producer, _extra_middlewares=_extra_middlewares
        )


def _command(  # noqa: PLR0913 - a message's parts, by keyword
    publisher: DefaultPublisher | BatchPublisher,
    *messages: object,
    topic: str,
    no_confirm: bool,
    key: object = None,
    partition: int | None = None,
    headers: dict[str, Any] | None = None,
    correlation_id: str | None = None,
    reply_to: str = "",
    timestamp_ms: int | None = None,
) -> Command:
    """Make the command of a call; what it leaves out, the publisher says."""
    return Command(
        *messages,
        topic=topic or publisher.topic,
        key=publisher.key if key is None else key,
        partition=publisher.partition if partition is None else partition,
        timestamp_ms=timestamp_ms,
        headers=publisher.headers | (headers or {}),
        correlation_id=correlation_id or publisher._outer_config.id_generator(),  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as FastStream's own does
        reply_to=reply_to or publisher.reply_to,
        no_confirm=no_confirm,
    )


class AdoptingRegistrator(KafkaRegistrator):
    """What has publishers: those that come to it become dekaf's."""

    @overload  # type: ignore[override] # they are dekaf's
    def publisher(
        self,
        topic: str | Topic,
        *,
        batch: Literal[False] = False,
        **settings: Unpack[PublisherSettings],
    ) -> DefaultPublisher: ...
    @overload
    def publisher(
        self, topic: str | Topic, *, batch: Literal[True], **settings: Unpack[PublisherSettings]
    ) -> BatchPublisher: ...
    @overload
    def publisher(
        self, topic: str | Topic, *, batch: bool, **settings: Unpack[PublisherSettings]
    ) -> DefaultPublisher | BatchPublisher: ...
    def publisher(  # pyright: ignore[reportIncompatibleMethodOverride] - likewise
        self, topic: str | Topic, **settings: Any
    ) -> DefaultPublisher | BatchPublisher:
        """Make a publisher; see FastStream's `publisher`."""
        publisher: DefaultPublisher | BatchPublisher = adopt(super().publisher(topic, **settings))
        return publisher

    def include_router(  # type: ignore[override] # as FastStream's own
        self,
        router: KafkaRegistrator,
        **options: Any,  # noqa: ANN401 - as FastStream's own has them
    ) -> None:
        """Include a router, with its publishers."""
        super().include_router(router, **options)
        for publisher in router.publishers:
            adopt(publisher)


_KINDS: Final[dict[type[Any], type[Any]]] = {
    faststreams.BatchPublisher: BatchPublisher,
    faststreams.DefaultPublisher: DefaultPublisher,
}


def adopt(publisher: Any) -> Any:  # noqa: ANN401 - any publisher
    """Make FastStream's publisher dekaf's: it is the same object, with other methods."""
    kind = _KINDS.get(publisher.__class__)
    if kind is not None:
        publisher.__class__ = kind
    return publisher
