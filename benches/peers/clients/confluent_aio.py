"""confluent-kafka's `AIOProducer`, with the settings that it comes with.

It collects a thousand messages, or waits for a second in which there are none.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence

from benches.peers.client import AsyncClient
from benches.peers.clients.confluent import settings


class ConfluentAio(AsyncClient):
    """Futures are awaited as they are."""

    encrypts = True
    distributions = ("confluent-kafka",)
    importing = "from confluent_kafka.aio import AIOProducer"

    async def open(self) -> None:
        from confluent_kafka.aio import AIOProducer

        self.producer = AIOProducer(settings(self.job))

    async def close(self) -> None:
        await self.producer.close()

    async def send(self, topic: str, values: Iterable[bytes]) -> None:
        produce = self.producer.produce
        for value in values:
            await produce(topic, value)
        self.handed_over = time.perf_counter()
        self.errors += await self.producer.flush()

    async def send_with_callback(self, topic: str, values: Iterable[bytes]) -> None:
        produce, settled = self.producer.produce, self.settled
        for value in values:
            (await produce(topic, value)).add_done_callback(settled)
        await self.producer.flush()
        await asyncio.sleep(0)

    async def produce_one(self, topic: str, value: bytes) -> object:
        return await (await self.producer.produce(topic, value))


class ConfluentAioFlushed(AsyncClient):
    """Whoever waits flushes first, as its examples do."""

    encrypts = True
    distributions = ConfluentAio.distributions

    open = ConfluentAio.open
    close = ConfluentAio.close

    async def produce_one(self, topic: str, value: bytes) -> object:
        future = await self.producer.produce(topic, value)
        await self.producer.flush()
        return await future

    async def gather(self, topic: str, values: Sequence[bytes]) -> None:
        produce = self.producer.produce
        futures = [await produce(topic, value) for value in values]
        await self.producer.flush()
        await self.count_errors(futures)

    async def produce_then_await(self, topic: str, values: Sequence[bytes]) -> None:
        produce = self.producer.produce
        futures = [await produce(topic, value) for value in values]
        await self.producer.flush()
        await self.await_each(futures)

    # It has no call for many messages: this is the shortest way to the same.
    send_batch = gather
