"""Measures how long producers are silent while logins end every few seconds, and leaders die.

    make renewals, or python -m tests.renewals --minutes 2

Three brokers let each login last 3 s. One producer logs in by OAUTHBEARER in TLS, another by SCRAM
with a client certificate. Every 20 s all that they read from files is replaced: the authorities,
the certificate and its key, and the password, which is changed on the brokers as well. Certificates
end soon after they are replaced. Every 60 s the leader of a partition is killed.

In the end, what Kafka has stored is compared with what was acknowledged. Silence of more than a
second and warnings in the log are failures, but for those within 15 s of a kill. A broker may
refuse a login at the moment when the password changes: that warning is allowed, and silence is not.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from dekaf import Producer, Security
from tests.integration.administrator import order_password
from tests.integration.counters import Counters
from tests.integration.judge import assert_all_kept
from tests.kafka import Certificates, Cluster, Plan, issue_identity, make_certificates
from tests.kafka.tokens import unsecured_token

TOPICS = TOKENS, PASSWORDS = ("tokens", "passwords")  # one for each producer
USER = "alice"
LIFETIME = 3.0  # seconds, of a login
TOKEN_LASTS = 20.0  # seconds
SETTLED = 15.0  # seconds after a kill; what is silent within them is put down to it
CHANGING = 5.0  # seconds after a change of the password
PACE = 0.005  # seconds between messages
LONGEST_SILENCE = 1.0  # seconds


@dataclass
class Moments:
    """When something last happened that explains silence or a warning."""

    killed: float = -SETTLED
    changed: float = -CHANGING

    def explain_silence(self) -> bool:
        return time.monotonic() - self.killed < SETTLED

    def explain(self, line: str) -> bool:
        is_changing = time.monotonic() - self.changed < CHANGING
        return self.explain_silence() or (is_changing and f'password of user "{USER}"' in line)


class Warnings(logging.Handler):
    """Lines above INFO: how many are explained, and those that are not."""

    def __init__(self, moments: Moments) -> None:
        super().__init__(logging.WARNING)
        self.explained = 0
        self.unexplained: list[str] = []
        self._moments = moments

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        if self._moments.explain(line):
            self.explained += 1
        else:
            self.unexplained.append(line)


class Gaps:
    """The longest times without an acknowledgement, around kills and apart from them."""

    def __init__(self, moments: Moments) -> None:
        self.calm = self.of_kills = 0.0
        self._moments = moments
        self._acknowledged = 0
        self._since = time.monotonic()

    def look(self, counters: Counters) -> None:
        now = time.monotonic()
        gap = now - self._since
        if self._moments.explain_silence():
            self.of_kills = max(self.of_kills, gap)
        else:
            self.calm = max(self.calm, gap)
        if counters.acknowledged > self._acknowledged:
            self._acknowledged, self._since = counters.acknowledged, now


class Files:
    """What producers read from files. Each file is replaced as a whole."""

    def __init__(self, directory: Path, certificates: Certificates, *, last: float) -> None:
        """`last`: how many seconds certificates do."""
        self.ca = directory / "authorities"
        self.certificate = directory / "certificate"
        self.key = directory / "key"
        self.password = directory / "password"
        self._certificates = certificates
        self._last = last
        self._passwords = 0
        self.replace_certificates()
        self._write(self.password, Plan().users[USER].encode())

    def replace_certificates(self) -> None:
        self._write(self.ca, self._certificates.ca.read_bytes())
        issued = issue_identity(self._certificates, self.ca.parent, lasts=self._last)
        self._write(self.certificate, issued.certificate.read_bytes())
        self._write(self.key, issued.key.read_bytes())

    def change_password(self, kafka: Cluster) -> None:
        self._passwords += 1
        password = f"password-{self._passwords}"
        order_password(kafka, USER, password)
        self._write(self.password, password.encode())

    def _write(self, file: Path, content: bytes) -> None:
        following = file.with_suffix(".next")
        following.write_bytes(content)
        following.replace(file)


@dataclass
class Run:
    """One run of both producers."""

    kafka: Cluster
    files: Files
    seconds: float
    moments: Moments = field(default_factory=Moments)
    kills: int = 0
    rotations: int = 0

    def __post_init__(self) -> None:
        self.ends = time.monotonic() + self.seconds

    async def produce(self, listener: str, security: Security, topic: str) -> str:
        """Produce until the end. Returns why this was not as it should be, if so."""
        async with Producer(self.kafka.bootstrap(listener), security=security) as producer:
            counters = Counters(producer, topic)
            await counters.hand_over(1)
            await counters.until_acknowledged(1)
            gaps = Gaps(self.moments)
            while time.monotonic() < self.ends:
                await counters.hand_over(1)
                await asyncio.sleep(PACE)
                gaps.look(counters)
            await counters.until_settled()
            metrics = producer.metrics()
        print(f"{topic}: {counters.acknowledged} messages acknowledged")
        print(f"    longest silence {gaps.calm:.3f} s, and {gaps.of_kills:.2f} s around kills")
        print(f"    {metrics.security}")
        ended, again = metrics.disconnects, metrics.batches.retries
        print(f"    {ended} connections ended, {again} batches sent again")
        await asyncio.to_thread(self.kafka.heal)
        await asyncio.to_thread(assert_all_kept, self.kafka, counters, counters.handed_over)
        return f"{topic}: {gaps.calm:.3f} s of silence" if gaps.calm > LONGEST_SILENCE else ""

    async def now_and_then(self, seconds: float, do: Callable[[], Awaitable[None]]) -> None:
        """Do it every so many seconds, but for the end, when all must have settled."""
        while time.monotonic() + seconds < self.ends - 2 * SETTLED:
            await asyncio.sleep(seconds)
            await do()

    async def kill_a_leader(self) -> None:
        leader = await asyncio.to_thread(self.kafka.leader, TOKENS)
        self.moments.killed = time.monotonic()
        await asyncio.to_thread(self.kafka.kill, leader)
        await asyncio.sleep(SETTLED / 3)
        await asyncio.to_thread(self.kafka.restart, leader)
        self.moments.killed = time.monotonic()
        self.kills += 1

    async def replace_files(self) -> None:
        await asyncio.to_thread(self.files.replace_certificates)
        self.moments.changed = time.monotonic()
        await asyncio.to_thread(self.files.change_password, self.kafka)
        self.moments.changed = time.monotonic()
        self.rotations += 1


async def _run(run: Run, between_kills: float, between_rotations: float) -> list[str]:
    warnings = Warnings(run.moments)
    logging.getLogger("dekaf").addHandler(warnings)
    files = run.files
    bearer = Security.sasl_oauthbearer(lambda: unsecured_token(lasts=TOKEN_LASTS), ca=files.ca)
    mtls = Security.tls(ca=files.ca, certificate=files.certificate, key=files.key)
    scram = Security.sasl_scram(USER, files.password, tls=mtls)
    async with asyncio.TaskGroup() as group:
        producing = [
            group.create_task(run.produce("SASL_SSL", bearer, TOKENS)),
            group.create_task(run.produce("SASL_MTLS", scram, PASSWORDS)),
        ]
        group.create_task(run.now_and_then(between_kills, run.kill_a_leader))
        group.create_task(run.now_and_then(between_rotations, run.replace_files))
    print(f"{run.kills} leaders killed, all files replaced {run.rotations} times")
    print(f"{warnings.explained} warnings around kills and changes of the password")
    return [fault for task in producing if (fault := task.result())] + warnings.unexplained


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--between-kills", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--between-rotations", type=float, default=20.0, metavar="SECONDS")
    parser.add_argument("--version", default="4.3.1", help="of Apache Kafka")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    with tempfile.TemporaryDirectory() as directory:
        certificates = make_certificates(Path(directory) / "made")
        # The next ones are there when these are about to end.
        files = Files(Path(directory), certificates, last=2.5 * arguments.between_rotations)
        plan = Plan(
            version=arguments.version,
            brokers=3,
            controllers="separate",
            listeners=("PLAINTEXT", "SASL_SSL", "SASL_MTLS"),
            certificates=certificates,
            settings={"connections.max.reauth.ms": int(LIFETIME * 1000)},
        )
        with Cluster(plan) as kafka:
            for topic in TOPICS:
                kafka.new_topic(topic, partitions=6)
                kafka.wait_in_sync(topic)
            run = Run(kafka, files, arguments.minutes * 60)
            faults = asyncio.run(_run(run, arguments.between_kills, arguments.between_rotations))
    if faults:
        sys.exit("\n".join(faults))
    print("all stored once and in order; no silence or warning but for those that are explained")


if __name__ == "__main__":
    main()
