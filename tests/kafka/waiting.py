"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable

_PAUSE = 0.05


def wait_until(condition: Callable[[], bool], *, what: str, timeout: float = 30.0) -> None:
    """Return when the condition holds; raise TimeoutError, which says `what`, if it does not.

    A condition that cannot be told yet (nobody answers, a topic is unknown) may raise
    OSError or LookupError for "not yet".
    """
    until = time.monotonic() + timeout
    while True:
        reason = ""
        try:
            if condition():
                return
        except (OSError, LookupError) as error:
            reason = f" ({error!r})"
        if time.monotonic() > until:
            raise TimeoutError(f"waited {timeout:g} s in vain until: {what}{reason}")
        time.sleep(_PAUSE)
