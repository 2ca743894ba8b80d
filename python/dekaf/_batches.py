"""Calls that produce many messages: their source is listed, handed over and waited for.

The core takes a slice of about half a millisecond at a time. Between two of them the event loop has
its turn, and so have other threads.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Iterable, Mapping
from contextlib import nullcontext
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

from dekaf._core import (
    Message,
    TopicCore,
    failed_indices,
    locate_for_messages_async,
    locate_for_messages_blocking,
    make_exceptions,
)
from dekaf._errors import ProduceErrorGroup
from dekaf._progress import Progress
from dekaf._results import BatchResult

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from dekaf._core import (
        AsyncProducerCore,
        BatchCall,
        ProducerCore,
        RecordMetadata,
        SyncProducerCore,
    )
    from dekaf._errors import ProduceError
    from dekaf._types import HeadersLike

__all__ = [
    "MISSING",
    "NO_TRANSACTIONS",
    "Results",
    "checked",
    "common",
    "deliver",
    "deliver_blocking",
    "hand_over",
    "hand_over_atomic",
    "hand_over_atomic_blocking",
    "listed",
    "outcome",
    "published",
    "shaped",
    "slices",
    "streamed",
]

Results: TypeAlias = "BatchResult[RecordMetadata | ProduceError]"
Shape: TypeAlias = Literal["value", "pair", "fields"]

MISSING: Final = object()
"""An argument that was left out, where `None` may be one."""

NO_TRANSACTIONS: Final = (
    "dekaf has no transactions yet; publish_batch(…, atomic=True) makes messages of one partition "
    "one, all or nothing"
)

_DICT: Final[dict[object, object]] = {}
_VIEWS: Final = (type(_DICT.keys()), type(_DICT.values()), type(_DICT.items()))
_QUICK: Final = (list, tuple, set, frozenset, deque, *_VIEWS)
"""What is listed without any work of the caller's."""

_SLICE: Final = 0.000_5  # seconds
_LOOK_AT_THE_CLOCK: Final = 16  # items
_BETWEEN_LOOKS: Final = 0.1  # seconds, at the progress
_BETWEEN_TRIES: Final = 0.2  # seconds, where everything needs its room at once


def shaped(
    producer: ProducerCore[Any, Any], call: str, topic: object, items: object
) -> tuple[TopicCore[Any, Any], Shape, Iterable[object]]:
    """Tell `(messages)` from `(topic, items)`."""
    if items is MISSING:
        if isinstance(topic, str):
            raise TypeError(
                f"items are missing: write {call}({topic!r}, items), or {call}(messages) with "
                "messages that name their topics"
            )
        core: TopicCore[Any, Any] = TopicCore(producer, None)
        return core, "fields", checked("messages", topic, call)
    if not isinstance(topic, str):
        kind = type(topic).__name__
        raise TypeError(f"topic must be str, not {kind}: the order is {call}(topic, items)")
    return TopicCore(producer, topic), "pair", checked("items", items, call)


def common(  # noqa: PLR0913 - a message's parts, by keyword
    producer: ProducerCore[Any, Any],
    topic: str | None,
    *,
    key: object = None,
    headers: HeadersLike | None = None,
    partition: int | None = None,
    timestamp: int | datetime | None = None,
) -> TopicCore[Any, Any]:
    """Say what messages have in common; values without bytes become JSON."""
    return TopicCore(
        producer,
        topic,
        key=key,
        headers=headers,
        partition=partition,
        timestamp=timestamp,
        is_json=True,
    )


def checked(name: str, source: object, call: str) -> Iterable[object]:
    """Refuse what can be iterated and is never meant as many messages."""
    if isinstance(source, str | bytes | bytearray | memoryview):
        kind = type(cast("object", source)).__name__
        raise TypeError(
            f"{name} is {kind}, which is one value and not many: produce it alone, or put it into "
            "a list"
        )
    if is_table(source):
        kind = type(source).__name__
        raise TypeError(
            f"{name} is a {kind}, which gives its columns, not its rows: write to_dict('records') "
            "with pandas, to_dicts() with polars, to_pylist() with Arrow"
        )
    if isinstance(source, Message):
        raise TypeError(f"{name} is a Message, not many: produce it alone, or put it into a list")
    if isinstance(source, Mapping):
        way = (
            "one message goes into a list; for (key, value) pairs, name the topic first, and write "
            ".items()"
            if name == "messages"
            else "write .items() for (key, value) pairs"
        )
        raise TypeError(f"{name} is a mapping: {way}")
    if isinstance(source, AsyncIterable) and not isinstance(source, Iterable):
        way = (
            "use dekaf.Producer, whose stream() can wait for it"
            if call == "stream"
            else f"and {call}() has to know all of it before it sends any: use Producer.stream()"
        )
        raise TypeError(f"{name} is iterated with async for; {way}")
    if not isinstance(source, Iterable):
        raise TypeError(f"{name} must be iterable, such as a list, not {type(source).__name__}")
    return cast("Iterable[object]", source)


def is_table(source: object) -> bool:
    """Say whether this is a data frame or the like; a single column is as good as a list."""
    kind = type(source)
    if hasattr(kind, "__dataframe__") or (hasattr(kind, "iterrows") and hasattr(kind, "columns")):
        return True
    if not hasattr(kind, "__arrow_c_stream__"):
        return False
    shape = getattr(source, "shape", None)
    is_one = isinstance(shape, tuple) and len(cast("tuple[object, ...]", shape)) == 1
    return not (is_one or hasattr(kind, "chunks"))


