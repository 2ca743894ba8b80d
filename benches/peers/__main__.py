"""The command line of `python -m benches.peers`: compare, connect, against, smoke, report."""

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Collection, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from benches.peers.against import LEAST, against
from benches.peers.awake import Awake
from benches.peers.box import Box
from benches.peers.clients import CLIENTS
from benches.peers.compare import compare
from benches.peers.encryption import costs
from benches.peers.null_broker import ROOT, EncryptedNullBroker, NullBroker
from benches.peers.plan import NAMES, connecting, jobs
from benches.peers.plot import plot
from benches.peers.ratio import FEWEST
from benches.peers.results import lines
from benches.peers.smoke import smoke
from benches.peers.table import table
from benches.wheels import install

if TYPE_CHECKING:
    from benches.peers.run import Broker

RESULTS = ROOT / "target/bench/results.jsonl"
CONNECTIONS = ROOT / "target/bench/connect.jsonl"
PAIRS = ROOT / "target/bench/against.jsonl"
PLOT = ROOT / "target/bench/results.png"


def main() -> None:
    options = parsed()
    if not Path("/proc/self/clear_refs").exists():
        sys.exit("Linux is needed: it tells a section's peak of memory, and what others use")
    match options.command:
        case "smoke":
            sys.exit(smoke(available(options.clients), options.scenarios) > 0)
        case "compare":
            measure(options)
            report([options.output], options.plot)
        case "connect":
            connect(options)
            report([options.output], options.plot)
        case "against":
            guard(options)
        case "report":
            report(options.results, options.plot)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches.peers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (
        ("compare", "measure, and print the table"),
        ("connect", "measure how clients connect to many brokers, with TLS and a login"),
        ("smoke", "a few messages for every client and scenario"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument(
            "--clients", type=names(CLIENTS), default=list(CLIENTS), help=", ".join(CLIENTS)
        )
    for name in ("compare", "smoke"):
        commands.choices[name].add_argument(
            "--scenarios", type=names(NAMES), default=list(NAMES), help=", ".join(NAMES)
        )
    for name, output in (("compare", RESULTS), ("connect", CONNECTIONS)):
        command = commands.choices[name]
        command.add_argument(
            "--runs", type=int, default=3, help="of each job; %(default)s if not said"
        )
        command.add_argument("--output", type=Path, default=output, help="%(default)s if not said")
        command.add_argument(
            "--plot", type=Path, default=output.with_suffix(".png"), help="%(default)s if not said"
        )
    commands.choices["connect"].add_argument(
        "--brokers", type=int, default=30, help="%(default)s if not said"
    )
    command = commands.choices["compare"]
    command.add_argument("--kafka", action="store_true", help="on Apache Kafka, too")
    command.add_argument("--tls", action="store_true", help="on the null broker with TLS, too")
    command.add_argument(
        "--loops",
        type=names(["asyncio", "uvloop"]),
        default=["asyncio"],
        help="of asynchronous clients; asyncio if not said, asyncio,uvloop for both",
    )
    command.add_argument(
        "--awake",
        action="store_true",
        help="keep the processors from sleeping, which latencies of single messages depend on",
    )
    command = commands.add_parser("against", help="see whether a wheel is slower than an older one")
    command.add_argument("old", type=Path, help="the older wheel")
    command.add_argument("new", type=Path, help="the wheel of this tree")
    command.add_argument("--pairs", type=pairs, default=15, help="of runs; %(default)s if not said")
    command.add_argument("--output", type=Path, default=PAIRS, help="%(default)s if not said")
    command = commands.add_parser("report", help="print the table of results again")
    command.add_argument("results", nargs="*", type=Path, default=[RESULTS])
    command.add_argument("--plot", type=Path, default=PLOT)
    return parser.parse_args()


def names(known: Collection[str]) -> Callable[[str], list[str]]:
    """Take a list apart, and refuse what is not known."""

    def split(text: str) -> list[str]:
        found = text.split(",")
        for name in found:
            if name not in known:
                raise argparse.ArgumentTypeError(f"no {name!r}: there are {', '.join(known)}")
        return found

    return split


def pairs(text: str) -> int:
    """Take a number of pairs that has an interval."""
    if not text.isdecimal() or int(text) < FEWEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of pairs: {FEWEST} at least")
    return int(text)


def available(clients: Sequence[str]) -> list[str]:
    """Leave out, and say so, whose libraries are not installed here."""
    found = []
    for name in clients:
        try:
            for distribution in CLIENTS[name].distributions:
                metadata.distribution(distribution)
        except metadata.PackageNotFoundError as missing:
            print(f"{name} is left out: {missing.name} is not installed", file=sys.stderr)
        else:
            found.append(name)
    return found


def measure(options: argparse.Namespace) -> None:
    plan = list(jobs(available(options.clients), options.scenarios, options.loops))
    with contextlib.ExitStack() as stack:
        brokers: list[Broker] = [stack.enter_context(NullBroker())]
        if options.tls:
            brokers.append(stack.enter_context(EncryptedNullBroker()))
        if options.kafka:
            # What it needs is not installed wherever the null broker will do.
            from benches.peers.kafka import Kafka

            brokers.append(stack.enter_context(Kafka()))
        ours = stack.enter_context(Awake()).pids if options.awake else []
        compare(plan, brokers, options.runs, options.output, ours)


def connect(options: argparse.Namespace) -> None:
    clients = [client for client in available(options.clients) if CLIENTS[client].can("connect")]
    plan = [connecting(client, options.brokers) for client in clients]
    with Box(options.brokers) as broker:
        compare(plan, [broker], options.runs, options.output, [])


def guard(options: argparse.Namespace) -> None:
    try:
        wheels = {"old": options.old, "new": options.new}
        pythons = {name: install(wheel, f"against-{name}") for name, wheel in wheels.items()}
        with NullBroker() as broker:
            slower = against(pythons, broker, options.pairs, options.output)
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f"bench-against: {error}")
    if slower:
        sys.exit(f"slower than {LEAST} of the old wheel's rate: {'; '.join(slower)}")


def report(results: Sequence[Path], path: Path) -> None:
    runs = [json.loads(line) for file in results for line in file.read_text().splitlines()]
    found = lines(runs)
    print(table(found))
    if added := costs(found):
        print(f"\n{added}")
    for run in runs:
        if run["failed"]:
            print(f"\nleft out: {run['client']}, {run['row']}: {run['failed']}", file=sys.stderr)
    try:
        plot(found, path)
    except ImportError:
        print("\nno plot: matplotlib is not installed", file=sys.stderr)
    else:
        print(f"\nplot: {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
