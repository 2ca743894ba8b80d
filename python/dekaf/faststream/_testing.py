"""FastStream's test broker: no Kafka, and the messages that dekaf would publish."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from aiokafka import ConsumerRecord
from aiokafka.structs import RecordMetadata, TopicPartition
from faststream._internal.testing.broker import EnterType, change_producer
from faststream.kafka import TestKafkaBroker as FastStreamTestBroker
from faststream.kafka.subscriber.usecase import BatchSubscriber
from faststream.kafka.testing import (
    FakeProducer,
    _find_handler,  # pyright: ignore[reportPrivateUsage] - there is no other way to find handlers
)

import dekaf
from dekaf._results import BatchResult
from dekaf.faststream._publishers import adopt
from dekaf.faststream._records import Encoder, of_many, of_one

if TYPE_CHECKING:
    from collections.abc import Generator

    from faststream.kafka import KafkaBroker, KafkaPublishCommand

__all__ = ["TestKafkaBroker"]


class TestKafkaBroker(FastStreamTestBroker[EnterType]):
    """FastStream's `TestKafkaBroker`: handlers are called at once, and no Kafka is needed.

    What they get has the headers, keys and timestamps that dekaf would send, and publishing
    returns what it would return: each topic is a partition whose offsets begin at 0.
    """

    @contextmanager
    def _patch_producer(self, broker: KafkaBroker) -> Generator[None]:
        for publisher in broker.publishers:
            adopt(publisher)
        with change_producer(broker.config.broker_config, _Fake(broker, self.brokers)):
            yield


class _Fake(FakeProducer):
    """Gives what is published to those who subscribe to it."""

    def __init__(self, broker: KafkaBroker, brokers: Any) -> None:  # noqa: ANN401 - FastStream's own
        super().__init__(broker, brokers)
        self._offsets: defaultdict[tuple[str, int], count[int]] = defaultdict(count)

    @property
    def _encoder(self) -> Encoder:
        return Encoder(self.codec, self.broker.config.fd_config._serializer)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - FastStream's own does

    async def publish(self, cmd: KafkaPublishCommand) -> Any:  # noqa: ANN401 - as DekafProducer's
        record = self._record(await of_one(cmd, self._encoder))
        await self._deliver([record], cmd)
        if cmd.no_confirm:
            return _done(_metadata(record))
        partition = TopicPartition(record.topic, record.partition)
        return RecordMetadata(
            record.topic, record.partition, partition, record.offset, record.timestamp, 0, None
        )

    async def publish_batch(self, cmd: KafkaPublishCommand) -> Any:  # noqa: ANN401 - as DekafProducer's
        records = [self._record(message) for message in await of_many(cmd, self._encoder)]
        await self._deliver(records, cmd)
        result = BatchResult([_metadata(record) for record in records])
        return _done(result) if cmd.no_confirm else result

    async def _deliver(
        self, records: list[ConsumerRecord[Any, Any]], cmd: KafkaPublishCommand
    ) -> None:
        for handler in _find_handler(self.subscribers, cmd.destination, cmd.partition):
            together = [records] if isinstance(handler, BatchSubscriber) and records else records
            for message in together:
                await self._execute_handler(message, cmd.destination, handler)  # pyright: ignore[reportUnknownMemberType] - aiokafka's

    def _record(self, message: dekaf.Message[Any, bytes]) -> ConsumerRecord[Any, Any]:
        topic, partition = str(message.topic), message.partition or 0
        # As FastStream's own fake has it, no key is an empty one.
        key = message.key.encode() if isinstance(message.key, str) else message.key or b""
        headers: Any = message.headers or {}
        timestamp: Any = message.timestamp or time.time_ns() // 1_000_000
        return ConsumerRecord(
            topic=topic,
            partition=partition,
            offset=next(self._offsets[topic, partition]),
            timestamp=timestamp,
            timestamp_type=0,
            key=key,
            value=message.value,
            checksum=None,
            serialized_key_size=len(key),
            serialized_value_size=-1 if message.value is None else len(message.value),
            headers=tuple(
                (name, value.encode() if isinstance(value, str) else bytes(value))
                for name, value in headers.items()
            ),
        )


def _metadata(record: ConsumerRecord[Any, Any]) -> dekaf.RecordMetadata:
    return dekaf.RecordMetadata(record.topic, record.partition, record.offset, record.timestamp)


def _done(result: object) -> Any:  # noqa: ANN401 - a future of it
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.set_result(result)
    return future
