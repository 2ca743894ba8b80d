"""FastStream's broker, which publishes with dekaf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from faststream.kafka import KafkaBroker as FastStreamBroker

from dekaf.faststream._commands import Command
from dekaf.faststream._producer import DekafProducer
from dekaf.faststream._publishers import AdoptingRegistrator, adopt
from dekaf.faststream._security import token_provider_of
from dekaf.faststream._settings import PUBLISHING, check_supported, settings_of

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable, Iterable
    from typing import Unpack

    from aiokafka import AIOKafkaConsumer
    from faststream.kafka import RecordMetadata

    import dekaf
    from dekaf._config import ProducerConfig
    from dekaf._results import BatchResult
    from dekaf.faststream._commands import Parts
    from dekaf.faststream._settings import BrokerSettings

__all__ = ["KafkaBroker"]


class KafkaBroker(AdoptingRegistrator, FastStreamBroker):  # pyright: ignore[reportIncompatibleMethodOverride] - publishers are dekaf's
    """FastStream's `KafkaBroker`, with dekaf beneath whatever publishes.

        broker = KafkaBroker("localhost:9092")

    Its keywords are FastStream's. All that dekaf's producers can be told is told with `producer`,
    in place of the keywords that are about publishing:

        fast = ProducerConfig.for_high_throughput("localhost:9092")
        broker = KafkaBroker("localhost:9092", producer=fast)

    What is told nowhere is dekaf's default: messages are acknowledged by all replicas in sync and
    stored once, in order. Subscribers are FastStream's own.

    `security` is one of `faststream.security`, or `dekaf.faststream.Security`, which also takes
    client certificates and logins by tokens. It holds for `producer` as well, unless that has a
    security of its own.
    """

    def __init__(
        self,
        bootstrap_servers: str | Iterable[str] = "localhost",
        *,
        producer: ProducerConfig | None = None,
        **settings: Unpack[BrokerSettings],
    ) -> None:
        if not isinstance(bootstrap_servers, str):
            bootstrap_servers = list(bootstrap_servers)  # it is read twice
        may_publish = not settings.get("consumer_only", False)
        config = settings_of(bootstrap_servers, settings, producer) if may_publish else None
        self._asked = settings
        left: Any = {name: value for name, value in settings.items() if name not in PUBLISHING}
        if left.get("sasl_oauth_token_provider") is None:
            left["sasl_oauth_token_provider"] = token_provider_of(left.get("security"))
        super().__init__(bootstrap_servers, **left)
        self.config.broker_config.producer = DekafProducer(
            config, settings.get("parser"), settings.get("decoder")
        )

    async def _connect(self) -> Callable[..., AIOKafkaConsumer]:
        if not self.config.broker_config.consumer_only:
            check_supported(self._asked)
        for publisher in self.publishers:
            adopt(publisher)  # those of FastStream's own routers, made after they were included
        return await super()._connect()

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
            self._command(message, topic=topic, no_confirm=no_confirm, **parts),
            producer=self.config.producer,
        )
        return result

    @overload  # type: ignore[override] # each message has a result
    async def publish_batch(
        self,
        *messages: object,
        topic: str = "",
        no_confirm: Literal[False] = False,
        **parts: Unpack[Parts],
    ) -> BatchResult: ...
    @overload
    async def publish_batch(
        self,
        *messages: object,
        topic: str = "",
        no_confirm: Literal[True],
        **parts: Unpack[Parts],
    ) -> Future[BatchResult]: ...
    @overload
    async def publish_batch(
        self, *messages: object, topic: str = "", no_confirm: bool, **parts: Unpack[Parts]
    ) -> BatchResult | Future[BatchResult]: ...
    async def publish_batch(  # pyright: ignore[reportIncompatibleMethodOverride] - likewise
        self, *messages: object, topic: str = "", no_confirm: bool = False, **parts: Any
    ) -> BatchResult | Future[BatchResult]:
        """Publish any number of messages, and return where each of them is stored.

            await broker.publish_batch("msg1", KafkaPublishMessage("msg2", key=b"k"), topic="out")

        A `KafkaPublishMessage` has a key, headers, a timestamp and a correlation id of its own.
        Raises `dekaf.ProduceErrorGroup` if any has failed.
        """
        result: BatchResult | Future[BatchResult] = await self._basic_publish_batch(
            self._command(*messages, topic=topic, no_confirm=no_confirm, **parts),
            producer=self.config.producer,
        )
        return result

    def _command(
        self,
        *messages: object,
        correlation_id: str | None = None,
        **parts: Any,  # noqa: ANN401 - as `Parts` has them
    ) -> Command:
        correlation_id = correlation_id or self.config.id_generator()
        return Command(*messages, correlation_id=correlation_id, **parts)
