"""Records that count: handed over by one producer, whatever befalls it, and what came of each.

Record n has n as its value and one of a few keys, so whoever reads a partition sees what is
missing, stored twice or overtaken. What is stored is for `judge.py` to say.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from dekaf import ProduceError, RecordMetadata
from dekaf._core import AsyncProducerCore

PATIENCE = 100.0  # seconds without which no fault of the tests, and no loaded machine, is survived


class Counters:
    """It is used in one event loop. At most `most_open` records are without a result at a time."""

    def __init__(
        self, producer: AsyncProducerCore, topic: str, *, keys: int = 60, most_open: int = 4_000
    ) -> None:
        self.topic = topic
        self.fates: list[RecordMetadata | ProduceError | None] = []
        self.acknowledged = 0
        self.failed: list[ProduceError] = []
        self._producer = producer
        self._keys = keys
        self._most_open = most_open
        self._settled = asyncio.Event()

    def __str__(self) -> str:
        first = f", the first with {self.failed[0]!r}" if self.failed else ""
        return (
            f"{self.handed_over} records handed over, {self.acknowledged} acknowledged, "
            f"{len(self.failed)} failed{first}"
        )

    @property
    def handed_over(self) -> int:
        return len(self.fates)

    @property
    def open(self) -> int:
        """How many have no result yet."""
        return self.handed_over - self.acknowledged - len(self.failed)

    def key_of(self, n: int) -> str:
        return f"key-{n % self._keys}"

    async def hand_over(self, count: int) -> None:
        for _ in range(count):
            await self.until(lambda: self.open < self._most_open, what="there is room for another")
            n = len(self.fates)
            self.fates.append(None)
            future = self._producer.produce(self.topic, str(n), key=self.key_of(n))
            future.add_done_callback(partial(self._settle, n))

    async def until_settled(self) -> None:
        await self.until(lambda: not self.open, what="every record has its result")

    async def until_acknowledged(self, count: int) -> None:
        await self.until(
            lambda: self.acknowledged >= count or bool(self.failed),
            what=f"{count} records are acknowledged",
        )

    async def until(self, condition: Callable[[], bool], *, what: str) -> None:
        """Return when a condition holds that results can change; TimeoutError says `what` else."""
        if condition():
            return
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            raise TimeoutError(f"waited {PATIENCE:g} s in vain until: {what}; {self}") from None

    def _settle(self, n: int, future: asyncio.Future[RecordMetadata]) -> None:
        error = future.exception()
        if error is None:
            self.fates[n] = future.result()
            self.acknowledged += 1
        elif isinstance(error, ProduceError):
            self.fates[n] = error
            self.failed.append(error)
        else:
            raise error
        self._settled.set()
