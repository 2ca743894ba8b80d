"""Run the worker models and print a table of the results: `make test-workers`."""

import argparse
import importlib.util
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.kafka import Cluster, MissingToolError, ports
from tests.workers import table
from tests.workers.model import Model, Site, Stop
from tests.workers.run import clear, run
from tests.workers.servers import MODELS

_ROOT = Path(__file__).parents[2]
_LEGEND = """
requests: answered requests, or executed tasks. accepted: messages that the application sent, one
for each request or task and one for each import of the application. stored: records in the topic.
reported: undelivered messages that dekaf counts in the server's log.
"""


def main() -> int:
    options = _options()
    wanted = [
        (model, stop)
        for model in MODELS
        for stop in model.stops
        if options.only.lower() in f"{model.server} {model.options} {stop}".lower()
    ]
    # Treat SIGTERM like Ctrl-C, so that the servers are stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    _say(table.header())
    rows: list[table.Row] = []
    try:
        with Cluster() as kafka:
            for model, stop in wanted:
                rows.append(_row(model, stop, kafka, options))
                _say(table.line(rows[-1]))
    except MissingToolError as error:
        sys.exit(str(error))
    failed = sum(row.has_failed for row in rows)
    missing = sum(row.verdict.startswith("not run") for row in rows)
    known = sum(row.verdict.startswith("known") for row in rows)
    _say(_LEGEND)
    _say(
        f"{len(rows) - failed - missing - known} passed, {failed} failed, {missing} not run, "
        f"{known} with known losses, "
        f"in {time.monotonic() - began:.0f} s"
    )
    return 1 if failed or not rows else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.workers", description=__doc__)
    parser.add_argument(
        "--python", type=Path, required=True, help="interpreter of the environment with the servers"
    )
    parser.add_argument("--only", default="", help="run only rows that contain this text")
    parser.add_argument(
        "--requests",
        type=int,
        default=1000,
        help="requests or tasks per run (default: %(default)s)",
    )
    parser.add_argument(
        "--recycle", type=int, default=130, help="requests per worker (default: %(default)s)"
    )
    parser.add_argument("--keep", action="store_true", help="keep the logs of all runs")
    return parser.parse_args()


def _row(model: Model, stop: Stop, kafka: Cluster, options: argparse.Namespace) -> table.Row:
    if missing := model.missing(options.python):
        verdict = f"not run: not installed: {missing}"
        return table.Row(model=model.server, options=model.options, stop=stop, verdict=verdict)
    topic = kafka.new_topic(partitions=2)
    directory = Path(tempfile.mkdtemp(prefix="dekaf-workers-"))
    port = ports.reserve()
    try:
        site = Site(
            directory=directory,
            python=options.python.absolute(),
            port=port,
            count=20 if model.refusal else options.requests,
            recycle=options.recycle,
            environment=_environment(directory, kafka, topic),
        )
        row = run(model, stop, kafka, site, topic)
    finally:
        ports.release(port)
    if row.has_failed or options.keep:
        _say(f"log of the next row: {directory}/log")
    else:
        clear(directory)
    return row


def _environment(directory: Path, kafka: Cluster, topic: str) -> dict[str, str]:
    dekaf = importlib.util.find_spec("dekaf")
    assert dekaf is not None
    assert dekaf.origin is not None
    package = Path(dekaf.origin).parents[1]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join([str(_ROOT), str(package)]),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
        "WORKERS_BOOTSTRAP_SERVERS": kafka.bootstrap(),
        "WORKERS_TOPIC": topic,
        "WORKERS_JOURNAL": str(directory / "journal"),
        "WORKERS_QUEUE": str(directory / "queue"),
    }


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
