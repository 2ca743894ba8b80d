"""What one measurement is of: a client, a scenario, and all that both are told."""

import json
from dataclasses import dataclass
from typing import Self

DEFAULT_BATCH = 65_536


@dataclass(frozen=True, kw_only=True)
class Security:
    """How to connect: in plain text, unless something is set."""

    ca: str = ""  # the file with the broker's certificate authority, if it has TLS
    user: str = ""  # who logs in with SCRAM-SHA-256, if the broker asks for a login
    password: str = ""


PLAIN = Security()


@dataclass(frozen=True, kw_only=True)
class Job:
    client: str
    scenario: str
    bootstrap: str = ""
    stats: str = ""  # where the null broker tells what it counted; Apache Kafka has no such place
    topic: str = ""
    security: Security = PLAIN
    messages: int = 100_000
    seconds: float = 2.0  # after which what goes on in rounds ends, whatever is left
    size: int = 100
    partitions: int = 12
    compression: str = "none"
    batch_size: int = DEFAULT_BATCH
    at_once: int = 10_000
    rate: int = 5_000  # a second, in an open loop
    warm_up: int = 5_000
    loop: str = "asyncio"
    repeats: int = 7  # of an import, each in an interpreter of its own

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `asdict` made, as JSON."""
        fields = json.loads(text)
        return cls(**fields | {"security": Security(**fields["security"])})

    @property
    def linger_ms(self) -> int:
        """Nobody who waits for each message lets it linger."""
        return 0 if self.scenario in ("await_one", "open_loop") else 5

    @property
    def label(self) -> str:
        """The client, as a table names it."""
        return self.client if self.loop == "asyncio" else f"{self.client}+{self.loop}"

    @property
    def row(self) -> str:
        """What it is compared with others at."""
        said = [self.scenario]
        if self.scenario == "connect":
            said.append(f"{self.partitions} brokers")
        elif self.scenario != "import":
            said.append(f"{self.size} B")
        if self.compression != "none":
            said.append(self.compression)
        if self.batch_size != DEFAULT_BATCH:
            said.append(f"batches of {self.batch_size:,}")
        if self.scenario == "many_partitions":
            said.append(f"{self.partitions} partitions")
        if self.scenario in ("gather", "produce_then_await", "batch"):
            said.append(f"{self.at_once:,} at once")
        if self.scenario == "open_loop":
            said.append(f"{self.rate:,} a second")
        return ", ".join(said)
