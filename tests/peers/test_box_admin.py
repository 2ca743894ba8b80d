"""librdkafka's AdminClient asks the broker in the box for all that it offers."""

from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import (
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from dekaf.testing import Broker
from tests.peers.conftest import PARTITIONS
from tests.peers.test_box_confluent import PATIENCE, consumer, produce, take, until_shared
from tests.peers.written import WRITTEN


@pytest.fixture
def admin(box: Broker) -> AdminClient:
    return AdminClient({"bootstrap.servers": box.bootstrap_servers})


def result(futures: dict[Any, Future[Any]]) -> Any:
    (future,) = futures.values()
    return future.result(PATIENCE)


def code(futures: dict[Any, Future[Any]]) -> int:
    with pytest.raises(KafkaException) as caught:
        result(futures)
    return int(caught.value.args[0].code())


def test_topics_come_and_go(box: Broker, admin: AdminClient) -> None:
    configs = {"cleanup.policy": "compact", "retention.ms": "1000"}
    result(admin.create_topics([NewTopic("t", 5, config=configs)]))
    result(admin.create_topics([NewTopic("u")]))
    assert box.topics == {"t": 5, "u": PARTITIONS}
    assert code(admin.create_topics([NewTopic("t", 1)])) == KafkaError.TOPIC_ALREADY_EXISTS
    described = admin.list_topics(timeout=PATIENCE)
    assert {name: len(topic.partitions) for name, topic in described.topics.items()} == box.topics
    result(admin.delete_topics(["t"]))
    assert box.topics == {"u": PARTITIONS}
    assert code(admin.delete_topics(["t"])) == KafkaError.UNKNOWN_TOPIC_OR_PART


def test_a_trial_makes_nothing(box: Broker, admin: AdminClient) -> None:
    result(admin.create_topics([NewTopic("t", 5)], validate_only=True))
    assert box.topics == {}
    result(admin.create_topics([NewTopic("t", 2)]))
    result(admin.create_partitions([NewPartitions("t", 4)], validate_only=True))
    assert box.topics == {"t": 2}


def test_partitions_are_added(box: Broker, admin: AdminClient) -> None:
    box.create_topic("t", partitions=2)
    result(admin.create_partitions([NewPartitions("t", 4)]))
    assert box.topics == {"t": 4}
    fewer = admin.create_partitions([NewPartitions("t", 3)])
    assert code(fewer) == KafkaError.INVALID_PARTITIONS


def test_settings_are_told(box: Broker, admin: AdminClient) -> None:
    box.create_topic("t", configs={"max.message.bytes": 5_000, "retention.ms": 1_000})
    settings = result(admin.describe_configs([ConfigResource(ResourceType.TOPIC, "t")]))
    assert settings["max.message.bytes"].value == "5000"
    assert not settings["max.message.bytes"].is_default
    assert settings["cleanup.policy"].value == "delete"
    assert settings["cleanup.policy"].is_default


def test_the_cluster_and_its_topics_are_described(box: Broker, admin: AdminClient) -> None:
    cluster = admin.describe_cluster().result(PATIENCE)
    assert [f"{node.host}:{node.port}" for node in cluster.nodes] == [box.bootstrap_servers]


def test_records_are_deleted(box: Broker, admin: AdminClient) -> None:
    produce(box, "t", WRITTEN)
    deleted = result(admin.delete_records([TopicPartition("t", 0, 40)]))
    assert deleted.low_watermark == 40
    assert min(record.offset for record in box.records("t") if record.partition == 0) == 40
    with consumer(box, "g") as reader:
        reader.assign([TopicPartition("t", 0, 0)])  # it is no longer there: the earliest is
        assert take(reader, 1)[0].offset == 40
    beyond = admin.delete_records([TopicPartition("t", 0, 10_000)])
    assert code(beyond) == KafkaError.OFFSET_OUT_OF_RANGE


def test_offsets_are_listed(box: Broker, admin: AdminClient) -> None:
    produce(box, "t", WRITTEN)
    end = len(WRITTEN[::PARTITIONS])
    partition = TopicPartition("t", 0)
    spec: Any = OffsetSpec  # which has no types
    wanted = {
        spec.earliest(): 0,
        spec.latest(): end,
        spec.max_timestamp(): end - 1,
        spec.for_timestamp(WRITTEN[-3].timestamp): end - 1,
    }
    for asked, offset in wanted.items():
        assert result(admin.list_offsets({partition: asked})).offset == offset, asked


def test_groups_are_listed_and_described(box: Broker, admin: AdminClient) -> None:
    produce(box, "t", WRITTEN)
    with consumer(box, "g", **{"client.id": "first"}) as one:
        one.subscribe(["t"])
        until_shared(one)
        listed = admin.list_consumer_groups().result(PATIENCE)
        assert not listed.errors
        assert [group.group_id for group in listed.valid] == ["g"]
        assert listed.valid[0].state == ConsumerGroupState.STABLE
        described = result(admin.describe_consumer_groups(["g"]))
        assert described.state == ConsumerGroupState.STABLE
        assert described.partition_assignor == "range"
        (member,) = described.members
        assert (member.client_id, member.host) == ("first", "/127.0.0.1")
        owned = {partition.partition for partition in member.assignment.topic_partitions}
        assert owned == set(range(PARTITIONS))
        take(one, 10)
        one.commit(asynchronous=False)
    assert _offsets(admin) == 10
    described = result(admin.describe_consumer_groups(["g"]))
    assert described.state == ConsumerGroupState.EMPTY
    assert described.members == []


def test_a_groups_offsets_are_moved_and_the_group_deleted(box: Broker, admin: AdminClient) -> None:
    produce(box, "t", WRITTEN)
    moved = [TopicPartition("t", n, 5) for n in range(PARTITIONS)]
    result(admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions("g", moved)]))
    assert _offsets(admin) == 5 * PARTITIONS
    with consumer(box, "g") as reader:
        reader.subscribe(["t"])
        assert min(read.offset for read in take(reader, 20)) == 5


def _offsets(admin: AdminClient) -> int:
    """Add up how far the group "g" has read."""
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions("g")])
    return sum(partition.offset for partition in result(asked).topic_partitions)


def test_an_admin_of_a_group_with_members_is_told_so(box: Broker, admin: AdminClient) -> None:
    produce(box, "t", WRITTEN)
    with consumer(box, "g") as one:
        one.subscribe(["t"])
        until_shared(one)
        moved = [TopicPartition("t", 0, 5)]
        asked = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions("g", moved)])
        (refused,) = result(asked).topic_partitions
        assert refused.error.code() == KafkaError.UNKNOWN_MEMBER_ID
