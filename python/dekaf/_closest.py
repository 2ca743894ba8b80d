"""What somebody may have meant who got a name wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["closest"]


def closest(name: str, known: Iterable[str], at_least: float = 0.6) -> str | None:
    """Return the known name that is most like this one; `None` if none is."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for who gets one wrong

    return next(iter(get_close_matches(name, list(known), 1, at_least)), None)
