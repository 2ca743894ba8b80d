"""Serializers by name: from a value to bytes, as the Java client's of the same type write them.

Each takes exactly what it is named for. `None` never comes here: it is a tombstone.
"""

from __future__ import annotations

from difflib import get_close_matches
from operator import index
from struct import error as StructError  # noqa: N812 - it is a class
from struct import pack
from typing import TYPE_CHECKING, Any, Final, Literal, SupportsIndex, TypeAlias, cast
from uuid import UUID

from dekaf._errors import ConfigError
from dekaf._json import encode_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

__all__ = ["SERIALIZERS", "Serializer", "SerializerLike", "SerializerName", "resolve"]

SerializerName: TypeAlias = Literal[
    "bytes", "str", "json", "short", "int", "long", "float", "double", "uuid"
]
Serializer: TypeAlias = "Callable[[Any], str | Buffer | None]"
"""A function of the value, or of the key. What it returns is sent as it is."""
SerializerLike: TypeAlias = "SerializerName | Serializer"


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return memoryview(cast("Buffer", value)).tobytes()
    except TypeError:
        hint = ' use "str"' if isinstance(value, str) else ' use another, such as "json"'
        raise _wrong("bytes", "bytes or a buffer such as bytearray", value, hint) from None


def _str(value: object) -> bytes:
    if not isinstance(value, str):
        raise _wrong("str", "str", value, " call str() yourself, or use another serializer")
    return value.encode()


def _whole(name: str, bits: int, wider: str | None) -> Serializer:
    """Make the serializer for whole numbers of so many bits, big-endian."""

    def serialize(value: object) -> bytes:
        if isinstance(value, bool) or not isinstance(value, SupportsIndex):
            raise _wrong(name, "int", value, " call int() yourself, or use another serializer")
        number = index(value)
        try:
            return number.to_bytes(bits // 8, "big", signed=True)
        except OverflowError:
            way = f'use "{wider}"' if wider else 'use "str" or "json"'
            raise ValueError(
                f'{number} does not fit into the {bits} bits of the "{name}" serializer: {way}'
            ) from None

    return serialize


def _real(name: str, form: str, wider: str | None) -> Serializer:
    """Make the serializer for numbers of this IEEE 754 form."""

    def serialize(value: object) -> bytes:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong(name, "float or int", value, " call float() yourself")
        try:
            return pack(form, value)
        except (OverflowError, StructError):
            way = f'use "{wider}"' if wider else 'use "str" or "json"'
            raise ValueError(f'{value} is too large for the "{name}" serializer: {way}') from None

    return serialize


def _uuid(value: object) -> bytes:
    if not isinstance(value, UUID):
        raise _wrong("uuid", "uuid.UUID", value, ' use "str" for text')
    return str(value).encode()


SERIALIZERS: Final[dict[str, Serializer]] = {
    "bytes": _bytes,
    "str": _str,
    "json": encode_json,
    "short": _whole("short", 16, "int"),
    "int": _whole("int", 32, "long"),
    "long": _whole("long", 64, None),
    "float": _real("float", ">f", "double"),
    "double": _real("double", ">d", None),
    "uuid": _uuid,
}


def resolve(serializer: object, setting: str) -> Serializer | None:
    """Return the function that a setting names or is; `None` where there is none."""
    if serializer is None:
        return None
    names = ", ".join(f'"{name}"' for name in SERIALIZERS)
    if isinstance(serializer, str):
        found = SERIALIZERS.get(serializer)
        if found is None:
            close = get_close_matches(serializer, SERIALIZERS, 1)
            meant = f"did you mean {close[0]!r}?" if close else f"use {names}, or a function"
            raise ConfigError(f"{setting}: {serializer!r} is no serializer; {meant}")
        return found
    if not callable(serializer):
        kind = type(serializer).__name__
        raise ConfigError(f"{setting} must be {names}, a function, or None, not {kind}")
    return serializer  # pyright: ignore[reportReturnType, reportUnknownVariableType] - what it takes and returns shows when it is called


def _wrong(name: str, expected: str, value: object, hint: str) -> TypeError:
    kind = type(value).__name__
    return TypeError(f'the "{name}" serializer takes {expected}, not {kind}:{hint}')
