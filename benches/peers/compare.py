"""Every job once, then every job again: what the machine does meanwhile befalls all alike."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benches.peers.clients import CLIENTS
from benches.peers.job import Job
from benches.peers.run import Broker, run

# Processors in use by others above which a run is made again, this often at most.
QUIET = 0.2
ATTEMPTS = 3


def compare(
    jobs: Sequence[Job], brokers: Sequence[Broker], runs: int, output: Path, ours: Sequence[int]
) -> None:
    """Measure, and write each run as a line of JSON when it is over.

    `ours` are processes that run beside, and disturb nobody.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    once = [(job, broker) for job in jobs for broker in where(job, brokers)]
    total = runs * len(once)
    with output.open("w") as lines:
        for number, (job, broker) in enumerate(once * runs, start=1):
            figures = quiet_run(job, broker, ours)
            lines.write(json.dumps(figures) + "\n")
            lines.flush()
            print(f"{number}/{total}\t{progress(figures)}", file=sys.stderr, flush=True)


def where(job: Job, brokers: Sequence[Broker]) -> Sequence[Broker]:
    """Say which brokers make a difference: what hardly sends needs one."""
    is_sending = CLIENTS[job.client].produces and job.scenario != "import"
    return brokers if is_sending else brokers[:1]


def quiet_run(job: Job, broker: Broker, ours: Sequence[int]) -> dict[str, Any]:
    """Run a job until nobody disturbs it, or mark it as disturbed."""
    for _ in range(ATTEMPTS):
        figures = run(job, broker, ours)
        is_noisy = figures.get("neighbours", 0.0) > QUIET
        if figures["failed"] or not is_noisy:
            break
    return figures | {"is_noisy": is_noisy}


def progress(figures: dict[str, Any]) -> str:
    said = f"{figures['broker']}\t{figures['scenario']}\t{figures['client']}\t"
    if figures["failed"]:
        return said + "FAILED: " + figures["failed"].strip().rpartition("\n")[2]
    if figures["scenario"] == "import":
        return said + f"{figures['import_ms']} ms"
    return said + f"{figures['messages_per_s']:,} messages/s"
