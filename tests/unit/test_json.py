"""JSON: the same of every value, with orjson and without, and one clear word for what has none."""

import json
import math
import sys
from array import array
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import orjson
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dekaf import Message
from dekaf._json import _orjson, encode_json, raw_or_json
from dekaf._serializers import resolve

ID = UUID("12345678-1234-5678-1234-567812345678")
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ODD_ZONE = timezone(timedelta(hours=5, minutes=30, seconds=7))


class Size(Enum):
    SMALL = "s"
    NONE = None
    ENDLESS = math.inf
    PAIR = (1, ID)


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class Real(float):
    pass


class Rows(list[Any]):
    pass


class Pair(NamedTuple):
    left: Any
    right: Any


class First(dict[str, Any]):
    """As a web framework's: lists within, and the first of each is shown."""

    def items(self) -> Any:
        return [(name, values[0]) for name, values in super().items()]


@dataclass
class Node:
    value: Any
    rest: Any = None


class Struct(msgspec.Struct):
    value: Any
    rest: Any = None


class Model(pydantic.BaseModel):
    value: Any
    rest: Any = None


class Scalar:
    """As numpy's: one number, which is no `int`."""

    dtype = "int64"
    ndim = 0

    def __init__(self, number: object) -> None:
        self.number = number

    def item(self) -> object:
        return self.number


def without_orjson(value: object) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "orjson", None)
        _orjson.cache_clear()
        try:
            assert _orjson() is None
            return encode_json(value)
        finally:
            _orjson.cache_clear()


