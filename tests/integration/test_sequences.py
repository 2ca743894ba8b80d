"""The end of the sequence numbers, on a broker: after 2³¹ - 1 comes 0, and nobody notices.

Two thousand million records take too long; so the numbers begin near their end, which a broker
that knows nothing of a producer accepts. (Kafka 4.5 will not: it wants 0 in an empty log.)
"""

from typing import TYPE_CHECKING

import pytest

from dekaf import ProducerConfig
from dekaf._config import core_settings
from dekaf._core import AsyncProducerCore, close_async
from tests.integration.counters import Counters
from tests.integration.judge import assert_kept
from tests.kafka import Cluster, FaultProxy, TopicFactory
from tests.kafka.oracle import SEQUENCES

if TYPE_CHECKING:
    from dekaf._core import CoreSettings

pytestmark = pytest.mark.asyncio

BEFORE_THE_END = 1_003


def begin_near_the_end(servers: str) -> AsyncProducerCore:
    config = ProducerConfig(servers, batch_size=1_000)
    settings: CoreSettings = {**core_settings(config), "first_sequence": SEQUENCES - BEFORE_THE_END}
    return AsyncProducerCore(config, settings)


async def test_numbers_wrap(kafka: Cluster, proxy: FaultProxy, topic: TopicFactory) -> None:
    """Acknowledgements are lost all along: repetitions are recognised beyond the end, too."""
    name = topic(kafka)
    producer = begin_near_the_end(kafka.bootstrap("PROXIED"))
    counters = Counters(producer, name, most_open=50)
    for _ in range(10):
        await counters.hand_over(100)
        proxy.cut_after("down", 5)
        await counters.hand_over(100)
        await counters.until_settled()
        assert not proxy.pending, f"no acknowledgement was lost; {counters}"
    await close_async(producer)
    assert counters.acknowledged == 2_000, str(counters)
    assert_kept(kafka, counters, from_zero=False)
    stored = kafka.batches(name, records=False)
    assert stored[0].base_sequence == SEQUENCES - BEFORE_THE_END
    assert stored[-1].last_sequence == 2_000 - BEFORE_THE_END - 1
    assert {batch.producer_epoch for batch in stored} == {0}, "the epoch was bumped on the way"
