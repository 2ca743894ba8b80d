"""Runs a program under callgrind, and reads how many instructions its first thread executed."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benches.peers.null_broker import ROOT

PATIENCE = 600.0  # seconds, many times what any program takes

# Every run gets the same: a random hash seed alone changes what Python executes.
ENVIRONMENT = {"LC_ALL": "C", "PYTHONHASHSEED": "0"}

TOTAL = re.compile(r"^totals: (\d+)$", re.MULTILINE)


def count(command: Sequence[str | Path], inside: str = "") -> tuple[int, str]:
    """Return the instructions of the program's first thread, and what the program printed.

    `inside` is the name of a function, with wildcards: then only what runs inside of it counts.
    """
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise FileNotFoundError("valgrind is missing: install it, as with `apt install valgrind`")
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory, "out")
        options = ["--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={out}"]
        if inside:
            options += ["--collect-atstart=no", f"--toggle-collect={inside}"]
        done = subprocess.run(
            [valgrind, "--quiet", *options, *command],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            env=ENVIRONMENT,
            timeout=PATIENCE,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed under callgrind: {done.stderr[-2000:]}")
        return total(out.with_name("out-01").read_text()), done.stdout


def total(profile: str) -> int:
    """Read the number of instructions in what callgrind has written."""
    found = TOTAL.search(profile)
    if not found:
        raise ValueError("callgrind wrote no total: its format is not the one that is known here")
    return int(found[1])
