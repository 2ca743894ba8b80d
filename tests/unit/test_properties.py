"""Settings by the names of other clients: their units, their values, and what is refused."""

from typing import Any

import pytest

from dekaf import Acks, ConfigError, ProducerConfig
from dekaf import _aliases as aliases
from dekaf._settings import SETTINGS

READ: list[tuple[str, Any, str, Any]] = [
    # dekaf's own.
    ("linger_ms", 7, "linger_ms", 7),
    ("linger_ms", " 7 ", "linger_ms", 7),
    ("gapless", "true", "gapless", True),
    ("acks", "leader", "acks", Acks.LEADER),
    ("max_waiting", None, "max_waiting", None),
    ("key_serializer", str.encode, "key_serializer", str.encode),
    ("value_serializer", "json", "value_serializer", "json"),
    # The Java client's.
    ("client.id", "me", "client_id", "me"),
    ("acks", "1", "acks", Acks.LEADER),
    ("acks", "-1", "acks", Acks.ALL),
    ("acks", 0, "acks", Acks.NONE),
    ("enable.idempotence", "false", "idempotence", False),
    ("linger.ms", "7", "linger_ms", 7),
    ("batch.size", 1_000, "batch_size", 1_000),
    ("compression.type", "zstd", "compression", "zstd"),
    ("max.in.flight.requests.per.connection", "3", "max_in_flight", 3),
    ("buffer.memory", "33554433", "buffer_memory", 33_554_433),
    ("max.request.size", "2097152", "max_request_size", 2_097_152),
    ("delivery.timeout.ms", "60000", "delivery_timeout_ms", 60_000),
    ("request.timeout.ms", "1000", "request_timeout_ms", 1_000),
    ("retry.backoff.ms", "50", "retry_backoff_ms", 50),
    ("retry.backoff.max.ms", "5000", "retry_backoff_max_ms", 5_000),
    ("max.block.ms", "0", "max_block_ms", 0),
    ("metadata.max.age.ms", "1000", "metadata_max_age_ms", 1_000),
    ("metadata.max.idle.ms", "300000", "metadata_max_idle_ms", 300_000),
    ("connections.max.idle.ms", "540000", "connections_max_idle_ms", 540_000),
    ("connections.max.idle.ms", "-1", "connections_max_idle_ms", 2**31 - 1),
    ("connections.max.idle.ms", 0, "connections_max_idle_ms", 2**31 - 1),
    (
        "partitioner.class",
        "org.apache.kafka.clients.producer.RoundRobinPartitioner",
        "partitioner",
        "round_robin",
    ),
    (
        "value.serializer",
        "org.apache.kafka.common.serialization.LongSerializer",
        "value_serializer",
        "long",
    ),
    # librdkafka's.
    ("queue.buffering.max.ms", "7", "linger_ms", 7),
    ("queue.buffering.max.kbytes", "32768", "buffer_memory", 33_554_432),
    ("queue.buffering.max.kbytes", 2_097_152, "buffer_memory", 2**31),
    ("message.timeout.ms", "60000", "delivery_timeout_ms", 60_000),
    ("socket.timeout.ms", "1000", "request_timeout_ms", 1_000),
    ("message.max.bytes", "2000000", "max_request_size", 2_000_000),
    ("compression.codec", "gzip", "compression", "gzip"),
    ("max.in.flight", 2, "max_in_flight", 2),
    ("request.required.acks", "1", "acks", Acks.LEADER),
    ("enable.gapless.guarantee", "true", "gapless", True),
    ("topic.metadata.refresh.interval.ms", "1000", "metadata_max_age_ms", 1_000),
    ("topic.metadata.propagation.max.ms", "30000", "metadata_timeout_ms", 30_000),
    ("partitioner", "murmur2_random", "partitioner", "murmur2"),
    ("partitioner", "murmur2", "partitioner", "murmur2"),
    ("partitioner", "consistent_random", "partitioner", "crc32"),
    ("partitioner", "random", "partitioner", "random"),
    # The names of Python's clients.
    ("compression_type", "lz4", "compression", "lz4"),
    ("max_in_flight_requests_per_connection", 1, "max_in_flight", 1),
    ("max_batch_size", 1_000, "batch_size", 1_000),
]


