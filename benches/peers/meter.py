"""What a section of this process costs: time, processors, memory, and what the broker saw of it.

Linux tells the peak of a section; elsewhere there is no such figure.
"""

import contextlib
import gc
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from benches.peers.null_broker import Tally

STATUS = Path("/proc/self/status")
CLEAR_REFS = Path("/proc/self/clear_refs")


class Meter:
    """`with meter:` is the section."""

    def __init__(self, stats: str) -> None:
        self._stats = stats

    def __enter__(self) -> Self:
        gc.collect()
        self._tally = Tally.of(self._stats)
        with contextlib.suppress(OSError):
            CLEAR_REFS.write_text("5")  # the peak begins anew
        self._memory = _memory("VmRSS")
        self._cpu = _cpu()
        self.began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self.began
        self._cpu = _cpu() - self._cpu
        self._memory = _memory("VmHWM") - self._memory
        self._counted = self._tally.since()

    def elapsed(self) -> float:
        return time.perf_counter() - self.began

    def figures(self, messages: int, size: int) -> dict[str, Any]:
        return figures(messages, size, self.wall, self._cpu, self._memory) | self._counted


def figures(
    messages: int, size: int, wall: float, cpu: float, peak_mb: float | None = None
) -> dict[str, Any]:
    """Write what every client is judged by."""
    said: dict[str, Any] = {
        "messages": messages,
        "wall_s": round(wall, 4),
        "messages_per_s": round(messages / wall),
        "mb_per_s": round(messages * size / wall / 1e6, 2),
        "cpu_s": round(cpu, 4),
        "cpu_s_per_million": round(cpu / messages * 1e6, 3),
        "cpu_percent": round(cpu / wall * 100, 1),
    }
    if peak_mb is not None:
        said["peak_mb"] = round(peak_mb, 1)
    return said


def percentiles(times: Sequence[float], prefix: str = "") -> dict[str, float]:
    """Of seconds, in milliseconds, each a time that was really taken."""
    ordered = sorted(times)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 3)

    named = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999, "max": 1.0}
    return {f"{prefix}{name}_ms": at(share) for name, share in named.items()}


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _memory(field: str) -> float:
    """MiB that this process holds."""
    if not STATUS.exists():
        return 0.0
    lines = STATUS.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024
