"""The broker in the box: wrong arguments are refused by their names, with the way out."""

from collections.abc import Callable
from typing import Any

import pytest

from dekaf import Security
from dekaf.testing import Broker

SASL = Security.sasl_plain("alice", "secret", tls=False)

CONSTRUCTION: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"brokers": 0}, ValueError, "brokers=0 is out of range: 1 to 100"),
    ({"brokers": 101}, ValueError, "brokers=101 is out of range"),
    ({"brokers": "3"}, TypeError, "brokers must be int, not str"),
    ({"brokers": True}, TypeError, "brokers must be int, not bool"),
    ({"brokers": 1.0}, TypeError, "brokers must be int, not float"),
    ({"brokers": None}, TypeError, "brokers must be int, not NoneType"),
    ({"port": -1}, ValueError, "port=-1 is out of range: 0 to 65535"),
    ({"port": 65_536}, ValueError, "port=65536 is out of range"),
    ({"port": "9092"}, TypeError, "port must be int, not str"),
    ({"partitions": 0}, ValueError, "partitions=0 is out of range: 1 to 10000"),
    ({"partitions": 10_001}, ValueError, "partitions=10001 is out of range"),
    ({"partitions": [1]}, TypeError, "partitions must be int, not list"),
    ({"memory": 0}, ValueError, "memory=0 is out of range"),
    ({"memory": 2**63}, ValueError, "memory=9223372036854775808 is out of range"),
    ({"memory": 1e6}, TypeError, "memory must be int, not float"),
    ({"auto_create_topics": "no"}, TypeError, "auto_create_topics must be True or False, not str"),
    ({"auto_create_topics": 0}, TypeError, "auto_create_topics must be True or False, not int"),
    ({"host": None}, TypeError, "host must be str, not NoneType"),
    ({"host": b"127.0.0.1"}, TypeError, "host must be str, not bytes"),
    ({"hots": "127.0.0.1"}, TypeError, "hots"),
    ({"security": "SASL_SSL"}, TypeError, "security must be Security or None, not str, as in Sec"),
    ({"security": Security}, TypeError, "security must be Security or None, not type"),
    ({"users": {"bob": "b"}}, ValueError, "users need SASL: set security=Security.sasl_scram"),
    ({"users": {"bob": "b"}, "security": Security.tls()}, ValueError, "users need SASL"),
    ({"users": ["bob"], "security": SASL}, TypeError, "users must be a mapping, as in"),
    (
        {"users": {"bob": b"b"}, "security": SASL},
        TypeError,
        "a user's password must be str, not by",
    ),
    ({"users": {1: "b"}, "security": SASL}, TypeError, "users: a user's name must be str, not int"),
    ({"users": {"": "b"}, "security": SASL}, ValueError, "users: a user's name is empty"),
    ({"users": {"bob": ""}, "security": SASL}, ValueError, "users: a user's password is empty"),
    ({"client_certificates": True}, ValueError, "client_certificates=True needs TLS: set securit"),
    ({"client_certificates": True, "security": SASL}, ValueError, "client_certificates=True needs"),
    ({"client_certificates": "yes"}, TypeError, "client_certificates must be True or False, not s"),
]


@pytest.mark.parametrize(("settings", "kind", "match"), CONSTRUCTION)
def test_construction(settings: dict[str, Any], kind: type[Exception], match: str) -> None:
    with pytest.raises(kind, match=match):
        Broker(**settings)


def test_settings_go_by_name() -> None:
    with pytest.raises(TypeError, match="positional"):
        Broker(3)  # type: ignore[call-arg]


@pytest.mark.parametrize("host", ["localhost", "", "127.0.0.1:9092", "kafka.example"])
def test_a_host_is_an_address(host: str) -> None:
    with pytest.raises(ValueError, match=f'host="{host}" is no IP address, such as "127.0.0.1"'):
        Broker(host=host).start()


