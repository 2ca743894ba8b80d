"""Settings from environment variables, which are all text."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dekaf._aliases import ALIASES, dotted, is_unsupported
from dekaf._closest import closest
from dekaf._errors import ConfigError
from dekaf._properties import read_servers, read_text
from dekaf._security_names import is_secret, is_security, part_of, unknown_security
from dekaf._settings import SETTINGS, checked, unsupported_setting

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["read_environment"]


def read_environment(
    prefix: str, environ: Mapping[str, str] | None, overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings that variables with this prefix hold, overridden."""
    if not isinstance(prefix, str) or not prefix:  # pyright: ignore[reportUnnecessaryIsInstance] - the caller's word for it
        raise ConfigError(f'prefix must be text, as in "DEKAF_", not {prefix!r}')
    variables = os.environ if environ is None else environ
    found: dict[str, Any] = {}
    security: dict[str, str] = {}
    for variable, text in variables.items():
        if not variable.startswith(prefix):
            continue
        name = variable.removeprefix(prefix)
        setting = name.lower()
        _refuse_if_not_text(variable, prefix, setting)
        if is_security(dotted(setting)):
            if part_of(dotted(setting)) is None or not name.isupper():
                raise unknown_security(variable, lambda known: _variable(prefix, known), setting)
            security[variable] = text
            continue
        if setting not in SETTINGS or not name.isupper():
            _refuse_if_meant(variable, prefix, setting)
        elif text.strip():
            found[setting] = _value(variable, setting, text)
    result = {**found, **overrides}
    if security and "security" not in overrides:
        servers = read_servers(result)
        result["security"] = _security(prefix, security, servers, is_of_process=environ is None)
    return result


def _refuse_if_not_text(variable: str, prefix: str, setting: str) -> None:
    if setting == "on_error":
        raise ConfigError(f"{variable}: a function cannot be said in text; give on_error=")
    if setting == "security":
        raise ConfigError(
            f"{variable} is not a setting; set {prefix}SECURITY_PROTOCOL, {prefix}SASL_MECHANISM, "
            f"{prefix}SASL_USERNAME and {prefix}SASL_PASSWORD"
        )


def _security(
    prefix: str, variables: Mapping[str, str], servers: str, *, is_of_process: bool
) -> object:
    from dekaf._foreign_security import read_security  # noqa: PLC0415 - few need it
    from dekaf._given import Given  # noqa: PLC0415 - likewise
    from dekaf._origins import Origin  # noqa: PLC0415 - likewise

    found: list[Given] = []
    for variable, text in variables.items():
        name = dotted(variable.removeprefix(prefix).lower())
        value = text if is_secret(name) and text.strip() else text.strip()
        # Anything that is empty is not set, also where an empty text would mean something.
        origin = Origin.variable(variable) if is_of_process else None
        found.append(Given(variable, name, value or None, origin))
    return read_security(found, lambda name: _variable(prefix, name), servers)


def _variable(prefix: str, name: str) -> str:
    """Write a name of Kafka's as a variable."""
    return prefix + name.replace(".", "_").upper()


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
