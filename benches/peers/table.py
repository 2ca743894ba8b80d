"""The one table of a comparison, in Markdown."""

from collections.abc import Sequence

from benches.peers.clients import CLIENTS
from benches.peers.results import Line, Spread

HEAD = (
    "| broker | what | client | median (min–max) | of the best peer | CPU s per million "
    "| peak MiB | p50 ms | p99 ms | runs |\n|---|---|---|--:|--:|--:|--:|--:|--:|--:|"
)

# Of an open loop, what counts is when a message was due.
LATENCIES = {"await_one": "", "open_loop": "due_"}

NONE = "–"


def table(lines: Sequence[Line]) -> str:
    return "\n".join([HEAD, *map(written, lines)])


def written(line: Line) -> str:
    figure = line.figure
    prefix = LATENCIES.get(line.scenario)
    latencies = [
        NONE if prefix is None else spread(line.spread(f"{prefix}{name}_ms"))
        for name in ("p50", "p99")
    ]
    noisy = sum(run["is_noisy"] for run in line.runs)
    cells = [
        line.broker,
        line.row,
        f"**{line.label}**" if CLIENTS[line.client].is_ours else line.label,
        f"{spread(line.spread(figure.name))} {figure.unit}",
        NONE if line.to_best_peer is None else f"{line.to_best_peer:.2f}×",
        spread(line.spread("cpu_s_per_million")),
        spread(line.spread("peak_mb")),
        *latencies,
        f"{len(line.runs)}" + (f", {noisy} noisy" if noisy else ""),
    ]
    return f"| {' | '.join(cells)} |"


def spread(values: Spread | None) -> str:
    if values is None:
        return NONE
    if values.least == values.most:
        return number(values.middle)
    return f"{number(values.middle)} ({number(values.least)}–{number(values.most)})"


def number(value: float) -> str:
    """Write three digits that mean something."""
    if abs(value) >= 10_000:  # noqa: PLR2004 - these are the steps of the scale
        return f"{value / 1000:,.0f}k"
    if abs(value) >= 100:  # noqa: PLR2004
        return f"{value:.0f}"
    if abs(value) >= 10:  # noqa: PLR2004
        return f"{value:.1f}"
    return f"{value:.2f}"
