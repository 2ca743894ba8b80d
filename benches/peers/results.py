"""Runs, put together: what each client came to in each row, and how the best peer fared."""

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benches.peers.clients import CLIENTS

Run = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """What a scenario is judged by."""

    name: str
    unit: str
    more_is_better: bool


RATE = Figure("messages_per_s", "msg/s", more_is_better=True)
FIGURES = {
    "await_one": Figure("p50_ms", "ms, p50", more_is_better=False),
    "open_loop": Figure("due_p99_ms", "ms, p99", more_is_better=False),
    "import": Figure("import_ms", "ms", more_is_better=False),
    "connect": Figure("cpu_ms", "ms of CPU", more_is_better=False),
}


@dataclass(frozen=True)
class Spread:
    """What several runs came to."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, runs: Iterable[Run], name: str) -> "Spread | None":
        values = [run[name] for run in runs if name in run]
        if not values:
            return None
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Line:
    """One client in one row."""

    broker: str
    row: str
    scenario: str
    client: str
    label: str
    runs: list[Run]
    to_best_peer: float | None
    """Above one it is better than all peers of its league."""

    @property
    def figure(self) -> Figure:
        return FIGURES.get(self.scenario, RATE)

    def spread(self, name: str) -> Spread | None:
        return Spread.of(self.runs, name)


def lines(runs: Iterable[Run]) -> list[Line]:
    """Put together what succeeded: rows in the order of their runs, in each the best first."""
    rows: dict[tuple[str, str, str], dict[str, list[Run]]] = {}
    for run in runs:
        if not run["failed"]:
            league = CLIENTS[run["client"]].league
            row = rows.setdefault((run["broker"], run["row"], league), defaultdict(list))
            row[run["label"]].append(run)
    return [
        line for (broker, row, _), clients in rows.items() for line in ranked(broker, row, clients)
    ]


def ranked(broker: str, row: str, clients: dict[str, list[Run]]) -> list[Line]:
    scenario = next(iter(clients.values()))[0]["scenario"]
    figure = FIGURES.get(scenario, RATE)
    # A run that others disturbed counts only where there is no other.
    clients = {
        label: [run for run in runs if not run["is_noisy"]] or runs
        for label, runs in clients.items()
    }
    middles = {
        label: statistics.median(run[figure.name] for run in runs)
        for label, runs in clients.items()
    }
    best = max if figure.more_is_better else min
    kinds = {label: CLIENTS[runs[0]["client"]] for label, runs in clients.items()}
    peers = [
        middles[label] for label, kind in kinds.items() if not (kind.is_ours or kind.is_yardstick)
    ]

    def to_best_peer(label: str) -> float | None:
        if not peers or not kinds[label].produces:
            return None
        ratio: float = middles[label] / best(peers)
        return ratio if figure.more_is_better else 1 / ratio

    order = sorted(middles, key=lambda label: middles[label], reverse=figure.more_is_better)
    return [
        Line(
            broker=broker,
            row=row,
            scenario=scenario,
            client=clients[label][0]["client"],
            label=label,
            runs=clients[label],
            to_best_peer=to_best_peer(label),
        )
        for label in order
    ]
