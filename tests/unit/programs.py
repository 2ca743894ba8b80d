"""Programs of their own: what a user sees of a script, to its end."""

import subprocess
import sys
from collections.abc import Sequence

HEARS_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"


# A function that ends drops its producer: that is what these scripts are about.
DROPS = ["-W", "error", "-W", "ignore::ResourceWarning"]


def run(script: str, *arguments: str, options: Sequence[str] = ("-W", "error")) -> tuple[str, str]:
    """Return what a script wrote to stdout and stderr; it must end well, and by itself.

    Ctrl-C works there, also where tests are run in the background and signals are ignored.
    """
    script = f"{HEARS_CTRL_C}{script}"
    command = [sys.executable, *options, "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr
