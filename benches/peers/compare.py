"""Every job once, then every job again: what the machine does meanwhile befalls all alike."""

import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from benches.peers.clients import CLIENTS
from benches.peers.job import Job
from benches.peers.results import FIGURES
from benches.peers.run import PATIENCE, Broker, processor_seconds, run

# Processors in use by others above which a run is made again, this often at most.
QUIET = 0.2
ATTEMPTS = 3

# Processor seconds that a cold broker works before anything counts. Apache Kafka's methods are
# compiled after them: it needs a tenth of the time for a record that it needs at first.
WARM_UP = 30.0


def compare(
    jobs: Sequence[Job], brokers: Sequence[Broker], runs: int, output: Path, ours: Sequence[int]
) -> None:
    """Measure, and write each run as a line of JSON when it is over.

    `ours` are processes that run beside, and disturb nobody.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    for broker in brokers:
        if broker.is_cold:
            warm_up(jobs, broker)
    once = [(job, broker) for job in jobs for broker in where(job, brokers)]
    total = runs * len(once)
    with output.open("w") as lines:
        for number, (job, broker) in enumerate(once * runs, start=1):
            figures = quiet_run(job, broker, ours)
            lines.write(json.dumps(figures) + "\n")
            lines.flush()
            print(f"{number}/{total}\t{progress(figures)}", file=sys.stderr, flush=True)


def warm_up(jobs: Sequence[Job], broker: Broker) -> None:
    """Run the first job of each row, again and again for a while, and count nothing of it.

    Otherwise whichever client comes first would be measured on a broker that is slower than it is
    for the others.
    """
    rows: dict[str, Job] = {}
    for job in filter(is_sending, jobs):
        rows.setdefault(job.row, job)
    began, used = monotonic(), processor_seconds(broker.pid)
    for made, job in enumerate(itertools.cycle(rows.values())):
        is_warm = processor_seconds(broker.pid) - used >= WARM_UP
        if made >= len(rows) and (is_warm or monotonic() - began >= PATIENCE):
            break
        print(f"warm-up\t{progress(run(job, broker))}", file=sys.stderr, flush=True)


def where(job: Job, brokers: Sequence[Broker]) -> Sequence[Broker]:
    """Say which brokers make a difference: what hardly sends needs one."""
    encrypts = CLIENTS[job.client].encrypts
    found = brokers if is_sending(job) else brokers[:1]
    return [broker for broker in found if encrypts or not broker.security.ca]


def is_sending(job: Job) -> bool:
    return CLIENTS[job.client].produces and job.scenario != "import"


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
        return f"{said}FAILED: {figures['failed'].strip().splitlines()[-1]}"
    if figures["scenario"] in ("import", "connect"):
        figure = FIGURES[figures["scenario"]]
        return said + f"{figures[figure.name]} {figure.unit}"
    return said + f"{figures['messages_per_s']:,} messages/s"
