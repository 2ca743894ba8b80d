"""A worker model: a server, its options, and how it is started, reloaded and stopped."""

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

# When the server is stopped.
# after: right after the last reply or task.
# during: after half of the work, while the rest runs.
# reload: after the last reply, with a reload of the workers after half of the work.
Stop = Literal["after", "during", "reload"]

# How work reaches the server.
# http: as requests. queue: in a queue that is filled before the start.
# own: as an argument; the program exits by itself when it has finished.
Work = Literal["http", "queue", "own"]


@dataclass(frozen=True, kw_only=True)
class Site:
    """The directory, port and settings of one run."""

    directory: Path
    python: Path  # of the environment in which the servers are installed
    port: int
    count: int  # of requests or tasks
    recycle: int  # requests or tasks after which a worker is replaced
    environment: Mapping[str, str]

    @property
    def log(self) -> Path:
        return self.directory / "log"

    @property
    def journal(self) -> Path:
        return self.directory / "journal"


def _nothing(_: Site) -> None: ...


def _never(_: Path) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A server with its options, and the runs to execute."""

    server: str
    options: str
    command: Callable[[Site], Sequence[str]]
    work: Work = "http"
    stops: Sequence[Stop] = ("after", "during")
    prepare: Callable[[Site], None] = _nothing
    stop_signal: signal.Signals = signal.SIGTERM
    reload: signal.Signals | Callable[[Site], None] = signal.SIGHUP
    exit_codes: Sequence[int] = (0,)
    # Returns the command that installs the server, or an empty string if it is installed.
    missing: Callable[[Path], str] = _never
    refusal: str = ""  # the error that must be logged, where dekaf refuses the import
    known: str = ""  # why dekaf cannot prevent or report losses
    environment: Mapping[str, str] = field(default_factory=dict)
    stores: bool = True  # whether messages reach the topic


def without_cluster(model: Model) -> Model:
    """Return the model with a cluster that is never reached: all messages must be reported."""
    unreachable = {
        "WORKERS_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "WORKERS_ONLY_SEND": "1",
        "WORKERS_EXIT_TIMEOUT_MS": "500",
    }
    return replace(
        model,
        options=f"{model.options}, no cluster",
        stops=("after",),
        environment={**model.environment, **unreachable},
        stores=False,
    )
