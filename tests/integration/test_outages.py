"""No broker at all for a while: nothing is fatal, and what fails says whether it is stored."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from dekaf import DeliveryTimeout, ProduceError, Producer
from tests.integration.counters import Counters
from tests.integration.judge import assert_all_kept, assert_kept
from tests.kafka import Cluster, FaultProxy, TopicFactory, wait_until

pytestmark = pytest.mark.asyncio

SLACK = 10.0  # seconds; a loaded machine is late, a missing deadline is much later


async def test_an_outage_longer_than_every_other_timeout(
    kafka: Cluster, proxy: FaultProxy, topic: TopicFactory
) -> None:
    """Only `delivery_timeout_ms` bounds it: what was handed over waits, and is delivered."""
    name = topic(kafka)
    quick: dict[str, Any] = {
        "request_timeout_ms": 500,
        "metadata_timeout_ms": 500,
        "metadata_max_age_ms": 500,
    }
    async with Producer(kafka.bootstrap("PROXIED"), **quick) as producer:
        counters = Counters(producer, name)
        await counters.hand_over(1_000)
        await counters.until_acknowledged(100)
        proxy.refuse()
        proxy.cut(reset=True)
        before = proxy.accepted
        began = time.monotonic()
        await counters.hand_over(1_000)

        def has_tried_for_long() -> bool:
            return proxy.accepted > before + 5 and time.monotonic() > began + 2.5

        await asyncio.to_thread(wait_until, has_tried_for_long, what="it tries again and again")
        assert counters.open
        proxy.heal()
        await counters.until_settled()
    assert_all_kept(kafka, counters, 2_000)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_all_brokers_are_down_for_half_a_minute(kafka3: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka3, partitions=6)
    brokers = [node.id for node in kafka3.brokers]
    async with Producer(kafka3.bootstrap()) as producer:
        counters = Counters(producer, name)
        load = asyncio.create_task(counters.hand_over(50_000))
        await counters.until_acknowledged(20_000)
        for broker in brokers:
            kafka3.kill(broker)
        await asyncio.sleep(30)
        assert counters.open, "the outage came when no record was on its way"
        assert not counters.failed, str(counters)
        await asyncio.to_thread(kafka3.heal)
        await load
        await counters.until_settled()
    assert_all_kept(kafka3, counters, 50_000)


def hang(_: Cluster, proxy: FaultProxy) -> None:
    proxy.hold("down")


def go_away(_: Cluster, proxy: FaultProxy) -> None:
    proxy.close_ports()
    proxy.cut()


def die(kafka: Cluster, _: FaultProxy) -> None:
    kafka.kill(1)


@pytest.mark.versions
@pytest.mark.parametrize("begin", [hang, go_away, die])
async def test_an_outage_longer_than_the_delivery_timeout(
    kafka: Cluster,
    proxy: FaultProxy,
    topic: TopicFactory,
    begin: Callable[[Cluster, FaultProxy], None],
) -> None:
    """What was in flight is in doubt, what was never sent is not; afterwards all goes on."""
    name = topic(kafka)
    short: dict[str, Any] = {"delivery_timeout_ms": 5_000, "request_timeout_ms": 2_000}
    async with Producer(kafka.bootstrap("PROXIED"), batch_size=500, **short) as producer:
        counters = Counters(producer, name)
        await counters.hand_over(10)
        await counters.until_settled()

        begin(kafka, proxy)
        began = time.monotonic()
        await counters.hand_over(1_000)
        await counters.until_settled()
        took = time.monotonic() - began
        assert 4.5 < took < 5 + SLACK, f"failed after {took:.1f} s; {counters}"
        assert len(counters.failed) == 1_000, str(counters)
        for error in counters.failed:
            assert_says_what_happened(error, name)
        in_doubt = [error.maybe_written for error in counters.failed]
        assert in_doubt == sorted(in_doubt, reverse=True), "the first ones were sent, if any"
        assert not in_doubt[-1], "more than five batches cannot be in flight"
        assert in_doubt[0] or begin is not hang, "what is sent and not answered is in doubt"

        await asyncio.to_thread(kafka.heal)
        proxy.heal()
        await counters.hand_over(100)
        await counters.until_settled()
    assert counters.acknowledged == 110, str(counters)
    assert_kept(kafka, counters)


def assert_says_what_happened(error: ProduceError, topic: str) -> None:
    assert isinstance(error, DeliveryTimeout), repr(error)
    assert ("may have been written" in str(error)) is error.maybe_written, str(error)
    assert "delivery_timeout_ms=5000" in str(error)
    assert (error.topic, error.partition) == (topic, 0)
    assert not error.fatal
