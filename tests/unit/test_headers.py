"""Headers: in order, with repetitions, and never changed."""

import asyncio
import copy
import pickle
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from dekaf import Headers, Producer
from dekaf.testing import Broker

MADE: list[tuple[Any, list[tuple[str, bytes | None]]]] = [
    (None, []),
    ({}, []),
    ({"a": "ä", "b": None}, [("a", "ä".encode()), ("b", None)]),
    (MappingProxyType({"a": b"1"}), [("a", b"1")]),
    ([("a", b"1"), ("a", "2")], [("a", b"1"), ("a", b"2")]),
    (iter([("a", b"")]), [("a", b"")]),
    ({"a": bytearray(b"1"), "b": memoryview(b"234")[::2]}, [("a", b"1"), ("b", b"24")]),
    (Headers([("a", b"1"), ("a", b"2")]), [("a", b"1"), ("a", b"2")]),
    ({"": b"1"}, [("", b"1")]),
]


@pytest.mark.parametrize(("source", "pairs"), MADE)
def test_made(source: Any, pairs: list[tuple[str, bytes | None]]) -> None:
    assert list(Headers(source).items()) == pairs


REFUSED: list[tuple[Any, str]] = [
    ("a=b", "headers must be a mapping or .* pairs, not str"),
    (b"ab", "headers must be a mapping or .* pairs, not bytes"),
    (5, "headers must be a mapping or .* pairs, not int"),
    (["ab"], "headers must be .*, and 'ab' is no pair"),
    ([["a", "b"]], r"headers must be .*, and \['a', 'b'\] is no pair"),
    ([("a", "b", "c")], "is no pair"),
    ([(b"a", b"b")], r"headers must be .* and the name in \(b'a', b'b'\) is no str"),
    ({1: b"b"}, "is no str"),
    ({"n": 1}, r"headers\['n'\] must be bytes, str, .*, or None, not int; encode it first"),
]


@pytest.mark.parametrize(("source", "match"), REFUSED)
def test_refused(source: Any, match: str) -> None:
    with pytest.raises(TypeError, match=match):
        Headers(source)
    with pytest.raises(TypeError, match=match):
        Headers() | source


@pytest.mark.parametrize(("source", "match"), REFUSED)
@pytest.mark.asyncio
async def test_a_producer_refuses_in_the_same_words(source: Any, match: str) -> None:
    with pytest.raises(TypeError, match=match) as caught:
        Producer("localhost:1").produce("orders", b"v", headers=source)
    with pytest.raises(TypeError) as ours:
        Headers(source)
    assert str(ours.value) == str(caught.value)


def test_reading() -> None:
    headers = Headers([("a", b"1"), ("b", None), ("a", b"2")])
    assert isinstance(headers, Mapping)
    assert headers["a"] == b"2"
    assert headers["b"] is None
    assert headers.get("c", b"0") == b"0"
    assert headers.get_all("a") == (b"1", b"2")
    assert headers.get_all("c") == ()
    assert "b" in headers
    assert "c" not in headers
    with pytest.raises(KeyError, match="c"):
        headers["c"]


def test_pairs_are_counted_and_shown() -> None:
    pairs = [("a", b"1"), ("b", None), ("a", b"2")]
    headers = Headers(pairs)
    assert len(headers) == 3
    assert list(headers) == ["a", "b", "a"]
    assert list(headers.items()) == pairs
    assert list(headers.values()) == [b"1", None, b"2"]
    assert ("a", b"1") in headers.items()
    assert ("a", b"3") not in headers.items()
    assert b"1" in headers.values()
    assert b"3" not in headers.values()
    assert dict(headers) == {"a": b"2", "b": None}
    assert not Headers()


def test_adding_makes_new_ones() -> None:
    first = Headers({"a": "1"})
    second = first.add("a", "2").add("b", None)
    assert list(first.items()) == [("a", b"1")]
    assert list(second.items()) == [("a", b"1"), ("a", b"2"), ("b", None)]
    with pytest.raises(TypeError, match="name must be str, not bytes"):
        first.add(b"a", "2")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"headers\['a'\] must be .* not int"):
        first.add("a", 2)  # type: ignore[arg-type]


def test_joining() -> None:
    headers = Headers({"a": "1"})
    assert headers | {"a": "2"} == Headers([("a", "1"), ("a", "2")])
    assert headers | [("b", None)] == Headers([("a", "1"), ("b", None)])
    assert headers | headers == Headers([("a", "1"), ("a", "1")])
    assert {"a": "0"} | headers == Headers([("a", "0"), ("a", "1")])
    assert headers == Headers({"a": "1"})
    headers |= {"b": "2"}
    assert headers == Headers([("a", "1"), ("b", "2")])


def test_equality() -> None:
    one, same = (Headers([("a", b"1"), ("b", b"2")]) for _ in range(2))
    assert one == same
    assert hash(one) == hash(same)
    assert one != Headers([("b", b"2"), ("a", b"1")])
    assert one != {"a": b"1", "b": b"2"}
    assert Headers({"a": ""}) != Headers({"a": None})


def test_it_is_a_value() -> None:
    headers = Headers([("a", b"1"), ("a", None)])
    assert repr(headers) == "Headers([('a', b'1'), ('a', None)])"
    for other in (pickle.loads(pickle.dumps(headers)), copy.copy(headers), copy.deepcopy(headers)):  # noqa: S301 - just made
        assert other == headers
        assert type(other) is Headers


@pytest.mark.asyncio
async def test_a_broker_gets_every_pair(dekaf_broker: Broker) -> None:
    pairs: list[tuple[str, bytes | None]] = [("a", b"1"), ("b", None), ("a", b"2")]
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        await asyncio.wait_for(producer.produce("orders", b"v", headers=Headers(pairs)), 10)
    (record,) = dekaf_broker.records("orders")
    assert record.headers == tuple(pairs)
