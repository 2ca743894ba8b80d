"""The same as the table, drawn: one chart for each row, with a bar for each client."""

from collections.abc import Sequence
from itertools import groupby
from math import ceil
from pathlib import Path

from benches.peers.clients import CLIENTS
from benches.peers.results import Line

COLUMNS = 3
OURS, PEER, YARDSTICK = "#0b6e4f", "#9aa5b1", "#dfe3e8"


def plot(lines: Sequence[Line], path: Path) -> None:
    """Needs matplotlib; raises ImportError where it is missing."""
    from matplotlib.figure import Figure

    # What only Rust can do would leave no room for what is compared.
    shown = [line for line in lines if not line.client.startswith(("drive", "noop"))]
    charts = [list(chart) for _, chart in groupby(shown, key=lambda line: (line.broker, line.row))]
    rows = ceil(len(charts) / COLUMNS)
    figure = Figure(figsize=(6 * COLUMNS, 3.6 * rows), layout="constrained")
    places = figure.subplots(rows, COLUMNS, squeeze=False).flat
    for place, chart in zip(places, charts, strict=False):
        spreads = [spread for line in chart if (spread := line.spread(line.figure.name))]
        middles = [spread.middle for spread in spreads]
        reach = [
            [spread.middle - spread.least for spread in spreads],
            [spread.most - spread.middle for spread in spreads],
        ]
        colors = [color(line) for line in chart]
        place.barh([line.label for line in chart], middles, xerr=reach, color=colors, capsize=2)
        place.invert_yaxis()
        place.set_title(f"{chart[0].row} ({chart[0].broker} broker)", fontsize=10)
        better = "more" if chart[0].figure.more_is_better else "less"
        place.set_xlabel(f"{chart[0].figure.unit}; {better} is better", fontsize=8)
        place.tick_params(labelsize=8)
    for place in list(places)[len(charts) :]:
        place.set_axis_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def color(line: Line) -> str:
    kind = CLIENTS[line.client]
    if kind.is_ours:
        return OURS
    return YARDSTICK if kind.is_yardstick else PEER
