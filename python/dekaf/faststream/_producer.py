"""What FastStream publishes with: a `dekaf.Producer`, in the form of FastStream's own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiokafka.structs import RecordMetadata, TopicPartition
from faststream._internal.endpoint.utils import ParserComposition
from faststream._internal.parser import DefaultCodec
from faststream.exceptions import IncorrectState
from faststream.kafka.message import KafkaMessage
from faststream.kafka.parser import AioKafkaParser
from faststream.kafka.publisher.producer import AioKafkaFastProducer

from dekaf._batches import hand_over, outcome
from dekaf._core import TopicCore, batch_call, send_with_future
from dekaf._errors import UnclaimedFailures
from dekaf._producer import Producer
from dekaf.faststream._records import Encoder, of_many, of_one

if TYPE_CHECKING:
    from asyncio import Future

    from aiokafka import AIOKafkaProducer
    from fast_depends.library.serializer import SerializerProto
    from faststream._internal.parser import CodecProto
    from faststream._internal.types import CustomCallable
    from faststream.kafka import KafkaPublishCommand

    import dekaf
    from dekaf._config import ProducerConfig
    from dekaf._results import BatchResult

__all__ = ["DekafProducer"]


class DekafProducer(AioKafkaFastProducer):
    """The producer of a broker. A `dekaf.Producer` is made of its settings at every connect."""

    __slots__ = ("_decoder", "_parser", "_producer", "codec", "config", "encoder")

    def __init__(
        self,
        config: ProducerConfig | None,
        parser: CustomCallable | None,
        decoder: CustomCallable | None,
    ) -> None:
        self.config = config
        """Its settings, if it may publish."""
        self.codec: CodecProto = DefaultCodec()
        self.encoder = Encoder(self.codec, None)
        self._producer: Producer[Any, Any] | None = None
        # FastStream parses answers to requests with its producers' parsers.
        own: Any = AioKafkaParser(msg_class=KafkaMessage, regex=None)
        self._parser = ParserComposition(parser, own.parse_message)
        self._decoder = ParserComposition(decoder, own.decode_message)

    async def connect(
        self,
        producer: AIOKafkaProducer,
        serializer: SerializerProto | None,
        codec: CodecProto | None = None,
    ) -> None:
        """Make a producer of dekaf's, and connect it in place of the one that FastStream made."""
        await producer.stop()  # it was never started; so it is not taken for forgotten
        self.codec = codec or DefaultCodec()
        self.encoder = Encoder(self.codec, serializer)
        if self.config is None:
            raise IncorrectState("consumer_only=True: this broker publishes nothing")
        own: Producer[Any, Any] = Producer.from_config(self.config)
        try:
            await own.start()
        except BaseException:
            await own.close(timeout=0)
            raise
        self._producer = own

    async def disconnect(self) -> None:
        """Deliver what was published, and disconnect."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        # What failed unheard is in dekaf's log; a broker that stops has others to stop, too.
        with suppress(UnclaimedFailures):
            await producer.close()

    @property
    def producer(self) -> Producer[Any, Any]:
        """The producer beneath, while the broker is connected."""
        if self._producer is None:
            raise IncorrectState("connect the broker before you publish with it")
        return self._producer

    def __bool__(self) -> bool:
        return self._producer is not None

    @property
    def closed(self) -> bool:
        """Whether it cannot publish now."""
        return self._producer is None or self._producer.closed

    async def flush(self) -> None:
        """Wait until all that was published has its fate."""
        if self._producer is not None:
            await self._producer.flush()

    async def publish(  # pyright: ignore[reportIncompatibleMethodOverride] - a future's result is dekaf's
        self, cmd: KafkaPublishCommand
    ) -> RecordMetadata | Future[dekaf.RecordMetadata]:
        """Publish one message."""
        producer = self.producer
        message = await of_one(cmd, self.encoder)
        if cmd.no_confirm:
            future, waits = send_with_future(producer, message)
            if waits:
                # A loop that never waits would make the line for memory longer and longer.
                await asyncio.wait({future})
            return future
        stored = await producer.produce(message)
        return RecordMetadata(
            stored.topic,
            stored.partition,
            TopicPartition(stored.topic, stored.partition),
            stored.offset,
            stored.timestamp,
            # Kafka's CreateTime and LogAppendTime.
            int(message.timestamp is not None and message.timestamp != stored.timestamp),
            None,
        )

    async def publish_batch(  # pyright: ignore[reportIncompatibleMethodOverride] - each message has a result
        self, cmd: KafkaPublishCommand
    ) -> BatchResult | Future[BatchResult]:
        """Publish many messages."""
        producer = self.producer
        batch = await of_many(cmd, self.encoder)
        core: TopicCore[Any, Any] = TopicCore(
            producer,
            batch.topic,
            key=batch.key,
            headers=batch.headers,
            partition=batch.partition,
            timestamp=batch.timestamp,
        )
        call = batch_call(core, batch.items, "value")
        await hand_over(call)
        results = outcome(call, return_exceptions=False)
        return asyncio.ensure_future(results) if cmd.no_confirm else await results
