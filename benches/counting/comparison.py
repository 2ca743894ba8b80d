"""Counts side by side: the table, and which rows have become more expensive than they may."""

from collections.abc import Iterator
from dataclasses import dataclass

TOLERANCE = 0.02
"""A row may cost this much more than before."""

NONE = "-"


@dataclass(frozen=True)
class Count:
    """The instructions of one operation: of a record, a batch, a message."""

    instructions: float
    unit: str


Counts = dict[str, Count]


def table(now: Counts) -> str:
    rows = [[name, count.unit, number(count.instructions)] for name, count in now.items()]
    return "\n".join(lines(["what", "of one", "instructions"], rows))


def compared(before: Counts, now: Counts) -> str:
    """Write both; a row that only one of them has is not compared."""
    rows = []
    for name in [*now, *(name for name in before if name not in now)]:
        old, new = before.get(name), now.get(name)
        cells = [number(count.instructions) if count else NONE for count in (old, new)]
        change = f"{new.instructions / old.instructions:.3f}" if old and new else NONE
        rows.append([name, (new or before[name]).unit, *cells, change])
    return "\n".join(lines(["what", "of one", "before", "now", "now / before"], rows))


def beyond(before: Counts, now: Counts) -> list[str]:
    """Name the rows that cost more than the tolerance allows."""
    return [
        name
        for name, count in now.items()
        if name in before and count.instructions > before[name].instructions * (1 + TOLERANCE)
    ]


def lines(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    """Make Markdown: two columns of text, then columns of numbers."""
    yield f"| {' | '.join(head)} |"
    yield f"|---|---|{'--:|' * (len(head) - 2)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def number(value: float) -> str:
    return f"{value:,.1f}"