@pytest.mark.parametrize(("name", "given", "setting", "value"), READ)
def test_read(name: str, given: Any, setting: str, value: Any) -> None:
    config = ProducerConfig.from_properties({"bootstrap.servers": "a:1", name: given})
    assert getattr(config, setting) == value


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("security.protocol", "PLAINTEXT"),
        ("security_protocol", "plaintext"),
        ("retries", 2_147_483_647),
        ("client.dns.lookup", "use_all_dns_ips"),
        ("socket.keepalive.enable", True),
        ("enable.metrics.push", False),
        ("queuing.strategy", " fifo"),
    ],
)
def test_what_is_done_in_any_case_may_be_asked_for(name: str, given: Any) -> None:
    config = ProducerConfig.from_properties({"bootstrap.servers": "a:1", name: given})
    assert config == ProducerConfig("a:1")


# (properties, the level)
LEVELS: list[tuple[dict[str, Any], int | None]] = [
    ({"compression.type": "gzip", "compression.gzip.level": "9"}, 9),
    ({"compression.type": "gzip", "compression.gzip.level": -1}, None),
    ({"compression.type": "zstd", "compression.zstd.level": -1}, -1),
    ({"compression.type": "zstd", "compression.gzip.level": 9, "compression.zstd.level": 7}, 7),
    ({"compression.type": "lz4", "compression.gzip.level": 9}, None),
    ({"compression.codec": "zstd", "compression.level": "5"}, 5),
    ({"compression.codec": "zstd", "compression.level": -1}, None),
    ({"compression.codec": "snappy", "compression.level": -1}, None),
    ({"compression": "zstd", "compression_level": -1}, -1),
]


@pytest.mark.parametrize(("properties", "level"), LEVELS)
def test_levels(properties: dict[str, Any], level: int | None) -> None:
    config = ProducerConfig.from_properties({"bootstrap_servers": "a:1", **properties})
    assert config.compression_level == level


def test_a_level_belongs_to_the_codec_that_is_chosen_in_the_end() -> None:
    gzip = {"compression.type": "gzip", "compression.gzip.level": 9}
    properties = {"bootstrap.servers": "a:1", **gzip}
    config = ProducerConfig.from_properties(properties, compression="zstd")
    assert (config.compression, config.compression_level) == ("zstd", None)
    config = ProducerConfig.from_properties(properties, compression_level=1)
    assert (config.compression, config.compression_level) == ("gzip", 1)


