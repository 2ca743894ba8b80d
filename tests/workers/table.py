"""The table that a person reads."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One run of one model."""

    model: str
    options: str
    stop: str
    requests: int | str = "-"
    accepted: int | str = "-"
    stored: int | str = "-"
    reported: int | str = "-"
    seconds: str = "-"
    exit_code: int | str = "-"
    verdict: str = "ok"

    @property
    def has_failed(self) -> bool:
        return self.verdict.startswith("FAILED")


_COLUMNS = {
    "model": 16,
    "options": 40,
    "stop": 6,
    "requests": 8,
    "accepted": 8,
    "stored": 6,
    "reported": 8,
    "seconds": 7,
    "exit_code": 4,
    "verdict": 0,
}
_TEXTS = ("model", "options", "stop", "verdict")


def header() -> str:
    """Return the line with the names of the columns."""
    return _line([name.removesuffix("_code") for name in _COLUMNS])


def line(row: Row) -> str:
    """Return a row's line."""
    return _line([str(getattr(row, name)) for name in _COLUMNS])


def _line(cells: Sequence[str]) -> str:
    aligned = [
        cell.ljust(width) if name in _TEXTS else cell.rjust(width)
        for (name, width), cell in zip(_COLUMNS.items(), cells, strict=True)
    ]
    return "  ".join(aligned).rstrip()
