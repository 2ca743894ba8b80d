"""dekaf's broker in the box as a process of its own: many brokers, with TLS and a login.

The null broker is one broker, and knows no login. What is measured here is the client alone.

    python -m benches.peers.box 30
"""

import json
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from benches.peers.job import Security
from benches.peers.null_broker import ROOT

if TYPE_CHECKING:
    from dekaf.testing import Broker

USER, PASSWORD = "alice", "alice-secret"


class Box:
    """Runs while it is entered. Each of so many partitions has a leader of its own."""

    name = "box, TLS and SCRAM-SHA-256"
    is_cold = False

    def __init__(self, brokers: int) -> None:
        self._brokers = brokers

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benches.peers.box", str(self._brokers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._process.stdout
        told = json.loads(self._process.stdout.readline())
        self._directory = tempfile.TemporaryDirectory(prefix="dekaf-bench-")
        ca = Path(self._directory.name, "ca.pem")
        ca.write_text(told["ca"])
        self.security = Security(ca=str(ca), user=USER, password=PASSWORD)
        self.bootstrap: str = told["bootstrap"]
        self.stats: str = told["stats"]
        self.pid = self._process.pid
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.kill()
        self._directory.cleanup()

    def topic(self, partitions: int) -> str:
        return f"bench-p{partitions}"


def serve(brokers: int) -> None:
    """Print where the brokers are, and run until standard input ends."""
    from dekaf import Security as Asked
    from dekaf.testing import Broker

    asked = Asked.sasl_scram(USER, PASSWORD, mechanism="SCRAM-SHA-256")
    with (
        Broker(brokers=brokers, partitions=brokers, security=asked) as broker,
        socket.create_server(("127.0.0.1", 0)) as stats,
    ):
        threading.Thread(target=tell, args=(stats, broker), daemon=True).start()
        host, port = stats.getsockname()
        bootstrap = broker.bootstrap_servers.split(",")[0]  # the others are in the metadata
        told = {"bootstrap": bootstrap, "ca": broker.ca, "stats": f"{host}:{port}"}
        print(json.dumps(told), flush=True)
        sys.stdin.read()


def tell(stats: socket.socket, broker: "Broker") -> None:
    """Send the number of stored records on each connection."""
    while True:
        connection, _ = stats.accept()
        with connection:
            records = sum(len(broker.records(topic)) for topic in broker.topics)
            connection.sendall(json.dumps({"records": records}).encode() + b"\n")


if __name__ == "__main__":
    serve(int(sys.argv[1]))
