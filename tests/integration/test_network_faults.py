"""What a network does to the connection to one broker: all is delivered, and stored once."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dekaf import ProduceError, Producer, RecordMetadata
from tests.integration.counters import Counters
from tests.integration.judge import assert_all_kept, assert_numbered
from tests.integration.reader import read
from tests.integration.strikes import RECORDS, survive
from tests.kafka import Cluster, FaultProxy, TopicFactory, wait_until

pytestmark = pytest.mark.asyncio

# Short, so that a connection that hangs is given up within a test's time.
SETTINGS: dict[str, Any] = {"request_timeout_ms": 1_000, "metadata_timeout_ms": 3_000}

FAULTS: dict[str, Callable[[FaultProxy], None]] = {
    "an acknowledgement is lost": lambda proxy: proxy.cut_after("down", 5),
    "a request is cut": lambda proxy: proxy.cut_after("up", 3_000),
    "a request's length is cut": lambda proxy: proxy.cut_after("up", 2),
    "connections end": lambda proxy: proxy.cut(),
    "connections are reset": lambda proxy: proxy.cut(reset=True),
    # Within a key: a batch's checksum does not cover its first bytes, for which brokers answer with
    # INVALID_RECORD, and that is final.
    "a record is damaged": lambda proxy: proxy.flip_bit_in("up", b"key-"),
    "a request's header is damaged": lambda proxy: proxy.flip_bit("up", after=6),
    "an answer's length is damaged": lambda proxy: proxy.flip_bit("down", after=0),
    "an answer's number is damaged": lambda proxy: proxy.flip_bit("down", after=6),
}


@pytest.mark.versions
@pytest.mark.parametrize("strike", FAULTS.values(), ids=FAULTS.keys())
async def test_a_moments_fault(
    kafka: Cluster, proxy: FaultProxy, topic: TopicFactory, strike: Callable[[FaultProxy], None]
) -> None:
    """It strikes again and again while records are on their way."""
    name, rounds = topic(kafka), 5
    async with Producer(kafka.bootstrap("PROXIED"), batch_size=2_000, **SETTINGS) as producer:
        counters = await survive(producer, name, proxy, strike, rounds)
    assert_all_kept(kafka, counters, rounds * RECORDS)


LASTING: dict[str, Callable[[FaultProxy], None]] = {
    "nothing comes back": lambda proxy: proxy.hold("down"),
    "nothing arrives": lambda proxy: proxy.hold("up"),
    "nothing passes": lambda proxy: proxy.hold(),
}


@pytest.mark.parametrize("strike", LASTING.values(), ids=LASTING.keys())
async def test_a_half_open_connection_is_given_up(
    kafka: Cluster, proxy: FaultProxy, topic: TopicFactory, strike: Callable[[FaultProxy], None]
) -> None:
    """Connections that pass nothing on are replaced; what they held may still arrive."""
    name = topic(kafka)
    async with Producer(kafka.bootstrap("PROXIED"), batch_size=2_000, **SETTINGS) as producer:
        counters = Counters(producer, name, most_open=500)
        load = asyncio.create_task(counters.hand_over(3_000))
        await counters.until_acknowledged(500)
        accepted = proxy.accepted
        strike(proxy)
        await asyncio.to_thread(wait_for_another, proxy, accepted)
        proxy.release()
        await load
        await counters.until_settled()
    assert_all_kept(kafka, counters, 3_000)


def wait_for_another(proxy: FaultProxy, accepted: int) -> None:
    wait_until(lambda: proxy.accepted > accepted, what="another connection is made")


@pytest.mark.parametrize("fault", ["refuse", "close_ports"])
async def test_a_broker_that_cannot_be_reached(
    kafka: Cluster, proxy: FaultProxy, topic: TopicFactory, fault: str
) -> None:
    name = topic(kafka)
    async with Producer(kafka.bootstrap("PROXIED"), **SETTINGS) as producer:
        counters = Counters(producer, name)
        await counters.hand_over(100)
        await counters.until_settled()
        getattr(proxy, fault)()
        accepted = proxy.accepted
        proxy.cut()
        await counters.hand_over(100)
        if fault == "refuse":
            await asyncio.to_thread(wait_for_another, proxy, accepted)
        assert counters.open == 100, str(counters)
        proxy.heal()
        await counters.until_settled()
    assert_all_kept(kafka, counters, 200)


async def test_a_slow_network(kafka: Cluster, proxy: FaultProxy, topic: TopicFactory) -> None:
    """What takes long is not asked for twice."""
    name = topic(kafka)
    async with Producer(kafka.bootstrap("PROXIED"), **SETTINGS) as producer:
        counters = Counters(producer, name)
        await counters.hand_over(100)
        await counters.until_settled()
        accepted = proxy.accepted
        proxy.slow_down(delay=0.2, rate=100_000)
        await counters.hand_over(100)
        await counters.until_settled()
        assert proxy.accepted == accepted, "a connection that was slow was given up"
    assert_all_kept(kafka, counters, 200)


# Where a produce answer of version 13 says for how long the broker wants to be left alone. Who
# believes answers believes that, too: it may be days.
THROTTLE_TIME = 61


async def test_any_byte_of_an_answer_is_damaged(
    kafka: Cluster, proxy: FaultProxy, topic: TopicFactory
) -> None:
    """Answers have no checksum: a wrong offset is told as it came. No record is lost by it.

    Whatever an answer says, a record that is acknowledged is stored, one that failed as not
    written is not, none is stored twice, and the producer lives.
    """
    name = topic(kafka)
    fates: list[RecordMetadata | ProduceError] = []
    async with Producer(kafka.bootstrap("PROXIED"), **SETTINGS) as producer:
        await producer.produce(name, "-1")
        for byte in range(THROTTLE_TIME):
            proxy.flip_bit("down", after=byte)
            try:
                fates.append(await producer.produce(name, str(byte)))
            except ProduceError as error:
                fates.append(error)
            assert not proxy.pending, f"byte {byte} was not damaged; {fates[-1]!r}"
        await producer.produce(name, str(THROTTLE_TIME))
    values = [int(message.value() or b"") for message in read(kafka, name)[0]]
    assert (values[0], values[-1]) == (-1, THROTTLE_TIME)
    assert values == sorted(set(values)), "some are stored twice, or overtaken"
    for byte, fate in enumerate(fates):
        if isinstance(fate, RecordMetadata):
            assert byte in values, f"byte {byte}: acknowledged as {fate!r}, and not stored"
        else:
            assert not fate.fatal, f"byte {byte}: {fate!r}"
            assert fate.maybe_written or byte not in values, (
                f"byte {byte}: stored, and failed as not written: {fate!r}"
            )
    assert_numbered(kafka, name)
