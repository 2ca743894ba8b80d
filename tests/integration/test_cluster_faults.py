"""Leaders die and hang, acknowledgements are lost: nobody notices, and everything is stored once.

Three brokers, each behind a proxy of its own; three replicas, two of which must be in sync.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from dekaf import Producer
from tests.integration.adversary import Adversary
from tests.integration.counters import Counters
from tests.integration.judge import assert_all_kept
from tests.integration.logins import scram
from tests.kafka import Certificates, Cluster, FaultProxy, TopicFactory

pytestmark = pytest.mark.asyncio

PLAIN_TEXT, SECURED = "PROXIED", "SASL_SSL_PROXIED"  # listeners; SCRAM on the second
BOTH = pytest.mark.parametrize("listener", [PLAIN_TEXT, SECURED], ids=["plain", "secured"])


@dataclass(frozen=True)
class Step:
    """A fault that is struck while records are on their way."""

    strike: Callable[[], object]
    lasting: float = 0.0  # seconds; records are handed over all along


@dataclass(frozen=True)
class Way:
    """A listener of the cluster, and the proxies in front of it by the brokers' ids."""

    listener: str
    proxies: dict[int, FaultProxy]
    ca: Path

    def producer(self, kafka: Cluster) -> Producer:
        security = scram(ca=self.ca) if self.listener == SECURED else None
        return Producer(kafka.bootstrap(self.listener), security=security)


@pytest.fixture
def way(kafka3: Cluster, certificates: Certificates, listener: str) -> Iterator[Way]:
    with ExitStack() as stack:
        proxies = {
            node.id: stack.enter_context(FaultProxy(kafka3.routes(listener, node.id)))
            for node in kafka3.brokers
        }
        yield Way(listener, proxies, certificates.ca)


async def run(kafka: Cluster, way: Way, topic: str, steps: Sequence[Step], records: int) -> None:
    """Hand over `records` during each step, and judge what is stored in the end."""
    async with way.producer(kafka) as producer:
        # So few at a time that some are left to be handed over when the fault comes.
        counters = Counters(producer, topic, most_open=records // 6)
        for step in steps:
            before = counters.acknowledged
            load = asyncio.create_task(counters.hand_over(records // 2))
            await counters.until_acknowledged(before + records // 8)
            assert not load.done(), "the fault came when no record was on its way"
            await asyncio.to_thread(step.strike)
            await load
            await spread(counters, records - records // 2, step.lasting)
        await counters.until_settled()
    kafka.wait_in_sync(topic)
    assert_all_kept(kafka, counters, len(steps) * records)


async def spread(counters: Counters, records: int, seconds: float) -> None:
    """Hand records over evenly: a fault that lasts is to be met by some at any time."""
    parts = 100 if seconds else 1
    for part in range(parts):
        await counters.hand_over(records * (part + 1) // parts - records * part // parts)
        await asyncio.sleep(seconds / parts)


@pytest.mark.versions
@BOTH
async def test_a_few_faults(kafka3: Cluster, way: Way, topic: TopicFactory) -> None:
    name = topic(kafka3, partitions=3)
    adversary = Adversary(kafka3, way.proxies, name)
    steps = [
        Step(lambda: adversary.lose_acknowledgements(0)),
        Step(lambda: adversary.kill_leader(0)),
        Step(adversary.bring_back),
        Step(lambda: adversary.hang_leader(1)),
        Step(adversary.bring_back),
    ]
    await run(kafka3, way, name, steps, 6_000)


@pytest.mark.slow
@pytest.mark.timeout(900)
@BOTH
async def test_half_a_million_records(kafka3: Cluster, way: Way, topic: TopicFactory) -> None:
    partitions = 6
    name = topic(kafka3, partitions=partitions)
    adversary = Adversary(kafka3, way.proxies, name)

    def round_of_faults(partition: int) -> list[Step]:
        other = (partition + 1) % partitions
        return [
            Step(lambda: adversary.lose_acknowledgements(partition)),
            Step(adversary.reset_connections),
            Step(lambda: adversary.kill_leader(partition)),
            Step(lambda: adversary.lose_acknowledgements(partition)),
            Step(adversary.bring_back),
            Step(lambda: adversary.lose_acknowledgements(other)),
            Step(lambda: adversary.cut_a_request(other)),
            Step(lambda: adversary.hang_leader(other), lasting=20.0),
            Step(adversary.reset_connections),
            Step(adversary.bring_back),
        ]

    steps = [step for partition in (0, 2) for step in round_of_faults(partition)]
    await run(kafka3, way, name, steps, 500_000 // len(steps))
