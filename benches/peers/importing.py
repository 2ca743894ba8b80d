"""What a client costs before it has done anything.

That is the time and the memory of its import, the memory of a producer that has sent one message,
and what is installed.
"""

import json
import re
import statistics
import subprocess
import sys
from importlib import metadata
from typing import Any

from benches.peers.client import Client
from benches.peers.job import Job

PROGRAM = """
import json, os, sys, time
def memory():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024
BOOTSTRAP = sys.argv[1]
before, began = memory(), time.perf_counter()
{importing}
taken, after, modules = time.perf_counter() - began, memory(), len(sys.modules)
{first_message}
print(json.dumps([taken * 1000, after - before, memory() - before, modules]), flush=True)
os._exit(0)  # what is left open is not measured
"""


def measure_import(client: type[Client], job: Job) -> dict[str, Any]:
    program = PROGRAM.format(importing=client.importing, first_message=client.first_message)
    command = [sys.executable, "-c", program, job.bootstrap]

    def run() -> list[float]:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        figures: list[float] = json.loads(done.stdout.splitlines()[-1])
        return figures

    run()  # files are read for the first time
    runs = [run() for _ in range(job.repeats)]
    taken, memory, with_producer, modules = map(statistics.median, zip(*runs, strict=True))
    said = {
        "import_ms": round(taken, 1),
        "peak_mb": round(memory, 1),
        "modules": modules,
        "installed_mb": round(installed(client.distributions) / 1e6, 1),
        "errors": 0,
    }
    if client.first_message:
        said["with_producer_mb"] = round(with_producer, 1)
    return said


def installed(distributions: tuple[str, ...]) -> int:
    """Count the bytes of distributions and of all that they need, once each."""
    size, wanted, seen = 0, [*distributions], set()
    while wanted:
        name = wanted.pop().lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # it is for another platform
        for file in found.files or ():
            path = found.locate_file(file)
            if file.suffix != ".pyc" and path.exists():  # type: ignore[attr-defined] # it is a Path
                size += path.stat().st_size  # type: ignore[attr-defined] # likewise
        needed = (need for need in found.requires or () if "extra ==" not in need)
        wanted += [match[0] for need in needed if (match := re.match(r"[\w.-]+", need))]
    return size
