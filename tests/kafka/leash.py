"""A program that becomes another one, which dies with the thread that started it.

    python leash.py PARENT COMMAND [ARGUMENT ...]

Only Linux can promise that; elsewhere it is the command and no more. A program of its own,
because running Python between fork and exec is not safe in a process with threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):
            sys.exit("the parent ended before its death could be watched for")
    os.execv(command[0], command)  # noqa: S606  (no shell is what is wanted)


if __name__ == "__main__":
    main()