REFUSED: list[tuple[dict[Any, Any], str]] = [
    # Values, by the name under which they were given.
    ({"linger.ms": "soon"}, "^linger.ms: linger_ms='soon' is no whole number of milliseconds"),
    ({"linger.ms": "0.5"}, "^linger.ms: linger_ms='0.5' is no whole number"),
    ({"linger.ms": 0.5}, "^linger.ms: linger_ms must be milliseconds as int, not float"),
    ({"linger_ms": "-1"}, "^linger_ms=-1 is out of range"),
    ({"message.timeout.ms": 0}, "^message.timeout.ms: delivery_timeout_ms=0 is out of range"),
    ({"enable.idempotence": "maybe"}, '^enable.idempotence: .* is neither "true" nor "false"'),
    ({"enable.idempotence": 1}, "^enable.idempotence: idempotence must be True or False, not int"),
    ({"acks": "2"}, "acks=2 is not allowed"),
    ({"acks": True}, "acks=True is not allowed"),
    ({"compression.type": "brotli"}, 'compression: "brotli" is not a codec'),
    ({"compression.type": ["gzip"]}, "compression.type: compression must be str, not list"),
    ({"compression.type": "lz4", "compression.lz4.level": 9}, "lz4 has one level"),
    ({"partitioner": "fnv1a_random"}, 'partitioner: "fnv1a_random" is not a partitioner'),
    ({"partitioner": "consistent"}, 'partitioner: "consistent" is not a partitioner'),
    ({"partitioner.class": "com.example.Mine"}, '"com.example.Mine" is not .*, or a function'),
    ({"key.serializer": "com.example.Avro"}, "key.serializer: key_serializer: .* is no serializer"),
    # Names that mean nothing here.
    ({"retries": 3}, "retries=3 has no counterpart in dekaf; drop it: delivery_timeout_ms bounds"),
    ({"batch.num.messages": 5}, "batch.num.messages=5 has no counterpart .*: batch_size bounds"),
    ({"queue.buffering.max.messages": 5}, "buffer_memory bounds what is queued"),
    ({"queuing.strategy": "lifo"}, "always leave in order"),
    ({"statistics.interval.ms": 5}, "statistics.interval.ms=5 has no counterpart"),
    ({"interceptor.classes": "a.B"}, "interceptor.classes='a.B' has no counterpart"),
    # What dekaf does not have yet.
    ({"transactional.id": "t"}, "transactional.id: this version .* does not support it yet"),
    # Names that are misspelt.
    ({"lingr.ms": 5}, "'lingr.ms' is not a setting; did you mean 'linger.ms'"),
    ({"lingr_ms": 5}, "'lingr_ms' is not a setting; did you mean 'linger_ms'"),
    ({"boostrap.servers": "a:1"}, "did you mean 'bootstrap.servers'"),
    ({"queue.bufering.max.ms": 5}, "did you mean 'queue.buffering.max.ms'"),
    ({5: 5}, "a property's name must be str, not int"),
    # Two names for one thing.
    (
        {"linger.ms": "5", "queue.buffering.max.ms": 10},
        "linger.ms='5' and queue.buffering.max.ms=10 both mean linger_ms, and contradict",
    ),
    ({"socket.timeout.ms": 1, "request.timeout.ms": 2}, "both mean request_timeout_ms"),
    # Contradictions that any door finds.
    ({"acks": "1", "enable.idempotence": "true"}, 'acks="leader" contradicts idempotence=True'),
]


@pytest.mark.parametrize(("properties", "match"), REFUSED)
def test_refused(properties: dict[Any, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        ProducerConfig.from_properties(properties, bootstrap_servers="a:1")


def test_two_names_may_agree() -> None:
    properties = {"bootstrap.servers": "a:1,b:2", "metadata.broker.list": ["a:1", "b:2"]}
    assert ProducerConfig.from_properties(properties).bootstrap_servers == "a:1,b:2"


def test_overrides_win() -> None:
    properties = {"bootstrap.servers": "a:1", "linger.ms": "7", "acks": "1"}
    config = ProducerConfig.from_properties(properties, linger_ms=8, acks="all")
    assert (config.linger_ms, config.acks, config.idempotence) == (8, Acks.ALL, True)
    with pytest.raises(ConfigError, match="did you mean 'linger_ms'"):
        ProducerConfig.from_properties(properties, lingerms=8)  # type: ignore[call-arg]


def test_servers_are_asked_for() -> None:
    with pytest.raises(ConfigError, match=r"bootstrap_servers is missing: .* properties"):
        ProducerConfig.from_properties({"linger.ms": 5})


@pytest.mark.parametrize("properties", [None, "linger.ms=5", [("linger.ms", 5)]])
def test_only_mappings_are_read(properties: Any) -> None:
    with pytest.raises(ConfigError, match="properties must be a mapping, as in"):
        ProducerConfig.from_properties(properties)


def test_every_alias_means_a_setting() -> None:
    assert set(aliases.ALIASES.values()) <= set(SETTINGS)
    own = {aliases.dotted(name) for name in SETTINGS}
    assert not own & set(aliases.ALIASES), "a setting's own name needs no mention"
    assert not (own | set(aliases.ALIASES)) & set(aliases.NO_COUNTERPART)
    for name in (*aliases.ALIASES, *aliases.NO_COUNTERPART, *aliases.AS_ALWAYS):
        assert name == aliases.dotted(name)
    for name in aliases.AS_ALWAYS:
        assert name in aliases.NO_COUNTERPART or aliases.is_unsupported(name)
