"""What a broker is told about publishing, and what becomes of it."""

import ssl
from typing import Any

import pytest
from aiokafka.partitioner import DefaultPartitioner
from faststream.security import SASLGSSAPI, BaseSecurity, SASLOAuthBearer

import dekaf
from dekaf import ConfigError, ProducerConfig
from dekaf.faststream import KafkaBroker
from dekaf.testing import Broker
from tests.faststream.apps import producer_of
from tests.producer.conftest import Target


def config_of(broker: KafkaBroker) -> ProducerConfig:
    config: ProducerConfig | None = producer_of(broker).config
    assert config is not None
    return config


def test_what_is_told_nowhere_is_dekafs_default() -> None:
    assert config_of(KafkaBroker("localhost:9092")) == ProducerConfig("localhost:9092")


def as_bytes(value: Any) -> bytes:
    return bytes(value)


SETTINGS: list[tuple[str, Any, str, Any]] = [
    ("acks", 1, "acks", dekaf.Acks.LEADER),
    ("acks", "all", "acks", dekaf.Acks.ALL),
    ("acks", -1, "acks", dekaf.Acks.ALL),
    ("compression_type", "gzip", "compression", "gzip"),
    ("compression_type", "zstd", "compression", "zstd"),
    ("compression_type", None, "compression", "none"),
    ("max_batch_size", 50_000, "batch_size", 50_000),
    ("linger_ms", 7, "linger_ms", 7),
    ("max_request_size", 2_000_000, "max_request_size", 2_000_000),
    ("enable_idempotence", True, "idempotence", True),
    ("enable_idempotence", False, "idempotence", False),
    ("key_serializer", as_bytes, "key_serializer", as_bytes),
    ("value_serializer", as_bytes, "value_serializer", as_bytes),
    ("request_timeout_ms", 20_000, "request_timeout_ms", 20_000),
    ("retry_backoff_ms", 70, "retry_backoff_ms", 70),
    ("metadata_max_age_ms", 70_000, "metadata_max_age_ms", 70_000),
    ("client_id", "mine", "client_id", "mine"),
    ("connections_max_idle_ms", 70_000, "connections_max_idle_ms", 70_000),
]


@pytest.mark.parametrize(
    ("name", "value", "ours", "expected"), SETTINGS, ids=[f"{s[0]}-{s[1]}" for s in SETTINGS]
)
def test_each_keyword_arrives(name: str, value: Any, ours: str, expected: Any) -> None:
    config = config_of(KafkaBroker("localhost:9092", **{name: value}))
    assert getattr(config, ours) == expected
    assert config == ProducerConfig("localhost:9092", **{ours: expected})


def test_acks_of_nobody_need_no_idempotence() -> None:
    config = config_of(KafkaBroker("localhost:9092", acks=0, enable_idempotence=False))
    assert config.acks == dekaf.Acks.NONE


def test_a_client_without_a_name_has_dekafs() -> None:
    assert config_of(KafkaBroker(client_id=None)).client_id == ProducerConfig("h:1").client_id


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ("host", ("host:9092",)),
        ("host:1234", ("host:1234",)),
        ("a,b:7", ("a:9092", "b:7")),
        (["a", "b:7"], ("a:9092", "b:7")),
        (iter(["a", "b:7"]), ("a:9092", "b:7")),
        ("[::1]", ("[::1]:9092",)),
        ("[::1]:7", ("[::1]:7",)),
    ],
)
def test_servers_without_a_port_have_kafkas_own(servers: Any, expected: tuple[str, ...]) -> None:
    assert config_of(KafkaBroker(servers)) == ProducerConfig(list(expected))


def test_a_broker_without_servers_is_here() -> None:
    assert config_of(KafkaBroker()) == ProducerConfig("localhost:9092")


def test_all_that_dekaf_can_be_told_is_told_with_producer() -> None:
    fast = ProducerConfig.for_high_throughput("elsewhere:9092")
    assert config_of(KafkaBroker("localhost:9092", producer=fast)) is fast
    shared = KafkaBroker("localhost:9092", producer=fast, client_id="of consumers, too")
    assert config_of(shared) is fast


