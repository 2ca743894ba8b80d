"""Clients that send nothing: what Python and the scenarios themselves cost."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from benches.peers.client import AsyncClient, Client


class Noop(Client):
    """A call of a C method for each message."""

    is_yardstick = True
    produces = False
    codecs = ()

    def open(self) -> None:
        self.call: Any = {}.__setitem__

    def close(self) -> None:
        pass

    def send(self, topic: str, values: Iterable[bytes]) -> None:
        call = self.call
        for value in values:
            call(topic, value)
        self.handed_over = time.perf_counter()

    def produce_one(self, topic: str, value: bytes) -> None:
        self.call(topic, value)


class NoopAsync(AsyncClient):
    """A turn of the event loop for each message that is awaited."""

    is_yardstick = True
    produces = False
    codecs = ()

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def send(self, topic: str, values: Iterable[bytes]) -> None:
        call = self.call
        for value in values:
            await call(topic, value)
        self.handed_over = time.perf_counter()

    async def call(self, _topic: str, _value: bytes) -> None:
        pass

    async def produce_one(self, _topic: str, _value: bytes) -> None:
        await asyncio.sleep(0)
