"""Programs of their own: what a user sees of a script, to its end."""

import subprocess
import sys


def run(script: str, *arguments: str) -> tuple[str, str]:
    """Return what a script wrote to stdout and stderr; it must end well, and by itself."""
    command = [sys.executable, "-W", "error", "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr
