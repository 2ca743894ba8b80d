"""Functions in a pickle: most picklers write down where one is found, and some what it does."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["is_found_by_name", "is_importable", "is_pickled_by_value"]

_BY_VALUE: Final = ("cloudpickle", "dill")
"""Spark and Dask use the first."""


def is_found_by_name(function: Callable[..., object]) -> bool:
    """Say whether it has a name that a module could be asked for: a lambda has none."""
    return "<" not in getattr(function, "__qualname__", "")


def is_importable(function: Callable[..., object]) -> bool:
    """Say whether a pickle holds the name of a function alone: objects may hold a secret."""
    bound_to = getattr(function, "__self__", None)
    is_bound = bound_to is not None and not isinstance(bound_to, ModuleType | type)
    return hasattr(function, "__qualname__") and is_found_by_name(function) and not is_bound


def is_pickled_by_value() -> bool:
    """Say whether whoever pickles just now needs no names."""
    # There is no other way to know who asks.
    frame = sys._getframe()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    while frame := frame.f_back:  # type: ignore[assignment]
        if frame.f_globals.get("__name__", "").partition(".")[0] in _BY_VALUE:
            return True
    return False
