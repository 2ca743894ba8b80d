"""Two wheels in turn: which pairs are made and count, and when a row is slower."""

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benches.peers import against
from benches.peers.job import Job
from benches.peers.null_broker import ROOT, NullBroker

PYTHONS = {"old": Path("old"), "new": Path("new")}
ROWS = [job.row for job in against.jobs()]

Runs = list[tuple[str, str]]
Play = Callable[..., Runs]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Have runs come to what a function says, and return the list of those that are made."""

    def replace(figures: Callable[[Job, str, int], dict[str, Any]]) -> Runs:
        made: Runs = []

        def run(job: Job, _broker: object, *, python: Path) -> dict[str, Any]:
            wheel = python.name
            made.append((job.row, wheel))
            plain = {"messages_per_s": 1000, "cpu_s_per_million": 1.0, "neighbours": 0.0}
            told = figures(job, wheel, made.count((job.row, wheel)))
            return plain | {"failed": ""} | told

        monkeypatch.setattr(against, "run", run)
        return made

    return replace


def guard(output: Path, pairs: int = 15) -> list[str]:
    return against.against(PYTHONS, NullBroker(), pairs, output)


def test_wheels_take_turns_at_going_first(play: Play, tmp_path: Path) -> None:
    made = play(lambda *_: {})
    assert guard(tmp_path / "runs", pairs=6) == []
    for row in ROWS:
        assert [wheel for at, wheel in made if at == row] == ["old", "new", "new", "old"] * 3
    # A pair's runs stand beside each other, and rows come in turn.
    assert [row for row, _ in made[::2]] == ROWS * 6
    written = [json.loads(line) for line in (tmp_path / "runs").read_text().splitlines()]
    assert [run["wheel"] for run in written] == [wheel for _, wheel in made]


def test_a_slower_row_is_named(
    play: Play, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def figures(job: Job, wheel: str, _number: int) -> dict[str, Any]:
        return {"messages_per_s": 960} if (job.scenario, wheel) == ("batch", "new") else {}

    play(figures)
    assert guard(tmp_path / "runs") == ["batch, 100 B, 10,000 at once"]
    table = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0].strip("| ") for line in table[2:]] == ROWS
    assert "| 1000 | 960 | 0.960 | 0.960 to 0.960 | 1.000 | 1.000 to 1.000 | 15 | 0 |" in table[4]


def test_a_row_is_slower_only_if_its_whole_interval_is(play: Play, tmp_path: Path) -> None:
    def figures(_job: Job, wheel: str, number: int) -> dict[str, Any]:
        # Four of fifteen are at the bound, so the interval reaches up to it.
        return {"messages_per_s": 970 if number <= 4 else 900} if wheel == "new" else {}

    play(figures)
    assert guard(tmp_path / "runs") == []


def test_disturbed_pairs_are_made_again_and_do_not_count(
    play: Play, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def figures(_job: Job, wheel: str, number: int) -> dict[str, Any]:
        is_disturbed = wheel == "new" and number <= 6
        return {"neighbours": 0.9, "messages_per_s": 100} if is_disturbed else {}

    made = play(figures)
    assert guard(tmp_path / "runs", pairs=7) == []
    assert made.count((ROWS[0], "new")) == 13
    assert all(line.endswith("| 7 | 0 |") for line in capsys.readouterr().out.splitlines()[2:])


def test_disturbed_pairs_count_when_time_is_up(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count(step=against.TIME / 100)
    monkeypatch.setattr("benches.peers.against.monotonic", lambda: next(clock))

    def figures(_job: Job, wheel: str, _number: int) -> dict[str, Any]:
        return {"neighbours": 0.9, "messages_per_s": 100 if wheel == "new" else 1000}

    made = play(figures)
    assert guard(tmp_path / "runs", pairs=7) == ROWS
    # Each look at the clock is a hundredth of the time, and each row takes one in a round.
    assert all(7 < made.count((row, "new")) <= 7 + 100 / len(ROWS) + 1 for row in ROWS)


def test_a_run_that_fails_ends_it(play: Play, tmp_path: Path) -> None:
    play(lambda job, *_: {"failed": "3 messages failed"} if job.scenario == "gather" else {})
    with pytest.raises(RuntimeError, match=r"gather, .* old wheel: 3 messages failed"):
        guard(tmp_path / "runs")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.whl"], "the following arguments are required: new"),
        (["a.whl", "b.whl"], "a.whl is no wheel: there is no such file"),
        (["a.whl", "b.whl", "--pairs", "5"], "'5' is no number of pairs: 6 at least"),
        (["a.whl", "b.whl", "--pairs", "many"], "'many' is no number of pairs: 6 at least"),
    ],
)
def test_wrong_arguments_are_named(arguments: list[str], said: str) -> None:
    command = [sys.executable, "-m", "benches.peers", "against", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode
    assert said in done.stderr
    assert "Traceback" not in done.stderr
