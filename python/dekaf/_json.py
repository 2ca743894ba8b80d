"""JSON in UTF-8: quickly with orjson, where it is installed, and as the same JSON where it is not.

What `json` makes of a value is what counts. A quicker encoder may only do the same: whatever it
refuses, or leaves in doubt, is up to `json`. (They may spell a number differently: `1e-7` and
`1e-07`.)
"""

from __future__ import annotations

import json
import sys
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache, partial
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

from dekaf._core import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

__all__ = ["encode_json", "raw_or_json"]


def encode_json(value: object) -> bytes:
    """Write a value as JSON, or raise `TypeError` or `ValueError`."""
    try:
        made = _quick(value)
    except Exception as error:  # noqa: BLE001 - `json` manages, or says what is wrong
        # orjson takes Ctrl-C within a model for a refusal.
        if error.__cause__ is not None and not isinstance(error.__cause__, Exception):
            raise error.__cause__ from None
        made = None
    return _sure(value) if made is None else made


def raw_or_json(value: object) -> str | Buffer | None:
    """Leave alone what has bytes of its own, and `None`; write everything else as JSON."""
    if value is None or isinstance(value, str | bytes | bytearray | memoryview):
        return cast("str | Buffer | None", value)
    # A single number of numpy's has bytes of its own, which nobody means.
    if isinstance(value, dict | list | tuple | int | float) or _is_single(value):
        return encode_json(value)  # pyright: ignore[reportUnknownArgumentType] - whatever is in it
    try:
        with memoryview(cast("Buffer", value)) as view:
            # Addresses of objects are none. Between colons there are names of fields.
            has_bytes = "O" not in "".join(view.format.split(":")[::2])
    except (TypeError, ValueError, BufferError):
        has_bytes = False
    return cast("Buffer", value) if has_bytes else encode_json(value)


def _sure(value: object) -> bytes:
    try:
        return _standard.encode(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        # `json` says what is wrong, not who complains.
        kind = TypeError if isinstance(error, TypeError) else ValueError
        way = "; use None for what is missing" if "Out of range float" in str(error) else ""
        raise kind(f'the "json" serializer: {error}{way}') from error


def _quick(value: object) -> bytes | None:
    encode = _quickest(value)
    if encode is None:
        return None
    made = encode(value)
    # What JSON has no number for, others write as null, or as their model says.
    if b"null" in made or b"NaN" in made or b"Infinity" in made:
        return made if _is_finite(value) else None
    return made


def _is_finite(value: object) -> bool:
    kind = type(value)
    if kind is float:
        return isfinite(cast("float", value))
    if kind is dict:
        return all(map(_is_finite, cast("dict[object, object]", value).values()))
    if kind is list or kind is tuple:
        return all(map(_is_finite, cast("list[object]", value)))
    return kind in _FINITE or _is_finite(_exact(value))


def _quickest(value: object) -> Callable[[Any], bytes] | None:
    """Choose an encoder for a value of this type; `None` where there is only `json`."""
    kind = type(value)
    if kind is not dict and kind is not list:
        # Whoever has a model has imported what it is made with.
        if hasattr(kind, "__struct_fields__"):
            return partial(sys.modules["msgspec"].json.encode, enc_hook=_plain)
        model = getattr(sys.modules.get("pydantic"), "BaseModel", None)
        if model in kind.__mro__ and _dumps_as(model, kind):
            return _dump_model
    return _orjson()


def _dumps_as(model: Any, kind: Any) -> bool:  # noqa: ANN401 - pydantic's
    """Say whether a kind of model is written alike at the top and within a dict."""
    return kind.model_dump is model.model_dump and kind.model_dump_json is model.model_dump_json


def _dump_model(model: Any) -> bytes:  # noqa: ANN401 - pydantic's
    text: str = model.model_dump_json()
    return text.encode()


@cache
def _orjson() -> Callable[[Any], bytes] | None:
    try:
        import orjson  # noqa: PLC0415 - only for who needs it, and has it
    except ImportError:
        return None
    # What it would write itself, but in other words or with other contents, comes to `_exact`.
    # An `Enum` that is also text or a number never does: it is its value, as nearly always.
    options = (
        orjson.OPT_PASSTHROUGH_DATACLASS
        | orjson.OPT_PASSTHROUGH_DATETIME
        | orjson.OPT_PASSTHROUGH_SUBCLASS
    )
    return partial(orjson.dumps, default=_exact, option=options)


def _exact(value: object) -> object:
    # orjson would look into a subclass past the methods that `json` calls.
    if isinstance(value, str | int | float | list | tuple | dict):
        raise TypeError
    return _plain(value)


def _plain(value: object) -> object:
    """Make of what JSON does not have something that it has."""
    is_time = isinstance(value, datetime | date | time)
    if is_time or _is_single(value):
        one: Any = value
        # What is missing differs from itself, as pandas' `NaT` does.
        if one != one:  # noqa: PLR0124 - see above
            raise ValueError(f"{one} has no JSON: use None for what is missing")
        return one.isoformat() if is_time else one.item()
    if isinstance(value, UUID | Decimal):
        return str(value)  # as text, a decimal keeps all its digits
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, getattr(sys.modules.get("orjson"), "Fragment", ())):
        return json.loads(sys.modules["orjson"].dumps(value))  # which alone can look into it
    return _parts(value)


def _parts(value: object) -> object:
    """Take a model apart, as it says itself, without importing what it is made with."""
    dump = getattr(value, "model_dump", None)  # pydantic's
    if callable(dump):
        return dump(mode="json")
    if hasattr(value, "__struct_fields__"):  # msgspec's, which is imported where there is one
        return sys.modules["msgspec"].to_builtins(value, str_keys=True, enc_hook=_plain)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Message):
        raise TypeError(
            "a dekaf.Message is a message of its own, not a part of another's value: return it "
            "alone, or in a tuple with batch=True"
        )
    kind = type(value).__name__
    raise TypeError(
        f"{kind} has no JSON: use dict, list, str, numbers, a dataclass or a model, or give a "
        f"function as serializer that knows {kind}"
    )


def _is_single(value: object) -> bool:
    """Say whether it is one number of numpy's, or of the like."""
    return (
        getattr(value, "ndim", None) == 0
        and hasattr(value, "dtype")
        and callable(getattr(value, "item", None))
    )


_FINITE: Final = frozenset({str, int, bool, type(None), datetime, date, time, UUID, Decimal})
"""Of what JSON is never a number without end, nor has any within."""

_standard: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
)
