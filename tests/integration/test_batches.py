"""What the batches look like that arrive: their codec, and how many records share one."""

import asyncio
from typing import Any

import pytest

from dekaf import ProduceError, Producer
from tests.integration.counters import Counters
from tests.integration.judge import assert_all_kept
from tests.kafka import Cluster, FaultProxy, TopicFactory, wait_until

pytestmark = pytest.mark.asyncio


@pytest.mark.versions
@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
async def test_batches_are_stored_in_the_codec_asked_for(
    kafka: Cluster, topic: TopicFactory, codec: Any
) -> None:
    """`compression.type` of a topic is the producer's choice unless it says otherwise."""
    if codec == "zstd" and not kafka.plan.release.knows_zstd:
        pytest.skip(f"Kafka {kafka.plan.version} does not know zstd")
    name = topic(kafka)
    async with Producer(kafka.bootstrap(), compression=codec, linger_ms=1_000) as producer:
        counters = Counters(producer, name)
        # The first record leaves alone, and a single one does not shrink.
        await counters.hand_over(1)
        await counters.until_settled()
        await counters.hand_over(5_000)
        await counters.until_settled()
    assert_all_kept(kafka, counters, 5_001)
    if kafka.plan.release.dumps_batches:
        stored = kafka.batches(name, records=False)
        # A dozen short records may not shrink either.
        assert {batch.codec for batch in stored if batch.count > 200} == {codec}


@pytest.mark.versions
async def test_a_codec_that_the_broker_does_not_know_is_named(
    kafka: Cluster, topic: TopicFactory
) -> None:
    if kafka.plan.release.knows_zstd:
        pytest.skip(f"Kafka {kafka.plan.version} knows zstd")
    name = topic(kafka)
    async with Producer(kafka.bootstrap(), compression="zstd") as producer:
        with pytest.raises(ProduceError, match="zstd") as caught:
            await producer.produce(name, b"x" * 1_000)
    assert caught.value.code == "UNSUPPORTED_COMPRESSION_TYPE"
    assert not caught.value.maybe_written


async def test_records_that_wait_for_their_broker_share_batches(
    kafka: Cluster, proxy: FaultProxy, topic: TopicFactory
) -> None:
    """An outage must not be followed by a request for every record that was handed over."""
    name = topic(kafka)
    async with Producer(kafka.bootstrap("PROXIED")) as producer:
        counters = Counters(producer, name)
        await counters.hand_over(1)
        await counters.until_settled()
        proxy.refuse()
        accepted = proxy.accepted
        proxy.cut()
        await counters.hand_over(1)
        await asyncio.to_thread(
            wait_until, lambda: proxy.accepted > accepted, what="it tries to connect again"
        )
        await counters.hand_over(1_999)
        proxy.heal()
        await counters.until_settled()
    assert_all_kept(kafka, counters, 2_001)
    batches = len(kafka.batches(name, records=False))
    assert batches < 20, f"{batches} batches for 2,001 records of a few bytes each"
