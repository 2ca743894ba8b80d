"""The options of `sasl.jaas.config`, as properties of their own.

No error quotes a value, nor a name that may be a piece of a password without quotation marks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dekaf._errors import ConfigError
from dekaf._given import Given, text_of
from dekaf._jaas import parse_jaas
from dekaf._security_names import JAAS_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BY_TOKENS", "MODULES", "jaas_parts"]

MODULES: Final = {
    "PLAIN": "PlainLoginModule",
    "SCRAM-SHA-256": "ScramLoginModule",
    "SCRAM-SHA-512": "ScramLoginModule",
    "OAUTHBEARER": "OAuthBearerLoginModule",
    "AWS_MSK_IAM": "IAMLoginModule",
}
"""The mechanisms that dekaf reads, and the login module of each."""

BY_TOKENS: Final = frozenset({"AWS_MSK_IAM", "OAUTHBEARER"})
"""The mechanisms that log in by tokens."""

_MODULE: Final = re.compile(r"[A-Z][A-Za-z0-9]*LoginModule", re.ASCII)
_EXTENSION: Final = "extension_"
_OPTION: Final = re.compile(r"(?:aws|ssl\.|unsecuredLogin)[\w.]*", re.ASCII)
"""Names of options that an error may quote."""
_ADVICE: Final = {
    "ssl.": "give https.ca.location for the authorities of the token server",
    "unsecuredLogin": (
        "unsecured tokens are for tests: give a function that returns one, with "
        "security=Security.sasl_oauthbearer(function)"
    ),
    "aws": "give security=Security.sasl_oauthbearer(MskIam(…)), which has what dekaf can do",
}
"""What to do in place of options whose names begin like this."""
_OTHERWISE: Final = "it may have clientId, clientSecret, scope and extension_NAME"


def jaas_parts(jaas: Given, mechanism: str, named: str) -> Iterator[tuple[str, Given]]:
    """Yield what each option says, and the option as a property that errors can name.

    `named` is how the mechanism was given, for errors.
    """
    try:
        module, options = parse_jaas(text_of(jaas))
    except ConfigError as error:
        raise ConfigError(f"{jaas.name}: {error}") from None
    _check_module(jaas, module, MODULES[mechanism], f"{named}={mechanism}")
    extensions: dict[str, str] = {}
    for option, value in options.items():
        part = JAAS_OPTIONS.get(option)
        if part is not None and part != "ignored" and value:
            yield part, Given(f"{jaas.name} ({option})", "", value, jaas.origin, option)
        elif option.startswith(_EXTENSION):
            extensions[option.removeprefix(_EXTENSION)] = value
        # The modules of passwords are given options of other clients, and Java ignores them.
        elif part is None and mechanism in BY_TOKENS:
            raise _unread(jaas, option)
    if extensions:
        yield "extensions", Given(f"{jaas.name} ({_EXTENSION}…)", "", extensions, None)


def _check_module(jaas: Given, module: str, wanted: str, mechanism: str) -> None:
    # Some services have a copy of Kafka's classes in packages of their own.
    name = module.rpartition(".")[2]
    if name != wanted:
        # Another name may be anything, a password without quotation marks as well.
        shown = f" ({name})" if _MODULE.fullmatch(name) else ""
        raise ConfigError(
            f"{jaas.name} has a login module{shown} that contradicts {mechanism}, which needs "
            f"{wanted}"
        )


def _unread(jaas: Given, option: str) -> ConfigError:
    shown = f" ({option})" if _OPTION.fullmatch(option) else ""
    advice = next((what for start, what in _ADVICE.items() if option.startswith(start)), _OTHERWISE)
    return ConfigError(f"{jaas.name} has an option{shown} that dekaf does not read; {advice}")
