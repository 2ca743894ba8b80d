"""Serializers by name: from a value to bytes, as the Java client's of the same type write them.

Each takes exactly what it is named for. `None` never comes here: it is a tombstone.
"""

from __future__ import annotations

from operator import index
from struct import error as StructError  # noqa: N812 - it is a class
from struct import pack
from typing import TYPE_CHECKING, Any, Final, Literal, SupportsIndex, TypeAlias, cast, get_args

from dekaf._closest import closest
from dekaf._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

__all__ = ["Serializer", "SerializerLike", "SerializerName", "resolve"]

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
    from uuid import UUID  # noqa: PLC0415 - only for who has one

    if not isinstance(value, UUID):
        raise _wrong("uuid", "uuid.UUID", value, ' use "str" for text')
    return str(value).encode()


_SERIALIZERS: Final[dict[str, Serializer]] = {
    "bytes": _bytes,
    "str": _str,
    "short": _whole("short", 16, "int"),
    "int": _whole("int", 32, "long"),
    "long": _whole("long", 64, None),
    "float": _real("float", ">f", "double"),
    "double": _real("double", ">d", None),
    "uuid": _uuid,
}
"""All of them but JSON's, which is imported by those who use it."""

_NAMES: Final = ", ".join(f'"{name}"' for name in get_args(SerializerName))


def resolve(serializer: object, setting: str) -> Serializer | None:
    """Return the function that a setting names or is; `None` where there is none."""
    if serializer is None:
        return None
    if isinstance(serializer, str):
        return _named(serializer, setting)
    if not callable(serializer):
        kind = type(serializer).__name__
        raise ConfigError(f"{setting} must be {_NAMES}, a function, or None, not {kind}")
    return serializer  # pyright: ignore[reportReturnType, reportUnknownVariableType] - what it takes and returns shows when it is called


def _named(name: str, setting: str) -> Serializer:
    if name == "json":
        from dekaf._json import encode_json  # noqa: PLC0415 - half of what an import would cost

        return encode_json
    found = _SERIALIZERS.get(name)
    if found is None:
        close = closest(name, get_args(SerializerName))
        meant = f"did you mean {close!r}?" if close else f"use {_NAMES}, or a function"
        raise ConfigError(f"{setting}: {name!r} is no serializer; {meant}")
    return found


def _wrong(name: str, expected: str, value: object, hint: str) -> TypeError:
    kind = type(value).__name__
    return TypeError(f'the "{name}" serializer takes {expected}, not {kind}:{hint}')
