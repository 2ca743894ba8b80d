"""Serializers by name: the Java client's bytes, and a clear word for what has none."""

import json
import math
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from types import SimpleNamespace
from typing import Any, ClassVar, get_args
from uuid import UUID

import pytest

from dekaf import ConfigError
from dekaf._serializers import _SERIALIZERS, Serializer, SerializerName, resolve


class Size(Enum):
    SMALL = "s"


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@dataclass
class Line:
    sku: str
    price: Decimal


@dataclass
class Order:
    id: UUID
    lines: list[Line]
    size: Size
    seen: ClassVar[int] = 0


class Index:
    """As numpy's integers: no `int`, but a whole number."""

    def __index__(self) -> int:
        return 5


class Model:
    """As pydantic's."""

    def model_dump(self, *, mode: str) -> dict[str, object]:
        return {"mode": mode, "at": datetime(2026, 1, 2, tzinfo=UTC)}


def named(name: str) -> Serializer:
    found = resolve(name, "value_serializer")
    assert found is not None
    return found


ID = UUID("12345678-1234-5678-1234-567812345678")

# What org.apache.kafka.common.serialization makes of the same values, for all but JSON.
WRITTEN: list[tuple[str, Any, bytes]] = [
    ("bytes", b"\x00\xff", b"\x00\xff"),
    ("bytes", bytearray(b"ab"), b"ab"),
    ("bytes", memoryview(b"abcd")[::2], b"ac"),
    ("bytes", b"", b""),
    ("str", "zażółć", b"za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87"),
    ("str", "", b""),
    ("short", 258, b"\x01\x02"),
    ("short", -1, b"\xff\xff"),
    ("short", -(2**15), b"\x80\x00"),
    ("int", 1, b"\x00\x00\x00\x01"),
    ("int", -2, b"\xff\xff\xff\xfe"),
    ("int", 2**31 - 1, b"\x7f\xff\xff\xff"),
    ("int", -(2**31), b"\x80\x00\x00\x00"),
    ("int", Level.HIGH, b"\x00\x00\x00\x03"),
    ("int", Index(), b"\x00\x00\x00\x05"),
    ("long", 2**40, b"\x00\x00\x01\x00\x00\x00\x00\x00"),
    ("long", -1, b"\xff" * 8),
    ("float", 1.5, b"\x3f\xc0\x00\x00"),
    ("float", -0.0, b"\x80\x00\x00\x00"),
    ("float", 3, b"\x40\x40\x00\x00"),
    ("float", math.inf, b"\x7f\x80\x00\x00"),
    ("float", math.nan, b"\x7f\xc0\x00\x00"),
    ("double", 1.5, b"\x3f\xf8\x00\x00\x00\x00\x00\x00"),
    ("double", 0.1, b"\x3f\xb9\x99\x99\x99\x99\x99\x9a"),
    ("uuid", ID, b"12345678-1234-5678-1234-567812345678"),
    ("json", {"a": [1, 2.5, None, True]}, b'{"a":[1,2.5,null,true]}'),
    ("json", "ä", '"ä"'.encode()),
    ("json", [], b"[]"),
    ("json", 0, b"0"),
    ("json", (1, 2), b"[1,2]"),
    ("json", {1: "x"}, b'{"1":"x"}'),
    ("json", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), b'"2026-01-02T03:04:05+00:00"'),
    ("json", [date(2026, 1, 2), time(3, 4)], b'["2026-01-02","03:04:00"]'),
    ("json", {"id": ID}, b'{"id":"12345678-1234-5678-1234-567812345678"}'),
    ("json", Decimal("0.10"), b'"0.10"'),
    ("json", [Size.SMALL, Colour.RED, Level.HIGH], b'["s","red",3]'),
    (
        "json",
        Order(ID, [Line("a", Decimal("1.50"))], Size.SMALL),
        b'{"id":"%b","lines":[{"sku":"a","price":"1.50"}],"size":"s"}' % str(ID).encode(),
    ),
    ("json", [Model()], b'[{"mode":"json","at":"2026-01-02T00:00:00+00:00"}]'),
]


