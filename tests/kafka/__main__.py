"""Start a cluster and keep it until interrupted: `python -m tests.kafka --brokers 3`."""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import get_args

from tests.kafka.certificates import Certificates, make_certificates
from tests.kafka.cluster import Cluster
from tests.kafka.jars import MissingToolError
from tests.kafka.listeners import LISTENERS, MECHANISMS, USERS
from tests.kafka.plan import Controllers, Plan
from tests.kafka.release import DEFAULT_VERSION, Mode


def main() -> None:
    options = _options()
    # SIGTERM ends as Ctrl-C does; and Ctrl-C is heard also where a parent ignores it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="dekaf-certificates-") as directory:
            _keep(options, make_certificates(Path(directory)))
    except KeyboardInterrupt:
        pass
    except MissingToolError as error:
        sys.exit(str(error))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.kafka", description=__doc__)
    parser.add_argument("--brokers", type=int, default=1)
    parser.add_argument("--version", default=DEFAULT_VERSION, help="%(default)s if not said")
    parser.add_argument("--listeners", default="PLAINTEXT", help=f"of {', '.join(LISTENERS)}")
    parser.add_argument("--controllers", default="combined", choices=get_args(Controllers))
    parser.add_argument("--mode", choices=get_args(Mode))
    return parser.parse_args()


def _keep(options: argparse.Namespace, certificates: Certificates) -> None:
    plan = Plan(
        brokers=options.brokers,
        version=options.version,
        listeners=options.listeners.split(","),
        controllers=options.controllers,
        mode=options.mode,
        certificates=certificates,
        settings={"auto.create.topics.enable": "true"},  # a person is no test
    )
    began = time.monotonic()
    with Cluster(plan) as cluster:
        _say(f"Kafka {plan.version}, ready after {time.monotonic() - began:.1f} s")
        for listener in plan.listeners:
            _say(f"{listener}: {cluster.bootstrap(listener)}")
            if LISTENERS[listener].has_sasl:
                users = ", ".join(f"{name} / {password}" for name, password in USERS.items())
                _say(f"    {', '.join(MECHANISMS)}; users {users}")
            if LISTENERS[listener].has_tls:
                _say(f"    certificates in {certificates.directory}")
        _say(f"data in {cluster.root}; Ctrl-C ends it")
        signal.pause()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
