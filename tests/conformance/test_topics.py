"""Metadata, CreateTopics, DeleteTopics: what topics there are, and what may be asked for."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from aiokafka.protocol.admin import (
    CreatePartitionsRequest_v1,
    CreateTopicsRequest_v3,
    DeleteTopicsRequest_v3,
    DescribeConfigsRequest_v1,
)
from aiokafka.protocol.metadata import MetadataRequest_v0, MetadataRequest_v1, MetadataRequest_v5

from tests.conformance.engine import Engine
from tests.kafka import wait_until

UNKNOWN_TOPIC, INVALID_TOPIC = 3, 17
ALREADY_EXISTS, INVALID_PARTITIONS, INVALID_REPLICATION, INVALID_ASSIGNMENT = 36, 37, 38, 39
INVALID_CONFIG, INVALID_REQUEST = 40, 42

NO_NAMES = ["a b", "ä", "a/b", "..", ".", "", "x" * 250, "a,b", "a\n"]


def creatable(
    name: str,
    partitions: int = 1,
    copies: int = 1,
    assigned: list[tuple[int, list[int]]] | None = None,
    configs: Mapping[str, object] | None = None,
) -> Any:
    settings = [
        (key, None if value is None else str(value)) for key, value in (configs or {}).items()
    ]
    return (name, partitions, copies, assigned or [], settings)


def create(engine: Engine, *topics: Any, on_trial: bool = False) -> list[int]:
    """Return the error of each."""
    answer = engine.ask(CreateTopicsRequest_v3(list(topics), 30_000, on_trial))
    by_name = {name: code for name, code, _ in answer.topic_errors}
    return [by_name[name] for name, *_ in topics]


def delete(engine: Engine, *names: str) -> dict[str, int]:
    answer = engine.ask(DeleteTopicsRequest_v3(list(names), 30_000))
    return dict(answer.topic_error_codes)


# -- metadata -----------------------------------------------------------------------------


@pytest.mark.parametrize("may_create", [False, True])
def test_a_topic_that_nobody_makes_is_unknown(engine: Engine, name: str, may_create: bool) -> None:
    for _ in range(2):
        (topic,) = engine.ask(MetadataRequest_v5([name], may_create)).topics
        assert topic == (UNKNOWN_TOPIC, name, False, [])


def test_a_topic_is_made_for_whoever_asks(creating_engine: Engine, name: str) -> None:
    """For who does not want that, it is not."""
    (topic,) = creating_engine.ask(MetadataRequest_v5([name], False)).topics
    assert topic[0] == UNKNOWN_TOPIC
    creating_engine.ask(MetadataRequest_v5([name], True))
    wait_until(
        lambda: creating_engine.topic(name) == [0, 1], what="the topic has its two partitions"
    )


def test_the_first_versions_always_want_a_topic(creating_engine: Engine, name: str) -> None:
    creating_engine.ask(MetadataRequest_v0([name]))
    wait_until(
        lambda: creating_engine.topic(name) == [0, 1], what="the topic has its two partitions"
    )


@pytest.mark.parametrize("wrong", NO_NAMES)
@pytest.mark.parametrize("may_create", [False, True])
def test_what_is_no_name_is_no_topic(creating_engine: Engine, wrong: str, may_create: bool) -> None:
    (topic,) = creating_engine.ask(MetadataRequest_v5([wrong], may_create)).topics
    assert topic == (INVALID_TOPIC, wrong, False, [])


def test_all_topics_and_none(engine: Engine, name: str) -> None:
    """An empty list is all topics in the first version, and none in the others."""
    engine.create_topic(name)
    every = engine.ask(MetadataRequest_v5(None, False))
    assert name in [topic[1] for topic in every.topics]
    assert engine.ask(MetadataRequest_v5([], False)).topics == []
    assert engine.ask(MetadataRequest_v1([])).topics == []
    assert name in [topic[1] for topic in engine.ask(MetadataRequest_v0([])).topics]
    (broker,) = every.brokers
    assert broker[0] == every.controller_id
    assert f"{broker[1]}:{broker[2]}" == engine.servers


def test_a_topic_is_described(engine: Engine, name: str) -> None:
    engine.create_topic(name, partitions=3)
    (topic,) = engine.ask(MetadataRequest_v5([name], True)).topics
    code, said, internal, partitions = topic
    assert (code, said, internal) == (0, name, False)
    assert sorted(partitions) == [(0, n, 1, [1], [1], []) for n in range(3)]


# -- creation -----------------------------------------------------------------------------


def test_what_cannot_be_created(engine: Engine, names: Iterator[str]) -> None:
    there = engine.create_topic(next(names))
    wrong = [
        (creatable(there), ALREADY_EXISTS),
        (creatable(next(names), partitions=0), INVALID_PARTITIONS),
        (creatable(next(names), partitions=-2), INVALID_PARTITIONS),
        (creatable(next(names), copies=2), INVALID_REPLICATION),
        (creatable(next(names), copies=0), INVALID_REPLICATION),
        (creatable(next(names), copies=-2), INVALID_REPLICATION),
        (creatable(next(names), -1, -1, [(0, [99])]), INVALID_ASSIGNMENT),
        (creatable(next(names), 1, 1, [(0, [1])]), INVALID_REQUEST),
    ]
    for topic, error in wrong:
        assert create(engine, topic) == [error], topic
        if error != ALREADY_EXISTS:
            assert engine.topic(topic[0], UNKNOWN_TOPIC) is None


@pytest.mark.parametrize("wrong", NO_NAMES)
def test_what_is_no_name_cannot_be_created(engine: Engine, wrong: str) -> None:
    assert create(engine, creatable(wrong)) == [INVALID_TOPIC]


def test_names_that_only_differ_in_dot_and_underscore(engine: Engine, name: str) -> None:
    """They would share a metric, and so Kafka has one of them alone."""
    engine.create_topic(f"{name}.a_b")
    assert create(engine, creatable(f"{name}_a.b")) == [INVALID_TOPIC]


def test_the_same_name_twice_in_a_request(engine: Engine, name: str) -> None:
    request = CreateTopicsRequest_v3([creatable(name), creatable(name)], 30_000, False)
    assert {code for _, code, _ in engine.ask(request).topic_errors} == {INVALID_REQUEST}
    assert engine.topic(name, UNKNOWN_TOPIC) is None


def test_defaults(engine: Engine, name: str) -> None:
    """-1 is as many as usual; null is a setting's default."""
    assert create(engine, creatable(name, -1, -1, configs={"retention.ms": "-1"})) == [0]
    wait_until(lambda: engine.topic(name) == [0], what="the topic has its leader")


