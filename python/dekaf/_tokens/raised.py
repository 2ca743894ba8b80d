"""Says what a provider raised, without its text, which may hold the secret."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

from dekaf._tokens.refusal import TokenRefusal

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["as_refusal", "without_text"]

_NOT_THE_USERS: Final = tuple(
    os.path.dirname(each) + os.sep  # noqa: PTH120 - pathlib costs an import
    for each in (os.path.dirname(__file__), asyncio.__file__)  # noqa: PTH120 - likewise
)
"""The folders of dekaf and of asyncio, whose lines explain nothing."""


def as_refusal(error: BaseException) -> TokenRefusal:
    """Return a new error that may be shown."""
    if isinstance(error, TokenRefusal):
        return TokenRefusal(str(error), is_transient=error.is_transient)
    if isinstance(error, asyncio.CancelledError):
        return TokenRefusal("the provider was cancelled", is_transient=True)
    return TokenRefusal(
        f"the provider raised {type(error).__name__}{_place(error.__traceback__)}; its text is "
        "left out, as it may hold the secret: catch and log it in the provider",
        # Other subclasses of OSError are as often final: a file that is missing, a login that
        # failed.
        is_transient=isinstance(error, ConnectionError | TimeoutError),
    )


def without_text(error: BaseException) -> BaseException | None:
    """Return a new exception in place of one that ends the program, which prints its text."""
    if isinstance(error, KeyboardInterrupt):
        return KeyboardInterrupt()
    if isinstance(error, SystemExit):
        return SystemExit(error.code if isinstance(error.code, int | None) else 1)
    return None


def _place(trace: TracebackType | None) -> str:
    """Name the user's line. What is not written in Python has none."""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if not name.startswith(_NOT_THE_USERS):
            return f" at {name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return ""
