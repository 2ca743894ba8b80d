"""Which producer is meant where none is named: the innermost that was entered, or the only one.

Nothing here keeps a producer alive or takes a lock: finalizers, signals and forks may come at any
time. A block may be left in another context than it was entered in, so a closed producer counts
as left.
"""

from __future__ import annotations

import weakref
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dekaf._core import AsyncProducerCore, SyncProducerCore

    AnyProducer: TypeAlias = AsyncProducerCore[Any, Any] | SyncProducerCore[Any, Any]

__all__ = ["current", "entered", "left", "made"]

_Reference: TypeAlias = "weakref.ref[AnyProducer]"

_entered: Final[ContextVar[tuple[_Reference, ...]]] = ContextVar("dekaf_entered", default=())
"""Those whose blocks this context is in, the innermost last."""

_made: Final[dict[int, _Reference]] = {}
"""Those of the whole process, by id: a subclass may be one that cannot be hashed."""


def made(producer: AnyProducer) -> None:
    """Take note of a producer that was made."""
    number = id(producer)
    _made[number] = weakref.ref(producer, lambda _: _made.pop(number, None))


def entered(producer: AnyProducer) -> None:
    """Make a producer the innermost one of this context."""
    _entered.set((*_still_open(_entered.get()), weakref.ref(producer)))


def left(producer: AnyProducer) -> None:
    """Forget a producer in this context, if it is known here."""
    others = _still_open(_entered.get())
    _entered.set(tuple(other for other in others if other() is not producer))


def current() -> AnyProducer:
    """Return the producer that is meant, or raise and say how to name one."""
    for reference in reversed(_still_open(_entered.get())):
        if (producer := reference()) is not None:
            return producer
    # The copy is made at one stroke: others make producers meanwhile.
    producers = [reference() for reference in _still_open(_made.copy().values())]
    match [producer for producer in producers if producer is not None]:
        case [producer]:
            return producer
        case several:
            raise RuntimeError(
                "the publisher knows no producer: pass producer=, call it within "
                f"async with Producer(…), or keep exactly one open (there are {len(several)})"
            )


def _still_open(references: Iterable[_Reference]) -> tuple[_Reference, ...]:
    return tuple(
        reference
        for reference in references
        if (producer := reference()) is not None and not producer.closed
    )
