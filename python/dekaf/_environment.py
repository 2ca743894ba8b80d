"""Settings from environment variables, which are all text."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dekaf._aliases import ALIASES, dotted, is_unsupported
from dekaf._closest import closest
from dekaf._errors import ConfigError
from dekaf._properties import read_text
from dekaf._settings import SETTINGS, checked, unsupported_setting

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["read_environment"]


def read_environment(prefix: str, environ: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the settings that variables with this prefix hold."""
    if not isinstance(prefix, str) or not prefix:  # pyright: ignore[reportUnnecessaryIsInstance] - the caller's word for it
        raise ConfigError(f'prefix must be text, as in "DEKAF_", not {prefix!r}')
    variables = os.environ if environ is None else environ
    found: dict[str, Any] = {}
    for variable, text in variables.items():
        if not variable.startswith(prefix):
            continue
        name = variable.removeprefix(prefix)
        setting = name.lower()
        if setting == "on_error":
            raise ConfigError(f"{variable}: a function cannot be said in text; give on_error=")
        if setting not in SETTINGS or not name.isupper():
            _refuse_if_meant(variable, prefix, setting)
        elif text.strip():
            found[setting] = _value(variable, setting, text)
    return found


def _value(variable: str, setting: str, text: str) -> object:
    try:
        return checked(setting, read_text(setting, text))
    except ConfigError as error:
        raise ConfigError(f"{variable}: {error}") from None


def _refuse_if_meant(variable: str, prefix: str, name: str) -> None:
    """Raise if a variable that is no setting's was meant to be one; others are not ours."""
    if is_unsupported(name):
        raise unsupported_setting(variable)
    meant = ALIASES.get(dotted(name)) or closest(name, SETTINGS)
    if meant is not None:
        raise ConfigError(
            f"{variable} is not a setting; did you mean {prefix}{meant.upper()}? "
            "If it is not dekaf's, give from_env another prefix"
        )
