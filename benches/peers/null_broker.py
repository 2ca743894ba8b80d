"""The null broker as a process of its own, and what it has counted."""

import json
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

from benches.peers.job import PLAIN, Security

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "target/null-broker/release/null-broker"


class NullBroker:
    """Runs while it is entered, and ends with this process however that ends."""

    name = "null"
    is_cold = False
    security = PLAIN

    def __init__(self, *options: str) -> None:
        self._options = options

    def __enter__(self) -> Self:
        if not PROGRAM.exists():
            raise FileNotFoundError(f"{PROGRAM} is missing: `make bench-smoke` builds it")
        self._process = subprocess.Popen(
            [PROGRAM, "serve", "--attended", *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        ports = json.loads(self._process.stdout.readline())
        self.bootstrap = f"127.0.0.1:{ports['port']}"
        self.stats = f"127.0.0.1:{ports['stats_port']}"
        self.pid = self._process.pid
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:  # which waits, and closes what connects it with this process
            self._process.kill()

    def topic(self, partitions: int) -> str:
        """Name one: there is every topic, with as many partitions as its name says."""
        return f"bench-p{partitions}"


class EncryptedNullBroker(NullBroker):
    """The same with TLS."""

    name = "null, TLS"

    def __init__(self, *options: str) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="dekaf-bench-")
        ca = str(Path(self._directory.name, "ca.pem"))  # which the broker writes
        super().__init__(*options, "--tls-ca", ca)
        self.security = Security(ca=ca)

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._directory.cleanup()


class Tally:
    """What the null broker has counted since this was made; nothing, if the address is none."""

    def __init__(self, address: str, counts: dict[str, Any]) -> None:
        self._address = address
        self._counts = counts

    @classmethod
    def of(cls, address: str) -> Self:
        return cls(address, _ask(address))

    def since(self) -> dict[str, Any]:
        now = _ask(self._address)
        return {f"broker_{name}": now[name] - count for name, count in self._counts.items()}


def _ask(address: str) -> dict[str, Any]:
    if not address:
        return {}
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as connection:
        counts: dict[str, Any] = json.loads(connection.makefile().readline())
    return counts
