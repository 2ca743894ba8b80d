"""The broker in the box: how it starts and ends, and what is left of it."""

import asyncio
import contextlib
import copy
import gc
import pickle
import socket
import threading
from collections.abc import Callable

import pytest

from dekaf import Producer, ProducerClosed
from dekaf.testing import Broker


async def produce(broker: Broker, *values: str, topic: str = "orders") -> None:
    async with Producer(broker.bootstrap_servers) as producer:
        for value in values:
            await producer.produce(topic, value)


def values(broker: Broker, topic: str = "orders") -> list[bytes | None]:
    return [record.value for record in broker.records(topic)]


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


def listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection((host, int(port))):
        return True
    return False


def test_with() -> None:
    with Broker() as broker:
        asyncio.run(produce(broker, "v"))
        assert values(broker) == [b"v"]
        address = broker.bootstrap_servers
        assert listens(address)
    assert not listens(address)


def test_start_and_close() -> None:
    broker = Broker()
    assert broker.start() is broker
    address = broker.bootstrap_servers
    assert broker.start().bootstrap_servers == address
    with broker as same:
        assert same is broker
        asyncio.run(produce(broker, "v"))
    broker.close()
    broker.close()


def test_close_without_start() -> None:
    broker = Broker()
    broker.close()
    broker.start().close()


USES: list[Callable[[Broker], object]] = [
    lambda broker: broker.topics,
    lambda broker: broker.create_topic("orders"),
    lambda broker: broker.delete_topic("orders"),
    lambda broker: broker.records("orders"),
    lambda broker: broker.assert_published("orders"),
    lambda broker: broker.faults.fail("produce", "NOT_LEADER_OR_FOLLOWER"),
    lambda broker: broker.faults.delay("produce", 1),
    lambda broker: broker.faults.drop_answers(),
    lambda broker: broker.faults.drop_requests(),
    lambda broker: broker.faults.drop_connections(),
    lambda broker: broker.faults.move_leader("orders", 0, 1),
    lambda broker: broker.faults.pause(),
    lambda broker: broker.faults.resume(),
    lambda broker: broker.faults.clear(),
]


@pytest.mark.parametrize("use", USES)
def test_use_before_the_start_is_refused(use: Callable[[Broker], object]) -> None:
    with pytest.raises(RuntimeError, match="not started: use `with Broker"):
        use(Broker())


@pytest.mark.parametrize("use", [*USES, Broker.start, Broker.__enter__])
def test_use_after_the_end_is_refused(use: Callable[[Broker], object]) -> None:
    broker = Broker().start()
    broker.close()
    with pytest.raises(RuntimeError, match="the broker is closed; start another one"):
        use(broker)


def test_the_address_needs_a_start_and_outlives_the_end() -> None:
    broker = Broker()
    with pytest.raises(RuntimeError, match="not started"):
        broker.bootstrap_servers  # noqa: B018 - reading it is the test
    with broker:
        address = broker.bootstrap_servers
    assert broker.bootstrap_servers == address


def test_repr() -> None:
    broker = Broker()
    assert repr(broker) == "<Broker, not started>"
    with broker:
        assert repr(broker) == f"<Broker at {broker.bootstrap_servers}>"
    assert repr(broker) == f"<Broker at {broker.bootstrap_servers}, closed>"


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
@pytest.mark.parametrize("brokers", [1, 2])
def test_ipv6(brokers: int) -> None:
    with Broker(host="::1", brokers=brokers) as broker:
        addresses = broker.bootstrap_servers.split(",")
        assert len(set(addresses)) == brokers
        assert all(address.startswith("[::1]:") for address in addresses)
        asyncio.run(produce(broker, "v"))
        assert values(broker) == [b"v"]


def test_listening_everywhere_is_reached_at_home() -> None:
    with Broker(host="0.0.0.0") as broker:  # noqa: S104 - that is what is tested
        assert broker.bootstrap_servers.startswith("127.0.0.1:")
        asyncio.run(produce(broker, "v"))
        assert values(broker) == [b"v"]


