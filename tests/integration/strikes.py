"""Faults of a proxy that strike while records are on their way."""

import asyncio
from collections.abc import Callable

from dekaf import Producer
from tests.integration.counters import Counters
from tests.kafka import FaultProxy

RECORDS = 1_000  # in each round


async def survive(
    producer: Producer,
    name: str,
    proxy: FaultProxy,
    strike: Callable[[FaultProxy], None],
    rounds: int,
) -> Counters:
    """Strike once in each round, amid its records; return when all of them are settled."""
    counters = Counters(producer, name, most_open=200)
    for _ in range(rounds):
        load = asyncio.create_task(counters.hand_over(RECORDS // 2))
        await counters.until_acknowledged(counters.handed_over + 100)
        assert not load.done(), "the fault came when no record was on its way"
        strike(proxy)
        await load
        await counters.hand_over(RECORDS // 2)
        await counters.until_settled()
        assert not proxy.pending, f"the fault did not come to pass; {counters}"
    return counters