CALLS: list[tuple[Callable[[Any], object], type[Exception], str]] = [
    (lambda box: box.create_topic(1), TypeError, "name must be str, not int"),
    (lambda box: box.create_topic(b"orders"), TypeError, "name must be str, not bytes"),
    (lambda box: box.create_topic(""), ValueError, '"" is no topic\'s name: use up to 249 of'),
    (lambda box: box.create_topic(".."), ValueError, "is no topic's name"),
    (lambda box: box.create_topic("or ders"), ValueError, "is no topic's name"),
    (lambda box: box.create_topic("grüße"), ValueError, "is no topic's name"),
    (lambda box: box.create_topic("x" * 250), ValueError, "is no topic's name"),
    (lambda box: box.create_topic("here"), ValueError, 'topic "here" exists already'),
    (lambda box: box.create_topic("t", partitions="3"), TypeError, "partitions must be int or No"),
    (lambda box: box.create_topic("t", partitions=0), ValueError, "partitions=0 is out of range"),
    (lambda box: box.create_topic("t", partitions=-1), ValueError, "partitions=-1 is out of"),
    (lambda box: box.create_topic("t", partitions=2**40), ValueError, "is out of range: 1 to 10"),
    (lambda box: box.create_topic("t", 3), TypeError, "positional"),
    (lambda box: box.create_topic("t", configs=["a"]), TypeError, "configs must be a mapping, as"),
    (lambda box: box.create_topic("t", configs={"a.b": 1}), ValueError, "have no setting a.b"),
    (
        lambda box: box.create_topic("t", configs={"cleanup.policy": "shred"}),
        ValueError,
        "cleanup.policy=shred: it is to be delete, compact, or both",
    ),
    (
        lambda box: box.create_topic("t", configs={"max.message.bytes": -5}),
        ValueError,
        "max.message.bytes=-5: it is to be a number of bytes",
    ),
    (lambda box: box.delete_topic(1), TypeError, "name must be str, not int"),
    (lambda box: box.delete_topic("gone"), ValueError, 'topic "gone" does not exist'),
    (lambda box: box.records(b"orders"), TypeError, "topic must be str, not bytes"),
    (lambda box: box.assert_published(1), TypeError, "topic must be str, not int"),
    (lambda box: box.assert_published("here", value=1), TypeError, "value must be bytes, str, or"),
    (lambda box: box.assert_published("here", key=[]), TypeError, "key must be .* not list: no r"),
    (lambda box: box.assert_published("here", headers=[]), TypeError, "headers must be a mapping"),
    (lambda box: box.assert_published("here", headers={1: ""}), TypeError, "a header's name must"),
    (
        lambda box: box.assert_published("here", headers={"n": 1}),
        TypeError,
        r"headers\['n'\] must be bytes, str, or None, not int",
    ),
    (lambda box: box.assert_published("here", partition="0"), TypeError, "partition must be int"),
    (lambda box: box.assert_published("here", partition=-1), ValueError, "partition=-1 is out of"),
    (lambda box: box.assert_published("here", times=-1), ValueError, "times=-1 is out of range"),
    (lambda box: box.assert_published("here", times=1.0), TypeError, "times must be int or None"),
    (lambda box: box.assert_published("here", times=True), TypeError, "times must be int or None"),
    (lambda box: box.assert_published("here", timeout="1"), TypeError, "timeout must be seconds"),
    (lambda box: box.assert_published("here", timeout=None), TypeError, "timeout must be seconds"),
    (lambda box: box.assert_published("here", timeout=-1), ValueError, "timeout=-1 is out of"),
    (lambda box: box.assert_published("here", timeout=float("nan")), ValueError, "timeout=nan is"),
    (lambda box: box.faults.fail(3, "INVALID_RECORD"), TypeError, "api must be str or None, not i"),
    (
        lambda box: box.faults.fail("produec", "INVALID_RECORD"),
        ValueError,
        'api="produec" is not among .*Produce, .*Metadata',
    ),
    (lambda box: box.faults.fail("", "INVALID_RECORD"), ValueError, 'api="" is not among'),
    (lambda box: box.faults.fail("produce", 6), TypeError, "error must be str, not int"),
    (lambda box: box.faults.fail("produce", None), TypeError, "error must be str, not NoneType"),
    (
        lambda box: box.faults.fail("produce", "NOT_LEADER"),
        ValueError,
        'error="NOT_LEADER" is none',
    ),
    (lambda box: box.faults.fail("produce", "NONE"), ValueError, 'error="NONE" is none of Kafka'),
    (lambda box: box.faults.fail("produce"), TypeError, "error"),
    (lambda box: box.faults.delay("produce", -1), ValueError, "seconds=-1 is out of range"),
    (lambda box: box.faults.delay("produce", "1"), TypeError, "seconds must be seconds as int or"),
    (lambda box: box.faults.delay("produce", float("nan")), ValueError, "seconds=nan is out of"),
    (lambda box: box.faults.delay("produce", float("inf")), ValueError, "seconds=inf is out of"),
    (lambda box: box.faults.throttle(-1), ValueError, "seconds=-1 is out of range"),
    (lambda box: box.faults.throttle("1"), TypeError, "seconds must be seconds as int or"),
    (lambda box: box.faults.throttle(1, times=-1), ValueError, "times=-1 is out of range"),
    (lambda box: box.faults.drop_answers(times=-1), ValueError, "times=-1 is out of range"),
    (lambda box: box.faults.drop_answers(times=2**32), ValueError, "times=4294967296 is out of"),
    (lambda box: box.faults.drop_requests(times="1"), TypeError, "times must be int or None, not"),
    (lambda box: box.faults.drop_requests(1), TypeError, "api must be str or None, not int"),
    (lambda box: box.faults.deny(1), TypeError, "topic must be str, not int"),
    (lambda box: box.faults.deny("here", 1), TypeError, "api must be str or None, not int"),
    (lambda box: box.faults.deny("here", "produec"), ValueError, 'api="produec" is not among'),
    (lambda box: box.faults.allow(None), TypeError, "topic must be str, not NoneType"),
    (lambda box: box.faults.move_leader("here", 0, 2), ValueError, "there is no broker 2"),
    (lambda box: box.faults.move_leader("here", 0, 0), ValueError, "broker=0 is out of range"),
    (lambda box: box.faults.move_leader("here", 0, "1"), TypeError, "broker must be int, not str"),
    (lambda box: box.faults.move_leader("here", 1, 1), ValueError, "has no such partition"),
    (lambda box: box.faults.move_leader("here", -1, 1), ValueError, "partition=-1 is out of"),
    (lambda box: box.faults.move_leader("gone", 0, 1), ValueError, 'topic "gone" does not exist'),
    (lambda box: box.faults.move_leader(1, 0, 1), TypeError, "topic must be str, not int"),
]


