"""What TLS adds to a client's processor time, where both brokers were measured.

It is counted by the gigabyte that reaches the broker: what is encrypted is bytes, not messages.
"""

import statistics
from collections.abc import Sequence

from benches.peers.null_broker import EncryptedNullBroker, NullBroker
from benches.peers.results import Line
from benches.peers.table import number

HEAD = "| what | client | CPU s per GB | with TLS | added |\n|---|---|--:|--:|--:|"


def costs(lines: Sequence[Line]) -> str:
    """Write a table; nothing if no line was measured both ways."""
    plain = {(line.row, line.label): line for line in lines if line.broker == NullBroker.name}
    rows = []
    for line in lines:
        other = plain.get((line.row, line.label))
        if line.broker == EncryptedNullBroker.name and other:
            before, after = per_gigabyte(other), per_gigabyte(line)
            figures = map(number, (before, after, after - before))
            rows.append(f"| {' | '.join([line.row, line.label, *figures])} |")
    return "\n".join([HEAD, *rows]) if rows else ""


def per_gigabyte(line: Line) -> float:
    seconds: list[float] = [run["cpu_s"] / run["broker_bytes_in"] * 1e9 for run in line.runs]
    return statistics.median(seconds)
