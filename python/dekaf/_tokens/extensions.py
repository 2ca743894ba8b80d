"""SASL extensions: names and values that are sent beside a token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeAlias, cast

from dekaf._errors import ConfigError

__all__ = [
    "Extensions",
    "ExtensionsError",
    "checked_extensions",
    "parse_extensions",
    "to_extensions",
]

Extensions: TypeAlias = tuple[tuple[str, str], ...]

# As Kafka's OAuthBearerClientInitialResponse, which separates extensions by \x01.
_NAME: Final = re.compile(r"[A-Za-z]+")
_VALUE: Final = re.compile(r"[\x21-\x7e \t\r\n]+")
_LONGEST_QUOTE: Final = 40
_ENTRY: Final = re.compile(r"(?:[^\\,]|\\.)+", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


class ExtensionsError(Exception):
    """What is wrong with extensions. Its text follows their name, and quotes no value."""


def to_extensions(given: object) -> Extensions:
    """Take a mapping of names to values, pairs of them, or `None`."""
    if given is None:
        return ()
    if isinstance(given, Mapping):
        given = list(cast("Mapping[object, object]", given).items())
    if not isinstance(given, list | tuple):
        raise ExtensionsError(f"must be a mapping of str to str, not {type(given).__name__}")
    return tuple(map(_to_extension, cast("list[object]", given)))


def checked_extensions(given: object) -> Extensions:
    """Take the argument `extensions`. Raises `ConfigError`."""
    try:
        return to_extensions(given)
    except ExtensionsError as error:
        why = str(error)
    raise ConfigError(f"extensions {why}")


def parse_extensions(text: str) -> dict[str, str]:
    r"""Read `name=value,name=value` as librdkafka does: a comma in a value is written as `\,`.

    Raises `ConfigError`, whose text follows the name of a setting.
    """
    found: dict[str, str] = {}
    for entry in _ENTRY.findall(text):
        name, sign, value = entry.partition("=")
        if not sign and entry.strip():
            raise ConfigError(
                f"entry {len(found) + 1} has no value; write name=value,name=value, and \\, for a "
                "comma in a value (\\\\, in a .properties file)"
            )
        if sign:
            found[name.strip()] = _ESCAPE.sub(r"\1", value).strip()
    return found


def _to_extension(pair: object) -> tuple[str, str]:
    match pair:
        case (str() as name, str() as value):
            pass
        case _:
            raise ExtensionsError("must be a mapping of str to str")
    if not _NAME.fullmatch(name) or name == "auth":
        shown = f" {name!r}" if len(name) <= _LONGEST_QUOTE else ""
        raise ExtensionsError(
            f"have the name{shown}, which brokers refuse; a name consists of the letters A-Z and "
            "a-z, and is not auth"
        )
    if not _VALUE.fullmatch(value):
        what = "a value of other than printable ASCII characters" if value else "an empty value"
        raise ExtensionsError(f"have {what} for {name!r}, which brokers refuse")
    return name, value