def test_one_wrong_topic_among_good_ones(engine: Engine, names: Iterator[str]) -> None:
    good, wrong, better = next(names), next(names), next(names)
    topics = [creatable(good), creatable(wrong, partitions=0), creatable(better)]
    assert create(engine, *topics) == [0, INVALID_PARTITIONS, 0]
    wait_until(
        lambda: engine.topic(good) == engine.topic(better) == [0], what="both topics are there"
    )


def test_a_trial(engine: Engine, name: str) -> None:
    assert create(engine, creatable(name), on_trial=True) == [0]
    assert create(engine, creatable(name, partitions=0), on_trial=True) == [INVALID_PARTITIONS]
    assert engine.topic(name, UNKNOWN_TOPIC) is None


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("no.such.setting", "1"),
        ("max.message.bytes", "many"),
        ("max.message.bytes", "-1"),
        ("max.message.bytes", "3000000000"),
        ("cleanup.policy", "shred"),
        ("message.timestamp.type", "createtime"),
        ("message.timestamp.type", "Noon"),
        ("message.timestamp.before.max.ms", "-1"),
        ("message.timestamp.after.max.ms", "soon"),
        ("compression.type", "rar"),
        ("retention.ms", "long"),
        ("min.insync.replicas", "0"),
        ("max.message.bytes", None),
    ],
)
def test_wrong_settings(engine: Engine, name: str, setting: str, value: str | None) -> None:
    assert create(engine, creatable(name, configs={setting: value})) == [INVALID_CONFIG]
    assert engine.topic(name, UNKNOWN_TOPIC) is None


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max.message.bytes", "2000"),
        ("max.message.bytes", "0"),
        ("max.message.bytes", " 2000 "),
        ("cleanup.policy", "compact"),
        ("cleanup.policy", "compact,delete"),
        ("cleanup.policy", "delete, compact"),
        ("message.timestamp.type", "LogAppendTime"),
        ("message.timestamp.before.max.ms", "1000"),
        ("message.timestamp.after.max.ms", "0"),
        ("compression.type", "producer"),
        ("retention.ms", "-1"),
        ("retention.bytes", "-1"),
        ("segment.bytes", "1048576"),
        ("min.insync.replicas", "1"),
        ("unclean.leader.election.enable", "true"),
    ],
)
def test_good_settings(engine: Engine, name: str, setting: str, value: str) -> None:
    assert create(engine, creatable(name, configs={setting: value})) == [0]
    wait_until(lambda: engine.topic(name) == [0], what="the topic has its leader")


