"""Says what a function of the user's raised, without its text, which may hold a secret."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["without_its_text"]

_NOT_THE_USERS: Final = tuple(
    os.path.dirname(each) + os.sep  # noqa: PTH120 - pathlib costs an import
    for each in (__file__, asyncio.__file__)
)
"""The folders of dekaf and of asyncio, whose lines explain nothing."""


def without_its_text(who: str, error: BaseException) -> str:
    """Return a sentence about an error of the function or provider that is named."""
    return (
        f"the {who} raised {type(error).__name__}{_place(error.__traceback__)}; its text is left "
        f"out, as it may hold the secret: catch and log it in the {who}"
    )


def _place(trace: TracebackType | None) -> str:
    """Name the user's line. What is not written in Python has none."""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if not name.startswith(_NOT_THE_USERS):
            return f" at {name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return ""
