"""A server in its own process group, which is killed at the end of the `with` block."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.kafka import wait_until
from tests.workers.model import Model, Site


class Server:
    """Start a model's command, with its output in the site's log."""

    def __init__(self, model: Model, site: Site) -> None:
        with site.log.open("ab") as log:
            self._process = subprocess.Popen(
                model.command(site),
                cwd=site.directory,
                env={**site.environment, **model.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server's first process, as a service manager does."""
        self._process.send_signal(number)

    def wait(self, timeout: float) -> int:
        """Return the exit code, once no process of the group is left; raise TimeoutError."""
        until = time.monotonic() + timeout
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"hangs: no end within {timeout:g} s") from None
        rest = max(until - time.monotonic(), 1.0)
        wait_until(self._is_alone, timeout=rest, what="all processes of the server have ended")
        return code

    def _is_alone(self) -> bool:
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return True
        return False
