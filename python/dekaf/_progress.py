"""How far a long call is, on the terminal or in a notebook. It is decoration: it never raises.

It knows no producers, and has no thread: it is drawn by who counts.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

__all__ = ["Progress"]

_PAUSE: Final = 0.1
"""So many seconds at least are between two pictures; what is over sooner gets but the last one."""


class Progress:
    """One call's progress.

        with Progress("produce_all", total=1_000) as progress:
            progress.update(done=10, failed=1)

    `done` counts what has ended so far, failures included; a stream has no `total`. Where there is
    neither a terminal nor a notebook, one line at the end is all.
    """

    def __init__(
        self, label: str, total: int | None, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._label = label
        self._total = total
        self._clock = clock
        self._done = 0
        self._failed = 0
        self._started = self._next = clock()
        self._canvas: _Canvas = _Plain()

    def update(self, done: int, failed: int = 0) -> None:
        """Take what has ended so far, and draw it now and then."""
        self._done = done
        self._failed = failed
        now = self._clock()
        if now >= self._next:
            self._next = now + _PAUSE
            self._draw(now, is_last=False)

    def __enter__(self) -> Self:
        self._started = self._clock()
        self._next = self._started + _PAUSE
        self._canvas = _canvas()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._draw(self._clock(), is_last=True)

    def _draw(self, now: float, is_last: bool) -> None:
        # A broken pipe, a closed file, a kernel that has gone: whatever it is, messages go on.
        with suppress(Exception):
            self._canvas.draw(self._line(now, is_last), self._done, self._total, is_last)

    def _line(self, now: float, is_last: bool) -> str:
        done, total, elapsed = self._done, self._total, now - self._started
        parts = [f"{self._label}: {done:,}"]
        if total is not None:
            parts[0] += f"/{total:,}"
        if total:
            parts.append(f"{min(100 * done // total, 100)} %")
        if elapsed > 0:
            parts.append(f"{done / elapsed:,.0f} messages/s")
        if self._failed:
            parts.append(f"{self._failed:,} failed")
        if is_last:
            parts.append(f"{elapsed:.1f} s")
        return ", ".join(parts)


class _Canvas(Protocol):
    """Where it is drawn."""

    def draw(self, line: str, done: int, total: int | None, is_last: bool) -> None: ...


def _canvas() -> _Canvas:
    with suppress(Exception):
        if _is_in_notebook():
            return _Notebook()
    with suppress(Exception):
        if sys.stderr.isatty():
            return _Terminal()
    return _Plain()


def _is_in_notebook() -> bool:
    # Who is in a notebook has imported it.
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get_ipython is not None and getattr(get_ipython(), "kernel", None) is not None


class _Plain:
    """A file, a pipe, a service's log: one line, when all is over."""

    def draw(self, line: str, done: int, total: int | None, is_last: bool) -> None:  # noqa: ARG002 - as others do
        if is_last:
            _write(f"{line}\n")


class _Terminal:
    """One line that is written over again and again."""

    def __init__(self) -> None:
        self._drawn = 0

    def draw(self, line: str, done: int, total: int | None, is_last: bool) -> None:  # noqa: ARG002 - as others do
        from shutil import get_terminal_size  # noqa: PLC0415 - only for a terminal

        # A line that is broken in two could not be written over.
        line = line[: get_terminal_size().columns - 1]
        rest = " " * (self._drawn - len(line))
        self._drawn = len(line)
        end = "\n" if is_last else ""
        _write(f"\r{line}{rest}{end}")


class _Notebook:
    """A bar that is replaced where it stands."""

    def __init__(self) -> None:
        self._display: Any = import_module("IPython.display")
        self._handle: Any = None

    def draw(self, line: str, done: int, total: int | None, is_last: bool) -> None:
        from dekaf._html import progress_html  # noqa: PLC0415 - only notebooks ask

        if total is None and is_last:
            total = done  # or the bar would move for ever
        html = self._display.HTML(progress_html(line, done, total))
        if self._handle is None:
            self._handle = self._display.display(html, display_id=True)
        else:
            self._handle.update(html)


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
