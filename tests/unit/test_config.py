"""Settings: what cannot work raises at construction, by the setting's name."""

from typing import Any

import pytest

from dekaf import ConfigError, DekafError, Producer

REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (None, {}, "bootstrap_servers must be str"),
    (9092, {}, "bootstrap_servers must be str"),
    (b"localhost:9092", {}, "bootstrap_servers must be str"),
    ([b"localhost:9092"], {}, "bootstrap_servers must name servers as str, not bytes"),
    ("", {}, "bootstrap_servers is empty"),
    ([], {}, "bootstrap_servers is empty"),
    ("localhost", {}, '"localhost" has no port; write "host:port"'),
    (["a:1", "b"], {}, '"b" has no port'),
    ("kafka://a:1", {}, "is a URL"),
    ("a:1", {"client_id": 5}, "client_id must be str, not int"),
    ("a:1", {"client_id": "c" * 40_000}, "client_id is longer than"),
    ("a:1", {"linger_ms": "5"}, "linger_ms must be milliseconds as int, not str"),
    ("a:1", {"linger_ms": True}, "linger_ms must be milliseconds as int, not bool"),
    ("a:1", {"linger_ms": -1}, "linger_ms=-1 is out of range"),
    ("a:1", {"batch_size": 0}, "batch_size=0 is out of range"),
    ("a:1", {"batch_size": 10**12}, "batch_size=1000000000000 is out of range"),
    ("a:1", {"buffer_memory": 0}, "buffer_memory=0 is out of range"),
    ("a:1", {"compression": None}, "compression must be str, not NoneType"),
    ("a:1", {"compression": "brotli"}, 'compression: "brotli" is not a codec; use "none", "gzip"'),
    ("a:1", {"request_timeout_ms": 0}, "request_timeout_ms=0 is out of range"),
    ("a:1", {"delivery_timeout_ms": 100}, "delivery_timeout_ms=100 is less than"),
    ("a:1", {"retry_backoff_ms": 2000}, "retry_backoff_max_ms=1000 is less than"),
]


@pytest.mark.parametrize(("servers", "settings", "match"), REFUSED)
def test_refused(servers: Any, settings: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=match) as caught:
        Producer(servers, **settings)
    assert isinstance(caught.value, DekafError)
    assert isinstance(caught.value, ValueError)


def test_misspelt_setting() -> None:
    with pytest.raises(TypeError, match="linger_msec"):
        Producer("a:1", linger_msec=5)  # type: ignore[call-arg]


@pytest.mark.parametrize("servers", ["a:1", "a:1,b:2", ["a:1", "b:2"], ("[::1]:9092",)])
def test_taken(servers: Any) -> None:
    Producer(servers)
