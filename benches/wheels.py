"""A wheel of dekaf in an environment of its own, with nothing else in it."""

import shutil
import subprocess
import sys
from pathlib import Path

from benches.peers.null_broker import ROOT

ENVIRONMENTS = ROOT / "target/bench/wheels"


def install(wheel: Path, name: str) -> Path:
    """Make the environment `name` anew, and return its Python."""
    if not wheel.is_file():
        raise FileNotFoundError(f"{wheel} is no wheel: there is no such file")
    directory = ENVIRONMENTS / name
    shutil.rmtree(directory, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", directory], check=True)
    python = directory / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    installed = subprocess.run(
        [*pip, "install", "--quiet", "--no-index", "--no-deps", wheel],
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode:
        raise ValueError(f"{wheel} cannot be installed: {installed.stderr.strip()}")
    return python
