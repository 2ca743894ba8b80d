"""Settings from the environment: what variables say, and whose variables they are."""

from typing import Any

import pytest

from dekaf import Acks, ConfigError, ProducerConfig

READ: list[tuple[str, str, str, Any]] = [
    ("DEKAF_BOOTSTRAP_SERVERS", "a:1, b:2", "bootstrap_servers", "a:1,b:2"),
    ("DEKAF_CLIENT_ID", "me", "client_id", "me"),
    ("DEKAF_ACKS", "leader", "acks", Acks.LEADER),
    ("DEKAF_ACKS", "0", "acks", Acks.NONE),
    ("DEKAF_IDEMPOTENCE", "FALSE", "idempotence", False),
    ("DEKAF_IDEMPOTENCE", "0", "idempotence", False),
    ("DEKAF_GAPLESS", "yes", "gapless", True),
    ("DEKAF_LINGER_MS", " 7 ", "linger_ms", 7),
    ("DEKAF_LINGER_MS", "", "linger_ms", 5),
    ("DEKAF_LINGER_MS", "  ", "linger_ms", 5),
    ("DEKAF_COMPRESSION", "lz4", "compression", "lz4"),
    ("DEKAF_MAX_WAITING", "100", "max_waiting", 100),
    ("DEKAF_ON_FULL", "raise", "on_full", "raise"),
    ("DEKAF_PARTITIONER", "crc32", "partitioner", "crc32"),
    ("DEKAF_VALUE_SERIALIZER", "json", "value_serializer", "json"),
    # Not with this prefix, or not dekaf's.
    ("KAFKA_LINGER_MS", "7", "linger_ms", 5),
    ("DEKAFLINGER_MS", "7", "linger_ms", 5),
    ("DEKAF_HOME", "/opt/dekaf", "linger_ms", 5),
    ("DEKAF_SERVICE_HOST", "10.0.0.1", "linger_ms", 5),
    ("DEKAF_SERVICE_PORT_HTTP", "80", "linger_ms", 5),
    ("DEKAF_PORT_9092_TCP_ADDR", "10.0.0.1", "linger_ms", 5),
    ("DEKAF_KAFKA_VERSION", "4.0.0", "linger_ms", 5),
]


@pytest.mark.parametrize(("variable", "text", "setting", "value"), READ)
def test_read(variable: str, text: str, setting: str, value: Any) -> None:
    environ = {"DEKAF_BOOTSTRAP_SERVERS": "c:3", variable: text}
    config = ProducerConfig.from_env(environ=environ)
    assert getattr(config, setting) == value


REFUSED: list[tuple[str, str, str]] = [
    ("DEKAF_LINGER_MS", "soon", "^DEKAF_LINGER_MS: linger_ms='soon' is no whole number"),
    ("DEKAF_LINGER_MS", "-1", "^DEKAF_LINGER_MS: linger_ms=-1 is out of range"),
    ("DEKAF_ACKS", "most", "^DEKAF_ACKS: acks='most' is not allowed"),
    ("DEKAF_GAPLESS", "maybe", "^DEKAF_GAPLESS: gapless='maybe' is neither"),
    ("DEKAF_VALUE_SERIALIZER", "jsn", "^DEKAF_VALUE_SERIALIZER: .* did you mean 'json'"),
    ("DEKAF_ON_ERROR", "print", "^DEKAF_ON_ERROR: a function cannot be said in text"),
    ("DEKAF_LINGR_MS", "5", "^DEKAF_LINGR_MS is not a setting; did you mean DEKAF_LINGER_MS"),
    ("DEKAF_linger_ms", "5", "^DEKAF_linger_ms is not a setting; did you mean DEKAF_LINGER_MS"),
    ("DEKAF_BOOTSTRAP_SERVER", "b:2", "did you mean DEKAF_BOOTSTRAP_SERVERS"),
    ("DEKAF_COMPRESSION_TYPE", "lz4", "did you mean DEKAF_COMPRESSION"),
    ("DEKAF_SECURITY", "SSL", "^DEKAF_SECURITY is not a setting; set DEKAF_SECURITY_PROTOCOL"),
    ("DEKAF_SASL_PASSWORD", "secret", "^DEKAF_SASL_PASSWORD is given without DEKAF_SECURITY_P"),
    ("DEKAF_SASL_PASWORD", "secret", "did you mean 'DEKAF_SASL_PASSWORD'"),
    ("DEKAF_sasl_password", "secret", "did you mean 'DEKAF_SASL_PASSWORD'"),
    ("DEKAF_TRANSACTIONAL_ID", "t", "^DEKAF_TRANSACTIONAL_ID: this version"),
]


@pytest.mark.parametrize(("variable", "text", "match"), REFUSED)
def test_refused(variable: str, text: str, match: str) -> None:
    environ = {"DEKAF_BOOTSTRAP_SERVERS": "c:3", variable: text}
    with pytest.raises(ConfigError, match=match) as caught:
        ProducerConfig.from_env(environ=environ)
    assert "secret" not in str(caught.value)


def test_the_process_has_an_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEKAF_BOOTSTRAP_SERVERS", "a:1")
    assert ProducerConfig.from_env().bootstrap_servers == "a:1"


def test_another_prefix() -> None:
    environ = {"app_BOOTSTRAP_SERVERS": "a:1", "app_LINGER_MS": "7", "DEKAF_LINGER_MS": "8"}
    config = ProducerConfig.from_env("app_", environ)
    assert (config.bootstrap_servers, config.linger_ms) == ("a:1", 7)


@pytest.mark.parametrize("prefix", ["", None, b"DEKAF_"])
def test_a_prefix_is_text(prefix: Any) -> None:
    with pytest.raises(ConfigError, match="prefix must be text"):
        ProducerConfig.from_env(prefix, {})


def test_overrides_win() -> None:
    environ = {"DEKAF_BOOTSTRAP_SERVERS": "a:1", "DEKAF_ACKS": "leader"}
    config = ProducerConfig.from_env(environ=environ, bootstrap_servers="b:2", acks="all")
    assert (config.bootstrap_servers, config.idempotence) == ("b:2", True)
    assert ProducerConfig.from_env(environ={}, bootstrap_servers="b:2").bootstrap_servers == "b:2"


def test_servers_are_asked_for() -> None:
    with pytest.raises(ConfigError, match="is missing: set DEKAF_BOOTSTRAP_SERVERS, or give"):
        ProducerConfig.from_env(environ={})
