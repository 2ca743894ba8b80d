"""The builder leads where keywords lead, whatever the order of its calls."""

import inspect
from typing import Any

import pytest

from dekaf import Acks, ConfigError, Producer, ProducerBuilder, ProducerConfig, Security
from dekaf._settings import ConfigSettings


def build() -> ProducerBuilder[Producer]:
    return Producer.builder("a:1")


SETTINGS: dict[str, Any] = {
    "security": Security.sasl_scram("alice", "secret"),
    "client_id": "me",
    "acks": Acks.ALL,
    "idempotence": True,
    "linger_ms": 10,
    "batch_size": 131_072,
    "compression": "zstd",
    "compression_level": 7,
    "max_in_flight": 2,
    "buffer_memory": 2**26 + 1,
    "max_request_size": 2_000_000,
    "partitioner": "crc32",
    "delivery_timeout_ms": 60_000,
    "request_timeout_ms": 1_000,
    "metadata_timeout_ms": 1_001,
    "retry_backoff_ms": 10,
    "retry_backoff_max_ms": 11,
    "max_block_ms": 12,
    "send_block_ms": 13,
    "on_full": "wait",
    "max_waiting": 14,
    "exit_timeout_ms": 15,
    "metadata_max_age_ms": 16,
    "metadata_max_idle_ms": 5_001,
    "connections_max_idle_ms": 5_002,
    "gapless": True,
    "key_serializer": "str",
    "value_serializer": "json",
    "on_error": print,
}


def test_every_setting() -> None:
    assert set(SETTINGS) == set(ConfigSettings.__annotations__)
    builder = build()
    for name, value in SETTINGS.items():
        assert getattr(builder, name)(value) is builder
    assert builder.config() == ProducerConfig("a:1", **SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_types_are_those_of_the_keywords(name: str) -> None:
    """Editors and type checkers are told the same at both doors."""
    (parameter,) = list(inspect.signature(getattr(build(), name)).parameters.values())
    assert parameter.annotation == ConfigSettings.__annotations__[name].__forward_arg__


BUILT: list[tuple[Any, ProducerConfig]] = [
    (build(), ProducerConfig("a:1")),
    (
        build().for_high_throughput().linger_ms(10).batch_size(131_072).lz4(),
        ProducerConfig.for_high_throughput("a:1", linger_ms=10, batch_size=131_072),
    ),
    (build().acks(Acks.LEADER), ProducerConfig("a:1", acks="leader")),
    (build().idempotence(), ProducerConfig("a:1", idempotence=True)),
    (build().idempotence(False), ProducerConfig("a:1", idempotence=False)),
    (build().gapless(), ProducerConfig("a:1", gapless=True)),
    (build().gzip(), ProducerConfig("a:1", compression="gzip")),
    (build().gzip(9), ProducerConfig("a:1", compression="gzip", compression_level=9)),
    (build().snappy(), ProducerConfig("a:1", compression="snappy")),
    (build().lz4(), ProducerConfig("a:1", compression="lz4")),
    (build().zstd(level=-3), ProducerConfig("a:1", compression="zstd", compression_level=-3)),
    (build().zstd(19).lz4(), ProducerConfig("a:1", compression="lz4")),
    (build().zstd(19).gzip(), ProducerConfig("a:1", compression="gzip")),
    (build().for_low_latency(), ProducerConfig.for_low_latency("a:1")),
    (build().for_reliability(), ProducerConfig.for_reliability("a:1")),
    (build().for_event_hubs(), ProducerConfig.for_event_hubs("a:1")),
    # What is set by itself wins, before or after.
    (
        build().acks("all").linger_ms(3).for_high_throughput(),
        ProducerConfig.for_high_throughput("a:1", acks="all", linger_ms=3),
    ),
    # Of presets, the last one counts, and the others leave nothing behind.
    (build().for_high_throughput().for_low_latency(), ProducerConfig.for_low_latency("a:1")),
    (
        Producer.builder(iter(["a:1", "b:2"])),
        ProducerConfig("a:1,b:2"),
    ),
]


@pytest.mark.parametrize(("builder", "config"), BUILT)
def test_built(builder: ProducerBuilder[Producer], config: ProducerConfig) -> None:
    assert builder.config() == config
    producer = builder.build()
    assert type(producer) is Producer
    assert producer.config == config


def test_it_builds_the_class_that_was_asked() -> None:
    class Mine(Producer):
        pass

    assert type(Mine.builder("a:1").build()) is Mine


def test_a_call_counts_whether_its_result_is_used_or_not() -> None:
    builder = build()
    builder.linger_ms(10)
    first = builder.config()
    builder.linger_ms(20)
    assert (first.linger_ms, builder.config().linger_ms) == (10, 20)


def test_what_is_wrong_is_refused_by_its_method() -> None:
    builder = build()
    with pytest.raises(ConfigError, match="linger_ms=-1 is out of range"):
        builder.linger_ms(-1)
    with pytest.raises(ConfigError, match="did you mean 'json'"):
        builder.value_serializer("jsn")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="bootstrap_servers must be str"):
        Producer.builder(9092)  # type: ignore[arg-type]
    assert builder.config() == ProducerConfig("a:1"), "what was refused has left nothing"


def test_what_contradicts_itself_is_refused_in_the_end() -> None:
    builder = build().idempotence().acks("leader")
    for end in (builder.config, builder.build):
        with pytest.raises(ConfigError, match='acks="leader" contradicts idempotence=True'):
            end()
    assert builder.acks("all").config().idempotence