def test_a_port_of_ones_own() -> None:
    with Broker() as broker:
        port = int(broker.bootstrap_servers.rpartition(":")[2])
    # Whoever took it meanwhile would make this fail; ports are not given out again so soon.
    with Broker(port=port, brokers=2) as broker:
        first, second = broker.bootstrap_servers.split(",")
        assert first == f"127.0.0.1:{port}"
        assert second != first
        asyncio.run(produce(broker, "v"))


def test_a_port_that_is_taken_is_named() -> None:
    with Broker() as broker:
        address = broker.bootstrap_servers
        other = Broker(port=int(address.rpartition(":")[2]))
        with pytest.raises(OSError, match=f"cannot listen at {address}: .*; port=0 takes one"):
            other.start()
        assert repr(other) == "<Broker, not started>"


def test_a_host_that_is_elsewhere_is_named() -> None:
    with pytest.raises(OSError, match=r"cannot listen at 192\.0\.2\.1:0: "):
        Broker(host="192.0.2.1").start()


def test_several_know_nothing_of_each_other() -> None:
    with Broker() as one, Broker() as other:
        asyncio.run(produce(one, "one"))
        asyncio.run(produce(other, "other"))
        assert (values(one), values(other)) == ([b"one"], [b"other"])
        one.close()
        asyncio.run(produce(other, "more"))
        assert values(other) == [b"other", b"more"]


@pytest.mark.asyncio
async def test_the_end_does_not_leave_a_producer_waiting() -> None:
    broker = Broker().start()
    producer = Producer(broker.bootstrap_servers)
    await producer.produce("orders", "before")
    broker.faults.pause()
    future = producer.produce("orders", "after")
    broker.close()
    # It is told nothing, as of a broker that died; its owner decides how long to hope.
    await producer.close(timeout=0.05)
    with pytest.raises(ProducerClosed):
        await future


@pytest.mark.asyncio
async def test_orders_do_not_wait_for_an_answer_that_is_late() -> None:
    broker = Broker().start()
    broker.faults.delay("produce", 3600)
    producer = Producer(broker.bootstrap_servers)
    future = producer.produce("orders", "v")
    broker.assert_published("orders", timeout=30)
    broker.faults.pause()
    broker.faults.resume()
    broker.close()
    await producer.close(timeout=0)
    with pytest.raises(ProducerClosed):
        await future


@pytest.mark.asyncio
async def test_another_one_at_the_same_place_takes_over() -> None:
    """To a producer it is a cluster that came back and lost everything."""
    broker = Broker().start()
    async with Producer(
        broker.bootstrap_servers, retry_backoff_ms=1, retry_backoff_max_ms=5
    ) as producer:
        await producer.produce("orders", "before")
        broker.close()
        future = producer.produce("orders", "after")
        port = int(broker.bootstrap_servers.rpartition(":")[2])
        with Broker(port=port, auto_create_topics=False) as other:
            other.create_topic("orders")
            await future
            assert values(other) == [b"after"]


def test_without_a_close_it_ends_with_its_last_reference() -> None:
    gc.disable()  # it must not take a collection
    try:
        broker = Broker().start()
        address = broker.bootstrap_servers
        faults = broker.faults
        faults.clear()
        del broker
        assert listens(address)
        del faults
        assert not listens(address)
    finally:
        gc.enable()


def test_without_a_close_a_cycle_is_collected() -> None:
    broker = Broker().start()
    address = broker.bootstrap_servers
    cycle: list[object] = [broker]
    cycle.append(cycle)
    del broker, cycle
    gc.collect()
    assert not listens(address)


def test_threads_may_close_it_at_once() -> None:
    broker = Broker().start()
    closing = [threading.Thread(target=broker.close) for _ in range(8)]
    for thread in closing:
        thread.start()
    for thread in closing:
        thread.join()
    assert not listens(broker.bootstrap_servers)


@pytest.mark.parametrize("copies", [pickle.dumps, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("is_started", [False, True])
def test_it_cannot_be_copied(copies: Callable[[Broker], object], is_started: bool) -> None:
    broker = Broker()
    refused = pytest.raises(TypeError, match="neither pickled nor copied: hand over its bootst")
    with broker if is_started else contextlib.nullcontext(), refused:
        copies(broker)