def test_settings_are_told(engine: Engine, name: str) -> None:
    """What was said of this topic, and what holds for all; a topic that is unknown has none."""
    engine.create_topic(name, configs={"max.message.bytes": 2000, "cleanup.policy": "compact"})
    asked = ["max.message.bytes", "cleanup.policy", "message.timestamp.type"]
    request = DescribeConfigsRequest_v1([(2, name, asked)], False)
    ((code, _, kind, said, settings),) = engine.ask(request).resources
    assert (code, kind, said) == (0, 2, name)
    # Name, value, and whether it was set for this topic (1) or is a default (5).
    assert sorted((key, value, source) for key, value, _, source, *_ in settings) == [
        ("cleanup.policy", "compact", 1),
        ("max.message.bytes", "2000", 1),
        ("message.timestamp.type", "CreateTime", 5),
    ]
    request = DescribeConfigsRequest_v1([(2, f"no-{name}", None)], False)
    ((code, *_),) = engine.ask(request).resources
    assert code == UNKNOWN_TOPIC


# -- partitions ---------------------------------------------------------------------------


def test_partitions_are_only_added(engine: Engine, name: str) -> None:
    engine.create_topic(name, partitions=2)

    def grow(topic: str, count: int, *, on_trial: bool = False) -> int:
        request = CreatePartitionsRequest_v1([(topic, (count, None))], 30_000, on_trial)
        ((said, code, _),) = engine.ask(request).topic_errors
        assert said == topic
        return int(code)

    assert grow(name, 2) == INVALID_PARTITIONS
    assert grow(name, 1) == INVALID_PARTITIONS
    assert grow(f"no-{name}", 3) == UNKNOWN_TOPIC
    assert grow(name, 4, on_trial=True) == 0
    assert engine.topic(name) == [0, 1]
    assert grow(name, 4) == 0
    wait_until(lambda: engine.topic(name) == [0, 1, 2, 3], what="there are four partitions")


# -- deletion -----------------------------------------------------------------------------


def test_topics_are_deleted(engine: Engine, names: Iterator[str]) -> None:
    one, two, unknown = next(names), next(names), next(names)
    engine.create_topic(one)
    engine.create_topic(two)
    assert delete(engine, one, unknown, two) == {one: 0, two: 0, unknown: UNKNOWN_TOPIC}
    wait_until(lambda: gone(engine, one) and gone(engine, two), what="both topics are gone")
    assert delete(engine, one) == {one: UNKNOWN_TOPIC}
    assert delete(engine, "a b") == {"a b": UNKNOWN_TOPIC}


def test_a_topic_that_is_deleted_twice_at_once_stays(engine: Engine, names: Iterator[str]) -> None:
    twice, once, unknown = next(names), next(names), next(names)
    engine.create_topic(twice)
    engine.create_topic(once)
    answer = engine.ask(DeleteTopicsRequest_v3([twice, once, twice, unknown, unknown], 30_000))
    assert sorted(answer.topic_error_codes) == sorted(
        [(twice, INVALID_REQUEST), (once, 0), (unknown, INVALID_REQUEST)]
    )
    wait_until(lambda: gone(engine, once), what="the topic is gone")
    assert not gone(engine, twice)


def gone(engine: Engine, name: str) -> bool:
    ((code, *_),) = engine.ask(MetadataRequest_v5([name], False)).topics
    return bool(code == UNKNOWN_TOPIC)


def test_a_deleted_topic_can_be_made_anew(engine: Engine, name: str) -> None:
    engine.create_topic(name, partitions=2)
    assert delete(engine, name) == {name: 0}
    wait_until(lambda: gone(engine, name), what="the topic is gone")
    engine.create_topic(name, partitions=1)