@pytest.mark.parametrize("name", sorted({name for name, *_ in SETTINGS[:12]}))
def test_nothing_is_told_twice(name: str) -> None:
    value = {name: value for name, value, *_ in SETTINGS}[name]
    with pytest.raises(ConfigError, match=f"{name}.*producer="):
        KafkaBroker("h:1", producer=ProducerConfig("h:1"), **{name: value})


@pytest.mark.parametrize("wrong", [{}, "h:1", dekaf.Producer, 7])
def test_producer_of_a_wrong_type(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"producer must be a dekaf\.ProducerConfig"):
        KafkaBroker("h:1", producer=wrong)


def test_a_keyword_that_does_not_exist_is_named() -> None:
    with pytest.raises(TypeError, match="nonsense"):
        KafkaBroker("h:1", nonsense=1)  # type: ignore[call-arg]


def test_a_wrong_value_is_refused_where_it_is_given() -> None:
    with pytest.raises(ConfigError, match="linger_ms"):
        KafkaBroker("h:1", linger_ms=-1)
    with pytest.raises(ConfigError, match="compression"):
        KafkaBroker("h:1", compression_type="brotli")  # type: ignore[arg-type]


NO_ROOTS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"transactional_id": "t"}, "transactional_id.*no transactions"),
    ({"security": SASLOAuthBearer(), "sasl_oauth_token_provider": object()}, "token must be str"),
    ({"security": SASLGSSAPI()}, "does not support SASLGSSAPI yet; use"),
    ({"security": SASLOAuthBearer()}, "sasl_oauth_token_provider is missing beside"),
    ({"security": BaseSecurity(NO_ROOTS)}, r"no certificate authorities.*dekaf.faststream.Secur"),
]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("settings", "message"), REFUSED, ids=["transactions", "token", "gssapi", "oauth", "roots"]
)
async def test_what_dekaf_cannot_do_is_refused_when_connecting(
    dekaf_broker: Broker, settings: dict[str, Any], message: str
) -> None:
    """A broker may be made of it: its schema and its tests need no connection."""
    broker = KafkaBroker(dekaf_broker.bootstrap_servers, **settings)
    with pytest.raises(ConfigError, match=message):
        await broker.connect()
    assert not broker._producer


@pytest.mark.asyncio
async def test_servers_may_be_anything_that_is_read_once(dekaf_broker: Broker) -> None:
    async with KafkaBroker(iter([dekaf_broker.bootstrap_servers])) as broker:
        assert (await broker.publish("1", "out")).offset == 0
        assert await broker.ping(timeout=5)  # which is aiokafka's


@pytest.mark.asyncio
async def test_security_that_encrypts_nothing_is_welcome(dekaf_broker: Broker) -> None:
    broker = KafkaBroker(dekaf_broker.bootstrap_servers, security=BaseSecurity(use_ssl=False))
    async with broker:
        await broker.publish("1", "out")


@pytest.mark.asyncio
async def test_a_partitioner_of_aiokafkas_form(target: Target) -> None:
    """It gets the partitions' numbers, and the key's bytes."""
    topic = target.topic(5)
    calls: list[Any] = []

    def last(key: bytes | None, partitions: list[int], available: list[int]) -> int:
        calls.append((key, list(partitions), list(available)))
        return partitions[-1]

    async with KafkaBroker(target.servers, partitioner=last) as broker:
        assert (await broker.publish("1", topic, key="k")).partition == 4
        assert [each.partition for each in await broker.publish_batch("2", topic=topic)] == [4]
        assert (await broker.publish("3", topic, partition=1)).partition == 1
    assert calls[0] == (b"k", [0, 1, 2, 3, 4], [0, 1, 2, 3, 4])
    assert {key for key, *_ in calls} == {b"k", None}


@pytest.mark.asyncio
async def test_aiokafkas_own_partitioner(target: Target) -> None:
    """It chooses as Java's does, and so does dekaf."""
    topic = target.topic(7)
    chosen: list[list[int]] = []
    all_settings: list[dict[str, Any]] = [{}, {"partitioner": DefaultPartitioner()}]
    for settings in all_settings:
        async with KafkaBroker(target.servers, **settings) as broker:
            keys = [f"k{n}" for n in range(20)]
            chosen.append([(await broker.publish("v", topic, key=key)).partition for key in keys])
    assert chosen[0] == chosen[1]
    assert len(set(chosen[0])) > 3
