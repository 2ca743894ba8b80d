"""A codec of one's own makes bytes of bodies, for one message and for many."""

from collections.abc import Sequence
from typing import Any

import pytest

from dekaf.faststream import KafkaBroker, KafkaPublishMessage, TestKafkaBroker
from dekaf.testing import Broker
from tests.faststream.apps import headers_of
from tests.producer.conftest import Target

pytestmark = pytest.mark.asyncio


class Shouting:
    """Encodes one body at a time."""

    async def encode(self, msg: Any, serializer: Any = None) -> tuple[bytes, str | None]:
        del serializer
        return str(msg).upper().encode(), "text/shout"

    async def decode(self, msg: Any) -> Any:
        return msg.body.decode().lower()


class Counting(Shouting):
    """Encodes many at once."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    async def encode_batch(
        self, msgs: Sequence[Any], serializer: Any = None
    ) -> list[tuple[bytes, str | None]]:
        self.counts.append(len(msgs))
        return [await self.encode(msg, serializer) for msg in msgs]

    async def decode_batch(self, msg: Any) -> list[Any]:
        return [body.decode().lower() for body in msg.body]


async def test_a_codec_that_encodes_one_at_a_time(target: Target) -> None:
    topic = target.topic()
    async with KafkaBroker(target.servers, codec=Shouting()) as broker:
        await broker.publish("a", topic)
        await broker.publish_batch("b", KafkaPublishMessage("c", key=b"k"), topic=topic)
        await broker.publish(None, topic, key=b"k")
    records = target.records(topic)
    assert [record.value for record in records] == [b"A", b"B", b"C", None]
    types = [headers_of(record)["content-type"] for record in records]
    assert types == [b"text/shout"] * 3 + [b""]


async def test_a_codec_that_encodes_many_at_once(target: Target) -> None:
    topic = target.topic()
    codec = Counting()
    async with KafkaBroker(target.servers, codec=codec) as broker:
        await broker.publish_batch("a", KafkaPublishMessage("b"), "c", topic=topic)
        await broker.publish("d", topic)
        await broker.publish_batch(topic=topic)
    assert target.values(topic) == [b"A", b"B", b"C", b"D"]
    assert codec.counts in ([3], [3, 0])


async def test_handlers_get_what_the_codec_decodes() -> None:
    broker = KafkaBroker(codec=Shouting())
    seen: list[str] = []

    @broker.subscriber("in")
    async def handle(body: str) -> None:
        seen.append(body)

    async with TestKafkaBroker(broker):
        await broker.publish("LOUD", "in")
    assert seen == ["loud"]


async def test_a_codec_that_fails_publishes_nothing(dekaf_broker: Broker) -> None:
    class Failing(Shouting):
        async def encode(self, msg: Any, serializer: Any = None) -> tuple[bytes, str | None]:
            if msg == "bad":
                raise ValueError(msg)
            return await super().encode(msg, serializer)

    async with KafkaBroker(dekaf_broker.bootstrap_servers, codec=Failing()) as broker:
        with pytest.raises(ValueError, match="bad"):
            await broker.publish_batch("good", "bad", topic="out")
        await broker.publish("good", "out")
    assert [record.value for record in dekaf_broker.records("out")] == [b"GOOD"]
