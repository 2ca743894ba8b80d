"""Settings by the names of other clients, with values that may be text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from dekaf import _aliases as aliases
from dekaf._closest import closest
from dekaf._errors import ConfigError
from dekaf._settings import FLAGS, NUMBERS, SETTINGS, checked, unsupported_setting

__all__ = ["read_properties", "read_text"]

_WORDS: Final = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}

_OURS: Final = {aliases.dotted(name): name for name in SETTINGS}

_KIBIBYTE: Final = 1024

_DEFAULT_AT_MINUS_ONE: Final = frozenset({"compression.level", "compression.gzip.level"})
"""librdkafka's level and the Java client's for gzip. To zstd -1 is a level like any other."""


def read_properties(
    properties: Mapping[str, object], overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings that properties mean, overridden."""
    _check_mapping(properties)
    found: dict[str, Any] = {}
    source: dict[str, str] = {}
    levels: dict[str, tuple[str, object]] = {}
    for name, given in properties.items():
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] - likewise
            raise ConfigError(f"a property's name must be str, not {type(name).__name__}")
        codec = aliases.LEVELS.get(aliases.dotted(name))
        if codec is not None:
            levels[codec] = name, given
            continue
        setting = _setting(name, given)
        if setting is None:
            continue
        value = _value(name, setting, given)
        if setting in found and found[setting] != value:
            first = source[setting]
            raise ConfigError(
                f"{first}={properties[first]!r} and {name}={given!r} both mean {setting}, and "
                "contradict each other; leave one out"
            )
        found[setting] = value
        source[setting] = name
    result = {**found, **overrides}
    # The Java client has a level for each codec, and looks at that of the chosen one.
    codec = result.get("compression")
    if isinstance(codec, str) and codec in levels and "compression_level" not in result:
        name, given = levels[codec]
        result["compression_level"] = _value(name, "compression_level", given)
    return result


def _check_mapping(properties: object) -> None:
    if not isinstance(properties, Mapping):
        kind = type(properties).__name__
        raise ConfigError(f'properties must be a mapping, as in {{"linger.ms": 5}}, not {kind}')


def read_text(setting: str, value: object) -> object:
    """Make of text what it says; the setting's own check has the last word."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if setting in NUMBERS or setting == "acks":
        if re.fullmatch(r"[+-]?[0-9]+", text):
            return int(text)
        if setting in NUMBERS:
            raise ConfigError(f"{setting}={value!r} is no whole number of {NUMBERS[setting][0]}")
    elif setting in FLAGS:
        flag = _WORDS.get(text.lower())
        if flag is None:
            raise ConfigError(f'{setting}={value!r} is neither "true" nor "false"')
        return flag
    return text


def _setting(name: str, value: object) -> str | None:
    """Return the setting that a name means, or `None` if dekaf does as it says in any case."""
    name_with_dots = aliases.dotted(name)
    setting = _OURS.get(name_with_dots) or aliases.ALIASES.get(name_with_dots)
    if setting is not None:
        return setting
    if str(value).strip().lower() == aliases.AS_ALWAYS.get(name_with_dots):
        return None
    if aliases.is_unsupported(name):
        raise unsupported_setting(name)
    advice = aliases.NO_COUNTERPART.get(name_with_dots)
    if advice is not None:
        raise ConfigError(f"{name}={value!r} has no counterpart in dekaf; {advice}")
    known = {*_OURS, *SETTINGS, *aliases.ALIASES, *aliases.LEVELS, *aliases.NO_COUNTERPART}
    close = closest(name, sorted(known))
    meant = f"did you mean {close!r}?" if close else "help(dekaf.ProducerConfig) lists them all"
    raise ConfigError(f"{name!r} is not a setting; {meant}")


def _value(name: str, setting: str, given: object) -> object:
    """Read a property's value, in its own unit."""
    try:
        return checked(setting, _translated(name, setting, read_text(setting, given)))
    except ConfigError as error:
        if name == setting:
            raise
        raise ConfigError(f"{name}: {error}") from None


def _translated(name: str, setting: str, value: object) -> object:
    """Make of another client's value our own."""
    if value == -1 and name in _DEFAULT_AT_MINUS_ONE:
        return None
    if aliases.dotted(name) in aliases.IN_KIBIBYTES and isinstance(value, int):
        return value * _KIBIBYTE
    if isinstance(value, str):
        if setting == "partitioner":
            return aliases.PARTITIONERS.get(value, value)
        if setting in {"key_serializer", "value_serializer"}:
            return aliases.SERIALIZERS.get(value, value)
    return value
