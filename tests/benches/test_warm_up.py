"""A broker that is slow at first is warmed up by runs that do not count."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from benches.peers import compare
from benches.peers.job import PLAIN, Job
from benches.peers.run import PATIENCE

JOBS = [
    Job(client="noop", scenario="send"),  # which sends nothing
    Job(client="dekaf", scenario="send"),
    Job(client="confluent", scenario="send"),
    Job(client="confluent", scenario="batch"),
    Job(client="dekaf", scenario="batch"),
    Job(client="dekaf", scenario="import"),
]

Runs = list[tuple[str, str, str]]

# The first of each row that sends.
WARM_UP = [("dekaf", "send"), ("confluent", "batch")]


class Fake:
    bootstrap = stats = ""
    security = PLAIN
    pid = 0

    def __init__(self, name: str, *, is_cold: bool) -> None:
        self.name = name
        self.is_cold = is_cold

    def topic(self, partitions: int) -> str:
        return f"p{partitions}"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Have runs come to nothing, and list those that are made."""
    runs: Runs = []

    def run(job: Job, broker: Fake, *_: object) -> dict[str, Any]:
        runs.append((broker.name, job.client, job.scenario))
        told = {"broker": broker.name, "client": job.client, "scenario": job.scenario}
        return told | {"failed": "", "messages_per_s": 1, "import_ms": 1}

    monkeypatch.setattr(compare, "run", run)
    return runs


@pytest.fixture(autouse=True)
def processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the broker use half of a warm-up between one look and the next."""
    used = itertools.count(step=compare.WARM_UP / 2)
    monkeypatch.setattr(compare, "processor_seconds", lambda _process: next(used))


def test_a_cold_broker_is_warm_before_anything_counts(made: Runs, tmp_path: Path) -> None:
    brokers = [Fake("null", is_cold=False), Fake("kafka", is_cold=True)]
    output = tmp_path / "runs"
    compare.compare([*JOBS, *JOBS], brokers, 2, output, [])

    counted = [json.loads(line) for line in output.read_text().splitlines()]
    counted_runs = [(run["broker"], run["client"], run["scenario"]) for run in counted]
    warm_up, measured = made[: -len(counted_runs)], made[-len(counted_runs) :]
    assert measured == counted_runs
    assert measured[1:3] == [("null", "dekaf", "send"), ("kafka", "dekaf", "send")]
    assert warm_up == [("kafka", *row) for row in WARM_UP]


def test_rows_come_in_turn_until_the_broker_is_warm(
    made: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = itertools.count(step=compare.WARM_UP / 5)
    monkeypatch.setattr(compare, "processor_seconds", lambda _process: next(used))
    compare.warm_up(JOBS, Fake("kafka", is_cold=True))
    assert made == [("kafka", *row) for row in [*WARM_UP, *WARM_UP]]


def test_every_row_is_warmed_up_however_soon_the_broker_is_warm(
    made: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = itertools.count(step=compare.WARM_UP)
    monkeypatch.setattr(compare, "processor_seconds", lambda _process: next(used))
    compare.warm_up(JOBS, Fake("kafka", is_cold=True))
    assert made == [("kafka", *row) for row in WARM_UP]


def test_a_broker_that_does_nothing_is_given_up(
    made: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "processor_seconds", lambda _process: 0.0)
    clock = itertools.count(step=PATIENCE / 3)
    monkeypatch.setattr(compare, "monotonic", lambda: next(clock))
    compare.warm_up(JOBS, Fake("kafka", is_cold=True))
    assert made == [("kafka", *row) for row in [*WARM_UP, *WARM_UP]]


def test_what_does_not_send_warms_nothing_up(made: Runs) -> None:
    compare.warm_up([job for job in JOBS if job.scenario == "import"], Fake("k", is_cold=True))
    assert made == []
