"""Streams: a source of any length, its results in order, and a bounded number in between.

Messages go to the core in chunks, each a batch call of its own.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Generic, cast

from dekaf._arguments import check_number
from dekaf._batches import checked
from dekaf._core import batch_call
from dekaf._errors import ProduceError
from dekaf._progress import Progress
from dekaf._results import BatchResult
from dekaf._sources import Feed, Room, Source
from dekaf._types import R_co

if TYPE_CHECKING:
    from types import TracebackType
    from typing import NoReturn, Self

    from dekaf._batches import Results, Shape
    from dekaf._core import BatchCall, RecordMetadata, TopicCore

__all__ = ["MAX_IN_FLIGHT", "Stream", "SyncStream"]

MAX_IN_FLIGHT: Final = 10_000
"""How many messages a stream takes from its source before the first of them has its result."""

_MOST: Final = 2**31 - 1
_CHUNKS: Final = 4  # of as many messages as may be on their way


class _OnItsWay:
    """What was taken from a source and not given out yet, in order."""

    def __init__(
        self,
        topic: TopicCore[Any, Any],
        shape: Shape,
        max_in_flight: int,
        *,
        return_exceptions: bool,
        progress: bool,
    ) -> None:
        check_number("max_in_flight", max_in_flight, 1, _MOST)
        self._topic = topic
        self._shape: Shape = shape
        self._return_exceptions = return_exceptions
        self._shown = Progress("stream", None).__enter__() if progress else None
        self._given = self._failed = 0
        self._call: BatchCall | None = None
        """The one whose results are given out, up to the one at `_at`."""
        self._results: Iterator[tuple[int, RecordMetadata | ProduceError]] = iter(())
        self._at = 0
        self.turn = threading.Lock()
        """Held by who waits for the next result."""
        self.room = Room(max_in_flight)
        self.chunk = max(1, max_in_flight // _CHUNKS)
        self.calls: deque[BatchCall] = deque()
        self.handing: BatchCall | None = None
        """The last of them, while it is handed over."""

    def take_turn(self) -> None:
        """Let one at a time ask for a result, as generators do; give `turn` back."""
        if not self.turn.acquire(blocking=False):
            raise RuntimeError(
                "somebody else waits for this stream's next result: let one task or thread iterate"
            )

    def begin(self, source: Source | Feed) -> bool:
        """Make a chunk of what there is; say whether there was anything."""
        items = source.take()
        if not items:
            return False
        try:
            call = batch_call(self._topic, items, self._shape)
        except Exception as error:  # noqa: BLE001 - it is raised behind what was handed over before
            source.give_up(error)
        else:
            self.calls.append(call)
            self.handing = call
        return True

    def is_first_done(self) -> bool:
        """Say whether there are results to take."""
        if not self.calls or self.calls[0] is self.handing:
            return False
        return self.calls[0].counts()[0] == len(self.calls[0])

    def settle_first(self) -> None:
        """Take the results of the first chunk, which is done."""
        # A signal's handler may raise after any call: all are made before anything is changed, and
        # the chunk always has an owner.
        call = self.calls[0]
        taken: Results = BatchResult(call.outcome())
        results = enumerate(taken)
        self._taken, self._results, self._at, self._call = taken, results, -1, call
        self.calls.popleft()

    def next_result(self) -> RecordMetadata | ProduceError | None:
        """Give the next result that is there, if there is one; raise what is to be raised."""
        self._at, result = next(self._results, (self._at, None))
        if result is None:
            return None
        self.room.give_back()
        if isinstance(result, ProduceError):
            # It counts from its chunk's first, of which only we know.
            result.index = self._given
            self._failed += 1
        self._given += 1
        if self._shown is not None:
            self._shown.update(self._given, self._failed)
        if isinstance(result, ProduceError) and not self._return_exceptions:
            raise result
        return result

    def end(self) -> None:
        """Let go of everything. What was handed over is delivered all the same."""
        call, self._call = self._call, None
        if call is not None:
            call.abandon_results(self._taken, self._at + 1)
        self._results = iter(())
        self.handing = None
        while self.calls:
            if (left := self.calls.popleft()) is not call:
                left.abandon()
        shown, self._shown = self._shown, None
        if shown is not None:
            shown.__exit__(None, None, None)


class Stream(AsyncIterator[R_co], Generic[R_co]):
    """Results in the order of the source: see `Producer.stream`.

    A failure is raised at its place, and so is what the source raises; whoever catches it may go
    on, for as long as the source does. `async with` or `aclose()` ends it early, and the generator
    that it reads: what was handed over is delivered, and what fails of it then is nobody's, which
    the next `flush` tells.
    """

    def __init__(
        self,
        topic: TopicCore[Any, Any],
        shape: Shape,
        source: Iterable[object] | AsyncIterable[object],
        max_in_flight: int,
        **choices: bool,
    ) -> None:
        if not isinstance(source, AsyncIterable):
            checked("source", source, "stream")
        self._way = way = _OnItsWay(topic, shape, max_in_flight, **choices)
        self._source = (
            Feed(source, way.room)
            if isinstance(source, AsyncIterable)
            else Source(source, way.chunk, way.room)
        )
        self._settled: asyncio.Future[None] | None = None
        self._is_closed = False

    def __aiter__(self) -> Self:
        return self

    if not TYPE_CHECKING:  # type checkers say by themselves that there is no such thing

        def __iter__(self) -> NoReturn:
            raise TypeError("use async for; without asyncio, use dekaf.SyncProducer")

    async def __anext__(self) -> R_co:
        way, source = self._way, self._source
        way.take_turn()
        try:
            while not self._is_closed:
                if (result := way.next_result()) is not None:
                    return cast("R_co", result)
                if way.is_first_done():
                    await self._wait_for_first(way.calls[0])
                elif way.handing is not None or way.begin(source):
                    await self._hand_over()
                elif way.calls:
                    await self._wait_for_first(way.calls[0])
                else:
                    source.check()
                    if source.is_over:
                        await self.aclose()
                    elif isinstance(source, Feed):
                        await asyncio.wait({source.news()})
        finally:
            way.turn.release()
        raise StopAsyncIteration

    async def _hand_over(self) -> None:
        # Whoever is cancelled here may come back, and goes on with it.
        while self._way.handing is not None:
            call = self._way.handing
            try:
                is_full = call.hand_over_some()
            except BaseException:
                self._end()
                raise
            if self._is_closed:
                # By a serializer, or another thread.
                call.abandon()
            elif is_full:
                await call.room()
            else:
                if is_full is None:
                    self._way.handing = None
                # Reading an iterable and giving results needs no turn of the loop: others do.
                await asyncio.sleep(0)

    async def _wait_for_first(self, call: BatchCall) -> None:
        settled = self._settled = self._settled or call.settled()
        awaited = {settled}
        if isinstance(self._source, Feed) and not self._source.is_over:
            awaited.add(self._source.news())
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        if settled.done() and not self._is_closed:
            self._settled = None
            self._way.settle_first()

    async def aclose(self) -> None:
        """End it; a second time it does nothing."""
        task = self._end()
        if task is not None:
            await asyncio.wait({task})

    def _end(self) -> asyncio.Task[None] | None:
        self._is_closed = True
        self._way.end()
        if self._settled is not None:
            # Another task may wait for it, and nobody settles it any more.
            self._settled.cancel()
        return self._source.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        # One that was made of wrong arguments has no source.
        source = getattr(self, "_source", None)
        if source is not None and not self._is_closed:
            self._way.end()
            if isinstance(source, Feed):
                source.abandon()


class SyncStream(Iterator[R_co], Generic[R_co]):
    """Results in the order of the source: see `SyncProducer.stream`.

    A failure is raised at its place, and so is what the source raises; whoever catches it may go
    on, for as long as the source does. `with` or `close()` ends it early, and the generator that it
    reads: what was handed over is delivered, and what fails of it then is nobody's, which the next
    `flush` tells.
    """

    def __init__(
        self,
        topic: TopicCore[Any, Any],
        shape: Shape,
        source: Iterable[object],
        max_in_flight: int,
        **choices: bool,
    ) -> None:
        checked("source", source, "stream")
        self._way = way = _OnItsWay(topic, shape, max_in_flight, **choices)
        self._source = Source(source, way.chunk, way.room)
        self._is_closed = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> R_co:
        way, source = self._way, self._source
        way.take_turn()
        try:
            while not self._is_closed:
                if (result := way.next_result()) is not None:
                    return cast("R_co", result)
                if way.is_first_done():
                    way.settle_first()
                elif way.handing is not None or way.begin(source):
                    self._hand_over()
                elif way.calls:
                    way.calls[0].wait_settled()
                    way.settle_first()
                else:
                    source.check()
                    if source.is_over:
                        self.close()
        finally:
            way.turn.release()
        raise StopIteration

    def _hand_over(self) -> None:
        # Whoever is interrupted here may come back, and goes on with it.
        while self._way.handing is not None:
            call = self._way.handing
            try:
                is_full = call.hand_over_some()
            except BaseException:
                self.close()
                raise
            if self._is_closed:
                # By a serializer, or another thread.
                call.abandon()
            elif is_full is None:
                self._way.handing = None
            elif is_full:
                call.wait_for_room()

    def close(self) -> None:
        """End it; a second time it does nothing."""
        self._is_closed = True
        self._way.end()
        self._source.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # One that was made of wrong arguments is not closed.
        if not getattr(self, "_is_closed", True):
            self._way.end()
