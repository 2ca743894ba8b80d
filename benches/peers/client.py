"""What the scenarios ask of a client.

The loops are the clients' own, so that each is used as its documentation shows. What a client has
no sensible equivalent for it does not override, and no scenario asks it.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, ClassVar

from benches.peers.job import Job

Done = Awaitable[object] | None
"""What an asynchronous client's methods return, or a blocking one's."""


class Measured:
    """All that may stand in the table."""

    league: ClassVar[str] = "producers"
    """Clients are compared with the best of theirs: a framework does more than a producer."""
    is_ours: ClassVar[bool] = False
    is_yardstick: ClassVar[bool] = False
    """It shows what is possible, and is nobody's peer: not a producer, or not Python's."""
    produces: ClassVar[bool] = True
    codecs: ClassVar[tuple[str, ...]] = ("lz4", "zstd")
    """What it compresses with, of what is compared."""
    encrypts: ClassVar[bool] = False
    """Whether it does what a job's `security` says."""
    distributions: ClassVar[tuple[str, ...]] = ()
    """What is installed for it."""

    @classmethod
    def can(cls, scenario: str) -> bool:
        raise NotImplementedError


class Client(Measured):
    """A producer that is used from Python. These methods return when all is acknowledged."""

    is_async: ClassVar[bool] = False
    importing: ClassVar[str] = ""
    """The statement that imports it."""
    first_message: ClassVar[str] = ""
    """What makes a producer `p` and sends a message with it, to BOOTSTRAP."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.delivered = 0  # that callbacks told of
        self.errors = 0
        self.handed_over = 0.0  # when the last message was, and flushing began

    @classmethod
    def can(cls, scenario: str) -> bool:
        if scenario == "import":
            return bool(cls.importing)
        method = METHODS[scenario]
        is_asked = getattr(cls, method) is not getattr(Client, method)
        if scenario == "connect":
            return is_asked and cls.encrypts and bool(cls.importing)
        return is_asked and (cls.is_async or scenario != "open_loop")

    def told(self, error: object) -> None:
        """Count a delivery, as a callback does."""
        if error is None:
            self.delivered += 1
        else:
            self.errors += 1

    def open(self) -> Done:
        raise NotImplementedError

    def close(self) -> Done:
        raise NotImplementedError

    def send(self, topic: str, values: Iterable[bytes]) -> Done:
        """Send without waiting, and flush."""
        raise NotImplementedError

    def send_with_callback(self, topic: str, values: Iterable[bytes]) -> Done:
        """Send without waiting, with `told` for each, and flush."""
        raise NotImplementedError

    def send_to_partitions(self, topic: str, values: Iterable[bytes]) -> Done:
        """Send to the job's partitions in turn, each named, and flush."""
        raise NotImplementedError

    def produce_one(self, topic: str, value: bytes) -> Done:
        raise NotImplementedError

    def gather(self, topic: str, values: Sequence[bytes]) -> Done:
        """Await all of a list at the same time."""
        raise NotImplementedError

    def produce_then_await(self, topic: str, values: Sequence[bytes]) -> Done:
        """Hand all of a list over, and then await each."""
        raise NotImplementedError

    def send_batch(self, topic: str, values: Sequence[bytes]) -> Done:
        """Hand a list over in as few calls as there can be."""
        raise NotImplementedError


class AsyncClient(Client):
    """A producer of asyncio."""

    is_async = True

    async def gather(self, topic: str, values: Sequence[bytes]) -> None:
        produce = self.produce_one
        await self.count_errors([produce(topic, value) for value in values])

    async def count_errors(self, awaitables: Sequence[Any]) -> None:
        for result in await asyncio.gather(*awaitables, return_exceptions=True):
            if isinstance(result, BaseException):
                self.errors += 1

    async def await_each(self, futures: Sequence[Awaitable[object]]) -> None:
        for future in futures:
            try:
                await future
            except Exception:  # noqa: BLE001 - whatever a client raises, the message has failed
                self.errors += 1

    def settled(self, future: "asyncio.Future[Any]") -> None:
        """Count a delivery, as what a future calls when it is done."""
        self.told(asyncio.CancelledError() if future.cancelled() else future.exception())


class Program(Measured):
    """A producer that is a program of its own."""

    scenarios: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def can(cls, scenario: str) -> bool:
        return scenario in cls.scenarios

    def run(self, job: Job) -> dict[str, Any]:
        """Return what was measured, as `Meter.figures` does."""
        raise NotImplementedError


METHODS = {
    "send": "send",
    "send_cb": "send_with_callback",
    "await_one": "produce_one",
    "gather": "gather",
    "produce_then_await": "produce_then_await",
    "batch": "send_batch",
    "open_loop": "produce_one",
    "many_partitions": "send_to_partitions",
    "connect": "send_to_partitions",
}
"""Which method a scenario is about."""
