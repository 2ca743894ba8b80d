"""Leaders die and hang, acknowledgements are lost: nobody notices, and everything is stored once.

Three brokers, each behind a proxy of its own; three replicas, two of which must be in sync.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from dekaf import Producer
from tests.integration.adversary import Adversary
from tests.integration.counters import Counters
from tests.integration.judge import assert_all_kept
from tests.kafka import Cluster, FaultProxy, TopicFactory

pytestmark = pytest.mark.asyncio


@dataclass(frozen=True)
class Step:
    """A fault that is struck while records are on their way."""

    strike: Callable[[], object]
    lasting: float = 0.0  # seconds; records are handed over all along


@pytest.fixture
def proxies(kafka3: Cluster) -> Iterator[dict[int, FaultProxy]]:
    """Return the ways to the brokers' listeners PROXIED, by the brokers' ids."""
    with ExitStack() as stack:
        yield {
            node.id: stack.enter_context(FaultProxy(kafka3.routes("PROXIED", node.id)))
            for node in kafka3.brokers
        }


async def run(kafka: Cluster, topic: str, steps: Sequence[Step], records: int) -> None:
    """Hand over `records` during each step, and judge what is stored in the end."""
    async with Producer(kafka.bootstrap("PROXIED")) as producer:
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
async def test_a_few_faults(
    kafka3: Cluster, proxies: dict[int, FaultProxy], topic: TopicFactory
) -> None:
    name = topic(kafka3, partitions=3)
    adversary = Adversary(kafka3, proxies, name)
    steps = [
        Step(lambda: adversary.lose_acknowledgements(0)),
        Step(lambda: adversary.kill_leader(0)),
        Step(adversary.bring_back),
        Step(lambda: adversary.hang_leader(1)),
        Step(adversary.bring_back),
    ]
    await run(kafka3, name, steps, 6_000)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_half_a_million_records(
    kafka3: Cluster, proxies: dict[int, FaultProxy], topic: TopicFactory
) -> None:
    partitions = 6
    name = topic(kafka3, partitions=partitions)
    adversary = Adversary(kafka3, proxies, name)

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
    await run(kafka3, name, steps, 500_000 // len(steps))