def read(made: bytes) -> str:
    """Tell apart 1 and 1.0, 0.0 and -0.0; and keep the order, and what comes twice."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    value = json.loads(
        made, object_pairs_hook=lambda pairs: {"pairs": pairs}, parse_constant=refuse
    )
    return json.dumps(value)


def fate(encode: Any, value: object) -> tuple[str, str]:
    try:
        return "made", read(encode(value))
    except (TypeError, ValueError) as error:
        return type(error).__name__, str(error)


TEXTS = st.text(st.characters()) | st.sampled_from(["\ud800", "null", "NaN", "a\x00\x1f\x7f\u2028"])
NUMBERS = (
    st.integers()
    | st.sampled_from([2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**30])
    | st.floats()
    | st.floats(allow_nan=False, allow_infinity=False)
)
ZONES = st.sampled_from([None, UTC, ODD_ZONE])
LEAVES = (
    st.none()
    | st.booleans()
    | NUMBERS
    | TEXTS
    | TEXTS.map(Text)
    | st.integers().map(Number)
    | st.floats().map(Real)
    | st.sampled_from([*Size, *Colour, *Level])
    | st.datetimes(timezones=ZONES)
    | st.dates()
    | st.times(timezones=ZONES)
    | st.uuids()
    | st.decimals()
    | st.integers().map(Scalar)
    | st.sampled_from([b"bytes", {1}, 1j, Node, object(), timedelta(1), Message("topic", b"1")])
)
KEYS = (
    TEXTS
    | TEXTS.map(Text)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.none()
    | st.sampled_from([Colour.RED, Level.HIGH, Size.SMALL, ID, AT, (1, 2), b"bytes"])
)


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    two = st.tuples(inner, inner)
    names = st.dictionaries(st.text(), inner, max_size=4)
    return st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(Rows),
        two,
        two.map(Pair._make),
        names,
        names.map(OrderedDict),
        names.map(lambda each: First({name: [value, 0] for name, value in each.items()})),
        st.dictionaries(KEYS, inner, max_size=4),
        *(st.builds(kind, inner, inner) for kind in (Node, Struct)),
        st.builds(Model, value=inner, rest=inner),
    )


@settings(max_examples=400)
@given(st.recursive(LEAVES, containers, max_leaves=8))
def test_orjson_changes_nothing(value: object) -> None:
    assert fate(encode_json, value) == fate(without_orjson, value)


PLAIN = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | st.uuids() | st.sampled_from(Size) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=3)
        | st.builds(Node, inner)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("model", [Struct, Model])
@given(value=PLAIN)
def test_a_model_is_the_same_at_the_top_and_within(model: Any, value: object) -> None:
    kind, told = fate(encode_json, model(value=value))
    within, told_within = fate(encode_json, [model(value=value)])
    assert kind == within
    if kind == "made":
        assert f"[{told}]" == told_within


class Order(pydantic.BaseModel):
    id: UUID
    at: datetime
    price: Decimal
    size: Size = Size.SMALL
    note: str | None = "-"


class Measured(pydantic.BaseModel):
    value: float


class Worded(Measured):
    model_config = pydantic.ConfigDict(ser_json_inf_nan="strings")


class Constant(Measured):
    model_config = pydantic.ConfigDict(ser_json_inf_nan="constants")


class Line(msgspec.Struct):
    id: UUID
    price: Decimal
    model: Any = None


ORDER = Order(id=ID, at=AT, price=Decimal("1.50"))
ORDER_JSON = (
    b'{"id":"%b","at":"2026-01-02T03:04:05Z","price":"1.50","size":"s","note":"-"}'
    % str(ID).encode()
)
LINE_JSON = b'{"id":"12345678-1234-5678-1234-567812345678","price":"0.10","model":%b}'

FRAGMENT = [orjson.Fragment(b'{"a":1}'), None]

MADE: list[tuple[Any, bytes]] = [
    (ORDER, ORDER_JSON),
    ({"order": [ORDER]}, b'{"order":[%b]}' % ORDER_JSON),
    (Line(ID, Decimal("0.10"), ORDER), LINE_JSON % ORDER_JSON),
    ((Line(ID, Decimal("0.10"), Node(1)),), b"[%b]" % (LINE_JSON % b'{"value":1,"rest":null}')),
    (Node(ORDER, Struct([])), b'{"value":%b,"rest":{"value":[],"rest":null}}' % ORDER_JSON),
    ({"nothing": None, "text": "ä"}, '{"nothing":null,"text":"ä"}'.encode()),
    ({"long": 2**70}, b'{"long":1180591620717411303424}'),
    ({1: 1, 1.5: 2, None: 3, False: 4}, b'{"1":1,"1.5":2,"null":3,"false":4}'),
    (Pair(1, AT), b'[1,"2026-01-02T03:04:05+00:00"]'),
    ([AT.astimezone(ODD_ZONE)], b'["2026-01-02T08:34:12+05:30:07"]'),
    ([AT.timetz()], b'["03:04:05+00:00"]'),
    (First(a=[1, 2]), b'{"a":1}'),
    ({"n": Scalar(3)}, b'{"n":3}'),
    (FRAGMENT, b'[{"a":1},null]'),
]


@pytest.mark.parametrize(("value", "made"), MADE)
def test_made(value: Any, made: bytes) -> None:
    assert encode_json(value) == made


@pytest.mark.parametrize(("value", "made"), [each for each in MADE if each[0] != FRAGMENT])
def test_made_without_orjson(value: Any, made: bytes) -> None:
    assert without_orjson(value) == made


REFUSED: list[tuple[Any, type[Exception], str]] = [
    ({"a": math.nan}, ValueError, 'the "json" serializer: Out of range float'),
    ([-math.inf], ValueError, "Out of range float"),
    (Size.ENDLESS, ValueError, "Out of range float"),
    (Measured(value=math.nan), ValueError, "Out of range float"),
    (Worded(value=math.nan), ValueError, "Out of range float"),
    (Constant(value=-math.inf), ValueError, "Out of range float"),
    (Struct(value=math.inf), ValueError, "Out of range float"),
    ({"a": "\ud800"}, ValueError, 'the "json" serializer: .* surrogates not allowed'),
    ({ID: 1}, TypeError, 'the "json" serializer: keys must be str'),
    ({"a": {1}}, TypeError, "set has no JSON: use dict, list, .* or give a function"),
    (Message("topic"), TypeError, "a dekaf.Message is a message of its own, .*: return it alone"),
    ([Message("topic")], TypeError, "or in a tuple with batch=True"),
    (Node(Message("topic")), TypeError, "a dekaf.Message is a message of its own"),
    (Struct(Message("topic")), TypeError, "a dekaf.Message is a message of its own"),
]


@pytest.mark.parametrize(("value", "kind", "match"), REFUSED)
@pytest.mark.parametrize("encode", [encode_json, without_orjson])
def test_refused(encode: Any, value: Any, kind: type[Exception], match: str) -> None:
    with pytest.raises(kind, match=match):
        encode(value)


@pytest.mark.parametrize("encode", [encode_json, without_orjson])
def test_depth(encode: Any) -> None:
    deep: list[Any] = []
    for _ in range(300):  # more than orjson goes down
        deep = [deep]
    assert encode(deep) == b"[" * 301 + b"]" * 301
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match='the "json" serializer: '):
        encode(deep)


def test_orjson_is_what_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def dumps(value: object, **_: Any) -> bytes:
        return orjson.dumps({"by orjson": value})

    fake = SimpleNamespace(**{**vars(orjson), "dumps": dumps})
    monkeypatch.setitem(sys.modules, "orjson", fake)
    _orjson.cache_clear()
    try:
        assert encode_json([1]) == b'{"by orjson":[1]}'
    finally:
        _orjson.cache_clear()


class Renamed(pydantic.BaseModel):
    value: int = pydantic.Field(serialization_alias="renamed")

    def model_dump(self, **how: Any) -> dict[str, Any]:
        return super().model_dump(**how, by_alias=True)


def test_a_model_that_dumps_itself_otherwise_does_so_everywhere() -> None:
    assert encode_json(Renamed(value=1)) == b'{"renamed":1}'
    assert encode_json([Renamed(value=1)]) == b'[{"renamed":1}]'


def test_models_write_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    def no(*_: Any, **__: Any) -> None:
        raise AssertionError("by way of a dict")

    monkeypatch.setattr(msgspec, "to_builtins", no)
    monkeypatch.setattr(pydantic.BaseModel, "model_dump", no)
    assert encode_json(ORDER) == ORDER_JSON
    assert encode_json(Struct(1, 2)) == b'{"value":1,"rest":2}'


def test_ctrl_c_in_a_model_is_heard() -> None:
    class Slow:
        def model_dump(self, **_: object) -> int:
            dumps.append(1)
            if len(dumps) == 1:
                raise KeyboardInterrupt
            return 0

    dumps: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        encode_json([Slow()])


RAW: list[Any] = [
    None,
    b"",
    bytearray(b"1"),
    memoryview(b"123")[::2],
    array("i", [1]),
    "text",
    Text("text"),
    Colour.RED,
]


@pytest.mark.parametrize("value", RAW)
def test_raw(value: Any) -> None:
    assert raw_or_json(value) is value


JSON: list[tuple[Any, bytes]] = [
    (1, b"1"),
    (1.5, b"1.5"),
    (True, b"true"),
    (Level.HIGH, b"3"),
    ({}, b"{}"),
    ((1, [2]), b"[1,[2]]"),
    (AT, b'"2026-01-02T03:04:05+00:00"'),
    (Node(1, 2), b'{"value":1,"rest":2}'),
    (ORDER, ORDER_JSON),
    (Scalar(5), b"5"),
]


@pytest.mark.parametrize(("value", "made"), JSON)
def test_json_of_what_has_no_bytes(value: Any, made: bytes) -> None:
    assert raw_or_json(value) == made


def test_one_number_is_a_number_though_it_has_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    # Python classes cannot have a buffer before 3.12; arrays have one, and take attributes.
    class Single(array):  # type: ignore[type-arg]
        ndim = 0
        dtype = "int64"

        def item(self) -> int:
            return int(self[0])

    single = Single("q", [7])
    assert raw_or_json(single) == b"7"
    monkeypatch.setattr(Single, "ndim", 1)
    assert raw_or_json(single) is single


def test_raw_refuses_as_json_does() -> None:
    with pytest.raises(TypeError, match="set has no JSON"):
        raw_or_json({1})


def test_it_is_the_serializer_by_that_name() -> None:
    assert resolve("json", "value_serializer") is encode_json
