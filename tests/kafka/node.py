"""One JVM process of a cluster: a broker, a controller, or ZooKeeper."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_LEASH = Path(__file__).with_name("leash.py")

# The kernel kills a leashed process when the thread that started it ends. So one thread
# starts them all and lives as long as this process; any other may ask it to.
_starter = ThreadPoolExecutor(1, "kafka-starter")


class Node:
    def __init__(
        self,
        node_id: int,
        roles: str,
        directory: Path,
        ports: dict[str, int],
        advertised: dict[str, int] | None = None,
    ) -> None:
        """`ports` are those it listens on, `advertised` those that clients are told."""
        self.id = node_id
        self.roles = roles
        self.directory = directory
        self.ports = ports
        self.advertised = ports if advertised is None else advertised
        self.paused = False
        self._process: subprocess.Popen[bytes] | None = None

    def __repr__(self) -> str:
        return f"<node {self.id}: {self.roles}>"

    @property
    def is_broker(self) -> bool:
        return "broker" in self.roles

    @property
    def is_controller(self) -> bool:
        return "controller" in self.roles

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def started(self) -> bool:
        """Whether it was started and not ended since: it ought to run."""
        return self._process is not None

    @property
    def pid(self) -> int:
        return self._living().pid

    def spawn(self, command: Sequence[str]) -> None:
        if self._process is not None:
            raise RuntimeError(f"node {self.id} runs already: kill or stop it first")
        self.directory.mkdir(parents=True, exist_ok=True)
        leashed = [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), *command]
        self._process = _starter.submit(self._start, leashed).result()
        self.paused = False

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with (self.directory / "node.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which then end their brokers
            )

    def kill(self) -> None:
        """Crash it: kill -9."""
        self._living().kill()
        self._reap()

    def stop(self, timeout: float = 30.0) -> None:
        """End it as an operator does; kill it if it has not ended after `timeout` seconds."""
        process = self._living()
        process.terminate()
        if self.paused:
            process.send_signal(signal.SIGCONT)  # or it would not hear
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
        self._reap()

    def pause(self) -> None:
        """Hang it: sockets stay open, and the kernel still accepts connections."""
        self._living().send_signal(signal.SIGSTOP)
        self.paused = True

    def resume(self) -> None:
        self._living().send_signal(signal.SIGCONT)
        self.paused = False

    def end(self) -> None:
        """Make it run no more, however it stands."""
        if self._process is not None:
            self._process.kill()
            self._reap()

    def check(self) -> None:
        """Raise if it ought to run and does not, with the end of its log."""
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"{self!r} ended by itself, and says:\n{self.log()[-3000:]}")

    def log(self) -> str:
        path = self.directory / "node.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _living(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"{self!r} does not run")
        return self._process

    def _reap(self) -> None:
        if self._process is not None:
            self._process.wait()
            self._process = None
            self.paused = False
