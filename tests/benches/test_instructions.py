"""Instruction counts: how they are read, compared and judged."""

import subprocess
import sys
from pathlib import Path

import pytest

from benches.counting import callgrind, revision
from benches.counting.comparison import Count, beyond, compared, table
from benches.counting.sending import WAYS
from benches.peers.null_broker import ROOT
from dekaf.testing import Broker

PROFILE = """\
# callgrind format
version: 1
events: Ir

fn=(1) main
1 5
summary: 999

totals: 1234567
"""


def test_a_total_is_read() -> None:
    assert callgrind.total(PROFILE) == 1_234_567


def test_a_profile_without_a_total_is_refused() -> None:
    with pytest.raises(ValueError, match="callgrind wrote no total"):
        callgrind.total(PROFILE.replace("totals", "sums"))


def test_a_machine_without_valgrind_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match="valgrind is missing: install it"):
        callgrind.count(["true"])


BEFORE = {
    "send": Count(1000, "message"),
    "seal": Count(50_000, "batch"),
    "gone": Count(7, "record"),
}


def test_counts_are_a_table() -> None:
    assert table({"seal": Count(50_000.04, "batch")}).splitlines() == [
        "| what | of one | instructions |",
        "|---|---|--:|",
        "| seal | batch | 50,000.0 |",
    ]


def test_counts_are_compared_where_both_have_them() -> None:
    now = {"send": Count(1010, "message"), "new": Count(3, "record")}
    assert compared(BEFORE, now).splitlines()[2:] == [
        "| send | message | 1,000.0 | 1,010.0 | 1.010 |",
        "| new | record | - | 3.0 | - |",
        "| seal | batch | 50,000.0 | - | - |",
        "| gone | record | 7.0 | - | - |",
    ]


@pytest.mark.parametrize(("instructions", "names"), [(1020, []), (1021, ["send"]), (500, [])])
def test_two_percent_more_are_allowed(instructions: float, names: list[str]) -> None:
    now = {"send": Count(instructions, "message"), "new": Count(3, "record")}
    assert beyond(BEFORE, now) == names


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "the following arguments are required: wheel"),
        (["a.whl", "--against", "no-such-revision"], "'no-such-revision' is neither a wheel nor"),
        (["a.whl", "--against", "no/such.whl"], "no/such.whl is no wheel: there is no such file"),
    ],
)
def test_what_cannot_be_compared_is_named(options: list[str], said: str) -> None:
    command = [sys.executable, "-m", "benches.counting", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_bench_of_today_replaces_that_of_a_revision(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(revision, "AGAINST", tmp_path)
    commit = revision.resolve("HEAD")
    manifest = revision.checkout(commit, "today") / "Cargo.toml"
    manifest.write_text('[package]\nname = "dekaf"\n')
    bench = manifest.parent / "benches/instructions.rs"
    bench.write_text("// Another one, of the past.")

    for _ in range(2):  # the second time all is there
        assert revision.with_bench_of_today(commit) == manifest.parent
        assert bench.read_bytes() == (ROOT / "benches/instructions.rs").read_bytes()
        assert manifest.read_text().count('name = "instructions"') == 1


@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_send_works(way: str) -> None:
    with Broker() as broker:
        broker.create_topic("t")
        command = [sys.executable, "-m", "benches.counting.sending", way]
        done = subprocess.run(
            [*command, broker.bootstrap_servers, "t", "10"],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
    assert (done.returncode, done.stderr) == (0, "")
