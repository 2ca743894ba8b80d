"""Everything in Python that the core calls, by the names that the core looks up.

`dekaf/__init__.py` registers this module once. The core has no other way into Python, so a name
that is missing here fails the import.
"""

from __future__ import annotations

import asyncio
import contextvars
import copy as _copy
import datetime as dt
import functools
import sys
import types
from typing import TYPE_CHECKING, Final

from dekaf import _errors as errors
from dekaf import _process
from dekaf._callbacks import (
    is_async,
    is_verbose,
    log_notice,
    log_unclaimed,
    report_exception,
    report_future_exception,
    run_coroutine,
    warn_of_blocked_loop,
)
from dekaf._core import drain
from dekaf._promise import Promise

if TYPE_CHECKING:
    from collections.abc import Callable

    from dekaf._core import RecordMetadata
    from dekaf._serializers import Serializer
    from dekaf._tokens.asking import Reply
    from dekaf._tokens.provider import Provider

__all__ = [
    "ask_for_token",
    "copy",
    "copy_context",
    "datetime_class",
    "drain_with_workers",
    "epoch",
    "errors",
    "function_type",
    "future_class",
    "invalid_state_error",
    "is_async",
    "is_verbose",
    "json_serializer",
    "log_notice",
    "log_unclaimed",
    "method_type",
    "millisecond",
    "partial",
    "promise_class",
    "record_metadata_html",
    "report_exception",
    "report_future_exception",
    "run_coroutine",
    "running_loop",
    "start_thread",
    "warn_of_blocked_loop",
    "write_stderr",
]

# The core is called once per message, and these are the fastest way.
running_loop: Final = asyncio._get_running_loop  # noqa: SLF001 - `get_running_loop` raises without one
future_class: Final = asyncio.Future
invalid_state_error: Final = asyncio.InvalidStateError
copy_context: Final = contextvars.copy_context
function_type: Final = types.FunctionType
method_type: Final = types.MethodType
datetime_class: Final = dt.datetime
epoch: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
millisecond: Final = dt.timedelta(milliseconds=1)
copy: Final = _copy.copy
partial: Final = functools.partial
promise_class: Final = Promise


def json_serializer() -> Serializer:
    """Return the function that makes JSON of a value without bytes."""
    from dekaf._json import raw_or_json  # noqa: PLC0415 - half of what an import would cost

    return raw_or_json


def record_metadata_html(metadata: RecordMetadata) -> str:
    """Show in a notebook where a message is stored."""
    from dekaf import _html  # noqa: PLC0415 - only notebooks ask

    return _html.record_metadata_html(metadata)


def ask_for_token(provider: Provider, reply: Reply) -> None:
    """Have a provider answer, without blocking this thread."""
    from dekaf._tokens import asking  # noqa: PLC0415 - only logins with tokens ask

    asking.ask(provider, reply)


def start_thread(serve: Callable[[], bool], name: str) -> None:
    """Start the dispatcher's thread.

    `serve` returns `True` in a child that a callback has forked. The child ends with this thread,
    without `atexit`, so what it has produced is delivered here.
    """

    def run() -> None:
        if serve():
            drain()

    _process.start_thread(run, name)


def drain_with_workers() -> None:
    """Deliver at the end of this process, too, if it ends without `atexit`."""
    _process.drain_with_workers(drain)


def write_stderr(line: str) -> None:
    """Write a line to `sys.stderr`, or to the original stream if that one fails."""
    try:
        sys.stderr.write(line)
    except Exception:
        if sys.__stderr__ is None:
            raise
        sys.__stderr__.write(line)
