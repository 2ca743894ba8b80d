"""Futures of `produce` where asyncio has its corners; the rest is in `integration/test_asyncio`."""

import asyncio
import sys
import threading

import pytest

from dekaf import InvalidRecord, Producer, RecordMetadata
from tests.producer.conftest import Target


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
def test_eager_tasks(target: Target) -> None:
    """A task that runs at once, in the middle of another's turn."""
    topic = target.topic()

    async def one(producer: Producer, n: int) -> int:
        return (await producer.produce(topic, str(n))).offset

    async def main() -> None:
        factory = asyncio.eager_task_factory  # type: ignore[attr-defined,unused-ignore]  # of 3.12
        asyncio.get_running_loop().set_task_factory(factory)
        async with Producer(target.servers) as producer:
            tasks = [asyncio.create_task(one(producer, n)) for n in range(100)]
            assert await asyncio.gather(*tasks) == list(range(100))

    asyncio.run(main(), debug=True)
    assert target.values(topic) == [str(n).encode() for n in range(100)]


@pytest.mark.asyncio
async def test_a_task_group_ends_with_the_first_failure(target: Target) -> None:
    topic = target.topic()

    async def one(producer: Producer, value: bytes) -> RecordMetadata:
        return await producer.produce(topic, value, partition=0)

    async with Producer(target.servers) as producer:
        await producer.produce(topic, b"first")
        target.hold()
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as group:
                waits = group.create_task(one(producer, b"v"))
                await asyncio.sleep(0)
                group.create_task(one(producer, b"x" * 2_000_000))
        assert caught.group_contains(InvalidRecord)
        assert waits.cancelled()
        target.release()
        await producer.flush()
    # Whoever was cancelled stopped waiting; the message was under way.
    assert target.values(topic) == [b"first", b"v"]


@pytest.mark.asyncio
async def test_shielded_and_cancelled(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers) as producer:
        await producer.produce(topic, b"0")
        target.hold()
        future = producer.produce(topic, b"1")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(future), 0.05)
        assert not future.cancelled()
        target.release()
        assert (await future).offset == 1
        assert (await future).offset == 1
        assert future.result().offset == 1


@pytest.mark.asyncio
async def test_as_completed_and_wait(target: Target) -> None:
    topic = target.topic()
    async with Producer(target.servers) as producer:
        futures = [producer.produce(topic, str(n)) for n in range(50)]
        offsets = [(await each).offset for each in asyncio.as_completed(futures)]
        assert sorted(offsets) == list(range(50))
        done, pending = await asyncio.wait(
            [producer.produce(topic, b"v"), producer.produce(topic, b"v", partition=9)]
        )
        assert not pending
        assert sorted(type(future.exception()).__name__ for future in done) == [
            "NoneType",
            "UnknownPartition",
        ]


def test_loops_in_threads_send_and_produce_at_once(target: Target) -> None:
    topic = target.topic()
    producer = Producer(target.servers)
    told: list[int] = []

    async def main(name: str) -> None:
        for n in range(50):
            producer.send(topic, f"{name} {n}", on_delivery=lambda *_: told.append(1))
        await asyncio.gather(*(producer.produce(topic, f"{name} {n}") for n in range(50, 100)))
        await producer.flush()

    threads = [threading.Thread(target=asyncio.run, args=[main(name)]) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(told) == 200
    asyncio.run(producer.close())
    stored = [value.decode() for value in target.values(topic) if value]
    for name in "abcd":
        assert [value for value in stored if value.startswith(name)] == [
            f"{name} {n}" for n in range(100)
        ]
