"""A full buffer: `produce` waits, and so does `send`, for as long as there is progress.

Nothing is lost, and nothing overtakes.
"""

import asyncio
import threading
import time

import pytest

from dekaf import BufferFull, Producer, RecordMetadata, SyncProducer
from tests.producer.conftest import Target

MEMORY = 100_000
VALUE = b"x" * 1_000
TEN_BUFFERS = 10 * MEMORY // len(VALUE)


def numbered(n: int) -> bytes:
    return b"%06d" % n + VALUE


def in_order(values: list[bytes | None]) -> bool:
    return values == [numbered(n) for n in range(len(values))]


@pytest.mark.asyncio
async def test_produce_waits(target: Target) -> None:
    topic = target.topic()
    target.slow_down(0.01)
    async with Producer(target.servers, buffer_memory=MEMORY, batch_size=10_000) as producer:
        futures = [producer.produce(topic, numbered(n)) for n in range(TEN_BUFFERS)]
        assert not futures[-1].done()
        metadata = await asyncio.gather(*futures)
    assert [each.offset for each in metadata] == list(range(TEN_BUFFERS))
    assert in_order(target.values(topic))


@pytest.mark.asyncio
async def test_send_on_the_loop_waits_while_acknowledgements_come(target: Target) -> None:
    topic = target.topic()
    target.slow_down(0.02)
    async with Producer(
        target.servers, buffer_memory=MEMORY, batch_size=10_000, send_block_ms=5_000
    ) as producer:
        for n in range(TEN_BUFFERS):
            producer.send(topic, numbered(n))
        await producer.flush()
    assert len(target.values(topic)) == TEN_BUFFERS
    assert in_order(target.values(topic))


@pytest.mark.asyncio
async def test_send_on_the_loop_gives_up_without_progress(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers, buffer_memory=MEMORY, send_block_ms=100) as producer:
        await producer.produce(topic, numbered(0))
        target.hold()
        sent = 1
        with pytest.raises(BufferFull, match=r"nothing was acknowledged for send_block_ms=100"):
            while sent < TEN_BUFFERS:
                producer.send(topic, numbered(sent))
                sent += 1
        assert sent < MEMORY / len(VALUE) + 2
        target.release()
        await producer.flush()
        # What was refused was not sent, and the line goes on behind it.
        metadata = await producer.produce(topic, numbered(sent))
        assert metadata.offset == sent
    assert in_order(target.values(topic))


def test_send_off_the_loop_waits(target: Target) -> None:
    topic = target.topic()
    with SyncProducer(target.servers, buffer_memory=MEMORY, send_block_ms=1) as producer:
        producer.produce(topic, numbered(0))
        target.hold()
        released = threading.Timer(0.5, target.release)
        released.start()
        for n in range(1, TEN_BUFFERS):
            producer.send(topic, numbered(n))
        released.join()
        producer.flush()
    assert in_order(target.values(topic))
    assert len(target.values(topic)) == TEN_BUFFERS


def test_send_off_the_loop_gives_up_after_max_block_ms(target: Target) -> None:
    topic = target.topic()
    with SyncProducer(target.servers, buffer_memory=MEMORY, max_block_ms=200) as producer:
        producer.produce(topic, numbered(0))
        target.hold()
        with pytest.raises(BufferFull, match="was full for max_block_ms=200"):
            for n in range(1, TEN_BUFFERS):
                producer.send(topic, numbered(n))
        with pytest.raises(BufferFull):
            producer.produce(topic, VALUE)
        target.release()
    assert in_order(target.values(topic))


def test_others_go_on_while_one_waits(target: Target) -> None:
    """The interpreter is free for other threads while `send` waits."""
    topic = target.topic()
    turns = 0
    with SyncProducer(target.servers, buffer_memory=MEMORY) as producer:
        producer.produce(topic, numbered(0))
        target.hold()
        done = threading.Event()

        def send() -> None:
            for n in range(1, 200):
                producer.send(topic, numbered(n))
            done.set()

        sender = threading.Thread(target=send)
        sender.start()
        while turns < 100:
            time.sleep(0.001)
            turns += 1
        assert not done.is_set()
        target.release()
        sender.join()
    assert in_order(target.values(topic))


@pytest.mark.asyncio
async def test_raise_when_full(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers, buffer_memory=MEMORY, on_full="raise") as producer:
        await producer.produce(topic, numbered(0))
        target.hold()
        futures: list[asyncio.Future[RecordMetadata]] = []
        with pytest.raises(BufferFull, match='let records wait for room with on_full="wait"'):
            while True:
                futures.append(producer.produce(topic, numbered(len(futures) + 1)))
        with pytest.raises(BufferFull):
            producer.send(topic, VALUE)
        target.release()
        await asyncio.gather(*futures)
    assert len(target.values(topic)) == 1 + len(futures)


@pytest.mark.asyncio
async def test_as_many_wait_as_may(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers, buffer_memory=MEMORY, max_waiting=5) as producer:
        await producer.produce(topic, numbered(0))
        target.hold()
        futures: list[asyncio.Future[RecordMetadata]] = []
        with pytest.raises(BufferFull, match="max_waiting=5 records wait for room"):
            while True:
                futures.append(producer.produce(topic, numbered(len(futures) + 1)))
        target.release()
        await asyncio.gather(*futures)
    assert in_order(target.values(topic))
    assert len(target.values(topic)) == 1 + len(futures)


@pytest.mark.asyncio
async def test_a_waiting_message_is_not_overtaken(target: Target) -> None:
    """`produce` and `send` share one line: the order of calls is the order in the topic."""
    topic = target.topic()
    async with Producer(target.servers, buffer_memory=MEMORY, send_block_ms=5_000) as producer:
        target.slow_down(0.01)
        futures = []
        for n in range(TEN_BUFFERS):
            if n % 3:
                futures.append(producer.produce(topic, numbered(n)))
            else:
                producer.send(topic, numbered(n))
        await producer.flush()
        assert all(future.done() for future in futures)
    assert in_order(target.values(topic))


@pytest.mark.asyncio
async def test_what_waits_can_be_un_sent(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers, buffer_memory=MEMORY) as producer:
        await producer.produce(topic, b"first")
        target.hold()
        fits = [producer.produce(topic, VALUE) for _ in range(90)]
        waits = [producer.produce(topic, VALUE) for _ in range(100)]
        assert waits[-1].cancel()
        assert fits[0].cancel()
        await asyncio.sleep(0)  # done callbacks run
        target.release()
        await producer.flush()
        assert not waits[-2].cancelled()
    # The one that fitted was under way, and is stored although nobody waits for it.
    assert len(target.values(topic)) == 1 + 90 + 99
