"""Runs one job in a process of its own, and finds out whether others used the machine meanwhile."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol

from benches.peers.clients import CLIENTS
from benches.peers.job import Job, Security
from benches.peers.null_broker import ROOT

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 300.0  # seconds, many times what any job takes


class Broker(Protocol):
    """What both kinds have."""

    name: str
    bootstrap: str
    stats: str
    security: Security
    pid: int
    is_cold: bool
    """Its first runs are slower than later ones, and do not count."""

    def topic(self, partitions: int) -> str: ...


def run(
    job: Job, broker: Broker, ours: Sequence[int] = (), python: str | Path = sys.executable
) -> dict[str, Any]:
    """Return the job's figures, and what went wrong: `failed`, which is empty if nothing did.

    `ours` are processes that are none of the neighbours. `python` has the client installed.
    """
    job = replace(
        job,
        bootstrap=broker.bootstrap,
        stats=broker.stats,
        security=broker.security,
        topic=broker.topic(job.partitions),
    )
    said: dict[str, Any] = {"broker": broker.name, "label": job.label, "row": job.row}
    neighbours = Neighbours([broker.pid, *ours])
    command = [python, "-m", "benches.peers.measure", json.dumps(asdict(job))]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return asdict(job) | said | {"failed": f"it was not over after {PATIENCE:g} s"}
    said |= neighbours.figures()
    if done.returncode:
        return asdict(job) | said | {"failed": done.stderr[-2000:]}
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures | said | {"failed": wrong(job, figures)}


def wrong(job: Job, figures: dict[str, Any]) -> str:
    """Say why a run does not count; nothing if it does."""
    found = []
    if figures["errors"]:
        found.append(f"{figures['errors']} messages failed")
    stored = figures.get("broker_records")
    if stored is not None and CLIENTS[job.client].produces and stored != figures["messages"]:
        found.append(f"the broker has {stored} records of {figures['messages']} messages")
    found += [
        f"the broker counted {count} {kind} errors"
        for kind in ("sequence", "crc")
        if (count := figures.get(f"broker_{kind}_errors"))
    ]
    return ", ".join(found)


class Neighbours:
    """What processes other than our children and `ours` use, from when this is made."""

    def __init__(self, ours: Sequence[int]) -> None:
        self._ours = ours
        self._began = time.monotonic()
        self._used = self._use()

    def figures(self) -> dict[str, float]:
        """Return how many processors that was on average."""
        used = max(0.0, self._use() - self._used)
        return {"neighbours": round(used / (time.monotonic() - self._began), 3)}

    def _use(self) -> float:
        machine = Path("/proc/stat").read_text().split(maxsplit=9)
        # user, nice, system, irq and softirq: not what was idle, waited, or was taken from us
        ticks = sum(int(machine[field]) for field in (1, 2, 3, 6, 7))
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        ours = children.ru_utime + children.ru_stime + sum(map(processor_seconds, self._ours))
        return ticks / TICKS - ours


def processor_seconds(process: int) -> float:
    """Return what a process has used since it was started, by all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS  # utime and stime
