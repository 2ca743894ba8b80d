"""confluent-kafka's `Producer` behind futures, as everybody writes it by hand for asyncio.

A thread polls, and a callback hands each result to the loop.
"""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

from benches.peers.client import AsyncClient
from benches.peers.clients.confluent import settings


class ConfluentFutures(AsyncClient):
    """The loop is woken for each message."""

    encrypts = True
    distributions = ("confluent-kafka",)

    async def open(self) -> None:
        from confluent_kafka import KafkaException, Producer

        self.failure = KafkaException
        self.producer = Producer(settings(self.job))
        self.loop = asyncio.get_running_loop()
        self.is_over = False
        self.thread = threading.Thread(target=self.poll, daemon=True)
        self.thread.start()

    async def close(self) -> None:
        self.is_over = True
        self.thread.join()
        self.producer.flush()

    def poll(self) -> None:
        poll = self.producer.poll
        while not self.is_over:
            poll(0.1)

    def produce(self, topic: str, value: bytes) -> "asyncio.Future[Any]":
        loop = self.loop
        future = loop.create_future()

        def told(error: object, message: object) -> None:
            if error is None:
                loop.call_soon_threadsafe(future.set_result, message)
            else:
                loop.call_soon_threadsafe(future.set_exception, self.failure(error))

        self.producer.produce(topic, value, on_delivery=told)
        return future

    async def produce_one(self, topic: str, value: bytes) -> object:
        return await self.produce(topic, value)

    async def gather(self, topic: str, values: Sequence[bytes]) -> None:
        produce = self.produce
        await self.count_errors([produce(topic, value) for value in values])

    async def produce_then_await(self, topic: str, values: Sequence[bytes]) -> None:
        produce = self.produce
        await self.await_each([produce(topic, value) for value in values])


class BatchedFutures(ConfluentFutures):
    """The loop is woken once for all that a poll has brought: the best that Python can do."""

    def poll(self) -> None:
        poll, loop = self.producer.poll, self.loop
        self.done: list[tuple[asyncio.Future[Any], object, object]] = []
        while not self.is_over:
            poll(0.1)
            if self.done:
                done, self.done = self.done, []
                loop.call_soon_threadsafe(self._resolve, done)

    def _resolve(self, done: list[tuple["asyncio.Future[Any]", object, object]]) -> None:
        for future, error, message in done:
            if future.done():
                continue
            if error is None:
                future.set_result(message)
            else:
                future.set_exception(self.failure(error))

    def produce(self, topic: str, value: bytes) -> "asyncio.Future[Any]":
        future = self.loop.create_future()
        self.producer.produce(
            topic,
            value,
            on_delivery=lambda error, message: self.done.append((future, error, message)),
        )
        return future
