"""Programs of their own: what a user sees of a script, to its end."""

import subprocess
import sys

HEARS_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"


def run(script: str, *arguments: str) -> tuple[str, str]:
    """Return what a script wrote to stdout and stderr; it must end well, and by itself.

    Ctrl-C works there, also where tests are run in the background and signals are ignored.
    """
    script = f"{HEARS_CTRL_C}{script}"
    command = [sys.executable, "-W", "error", "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr
