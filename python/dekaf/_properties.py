"""Settings by the names of other clients, with values that may be text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from dekaf import _aliases as aliases
from dekaf._closest import closest
from dekaf._errors import ConfigError
from dekaf._other_names import is_of_others
from dekaf._security_names import is_security, part_of, shown, unknown_security
from dekaf._settings import (
    FLAGS,
    NUMBERS,
    SETTINGS,
    checked,
    join_servers,
    unsupported_setting,
)

__all__ = ["read_properties", "read_servers", "read_text"]

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
    properties: Mapping[str, object], overrides: Mapping[str, Any], file: str | None = None
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the settings that properties mean, overridden, and the names that mean none.

    `file` is where the properties were read: a pickle names it in place of its secrets.
    """
    _check_mapping(properties)
    found = _Found()
    for name, given in properties.items():
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] - likewise
            raise ConfigError(f"a property's name must be str, not {type(name).__name__}")
        found.add(name, given)
    result = {**found.settings, **overrides}
    # The Java client has a level for each codec, and looks at that of the chosen one.
    codec = result.get("compression")
    if isinstance(codec, str) and codec in found.levels and "compression_level" not in result:
        name, given = found.levels[codec]
        result["compression_level"] = _value(name, "compression_level", given)
    if found.security and "security" not in overrides:
        if "security" in result:
            name = next(iter(found.security))
            raise ConfigError(f"{name} and security= both say how connections are secured")
        result["security"] = _security(found.security, file, read_servers(result))
    return result, tuple(found.ignored)


class _Found:
    """What properties say."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self.levels: dict[str, tuple[str, object]] = {}
        self.security: dict[str, object] = {}
        self.ignored: list[str] = []
        self._source: dict[str, tuple[str, object]] = {}

    def add(self, name: str, given: object) -> None:
        """Find out what one property says."""
        dotted = aliases.dotted(name)
        codec = aliases.LEVELS.get(dotted)
        setting = _OURS.get(dotted) or aliases.ALIASES.get(dotted)
        if codec is not None:
            self.levels[codec] = name, given
        elif setting is not None:
            self._set(name, setting, given)
        elif is_security(dotted):
            part = part_of(dotted)
            if part is None:
                raise unknown_security(name)
            if part == "ignored":
                self.ignored.append(name)
            else:
                self.security[name] = given
        elif not _is_done_anyhow(name, given):
            self.ignored.append(name)

    def _set(self, name: str, setting: str, given: object) -> None:
        value = _value(name, setting, given)
        if setting in self.settings and self.settings[setting] != value:
            first, other = self._source[setting]
            raise ConfigError(
                f"{first}={shown(first, other)} and {name}={shown(name, given)} both mean "
                f"{setting}, and contradict each other; leave one out"
            )
        self.settings[setting] = value
        self._source[setting] = name, given


def read_servers(settings: dict[str, Any]) -> str:
    """Return the bootstrap servers, and keep them as text: an iterator yields them once."""
    if "bootstrap_servers" not in settings:
        return ""  # the configuration asks for them
    settings["bootstrap_servers"] = servers = join_servers(settings["bootstrap_servers"])
    return servers


def _security(properties: Mapping[str, object], file: str | None, servers: str) -> object:
    from dekaf._foreign_security import read_security  # noqa: PLC0415 - few need it
    from dekaf._given import Given  # noqa: PLC0415 - likewise
    from dekaf._origins import Origin  # noqa: PLC0415 - likewise

    return read_security(
        [
            Given(name, aliases.dotted(name), value, Origin.file(file, name) if file else None)
            for name, value in properties.items()
        ],
        servers=servers,
    )


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


def _is_done_anyhow(name: str, value: object) -> bool:
    """Say whether dekaf does as a property says in any case; otherwise it means nothing.

    Raises if it was meant to say something.
    """
    dotted = aliases.dotted(name)
    if str(value).strip().lower() == aliases.AS_ALWAYS.get(dotted):
        return True
    if is_of_others(dotted):
        return False
    if aliases.is_unsupported(name):
        raise unsupported_setting(name)
    advice = aliases.NO_COUNTERPART.get(dotted)
    if advice is not None:
        raise ConfigError(f"{name}={shown(name, value)} has no counterpart in dekaf; {advice}")
    known = {*_OURS, *SETTINGS, *aliases.ALIASES, *aliases.LEVELS, *aliases.NO_COUNTERPART}
    close = closest(name, sorted(known))
    if close is not None:
        raise ConfigError(f"{name!r} is not a setting; did you mean {close!r}?")
    return False


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
    if value in aliases.NEVER.get(aliases.dotted(name), ()):
        return NUMBERS[setting][2]
    if aliases.dotted(name) in aliases.IN_KIBIBYTES and isinstance(value, int):
        return value * _KIBIBYTE
    if isinstance(value, str):
        if setting == "partitioner":
            return aliases.PARTITIONERS.get(value, value)
        if setting in {"key_serializer", "value_serializer"}:
            return aliases.SERIALIZERS.get(value, value)
    return value
