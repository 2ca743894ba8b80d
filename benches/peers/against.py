"""Two wheels of dekaf in turn: whether the new one is slower than the old one.

A pair is one run of each, one right after the other. A pair during which others used the machine
is made again while there is time.
"""

import json
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import IO, Any

from benches.peers.compare import QUIET
from benches.peers.job import Job
from benches.peers.plan import ENDLESS, PACE
from benches.peers.ratio import Ratio
from benches.peers.run import Broker, run
from benches.peers.table import number

CLIENT = "dekaf"
SCENARIOS = ("send", "send_cb", "batch", "gather")

# About a second for each run: many short pairs tell more than few long ones.
MESSAGES = PACE[CLIENT] // 2
SECONDS = 1.0

TIME = 540.0
"""Seconds, after which no pair is made again."""

LEAST = 0.97
"""A row is slower if even the upper bound of new / old is below this."""

HEAD = (
    "| what | old, msg/s | new, msg/s | new / old | 95 % interval | CPU, new / old "
    "| 95 % interval | pairs | noisy |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|"
)

Pair = dict[str, dict[str, Any]]
"""The figures of the wheels `old` and `new`."""


def against(pythons: Mapping[str, Path], broker: Broker, pairs: int, output: Path) -> list[str]:
    """Measure the wheels of two Pythons, `old` and `new`; print the table, and name slower rows.

    Each run is written as a line of JSON when it is over.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("w") as lines:
        rows = {
            row: counting(found, pairs)
            for row, found in measured(pythons, broker, pairs, lines).items()
        }
    print("\n".join([HEAD, *(written(row, found) for row, found in rows.items())]))
    return [row for row, found in rows.items() if is_slower(ratio_of(found, "messages_per_s"))]


def measured(
    pythons: Mapping[str, Path], broker: Broker, pairs: int, lines: IO[str]
) -> dict[str, list[Pair]]:
    """Make so many pairs for each row, and more while too few of them are quiet."""
    rows: dict[str, list[Pair]] = {job.row: [] for job in jobs()}
    began = monotonic()
    while wanted := [job for job in jobs() if len(rows[job.row]) < pairs] or [
        job
        for job in jobs()
        if monotonic() - began < TIME and sum(map(is_quiet, rows[job.row])) < pairs
    ]:
        for job in wanted:
            pair: Pair = {}
            for wheel in in_turn(len(rows[job.row])):
                pair[wheel] = run(job, broker, python=pythons[wheel]) | {"wheel": wheel}
                if failed := pair[wheel]["failed"]:
                    raise RuntimeError(f"{job.row}, {wheel} wheel: {failed.strip()}")
                lines.write(json.dumps(pair[wheel]) + "\n")
                lines.flush()
            rows[job.row].append(pair)
            said = f"{ratio(pair, 'messages_per_s'):.3f}" + ("" if is_quiet(pair) else ", noisy")
            print(f"{len(rows[job.row])}/{pairs}\t{job.row}\t{said}", file=sys.stderr, flush=True)
    return rows


def jobs() -> Iterator[Job]:
    for scenario in SCENARIOS:
        messages = ENDLESS if scenario in ("batch", "gather") else MESSAGES
        yield Job(client=CLIENT, scenario=scenario, messages=messages, seconds=SECONDS)


def in_turn(made: int) -> Sequence[str]:
    """Say which wheel goes first: each does as often as the other."""
    return ("old", "new") if made % 2 == 0 else ("new", "old")


def is_quiet(pair: Pair) -> bool:
    return all(figures["neighbours"] <= QUIET for figures in pair.values())


def counting(made: Sequence[Pair], wanted: int) -> Sequence[Pair]:
    """Leave out what was disturbed, unless too little is left."""
    quiet = [pair for pair in made if is_quiet(pair)]
    return quiet if len(quiet) >= wanted else made


def ratio(pair: Pair, figure: str) -> float:
    quotient: float = pair["new"][figure] / pair["old"][figure]
    return quotient


def ratio_of(pairs: Sequence[Pair], figure: str) -> Ratio:
    return Ratio.of([ratio(pair, figure) for pair in pairs])


def is_slower(rate: Ratio) -> bool:
    return rate.high < LEAST


def written(row: str, pairs: Sequence[Pair]) -> str:
    cells = [row]
    cells += [
        number(statistics.median(pair[wheel]["messages_per_s"] for pair in pairs))
        for wheel in ("old", "new")
    ]
    for figure in ("messages_per_s", "cpu_s_per_million"):
        found = ratio_of(pairs, figure)
        cells += [f"{found.median:.3f}", f"{found.low:.3f} to {found.high:.3f}"]
    cells += [str(len(pairs)), str(sum(not is_quiet(pair) for pair in pairs))]
    return f"| {' | '.join(cells)} |"
