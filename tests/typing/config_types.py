"""What type checkers must infer of settings; mypy and pyright read this, nothing runs it."""

from pathlib import Path
from typing import assert_type

from dekaf import Acks, Headers, Producer, ProducerBuilder, ProducerConfig, Security


class Mine(Producer):
    pass


def config() -> None:
    config = ProducerConfig("a:1", acks="leader", linger_ms=5, value_serializer="json")
    assert_type(config.acks, Acks)
    assert_type(config.idempotence, bool)
    assert_type(config.max_waiting, int | None)
    assert_type(config.replace(acks=Acks.ALL), ProducerConfig)
    assert_type(ProducerConfig.for_high_throughput(["a:1"], linger_ms=3), ProducerConfig)
    assert_type(ProducerConfig.from_properties({"linger.ms": 5}, acks=1), ProducerConfig)
    assert_type(ProducerConfig.from_file(Path("client.properties"), acks=1), ProducerConfig)
    assert_type(ProducerConfig.for_event_hubs("a:1", security=Security.tls()), ProducerConfig)
    assert_type(config.security, Security | None)
    assert_type(config.ignored, tuple[str, ...])
    assert_type(ProducerConfig.from_env(bootstrap_servers="a:1"), ProducerConfig)


def mistakes(config: ProducerConfig) -> None:
    ProducerConfig("a:1", lingr_ms=5)  # type: ignore[call-arg]
    ProducerConfig("a:1", linger_ms="5")  # type: ignore[arg-type]
    ProducerConfig("a:1", acks="quorum")  # type: ignore[arg-type]
    ProducerConfig("a:1", acks=2)  # type: ignore[arg-type]
    ProducerConfig("a:1", compression="brotli")  # type: ignore[arg-type]
    ProducerConfig("a:1", value_serializer="avro")  # type: ignore[arg-type]
    Producer("a:1", lingr_ms=5)  # type: ignore[call-overload]
    config.replace(lingr_ms=5)  # type: ignore[call-arg]
    config.linger_ms = 5  # type: ignore[misc]


def functions() -> None:
    Producer("a:1", key_serializer=str.encode, value_serializer=repr)
    Producer("a:1", on_error=lambda error: error.topic)
    Producer("a:1", partitioner=lambda key, partitions: len(key or b"") % partitions)
    Producer("a:1", partitioner=len)  # type: ignore[arg-type]


def producers(config: ProducerConfig) -> None:
    assert_type(Producer.from_config(config), Producer)
    assert_type(Mine.from_config(config), Mine)
    assert_type(Mine("a:1").config, ProducerConfig)


def builders() -> None:
    assert_type(Producer.builder("a:1"), ProducerBuilder[Producer])
    assert_type(Producer.builder("a:1").for_high_throughput().linger_ms(10).lz4().build(), Producer)
    assert_type(Mine.builder(["a:1"]).acks(Acks.LEADER).idempotence(False).build(), Mine)
    assert_type(Producer.builder("a:1").zstd(level=9).config(), ProducerConfig)
    Producer.builder("a:1").linger_ms("10")  # type: ignore[arg-type]
    Producer.builder("a:1").on_full("drop")  # type: ignore[arg-type]


def headers() -> None:
    headers = Headers({"a": "1"}).add("b", None) | [("c", b"3")]
    assert_type(headers, Headers)
    assert_type(headers["a"], bytes | None)
    assert_type(headers.get_all("a"), tuple[bytes | None, ...])
    for name, value in headers.items():
        assert_type(name, str)
        assert_type(value, bytes | None)
    Headers({"a": 1})  # type: ignore[arg-type]


def password() -> str:
    return "secret"


def security() -> None:
    assert_type(Security.tls(ca=Path("ca.pem"), certificate=b"...", key="k"), Security)
    assert_type(Security.sasl_plain("user", "password", tls=Security.tls()), Security)
    assert_type(Security.sasl_scram("user", Path("/run/p"), mechanism="SCRAM-SHA-256"), Security)
    Security.sasl_scram("user", password, token=True, ca="ca.pem")
    Producer("a:1", security=Security.sasl_plain("user", "password", tls=False))
    Producer("a:1", security="SASL_SSL")  # type: ignore[call-overload]
    Producer.builder("a:1").for_event_hubs().security("SASL_SSL")  # type: ignore[arg-type]
    Security.tls(min_version="1.1")  # type: ignore[arg-type]
    Security.sasl_plain("user", b"password")  # type: ignore[arg-type]
    Security.sasl_scram("user", "password", mechanism="PLAIN")  # type: ignore[arg-type]


async def produce(producer: Producer) -> None:
    await producer.produce("orders", b"v", headers=Headers({"a": "1"}))
