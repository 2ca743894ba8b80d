"""Format the results as a table."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """The result of one run."""

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
    """Return the header line."""
    return _line([name.removesuffix("_code") for name in _COLUMNS])


def line(row: Row) -> str:
    """Format one row."""
    return _line([str(getattr(row, name)) for name in _COLUMNS])


def _line(cells: Sequence[str]) -> str:
    aligned = [
        cell.ljust(width) if name in _TEXTS else cell.rjust(width)
        for (name, width), cell in zip(_COLUMNS.items(), cells, strict=True)
    ]
    return "  ".join(aligned).rstrip()
