"""The clusters that tests run against do what they say: they start, fail and come back."""

import pytest
from confluent_kafka import Producer

from tests.kafka import CONTROLLER_ID, Cluster, Plan, TopicFactory, check_sequences, wait_until


def test_a_topic_is_known_to_every_broker_as_asked_for(
    kafka3: Cluster, topic: TopicFactory
) -> None:
    name = topic(kafka3, partitions=4, replication=2, configs={"max.message.bytes": 2000})
    for broker in kafka3.brokers:
        partitions = kafka3.metadata(name, ask=broker.id).topics[name]
        assert sorted(partitions) == [0, 1, 2, 3]
        assert all(len(partition.replicas) == 2 for partition in partitions.values())
    described = kafka3.tool(
        "org.apache.kafka.tools.TopicCommand",
        *("--bootstrap-server", kafka3.bootstrap(), "--describe", "--topic", name),
    )
    assert "max.message.bytes=2000" in described


def test_killing_a_leader_moves_leadership_and_loses_nothing(
    kafka3: Cluster, topic: TopicFactory
) -> None:
    name = topic(kafka3)
    old = kafka3.leader(name)
    _deliver(kafka3, name, 100)
    kafka3.kill(old)
    new = kafka3.wait_leader(name, other_than=old)
    _deliver(kafka3, name, 100)
    kafka3.restart(old)
    kafka3.wait_in_sync(name)
    for broker in (old, new):
        stored = kafka3.batches(name, broker=broker)
        assert sum(batch.count for batch in stored) == 200
        assert all(batch.valid for batch in stored)
        check_sequences(stored)


def test_a_paused_leader_is_replaced_and_comes_back(kafka3: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka3)
    old = kafka3.leader(name)
    kafka3.pause(old)
    kafka3.wait_leader(name, other_than=old)
    wait_until(lambda: old not in kafka3.isr(name), what="the paused broker is out of sync")
    kafka3.resume(old)
    kafka3.wait_in_sync(name)
    assert old in kafka3.isr(name)


def test_a_stopped_leader_hands_over(kafka3: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka3)
    old = kafka3.leader(name)
    kafka3.stop(old)
    assert not kafka3.nodes[old].started
    assert kafka3.wait_leader(name, other_than=old) != old
    assert "shut down completed" in kafka3.nodes[old].log()


def test_without_its_controller_a_cluster_elects_nobody(
    kafka3: Cluster, topic: TopicFactory
) -> None:
    name = topic(kafka3)
    old = kafka3.leader(name)
    kafka3.kill(CONTROLLER_ID)
    kafka3.kill(old)
    assert kafka3.leader(name) == old
    kafka3.restart(CONTROLLER_ID)
    kafka3.wait_leader(name, other_than=old)


def test_healing_brings_back_whatever_was_done(kafka3: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka3)
    kafka3.kill(1)
    kafka3.pause(2)
    kafka3.heal()
    assert kafka3.isr(name) == (1, 2, 3)


def test_one_broker_restarts_with_its_data_and_address(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka)
    _deliver(kafka, name, 10)
    kafka.restart(1)
    _deliver(kafka, name, 10)
    assert sum(batch.count for batch in kafka.batches(name)) == 20


def test_combined_brokers_survive_the_death_of_a_controller(kafka_version: str) -> None:
    with Cluster(Plan(version=kafka_version, brokers=3)) as cluster:
        name = cluster.new_topic()
        old = cluster.leader(name)
        cluster.kill(old)
        cluster.wait_leader(name, other_than=old)


def test_a_broker_that_cannot_start_says_why(kafka_version: str) -> None:
    plan = Plan(version=kafka_version, settings={"num.io.threads": "plenty"})
    with pytest.raises(RuntimeError, match=r"(?s)ended by itself.*num\.io\.threads"), Cluster(plan):
        pass


def test_a_cluster_that_does_not_run_cannot_be_asked() -> None:
    cluster = Cluster()
    try:
        with pytest.raises(LookupError, match="no broker runs"):
            cluster.leader("any")
    finally:
        cluster.close()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"listeners": ["TELNET"]}, "no listener 'TELNET': there are PLAINTEXT"),
        ({"listeners": ["SSL"]}, "needs certificates"),
        ({"proxied": ["SSL"]}, "none of the listeners"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Plan(
            listeners=wrong.get("listeners", ["PLAINTEXT"]),
            proxied=wrong.get("proxied", ()),
        )


def _deliver(cluster: Cluster, topic: str, count: int) -> None:
    producer = Producer(
        {
            "bootstrap.servers": cluster.bootstrap(),
            "enable.idempotence": True,
            "linger.ms": 5,
            "log_level": 0,
        }
    )
    for number in range(count):
        producer.produce(topic, str(number).encode())
    assert producer.flush(30) == 0
