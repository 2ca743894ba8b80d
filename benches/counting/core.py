"""What the core's parts cost by themselves: the rows of `benches/instructions.rs`."""

import json
import os
import subprocess
from pathlib import Path

from benches.counting.callgrind import count
from benches.counting.comparison import Count, Counts

BENCH = "instructions"

# Callgrind finds the function by its name, which a release profile strips.
PROFILE = {"CARGO_PROFILE_BENCH_STRIP": "none"}
COUNTED = "instructions::counted*"


def build(tree: Path, target: Path) -> Path:
    """Build the bench of a source tree, and return the program."""
    command = ["cargo", "bench", "--quiet", "--locked", "--no-default-features", "--no-run"]
    command += ["--bench", BENCH, "--target-dir", str(target)]
    command += ["--message-format=json-render-diagnostics"]
    done = subprocess.run(
        command,
        cwd=tree,
        env=os.environ | PROFILE,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildError(f"the instruction bench does not compile in {tree}:\n{done.stderr}")
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == BENCH:
            return Path(message["executable"])
    raise BuildError(f"Cargo names no program of the instruction bench in {tree}")


class BuildError(Exception):
    """The bench cannot be built from a source tree."""


def count_core(program: Path) -> Counts:
    """Count every row of a program."""
    listed = subprocess.run([program, "--list"], stdout=subprocess.PIPE, text=True, check=True)
    counts: Counts = {}
    for line in listed.stdout.splitlines():
        name, unit = line.split("\t")
        instructions, printed = count([program, name], inside=COUNTED)
        if not instructions:
            raise RuntimeError(f"{name}: nothing was counted, as {COUNTED} was not found")
        counts[name] = Count(instructions / int(printed), unit)
    return counts
