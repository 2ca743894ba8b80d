"""What `acks` asks for, and what is known of a message then."""

import asyncio

import pytest

from dekaf import Acks, ConfigError, Producer, SyncProducer
from tests.producer.conftest import Target


@pytest.mark.asyncio
@pytest.mark.parametrize("acks", ["all", "leader", Acks.LEADER, 1, -1])
async def test_acknowledged(target: Target, acks: Acks) -> None:
    topic = target.topic()
    async with Producer(target.servers, acks=acks) as producer:
        assert producer.config.idempotence is (producer.config.acks is Acks.ALL)
        metadata = await asyncio.gather(*(producer.produce(topic, str(n)) for n in range(500)))
    assert [each.offset for each in metadata] == list(range(500))
    assert target.values(topic) == [str(n).encode() for n in range(500)]


@pytest.mark.asyncio
@pytest.mark.parametrize("acks", ["none", Acks.NONE, 0])
async def test_not_acknowledged(target: Target, acks: Acks) -> None:
    """A message counts as delivered when it is written, and nobody knows its offset."""
    topic = target.topic()
    async with Producer(target.servers, acks=acks) as producer:
        first = await producer.produce(topic, b"0")
        metadata = await asyncio.gather(*(producer.produce(topic, str(n)) for n in range(1, 500)))
        assert {each.offset for each in (first, *metadata)} == {-1}
        assert {each.partition for each in metadata} == {0}
        producer.send(topic, b"500")
        await producer.flush()
    # What was written is read after what was written before it, so this one is the last.
    with SyncProducer(target.servers) as last:
        while last.produce(topic, b"end").offset < 501:
            pass
    stored = [value for value in target.values(topic) if value != b"end"]
    assert stored == [str(n).encode() for n in range(501)]


def test_idempotence_needs_all_acks() -> None:
    with pytest.raises(ConfigError, match='acks="leader" contradicts idempotence=True'):
        Producer("localhost:9092", acks="leader", idempotence=True)


@pytest.mark.asyncio
async def test_order_without_idempotence(target: Target) -> None:
    """One batch of a partition is in flight, so what comes back is not overtaken."""
    topic = target.topic()
    async with Producer(target.servers, acks="leader", batch_size=200) as producer:
        for n in range(2_000):
            producer.send(topic, str(n))
        await producer.flush()
    assert target.values(topic) == [str(n).encode() for n in range(2_000)]
