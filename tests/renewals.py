"""Measures how long producers are silent while logins end every few seconds, and leaders die.

    make renewals, or python -m tests.renewals --minutes 2

Three brokers let each login last 3 s, by OAUTHBEARER in TLS. Now and then the leader of a
partition is killed, and the file of the authorities is replaced. In the end, what Kafka has stored
is compared with what was acknowledged.
"""

import argparse
import asyncio
import logging
import tempfile
import time
from pathlib import Path

from dekaf import Producer, Security
from tests.integration.counters import Counters
from tests.integration.judge import assert_all_kept
from tests.kafka import Cluster, make_certificates
from tests.kafka.plan import Plan
from tests.kafka.tokens import unsecured_token

TOPIC = "renewals"
LIFETIME = 3.0  # seconds, of a login
TOKEN_LASTS = 20.0  # seconds
SETTLED = 15.0  # seconds after a kill; what is silent within them is put down to it
PACE = 0.005  # seconds between messages


class Gaps:
    """The longest times without an acknowledgement, around kills and apart from them."""

    def __init__(self) -> None:
        self.calm = self.of_kills = 0.0
        self.killed_at = -SETTLED
        self._acknowledged = 0
        self._since = time.monotonic()

    def look(self, counters: Counters) -> None:
        now = time.monotonic()
        gap = now - self._since
        if now - self.killed_at < SETTLED:
            self.of_kills = max(self.of_kills, gap)
        else:
            self.calm = max(self.calm, gap)
        if counters.acknowledged > self._acknowledged:
            self._acknowledged, self._since = counters.acknowledged, now


async def _kill_and_heal(kafka: Cluster, gaps: Gaps) -> None:
    leader = await asyncio.to_thread(kafka.leader, TOPIC)
    gaps.killed_at = time.monotonic()
    await asyncio.to_thread(kafka.kill, leader)
    await asyncio.sleep(SETTLED / 3)
    await asyncio.to_thread(kafka.restart, leader)
    gaps.killed_at = time.monotonic()


def _replace(file: Path, source: Path) -> None:
    following = file.with_suffix(".next")
    following.write_bytes(source.read_bytes())
    following.replace(file)


async def _run(kafka: Cluster, ca: Path, seconds: float, between_kills: float) -> None:
    file = ca.with_name("replaced.pem")
    _replace(file, ca)
    security = Security.sasl_oauthbearer(lambda: unsecured_token(lasts=TOKEN_LASTS), ca=file)
    gaps, kills = Gaps(), 0
    async with Producer(kafka.bootstrap("SASL_SSL"), security=security) as producer:
        counters = Counters(producer, TOPIC)
        end = time.monotonic() + seconds
        next_kill = time.monotonic() + between_kills
        killing = None
        while (now := time.monotonic()) < end or (killing is not None and not killing.done()):
            await counters.hand_over(1)
            await asyncio.sleep(PACE)
            gaps.look(counters)
            if next_kill <= now < end - 2 * SETTLED:
                next_kill, kills = now + between_kills, kills + 1
                _replace(file, ca)
                killing = asyncio.create_task(_kill_and_heal(kafka, gaps))
        if killing is not None:
            await killing
        await counters.until_settled()
        metrics = producer.metrics()
    await asyncio.to_thread(kafka.heal)
    assert_all_kept(kafka, counters, counters.handed_over)
    print(f"{counters.acknowledged} messages in {seconds:.0f} s, all stored once and in order")
    print(f"{kills} leaders killed; the longest silence then {gaps.of_kills:.2f} s")
    print(f"the longest silence apart from that {gaps.calm:.3f} s")
    print(metrics.security)
    print(f"{metrics.disconnects} connections ended, {metrics.batches.retries} batches sent again")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--between-kills", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--version", default="4.3.1", help="of Apache Kafka")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    with tempfile.TemporaryDirectory() as directory:
        certificates = make_certificates(Path(directory))
        plan = Plan(
            version=arguments.version,
            brokers=3,
            controllers="separate",
            listeners=("PLAINTEXT", "SASL_SSL"),
            certificates=certificates,
            settings={"connections.max.reauth.ms": int(LIFETIME * 1000)},
        )
        with Cluster(plan) as kafka:
            kafka.new_topic(TOPIC, partitions=6)
            kafka.wait_in_sync(TOPIC)
            run = _run(kafka, certificates.ca, arguments.minutes * 60, arguments.between_kills)
            asyncio.run(run)


if __name__ == "__main__":
    main()
