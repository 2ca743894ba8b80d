"""Keeps processors from sleeping: one loop on each, which gives way to everything else.

On a virtual machine the latency of a single message is mostly what it takes to wake a processor.
"""

import os
import subprocess
import sys
from typing import Self

LOOP = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""


class Awake:
    def __enter__(self) -> Self:
        self._loops = [
            subprocess.Popen([sys.executable, "-c", LOOP, str(processor)])
            for processor in sorted(os.sched_getaffinity(0))
        ]
        self.pids = [loop.pid for loop in self._loops]
        return self

    def __exit__(self, *_: object) -> None:
        for loop in self._loops:
            loop.kill()
            loop.wait()
