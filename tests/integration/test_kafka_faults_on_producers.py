"""Faults between a producer and a real broker: what they do to it, and what is stored."""

import time

import pytest
from confluent_kafka import KafkaError, Message, Producer

from tests.kafka import Cluster, FaultProxy, TopicFactory, check_sequences, wait_until

_ROUNDS = 3
_RECORDS = 100


class Peer:
    """A well-known producer, behind the proxy and warmed up."""

    def __init__(self, kafka: Cluster, topic: str) -> None:
        self.failed: list[str] = []
        self._topic = topic
        self._producer = Producer(
            {
                "bootstrap.servers": kafka.bootstrap("PROXIED"),
                "enable.idempotence": True,
                "linger.ms": 5,
                "reconnect.backoff.max.ms": 200,
                "socket.timeout.ms": 10_000,
                "log_level": 0,
            }
        )
        self.send(1)
        self.flush()
        assert not self.failed

    def send(self, count: int) -> None:
        for _ in range(count):
            self._producer.produce(self._topic, bytes(1000), on_delivery=self._on_delivery)

    def flush(self) -> None:
        assert self._producer.flush(30) == 0

    def poll(self) -> None:
        self._producer.poll(0)

    def _on_delivery(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self.failed.append(error.name())


@pytest.fixture
def name(kafka: Cluster, topic: TopicFactory) -> str:
    return topic(kafka)


@pytest.fixture
def peer(kafka: Cluster, proxy: FaultProxy, name: str) -> Peer:
    assert proxy.accepted == 0
    return Peer(kafka, name)


def test_a_lost_ack_is_stored_once(
    kafka: Cluster, proxy: FaultProxy, peer: Peer, name: str
) -> None:
    for _ in range(_ROUNDS):
        accepted = proxy.accepted
        proxy.cut_after("down", 5)
        peer.send(_RECORDS)
        peer.flush()
        assert proxy.accepted > accepted
    _assert_stored(kafka, name, 1 + _ROUNDS * _RECORDS)


def test_a_cut_request_is_stored_once(
    kafka: Cluster, proxy: FaultProxy, peer: Peer, name: str
) -> None:
    for _ in range(_ROUNDS):
        proxy.cut_after("up", 3000)
        peer.send(_RECORDS)
        peer.flush()
    _assert_stored(kafka, name, 1 + _ROUNDS * _RECORDS)


@pytest.mark.parametrize("reset", [False, True], ids=["fin", "rst"])
def test_a_cut_connection_is_made_anew(
    kafka: Cluster, proxy: FaultProxy, peer: Peer, name: str, *, reset: bool
) -> None:
    accepted = proxy.accepted
    peer.send(_RECORDS)
    proxy.cut(reset=reset)
    peer.send(_RECORDS)
    peer.flush()
    assert proxy.accepted > accepted
    _assert_stored(kafka, name, 1 + 2 * _RECORDS)


def test_a_delay_is_felt(kafka: Cluster, proxy: FaultProxy, peer: Peer, name: str) -> None:
    proxy.slow_down(delay=0.2)
    began = time.monotonic()
    peer.send(_RECORDS)
    peer.flush()
    assert time.monotonic() - began >= 0.4
    _assert_stored(kafka, name, 1 + _RECORDS)


def test_what_is_held_is_stored_after_the_release(
    kafka: Cluster, proxy: FaultProxy, peer: Peer, name: str
) -> None:
    proxy.hold("down")
    peer.send(_RECORDS)
    wait_until(lambda: _stored(kafka, name) > 1, what="requests still arrive")
    proxy.release()
    peer.flush()
    _assert_stored(kafka, name, 1 + _RECORDS)


@pytest.mark.parametrize("fault", ["refuse", "close_ports"])
def test_a_producer_waits_for_a_broker_that_cannot_be_reached(
    kafka: Cluster, proxy: FaultProxy, peer: Peer, name: str, fault: str
) -> None:
    accepted = proxy.accepted
    if fault == "refuse":
        proxy.refuse()
    else:
        proxy.close_ports()
    proxy.cut()
    peer.send(_RECORDS)
    if fault == "refuse":
        wait_until(lambda: proxy.accepted > accepted, what="it tries again")
    peer.poll()
    assert not peer.failed
    proxy.heal()
    peer.flush()
    _assert_stored(kafka, name, 1 + _RECORDS)


def test_a_flipped_bit_is_never_stored(
    kafka: Cluster, proxy: FaultProxy, peer: Peer, name: str
) -> None:
    proxy.flip_bit("up", after=5000)  # in the middle of a batch
    peer.send(_RECORDS)
    peer.flush()
    stored = kafka.batches(name)
    assert all(batch.valid for batch in stored)
    assert sum(batch.count for batch in stored) == 1 + _RECORDS - len(peer.failed)
    assert all(record.value == "\0" * 1000 for batch in stored for record in batch.records)


def test_faults_of_one_broker_leave_others_alone(kafka3: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka3)
    leader = kafka3.leader(name)
    others = [broker.id for broker in kafka3.brokers if broker.id != leader]
    with (
        FaultProxy(kafka3.routes("PROXIED", leader)) as before_leader,
        FaultProxy(kafka3.routes("PROXIED", *others)) as before_others,
    ):
        before_others.hold()
        peer = Peer(kafka3, name)
        peer.send(_RECORDS)
        peer.flush()
        assert before_leader.passed("up") > _RECORDS * 1000
        assert before_others.passed("up") == 0
    _assert_stored(kafka3, name, 1 + _RECORDS)


def _stored(kafka: Cluster, name: str) -> int:
    return sum(batch.count for batch in kafka.batches(name, records=False))


def _assert_stored(kafka: Cluster, name: str, count: int) -> None:
    batches = kafka.batches(name)
    assert sum(batch.count for batch in batches) == count
    assert all(batch.valid for batch in batches)
    check_sequences(batches)
