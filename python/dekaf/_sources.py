"""Where streams read: an iterable a chunk at a time, a source of `async for` by a task."""

from __future__ import annotations

import asyncio
from inspect import isasyncgen, isgenerator
from time import perf_counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable

__all__ = ["Feed", "Room", "Source"]

_SLICE: Final = 0.000_5  # seconds, for reading at one go


class Room:
    """How many messages a stream may still take before it has given some."""

    def __init__(self, most: int) -> None:
        self.left = most
        self._again: asyncio.Future[None] | None = None

    def give_back(self) -> None:
        """Take note of a result that was given out."""
        self.left += 1
        again, self._again = self._again, None
        if again is not None and not again.done():
            again.set_result(None)

    async def wait(self) -> None:
        """Wait until there is some; one task at a time does."""
        while self.left <= 0:
            self._again = asyncio.get_running_loop().create_future()
            await self._again


class Source:
    """An iterable. Reading it is the caller's work, and nobody else's."""

    def __init__(self, source: Iterable[object], chunk: int, room: Room) -> None:
        self._iterator = iter(source)
        self._chunk = chunk
        self._room = room
        self._items: list[object] = []
        """What was read and not taken yet: Ctrl-C may come in between."""
        self._failure: Exception | None = None
        self.is_over = False

    def take(self) -> list[object]:
        """Take what comes within a moment, and at least one, if there is room for a chunk."""
        if self.is_over or self._failure is not None or self._room.left < self._chunk:
            return []
        until = perf_counter() + _SLICE
        try:
            while len(self._items) < self._chunk:
                self._items.append(next(self._iterator))
                if perf_counter() > until:
                    break
        except StopIteration:
            self.is_over = True
        except Exception as error:  # noqa: BLE001 - it is raised at its place
            self._failure = error
        items, self._items = self._items, []
        self._room.left -= len(items)
        return items

    def give_up(self, failure: Exception) -> None:
        """Read no more: what was taken could not be handed over."""
        self._failure = failure
        self.is_over = True

    def stop(self) -> None:
        """Read no more, and let a generator clean up."""
        self.is_over = True
        if isgenerator(self._iterator):
            self._iterator.close()

    def check(self) -> None:
        """Raise what the source raised, once; it may go on behind that."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure


class Feed:
    """A source of `async for`.

    The task that reads it knows nothing of the stream, which may be forgotten half-way: then it is
    to be stopped.
    """

    def __init__(self, source: AsyncIterable[object], room: Room) -> None:
        self._source = source
        self._room = room
        self._items: list[object] = []
        self._news: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._is_stopped = False
        self.is_over = False

    def take(self) -> list[object]:
        """Take what was read since the last time."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._read())
        items, self._items = self._items, []
        return items

    async def _read(self) -> None:
        until = perf_counter() + _SLICE
        try:
            async for item in self._source:
                self._items.append(item)
                self._room.left -= 1
                self._tell()
                if perf_counter() > until:
                    # Not every source gives others their turn.
                    await asyncio.sleep(0)
                    until = perf_counter() + _SLICE
                await self._room.wait()
        except asyncio.CancelledError as error:
            # Something that the source waits for was cancelled, unless it was meant for us.
            if self._is_stopped:
                raise
            self._failure = error
        except Exception as error:  # noqa: BLE001 - it is raised at its place
            self._failure = error
        finally:
            self.is_over = True
            self._tell()
            if self._is_stopped and isasyncgen(self._source):
                await self._source.aclose()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def news(self) -> asyncio.Future[None]:
        """Return a future that is done when there is something to take, or the end."""
        if self._news is None or self._news.done():
            self._news = asyncio.get_running_loop().create_future()
            if self._items or self.is_over:
                self._tell()
        return self._news

    def check(self) -> None:
        """Raise what ended the source, once."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def give_up(self, failure: Exception) -> None:
        """Read no more: what was taken could not be handed over."""
        self.stop()
        self._failure = failure

    def stop(self) -> asyncio.Task[None] | None:
        """Have the task end; it may be waited for."""
        self.is_over = self._is_stopped = True
        self._tell()
        if self._task is not None and not self._task.done():
            self._task.cancel()
            return self._task
        return None

    def abandon(self) -> None:
        """Have the task end, from whatever thread collects garbage."""
        self._is_stopped = True
        if self._task is not None and not self._task.done():
            loop = self._task.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._task.cancel)
