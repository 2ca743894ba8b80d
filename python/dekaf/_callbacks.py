"""What the core leaves to Python when it calls a user's function: coroutines, and exceptions.

Nothing that such a function raises harms anybody else. It goes to the log of `dekaf`, and to the
exception handler of the loop where one runs.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextvars import Context
    from typing import Any

__all__ = [
    "finish",
    "is_async",
    "is_verbose",
    "log_notice",
    "log_unclaimed",
    "report_exception",
    "report_future_exception",
    "run_coroutine",
    "warn_of_blocked_loop",
]

_log: Final = logging.getLogger("dekaf")

_running: Final[dict[asyncio.Task[Any], int]] = {}
"""Tasks of coroutines, and whose callbacks made them. A loop holds its tasks only weakly."""

_finishing: Final[set[asyncio.Task[Any]]] = set()
"""Those who wait for such tasks. One that is such a task itself is not waited for."""


def is_async(function: Callable[..., object]) -> bool:
    """Say whether a call of it makes a coroutine."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - its kind is asked, not whether it is there
    )


def run_coroutine(
    function: Callable[..., object],
    result: object,
    context: Context | None,
    on_loop: bool,
    producer: int,
) -> None:
    """Let a coroutine run on the loop; any other result is of no interest."""
    if not inspect.iscoroutine(result):
        return
    if not on_loop:
        result.close()
        _log.error("%r made a coroutine, and no event loop runs that could run it", function)
        return
    task = asyncio.get_running_loop().create_task(_contained(function, result), context=context)
    _running[task] = producer
    task.add_done_callback(_running.pop)


async def _contained(
    function: Callable[..., object], coroutine: Coroutine[Any, Any, object]
) -> None:
    try:
        await coroutine
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the user's to hear of
        report_exception(function, error, on_loop=True)


async def finish(producer: int, timeout: float | None) -> None:  # noqa: ASYNC109 - what is late goes on
    """Wait for the coroutines that a producer's callbacks have made on this loop."""
    loop, current = asyncio.get_running_loop(), asyncio.current_task()
    tasks = {
        task
        for task, whose in list(_running.items())
        if whose == producer and task.get_loop() is loop and task not in _finishing
    } - {current}
    if not tasks or current is None:
        return
    _finishing.add(current)
    try:
        await asyncio.wait(tasks, timeout=timeout)
    finally:
        _finishing.discard(current)


def report_exception(function: Callable[..., object], error: BaseException, on_loop: bool) -> None:
    """Tell whoever listens that a user's function raised."""
    _log.error("%r raised while it was told of a message", function, exc_info=error)
    if on_loop:
        loop = asyncio.get_running_loop()
        message = f"{function!r} raised while it was told of a message"
        loop.call_exception_handler({"message": message, "exception": error})


def report_future_exception(
    function: Callable[..., object], future: asyncio.Future[object], error: BaseException
) -> None:
    """Tell the loop what a future's callback raised, as it does by itself where it calls one."""
    message = f"Exception in callback {function!r}"
    context = {"message": message, "exception": error, "future": future}
    future.get_loop().call_exception_handler(context)


def log_notice(severity: str, text: str) -> None:
    """Write what the core says of the cluster."""
    getattr(_log, severity)("%s", text)


def is_verbose() -> bool:
    """Say whether anybody reads what is for debugging."""
    return _log.isEnabledFor(logging.DEBUG)


def warn_of_blocked_loop() -> None:
    """Say that a `SyncProducer` holds up an event loop."""
    _log.warning(
        "a SyncProducer waits in the thread of a running event loop, which stands still meanwhile; "
        "use dekaf.Producer there, and await it"
    )


def log_unclaimed(failures: int, last: BaseException) -> None:
    """Say that messages failed whose fate nobody asked for."""
    what = "a message" if failures == 1 else f"{failures} messages"
    _log.error("%s failed that nobody waits for; the last: %s", what, last)
