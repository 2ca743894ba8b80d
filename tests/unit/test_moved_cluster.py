"""Brokers that hang, and clusters that move as a whole: found again by bootstrap_servers."""

import contextlib

import pytest

from dekaf import Producer
from dekaf.testing import Broker
from tests.unit.peers import peer

pytestmark = pytest.mark.asyncio


async def test_a_cluster_that_has_moved_is_found_again() -> None:
    with Broker() as old, Broker() as new:
        servers = [old.bootstrap_servers, new.bootstrap_servers]
        async with Producer(servers) as producer:
            await producer.produce("orders", b"before")
            assert [record.value for record in old.records("orders")] == [b"before"]
            old.close()
            await producer.produce("orders", b"after")
        assert [record.value for record in new.records("orders")] == [b"after"]


async def test_servers_that_hang_are_passed_over() -> None:
    """One after the other they would take longer than a message waits."""
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(peer(answer=None)) for _ in range(6)]
        broker = stack.enter_context(Broker())
        async with Producer([*silent, broker.bootstrap_servers]) as producer:
            await producer.produce("orders", b"v")
        assert len(broker.records("orders")) == 1
