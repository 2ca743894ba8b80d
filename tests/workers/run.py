"""Execute one run: start the server, send the work, stop the server, and judge the result."""

import shutil
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.kafka import Cluster, parse_dump, ports, wait_until
from tests.workers.load import Load
from tests.workers.model import Model, Site, Stop
from tests.workers.server import Server
from tests.workers.table import Row
from tests.workers.verdict import Outcome

_START = 30.0  # seconds until a server listens
_WORK = 120.0  # seconds for all requests
_END = 45.0  # seconds from the signal to the end of the last process


class Progress:
    """Count finished requests, or tasks that sent their message."""

    def __init__(self, model: Model, site: Site) -> None:
        self._site = site
        self.load = Load(site.port, site.count) if model.work == "http" else None

    @property
    def done(self) -> int:
        if self.load is not None:
            return self.load.answered + len(self.load.failed)
        return self._site.journal.read_text().count("accepted ") - self._imports()

    def _imports(self) -> int:
        return self._site.journal.read_text().count("accepted import-")


def run(model: Model, stop: Stop, kafka: Cluster, site: Site, topic: str) -> Row:
    """Execute one run; failures are reported in the verdict of the returned row."""
    began = time.monotonic()
    site.journal.touch()
    complaints: list[str] = []
    code: int | str = "-"
    progress = Progress(model, site)
    try:
        model.prepare(site)
        began = time.monotonic()
        with Server(model, site) as server:
            code = _drive(model, stop, site, server, progress)
        if code not in model.exit_codes:
            complaints.append(f"exit code {code}")
    except (TimeoutError, RuntimeError) as error:
        complaints.append(str(error))
    finally:
        if progress.load is not None:
            progress.load.end()
    seconds = time.monotonic() - began
    outcome = Outcome(
        journal=site.journal.read_text(),
        log=site.log.read_text(errors="replace"),
        stored=stored(kafka, topic),
    )
    losses = [] if model.refusal else outcome.losses()
    complaints += _refused(model, outcome) if model.refusal else outcome.faults()
    if not model.stores and not outcome.reported:
        complaints.append("nothing was reported")
    if not model.known:
        complaints += losses
    if progress.load is not None and stop != "during" and not model.refusal:
        complaints += [f"failed request {failure}" for failure in progress.load.failed[:1]]
    return Row(
        model=model.server,
        options=model.options,
        stop=stop,
        requests=progress.done if progress.load is None else progress.load.answered,
        accepted=outcome.accepted.total(),
        stored=outcome.stored.total(),
        reported=outcome.reported,
        seconds=f"{seconds:.1f}",
        exit_code=code,
        verdict=_verdict(model, complaints, losses),
    )


def _verdict(model: Model, complaints: list[str], losses: list[str]) -> str:
    if complaints:
        return f"FAILED: {'; '.join(complaints)}"
    if losses:
        return f"known: {'; '.join(losses)}: {model.known}"
    return "ok: refused, with the reason in the log" if model.refusal else "ok"


def _refused(model: Model, outcome: Outcome) -> list[str]:
    if model.refusal not in outcome.log:
        return [f"the log lacks: {model.refusal}"]
    return ["the import was not refused"] if outcome.stored else []


def _drive(model: Model, stop: Stop, site: Site, server: Server, progress: Progress) -> int:
    def until(done: Callable[[], bool], timeout: float, what: str) -> None:
        def checked() -> bool:
            if server.has_ended and not done():
                raise RuntimeError(f"the server has ended before: {what}")
            return done()

        wait_until(checked, timeout=timeout, what=what)

    if progress.load is not None:
        until(lambda: _listens(site.port), _START, "the server listens")
        progress.load.start()
    if stop != "after":
        until(lambda: progress.done >= site.count // 2, _WORK, "half of the work is done")
    if stop == "reload":
        if isinstance(model.reload, signal.Signals):
            server.send(model.reload)
        else:
            model.reload(site)
    if stop != "during":
        until(lambda: progress.done >= site.count, _WORK, "all work is done")
    if model.work != "own" or stop == "during":
        server.send(model.stop_signal)
    return server.wait(_END)


def _listens(port: int) -> bool:
    with socket.create_connection((ports.HOST, port), timeout=1.0):
        return True


def stored(kafka: Cluster, topic: str) -> Counter[str]:
    """Read both partitions of a topic with Kafka's DumpLogSegments."""
    leader = kafka.leader(topic)
    files = [path for n in (0, 1) for path in kafka.segments(topic, n, broker=leader)]
    names = ",".join(map(str, files))
    tool = kafka.plan.release.dump_log_segments
    dump = kafka.tool(tool, "--print-data-log", "--files", names)
    return Counter(str(record.value) for batch in parse_dump(dump) for record in batch.records)


def clear(directory: Path) -> None:
    """Remove the directory of a run."""
    shutil.rmtree(directory, ignore_errors=True)
