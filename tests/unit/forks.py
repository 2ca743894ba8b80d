"""Work in a forked child, and the sockets that a process has."""

import contextlib
import ctypes
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

PROC = Path("/proc/self/fd")


def fork_in_c() -> int:
    """Fork as a C library does: with the interpreter held, but without its hooks."""
    return int(ctypes.PyDLL(None).fork())


def in_child(work: Callable[[], None], fork: Callable[[], int] | None = None) -> int:
    """Run `work` in a forked child, and return its exit status: 0 if it did not raise."""
    with warnings.catch_warnings():
        # Since 3.12 Python warns that a fork beside threads is dangerous. It is: that is tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = (fork or os.fork)()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - whatever it is, the child must end here
            traceback.print_exc(file=sys.__stderr__)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def sockets_to(address: str) -> set[str]:
    """Find this process's TCP sockets that are connected to an address, by their inodes."""
    port = int(address.rpartition(":")[2])
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {f"socket:[{row[9]}]" for row in table if row[2].endswith(f":{port:04X}")}
    found: set[str] = set()
    for descriptor in PROC.iterdir():
        # The one that lists the others is gone by now.
        with contextlib.suppress(FileNotFoundError):
            found.add(str(descriptor.readlink()))
    return found & inodes
