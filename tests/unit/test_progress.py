"""Progress: on a terminal, in a notebook and in a file, and never in the way."""

import errno
import io
import os
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from dekaf._progress import Progress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Broken(Terminal):
    def write(self, _: str) -> int:
        raise OSError(errno.EPIPE, "nobody reads")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    # No fixture: pytest has a stderr of its own for the test itself.
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "100")
    return terminal


def test_one_line_on_a_terminal(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with Progress("produce_all", 2_000, clock=clock) as progress:
        clock.now += 0.5
        progress.update(1_000, 1)
        first = terminal.getvalue()
        clock.now += 0.5
        progress.update(2_000, 1)
    assert first == "\rproduce_all: 1,000/2,000, 50 %, 2,000 messages/s, 1 failed"
    assert terminal.getvalue().removeprefix(first) == (
        "\rproduce_all: 2,000/2,000, 100 %, 2,000 messages/s, 1 failed"
        "\rproduce_all: 2,000/2,000, 100 %, 2,000 messages/s, 1 failed, 1.0 s\n"
    )


def test_ten_times_a_second_at_most(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with Progress("stream", None, clock=clock) as progress:
        for done in range(1, 2_001):
            clock.now += 0.001
            progress.update(done)
        assert 15 <= terminal.getvalue().count("\r") <= 20
        assert "%" not in terminal.getvalue()
    assert terminal.getvalue().endswith("\rstream: 2,000, 1,000 messages/s, 2.0 s\n")


def test_what_is_over_soon_does_not_flicker(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with Progress("stream", 3, clock=clock) as progress:
        progress.update(1)
        clock.now += 0.0625
        progress.update(3)
    assert terminal.getvalue() == "\rstream: 3/3, 100 %, 48 messages/s, 0.1 s\n"


def test_a_shorter_line_covers_a_longer_one(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with Progress("stream", None, clock=clock) as progress:
        clock.now += 1
        progress.update(1_000_000)
        longer = terminal.getvalue()
        clock.now += 999
        progress.update(1_000_000)
        shorter = terminal.getvalue().removeprefix(longer)
        assert len(shorter) == len(longer)
        assert shorter.rstrip() == "\rstream: 1,000,000, 1,000 messages/s"


def test_a_narrow_terminal(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", "20")
    with Progress("produce_all", 10, clock=clock):
        clock.now += 1
    assert terminal.getvalue() == "\rproduce_all: 0/10, \n"


def test_only_the_end_in_a_file(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    with Progress("produce_all", 10, clock=clock) as progress:
        clock.now += 2
        progress.update(10, 3)
        assert file.getvalue() == ""
    assert file.getvalue() == "produce_all: 10/10, 100 %, 5 messages/s, 3 failed, 2.0 s\n"


def test_the_end_is_drawn_when_the_block_raises(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = on_terminal(monkeypatch)
    with pytest.raises(KeyError), Progress("stream", 10, clock=clock) as progress:  # noqa: PT012 - it is in a block that it raises
        progress.update(4)
        raise KeyError
    assert terminal.getvalue() == "\rstream: 4/10, 40 %, 0.0 s\n"


@pytest.mark.parametrize(("total", "line"), [(0, "stream: 0/0, 0.0 s"), (None, "stream: 0, 0.0 s")])
def test_nothing_to_do(
    clock: Clock, total: int | None, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = on_terminal(monkeypatch)
    with Progress("stream", total, clock=clock):
        pass
    assert terminal.getvalue() == f"\r{line}\n"


def test_more_than_was_said(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with Progress("stream", 2, clock=clock) as progress:
        progress.update(3)
    assert terminal.getvalue() == "\rstream: 3/2, 100 %, 0.0 s\n"


def closed() -> Terminal:
    terminal = Terminal()
    terminal.close()
    return terminal


def ascii_only() -> Any:
    return io.TextIOWrapper(io.BytesIO(), encoding="ascii")


@pytest.mark.parametrize("stderr", [None, closed(), Broken(), ascii_only(), object()])
def test_a_broken_stderr_is_of_no_importance(
    stderr: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", stderr)
    with Progress("zażółć", 10, clock=clock) as progress:
        clock.now += 1
        progress.update(5)
    assert capsys.readouterr().out == ""


def test_it_may_break_on_the_way(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with Progress("stream", 10, clock=clock) as progress:
        clock.now += 1
        progress.update(5)
        terminal.close()
        clock.now += 1
        progress.update(6)
        monkeypatch.setattr(sys, "stderr", None)


class Notebook(SimpleNamespace):
    """What IPython is in a notebook, as far as it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
        super().__init__(shown=[], updates=[])
        ipython, display = ModuleType("IPython"), ModuleType("IPython.display")
        ipython.get_ipython = lambda: shell  # type: ignore[attr-defined]
        display.HTML = lambda html: ("HTML", html)  # type: ignore[attr-defined]
        display.display = self.display  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "IPython", ipython)
        monkeypatch.setitem(sys.modules, "IPython.display", display)

    def display(self, what: tuple[str, str], *, display_id: bool) -> object:
        assert display_id
        self.shown.append(what)
        return SimpleNamespace(update=self.updates.append)


KERNEL = SimpleNamespace(kernel=object())


def test_a_bar_in_a_notebook(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    notebook = Notebook(monkeypatch, KERNEL)
    with Progress("<all>", 10, clock=clock) as progress:
        clock.now += 0.5
        progress.update(5, 1)
        clock.now += 0.5
        progress.update(10, 1)
    (kind, first), *more = notebook.shown
    assert more == []
    assert kind == "HTML"
    assert '<progress value="5" max="10"></progress>' in first
    assert "&lt;all&gt;: 5/10, 50 %, 10 messages/s, 1 failed" in first
    assert len(notebook.updates) == 2
    assert '<progress value="10" max="10">' in notebook.updates[-1][1]
    assert ", 1.0 s<" in notebook.updates[-1][1]
    assert terminal.getvalue() == ""


def test_a_stream_in_a_notebook_comes_to_an_end(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = Notebook(monkeypatch, KERNEL)
    with Progress("stream", None, clock=clock) as progress:
        clock.now += 1
        progress.update(5)
    assert "<progress></progress> stream: 5, " in notebook.shown[0][1]
    assert '<progress value="5" max="5"></progress> stream: 5, ' in notebook.updates[-1][1]


@pytest.mark.parametrize("shell", [None, SimpleNamespace(), SimpleNamespace(kernel=None)])
def test_ipython_in_a_terminal_is_a_terminal(
    shell: object, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = on_terminal(monkeypatch)
    notebook = Notebook(monkeypatch, shell)
    with Progress("stream", 1, clock=clock):
        pass
    assert notebook.shown == []
    assert terminal.getvalue() == "\rstream: 0/1, 0 %, 0.0 s\n"


def test_a_broken_notebook_is_of_no_importance(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = Notebook(monkeypatch, KERNEL)
    notebook.updates = None
    monkeypatch.setattr(sys.modules["IPython.display"], "display", None)
    with Progress("stream", 1, clock=clock) as progress:
        clock.now += 1
        progress.update(1)


def test_a_kernel_without_a_display_gets_lines(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = on_terminal(monkeypatch)
    Notebook(monkeypatch, KERNEL)
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    with Progress("stream", 1, clock=clock):
        pass
    assert terminal.getvalue() == "\rstream: 0/1, 0 %, 0.0 s\n"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no terminals of its own")
def test_on_a_real_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    there, here = os.openpty()
    try:
        with open(here, "w", encoding="utf-8", closefd=False) as stderr:
            monkeypatch.setattr(sys, "stderr", stderr)
            with Progress("stream", 1) as progress:
                progress.update(1)
            monkeypatch.undo()
        assert os.read(there, 1_000).startswith(b"\rstream: 1/1, 100 %, ")
    finally:
        os.close(here)
        os.close(there)
