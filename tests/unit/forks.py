"""Work in a forked child."""

import os
import sys
import traceback
import warnings
from collections.abc import Callable


def in_child(work: Callable[[], None]) -> int:
    """Run `work` in a forked child, and return its exit status: 0 if it did not raise."""
    with warnings.catch_warnings():
        # Since 3.12 Python warns that a fork beside threads is dangerous. It is: that is tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - whatever it is, the child must end here
            traceback.print_exc(file=sys.__stderr__)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