@pytest.mark.parametrize(("call", "kind", "match"), CALLS)
def test_calls(
    dekaf_broker: Broker, call: Callable[[Any], object], kind: type[Exception], match: str
) -> None:
    dekaf_broker.create_topic("here")
    with pytest.raises(kind, match=match):
        call(dekaf_broker)
    assert dekaf_broker.topics == {"here": 1}


@pytest.mark.parametrize(
    "api", ["init_producer_id", "InitProducerId", "INIT_PRODUCER_ID", "init-producer-id", None]
)
@pytest.mark.parametrize(
    "error", ["NOT_LEADER_OR_FOLLOWER", "not_leader_or_follower", "NotLeaderOrFollower"]
)
def test_names_may_be_written_in_any_way(dekaf_broker: Broker, api: str | None, error: str) -> None:
    dekaf_broker.faults.fail(api, error)


@pytest.mark.parametrize("name", ["not a name", "", "a" * 64 + ".example", "kafka.example:9092"])
def test_a_name_for_the_certificate_is_checked(name: str) -> None:
    with pytest.raises(ValueError, match=r"is no host name and no IP address|server_name is empty"):
        Broker(security=Security.tls(server_name=name)).start()


def test_passwords_are_not_shown() -> None:
    secret = "canary-secret"  # noqa: S105 - opens nothing
    with Broker(security=Security.sasl_scram("alice", secret), users={"bob": secret}) as broker:
        assert secret not in repr(broker)
        assert secret not in repr(vars(broker))
