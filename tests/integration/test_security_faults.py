"""Connections that are lost under TLS and SCRAM: all is delivered, and stored once.

Leaders that die are in `test_cluster_faults.py`.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dekaf import Producer
from tests.integration.counters import Counters
from tests.integration.judge import assert_all_kept
from tests.integration.logins import scram
from tests.integration.strikes import RECORDS, survive
from tests.kafka import Certificates, Cluster, FaultProxy, TopicFactory, wait_until

pytestmark = pytest.mark.asyncio

# Short, so that a connection that hangs is given up within a test's time.
SETTINGS: dict[str, Any] = {"request_timeout_ms": 2_000, "metadata_timeout_ms": 6_000}
LISTENER = "SASL_SSL_PROXIED"


@pytest.fixture
def secure_proxy(secure_kafka: Cluster) -> Iterator[FaultProxy]:
    with FaultProxy(secure_kafka.routes(LISTENER)) as proxy:
        yield proxy


FAULTS: dict[str, Callable[[FaultProxy], None]] = {
    "an acknowledgement is lost": lambda proxy: proxy.cut_after("down", 5),
    "a request is cut": lambda proxy: proxy.cut_after("up", 3_000),
    "connections are reset": lambda proxy: proxy.cut(reset=True),
    "what is sent is damaged": lambda proxy: proxy.flip_bit("up", after=1_000),
    "what is answered is damaged": lambda proxy: proxy.flip_bit("down", after=20),
    "a record's length is damaged": lambda proxy: proxy.flip_bit("down", after=3),
}


@pytest.mark.versions
@pytest.mark.parametrize("strike", FAULTS.values(), ids=FAULTS.keys())
async def test_a_moments_fault(
    secure_kafka: Cluster,
    secure_proxy: FaultProxy,
    certificates: Certificates,
    topic: TopicFactory,
    strike: Callable[[FaultProxy], None],
) -> None:
    """It strikes again and again while records are on their way."""
    name, rounds = topic(secure_kafka), 4
    async with Producer(
        secure_kafka.bootstrap(LISTENER),
        security=scram(ca=certificates.ca),
        batch_size=2_000,
        **SETTINGS,
    ) as producer:
        counters = await survive(producer, name, secure_proxy, strike, rounds)
    assert_all_kept(secure_kafka, counters, rounds * RECORDS)


# How many bytes of what the broker says pass: within its certificates, the end of the handshake,
# and the steps of SCRAM.
@pytest.mark.parametrize("passing", [3, 700, 1_500, 1_900, 2_100, 2_300])
async def test_a_connection_ends_while_it_is_made(
    secure_kafka: Cluster,
    secure_proxy: FaultProxy,
    certificates: Certificates,
    topic: TopicFactory,
    passing: int,
) -> None:
    """That is no refusal: another one is made."""
    name = topic(secure_kafka)
    secure_proxy.cut_after("down", passing)
    async with Producer(
        secure_kafka.bootstrap(LISTENER), security=scram(ca=certificates.ca), **SETTINGS
    ) as producer:
        counters = Counters(producer, name)
        await counters.hand_over(10)
        await counters.until_settled()
    assert not secure_proxy.pending
    assert_all_kept(secure_kafka, counters, 10)


async def test_a_connection_hangs_while_it_is_made(
    secure_kafka: Cluster,
    secure_proxy: FaultProxy,
    certificates: Certificates,
    topic: TopicFactory,
) -> None:
    name = topic(secure_kafka)
    async with Producer(
        secure_kafka.bootstrap(LISTENER), security=scram(ca=certificates.ca), **SETTINGS
    ) as producer:
        counters = Counters(producer, name)
        secure_proxy.hold("down")
        await counters.hand_over(10)
        await asyncio.to_thread(
            wait_until, lambda: secure_proxy.accepted > 1, what="another connection is made"
        )
        secure_proxy.release()
        await counters.until_settled()
    assert_all_kept(secure_kafka, counters, 10)