def published(messages: tuple[object, ...]) -> list[object]:
    """List what `publish_batch` is given; refuse a list of messages that lacks its star."""
    if len(messages) == 1 and isinstance(messages[0], list | tuple | set | frozenset | deque):
        kind = type(cast("object", messages[0])).__name__
        raise TypeError(
            f"publish_batch() got one {kind}: write publish_batch(*messages, …) for many messages, "
            f"or Message(value=…) for one whose value is a {kind}"
        )
    return list(messages)


def streamed(
    producer: ProducerCore[Any, Any], topic: str | None
) -> tuple[TopicCore[Any, Any], Shape]:
    """Say what a stream's items are."""
    return TopicCore(producer, topic), "fields" if topic is None else "pair"


async def hand_over_atomic(producer: AsyncProducerCore[Any, Any], call: BatchCall) -> None:
    """Hand everything over as one, or raise why that cannot be."""
    where = call.prepare_atomic()
    if where is None:
        return
    await locate_for_messages_async(producer, *where)
    room: asyncio.Future[None] | None = None
    while not call.hand_over_atomic(blocks=False):
        if room is None or room.done():
            room = call.room_for_atomic()
        # Now and then it looks whether its time is over.
        await asyncio.wait({room}, timeout=_BETWEEN_TRIES)


def hand_over_atomic_blocking(producer: SyncProducerCore[Any, Any], call: BatchCall) -> None:
    """Do the same without a loop."""
    where = call.prepare_atomic()
    if where is None:
        return
    locate_for_messages_blocking(producer, *where)
    while not call.hand_over_atomic(blocks=True):
        call.wait_for_atomic_room()


def slices(source: Iterable[object]) -> Iterator[list[object]]:
    """Cut an iterable into what takes about half a millisecond to make."""
    iterator = iter(source)
    while True:
        until, items = perf_counter() + _SLICE, list[object]()
        for item in iterator:
            items.append(item)
            if len(items) % _LOOK_AT_THE_CLOCK == 0 and perf_counter() > until:
                break
        else:
            yield items
            return
        yield items


async def listed(source: Iterable[object]) -> list[object]:
    """List a source; a generator's work does not hold the loop for long."""
    if isinstance(source, _QUICK):
        # Others may change it meanwhile: it is listed as it is now.
        return list(cast("Iterable[object]", source))
    items: list[object] = []
    for part in slices(source):
        if items:
            await asyncio.sleep(0)
        items += part
    return items


async def deliver(
    call: BatchCall, name: str, *, return_exceptions: bool, progress: bool
) -> BatchResult[Any]:
    """Hand everything over, and wait until every message has its fate."""
    _check_loop(name)
    with _shown(name, call, progress) as shown:
        await hand_over(call, shown)
        return await outcome(call, shown, return_exceptions=return_exceptions)


async def hand_over(call: BatchCall, shown: Progress | None = None) -> None:
    """Hand everything over, as there is room for it."""
    try:
        while (is_full := call.hand_over_some()) is not None:
            await (call.room() if is_full else asyncio.sleep(0))
            if shown is not None:
                shown.update(*call.counts())
    except BaseException:
        call.abandon()
        raise


async def outcome(
    call: BatchCall, shown: Progress | None = None, *, return_exceptions: bool
) -> BatchResult[Any]:
    """Wait until every message that was handed over has its fate."""
    try:
        settled = call.settled()
        while shown is not None and not settled.done():
            await asyncio.wait({settled}, timeout=_BETWEEN_LOOKS)
            shown.update(*call.counts())
        await settled
        if shown is not None:
            shown.update(*call.counts())
        results: Results = BatchResult(call.outcome())
        while make_exceptions(results):  # noqa: ASYNC110 - it makes some each time
            await asyncio.sleep(0)
    except BaseException:
        call.abandon()
        raise
    return _judged(results, return_exceptions)


def deliver_blocking(
    call: BatchCall, name: str, *, return_exceptions: bool, progress: bool
) -> BatchResult[Any]:
    """Do the same without a loop."""
    with _shown(name, call, progress) as shown:
        try:
            while (is_full := call.hand_over_some()) is not None:
                if is_full:
                    call.wait_for_room()
                if shown is not None:
                    shown.update(*call.counts())
            while not call.wait_settled(None if shown is None else _BETWEEN_LOOKS):
                if shown is not None:
                    shown.update(*call.counts())
            if shown is not None:
                shown.update(*call.counts())
            results: Results = BatchResult(call.outcome())
            while make_exceptions(results):
                pass
        except BaseException:
            call.abandon()
            raise
    return _judged(results, return_exceptions)


def _check_loop(name: str) -> None:
    # Whoever steps a coroutine by hand is to hear of it before anything is sent.
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            f"{name}() needs a running event loop: await it in a coroutine, for example under "
            "asyncio.run(main()); without asyncio, use dekaf.SyncProducer"
        ) from None


def _shown(name: str, call: BatchCall, progress: bool) -> AbstractContextManager[Progress | None]:
    return Progress(name, len(call)) if progress else nullcontext()


def _judged(results: Results, return_exceptions: bool) -> Results:
    if failed_indices(results) and not return_exceptions:
        raise ProduceErrorGroup.of(results)
    return results
