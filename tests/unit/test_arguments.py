"""Wrong arguments are refused when the call is made, by their names, and lose nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from dekaf import BrokerUnreachable, Producer, ProducerClosed
from tests.unit.peers import closed_port


@pytest_asyncio.fixture
async def producer() -> AsyncIterator[Producer]:
    producer = Producer(closed_port(), metadata_timeout_ms=100)
    yield producer
    await producer.close(timeout=0)


TYPE_ERRORS: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    ((1, b"v"), {}, "topic must be str, not int: the order is produce(topic, value, key=…)"),
    ((b"v", "orders"), {}, "topic must be str, not bytes"),
    ((None, b"v"), {}, "topic must be str, not NoneType"),
    (("orders", {"a": 1}), {}, "value must be bytes, str, a buffer .*, or None, not dict"),
    (("orders", 1), {}, "value must be .* not int; choose a value_serializer"),
    (("orders", b"v"), {"key": 7}, "key must be .* not int"),
    (("orders", "key", b"v"), {}, "write produce(topic, value, key=…)"),
    (("orders", b"v"), {"headers": "a=b"}, "headers must be a mapping or .* pairs, not str"),
    (("orders", b"v"), {"headers": b"ab"}, "headers must be a mapping or .* pairs, not bytes"),
    (("orders", b"v"), {"headers": 5}, "headers must be a mapping or .* pairs, not int"),
    (("orders", b"v"), {"headers": ["ab", "c"]}, "headers must be .*, and 'ab' is no pair"),
    (("orders", b"v"), {"headers": [(b"a", b"b")]}, "headers must be .* is no str"),
    (("orders", b"v"), {"headers": {"n": 1}}, r"headers\['n'\] must be .* not int"),
    (("orders", b"v"), {"partition": "0"}, "partition must be int or None, not str"),
    (("orders", b"v"), {"partition": True}, "partition must be int or None, not bool"),
    (("orders", b"v"), {"partition": 1.0}, "partition must be int or None, not float"),
    (("orders", b"v"), {"timestamp": 1.5}, "timestamp must be milliseconds .*, not float"),
    (("orders", b"v"), {"timestamp": "now"}, "timestamp must be milliseconds .*, not str"),
    (("orders", b"v"), {"tiemstamp": 1}, "tiemstamp"),
    ((), {}, "topic"),
]

VALUE_ERRORS: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    (("", b"v"), {}, "topic is empty"),
    (("orders", "\ud800"), {}, "surrogates not allowed"),
    (("orders", b"v"), {"partition": 2**40}, "partition is no number that a partition can have"),
    (("orders", b"v"), {"timestamp": -1}, "timestamp is before 1970"),
    (("orders", b"v"), {"timestamp": 2**70}, "timestamp does not fit"),
    (("orders", b"v"), {"timestamp": datetime(2026, 1, 1)}, "timestamp is a naive datetime"),  # noqa: DTZ001 - that is the point
]


def pattern(text: str) -> str:
    """Only the dots and brackets that are meant as such are special."""
    return text.replace("(", r"\(").replace(")", r"\)")


@pytest.mark.asyncio
@pytest.mark.parametrize(("arguments", "settings", "match"), TYPE_ERRORS)
async def test_wrong_type(
    producer: Producer, arguments: tuple[Any, ...], settings: dict[str, Any], match: str
) -> None:
    with pytest.raises(TypeError, match=pattern(match)):
        producer.produce(*arguments, **settings)


@pytest.mark.asyncio
@pytest.mark.parametrize(("arguments", "settings", "match"), VALUE_ERRORS)
async def test_wrong_value(
    producer: Producer, arguments: tuple[Any, ...], settings: dict[str, Any], match: str
) -> None:
    with pytest.raises(ValueError, match=pattern(match)):
        producer.produce(*arguments, **settings)


@pytest.mark.asyncio
async def test_a_source_of_headers_that_raises_raises(producer: Producer) -> None:
    def broken() -> Any:
        yield ("a", b"1")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        producer.produce("orders", b"v", headers=broken())


@pytest.mark.asyncio
async def test_what_is_right_is_taken(producer: Producer) -> None:
    futures = [
        producer.produce("orders"),
        producer.produce("orders", None, key="k"),
        producer.produce("orders", bytearray(b"v"), key=memoryview(b"k")),
        producer.produce("orders", "v", headers={"a": None, "b": b"x", "c": "y"}),
        producer.produce("orders", "v", headers=[("a", b"1"), ("a", b"2")]),
        producer.produce("orders", "v", headers=iter([("a", b"1")])),
        producer.produce("orders", b"v", timestamp=datetime(2026, 1, 1, tzinfo=UTC)),
        producer.produce("orders", b"v", timestamp=0, partition=0),
        producer.produce(topic="orders", value=b"v"),
    ]
    failures = await asyncio.gather(*futures, return_exceptions=True)
    assert {type(failure).__name__ for failure in failures} == {"BrokerUnreachable"}


def test_no_loop_is_said() -> None:
    producer = Producer(closed_port())
    with pytest.raises(RuntimeError, match=r"produce\(\) needs a running event loop"):
        producer.produce("orders", b"v")


@pytest.mark.asyncio
async def test_closed_is_said(producer: Producer) -> None:
    await producer.close()
    with pytest.raises(ProducerClosed, match="create another one"):
        producer.produce("orders", b"v")
    with pytest.raises(ProducerClosed):
        await producer.start()
    await producer.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("seconds", [None, 1e18, float("inf")])
async def test_close_may_wait_for_ever(producer: Producer, seconds: float | None) -> None:
    failed = producer.produce("orders", b"v")
    await producer.close(seconds)
    assert failed.done()
    with pytest.raises(BrokerUnreachable):
        await failed


@pytest.mark.asyncio
@pytest.mark.parametrize("seconds", [-1, float("nan")])
async def test_close_wants_seconds(seconds: float) -> None:
    producer = Producer(closed_port())
    with pytest.raises(ValueError, match=r"timeout=.* is out of range: 0 or more seconds"):
        await producer.close(seconds)
    await producer.close()
