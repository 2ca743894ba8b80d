"""What a producer says of its cluster: brokers and topics, asked anew at each call."""

import asyncio
import pickle
from typing import Any

import pytest
from aiokafka.protocol.coordination import FindCoordinatorRequest_v1

from dekaf import (
    BrokerInfo,
    BrokerUnreachable,
    Cluster,
    Producer,
    ProducerClosed,
    SyncProducer,
    TopicInfo,
)
from dekaf.testing import Broker
from tests import kafka as apache
from tests.conformance.engine import Engine
from tests.kafka import TopicFactory, wait_until
from tests.producer.conftest import Box, Target
from tests.producer.kinds import Calls, each_kind, with_producer


@pytest.mark.versions
@each_kind
def test_the_cluster_is_asked_anew(target: Target, kind: Any) -> None:
    topic = target.topic(partitions=3)

    def calls(producer: Any) -> Calls:
        cluster = yield producer.cluster()
        assert cluster.cluster_id
        (broker,) = cluster.brokers
        assert f"{broker.host}:{broker.port}" == target.servers
        assert cluster.controller == broker.id == 1
        assert TopicInfo(topic, 3, is_internal=False) in cluster.topics
        assert sorted(cluster.topics) == list(cluster.topics)
        later = target.topic()
        again = yield producer.cluster(timeout=30)
        assert TopicInfo(later, 1, is_internal=False) in again.topics
        assert (again.cluster_id, again.brokers) == (cluster.cluster_id, cluster.brokers)
        yield producer.produce(topic, b"v", partition=2)

    with_producer(kind, target, calls)
    assert target.values(topic, 2) == [b"v"]


def test_several_brokers() -> None:
    with Broker(brokers=3) as broker:
        broker.create_topic("b", partitions=2)
        broker.create_topic("a")
        with SyncProducer(broker.bootstrap_servers) as producer:
            cluster = producer.cluster()
            addresses = [address.rpartition(":") for address in broker.bootstrap_servers.split(",")]
            assert cluster.brokers == tuple(
                BrokerInfo(n, host, int(port), None)
                for n, (host, _, port) in enumerate(addresses, start=1)
            )
            assert cluster.topics == (TopicInfo("a", 1, False), TopicInfo("b", 2, False))
            assert cluster.controller == 1
            assert repr(cluster) == (
                f"<Cluster {cluster.cluster_id}: 3 brokers, controller 1, 2 topics>"
            )
            broker.delete_topic("b")
            assert [topic.name for topic in producer.cluster().topics] == ["a"]


def test_several_brokers_of_apache_kafka(kafka3: apache.Cluster, topic: TopicFactory) -> None:
    name = topic(kafka3, partitions=2)
    # Kafka creates a topic of its own soon after it is asked for a group's coordinator.
    Engine(kafka3.bootstrap()).ask(FindCoordinatorRequest_v1("group", 0))
    with SyncProducer(kafka3.bootstrap()) as producer:

        def is_there() -> bool:
            return any(topic.is_internal for topic in producer.cluster().topics)

        wait_until(is_there, what="there is a topic of Kafka's own")
        cluster = producer.cluster()
    assert cluster.cluster_id == kafka3.id
    servers = [f"{broker.host}:{broker.port}" for broker in cluster.brokers]
    assert ",".join(servers) == kafka3.bootstrap()
    assert [broker.id for broker in cluster.brokers] == [1, 2, 3]
    assert cluster.controller in {1, 2, 3}
    internal = {topic.name: topic.is_internal for topic in cluster.topics}
    assert (internal[name], internal["__consumer_offsets"]) == (False, True)
    assert TopicInfo(name, 2, is_internal=False) in cluster.topics


@pytest.mark.asyncio
async def test_asking_creates_nothing_and_disturbs_nothing() -> None:
    with Broker(brokers=2) as broker:
        async with Producer(broker.bootstrap_servers, batch_size=100) as producer:
            assert (await producer.cluster()).topics == ()
            broker.create_topic("orders")
            futures = []
            for n in range(200):
                futures.append(producer.produce("orders", str(n)))
                if n % 10 == 0:
                    await producer.cluster()
                    broker.faults.move_leader("orders", 0, n // 10 % 2 + 1)
            await asyncio.gather(*futures)
            many = await asyncio.gather(*(producer.cluster() for _ in range(50)))
        stored = [record.value for record in broker.records("orders")]
        assert stored == [str(n).encode() for n in range(200)]
        assert {cluster.topics for cluster in many} == {(TopicInfo("orders", 1, False),)}


@each_kind
def test_asking_does_not_delay_a_new_topic(kind: Any) -> None:
    with Broker() as broker:
        for n in range(5):
            broker.create_topic(f"topic-{n}", partitions=n + 1)

        def calls(producer: Any) -> Calls:
            for n in range(20):
                yield producer.cluster()
                yield producer.produce(f"new-{n}", b"v")

        with_producer(kind, Box(broker), calls)
        assert len(broker.topics) == 25


@each_kind
def test_a_cluster_that_is_gone(kind: Any) -> None:
    with Broker() as broker:
        refused = rf"{broker.bootstrap_servers} \(TCP: Connection refused\)"

        def calls(producer: Any) -> Calls:
            broker.close()
            with pytest.raises(BrokerUnreachable, match=f"within 200 ms: {refused}"):
                yield producer.cluster(0.2)
            with pytest.raises(BrokerUnreachable, match=f"metadata_timeout_ms=300: {refused}"):
                yield producer.cluster()

        with_producer(kind, Box(broker), calls, metadata_timeout_ms=300)


@each_kind
def test_what_cannot_be_asked(target: Target, kind: Any) -> None:
    def calls(producer: Any) -> Calls:
        with pytest.raises(ValueError, match="timeout=-1 is out of range: 0 or more seconds"):
            yield producer.cluster(-1)
        with pytest.raises(TypeError, match="timeout must be seconds as int or float, not str"):
            yield producer.cluster("1")
        yield producer.close()
        with pytest.raises(ProducerClosed, match="the producer is closed"):
            yield producer.cluster()

    with_producer(kind, target, calls)


def test_it_is_a_value() -> None:
    brokers = (BrokerInfo(1, "a", 9092, "rack"), BrokerInfo(2, "b", 9092, None))
    cluster = Cluster("id", None, brokers, (TopicInfo("orders", 3, is_internal=False),))
    assert pickle.loads(pickle.dumps(cluster)) == cluster  # noqa: S301 - just made
    assert hash(cluster) == hash(pickle.loads(pickle.dumps(cluster)))  # noqa: S301 - just made
    assert repr(cluster) == "<Cluster id: 2 brokers, controller None, 1 topic>"
    with pytest.raises(AttributeError):
        cluster.controller = 1  # type: ignore[misc]