@pytest.mark.parametrize(("name", "value", "written"), WRITTEN)
def test_written(name: str, value: Any, written: bytes) -> None:
    made = named(name)(value)
    assert type(made) is bytes
    assert made == written


def test_every_name() -> None:
    assert {*_SERIALIZERS, "json"} == set(get_args(SerializerName))
    assert set(get_args(SerializerName)) == {name for name, _, _ in WRITTEN}


def test_msgspec_is_asked_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    class Struct:
        __struct_fields__ = ("id",)

    def to_builtins(value: object, **how: Any) -> object:
        assert isinstance(value, Struct)
        return {"str_keys": how["str_keys"], "id": how["enc_hook"](ID)}

    monkeypatch.setitem(sys.modules, "msgspec", SimpleNamespace(to_builtins=to_builtins))
    made = named("json")({"it": Struct()})
    assert json.loads(bytes(made or b"")) == {"it": {"str_keys": True, "id": str(ID)}}  # type: ignore[arg-type]


REFUSED: list[tuple[str, Any, type[Exception], str]] = [
    ("bytes", "text", TypeError, 'the "bytes" serializer takes bytes or a buffer .*: use "str"'),
    ("bytes", 5, TypeError, 'the "bytes" serializer takes bytes .*, not int: use another, such as'),
    ("str", b"b", TypeError, 'the "str" serializer takes str, not bytes'),
    ("str", 5, TypeError, 'the "str" serializer takes str, not int: call str'),
    ("str", "\ud800", ValueError, "surrogates not allowed"),
    ("short", 2**15, ValueError, '32768 does not fit into the 16 bits .* "short" .*: use "int"'),
    ("int", 2**31, ValueError, 'does not fit into the 32 bits of the "int" serializer: use "long"'),
    ("int", -(2**31) - 1, ValueError, 'does not fit into the 32 bits .*: use "long"'),
    ("long", 2**63, ValueError, 'does not fit into the 64 bits .*: use "str" or "json"'),
    ("int", 1.0, TypeError, 'the "int" serializer takes int, not float: call int'),
    ("int", "1", TypeError, 'the "int" serializer takes int, not str'),
    ("int", True, TypeError, 'the "int" serializer takes int, not bool'),
    ("float", "1", TypeError, 'the "float" serializer takes float or int, not str: call float'),
    ("float", False, TypeError, "not bool"),
    ("float", 1e39, ValueError, 'is too large for the "float" serializer: use "double"'),
    (
        "double",
        10**400,
        ValueError,
        'is too large for the "double" serializer: use "str" or "json"',
    ),
    ("uuid", str(ID), TypeError, 'the "uuid" serializer takes uuid.UUID, not str: use "str"'),
    ("json", b"{}", TypeError, 'the "json" serializer: bytes has no JSON'),
    ("json", {1, 2}, TypeError, "set has no JSON: use dict, list, .* or give a function"),
    ("json", [object()], TypeError, "object has no JSON"),
    ("json", Line, TypeError, "type has no JSON"),
    ("json", math.nan, ValueError, 'the "json" serializer: Out of range float'),
    ("json", {ID: 1}, TypeError, 'the "json" serializer: keys must be str'),
]


@pytest.mark.parametrize(("name", "value", "kind", "match"), REFUSED)
def test_refused(name: str, value: Any, kind: type[Exception], match: str) -> None:
    with pytest.raises(kind, match=match):
        named(name)(value)


def test_what_contains_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(ValueError, match='the "json" serializer: Circular'):
        named("json")(endless)


def test_resolve() -> None:
    assert resolve(None, "key_serializer") is None
    assert resolve("int", "key_serializer") is resolve("int", "value_serializer")
    assert resolve(str.encode, "key_serializer") is str.encode


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ("jason", "key_serializer: 'jason' is no serializer; did you mean 'json'"),
        ("", 'key_serializer: \'\' is no serializer; use "bytes", "str", .*, or a function'),
        (5, 'key_serializer must be "bytes", .*, a function, or None, not int'),
    ],
)
def test_not_resolved(given: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        resolve(given, "key_serializer")
