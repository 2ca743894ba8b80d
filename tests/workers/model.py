"""What a worker model is: a server, its options, and how it is started, reloaded and stopped."""

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

# after: right after the last reply or task.
# during: after half of them, while the others run.
# reload: the workers are reloaded after half of them, and stopped after the last.
Stop = Literal["after", "during", "reload"]

# http: the work comes as requests. queue: it lies in a queue before the server starts.
# own: the program has it from the start, and ends by itself when it is done.
Work = Literal["http", "queue", "own"]


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where one run takes place."""

    directory: Path
    python: Path  # of the environment that has the servers
    port: int
    count: int  # of requests or tasks
    recycle: int  # requests or tasks after which a worker is replaced
    known: str = ""  # why it loses messages without a word, where nothing can be done about it
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
    """A server with its options, and the runs to do with it."""

    server: str
    options: str
    command: Callable[[Site], Sequence[str]]
    work: Work = "http"
    stops: Sequence[Stop] = ("after", "during")
    prepare: Callable[[Site], None] = _nothing
    stop_signal: signal.Signals = signal.SIGTERM
    reload: signal.Signals | Callable[[Site], None] = signal.SIGHUP
    exit_codes: Sequence[int] = (0,)
    # What has to be installed before it can run, given the environment's Python.
    missing: Callable[[Path], str] = _never
    refusal: str = ""  # the error that it has to log, where dekaf cannot work
    known: str = ""  # why it loses messages without a word, where nothing can be done about it
    environment: Mapping[str, str] = field(default_factory=dict)
