"""A property of security under another client's name, and the readers of its value.

No error quotes a value that may be secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from dekaf._errors import ConfigError
from dekaf._origins import secret

if TYPE_CHECKING:
    from dekaf._origins import Origin

__all__ = ["Given", "flag_of", "pem_of", "secret_of", "text_of", "word_of"]


class Given(NamedTuple):
    """A property of security."""

    name: str
    """As it was given, for errors."""
    dotted: str
    """As Kafka writes it."""
    value: object
    origin: Origin | None
    """Where another process finds the value."""
    option: str = ""
    """The option of `sasl.jaas.config` that holds the value, if one does."""


_FLAGS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def text_of(given: Given) -> str:
    """Return a value that must be text."""
    if not isinstance(given.value, str):
        raise ConfigError(f"{given.name} must be str, not {type(given.value).__name__}")
    return given.value


def word_of(given: Given) -> str:
    """Return text without whitespace around it, which is never meant in a name or a URL."""
    return text_of(given).strip()


def flag_of(given: Given) -> bool:
    """Return a flag, which may be text."""
    flag = _FLAGS.get(str(given.value).strip().lower())
    if flag is None:
        raise ConfigError(f'{given.name}={given.value!r} is neither "true" nor "false"')
    return flag


def secret_of(given: Given) -> object:
    """Return text as a secret; a path or a function stays as it is."""
    if not isinstance(given.value, str):
        return given.value
    return secret(given.value, given.origin, given.option)


def pem_of(given: Given) -> object:
    """Return PEM text in lines, a private key as a secret; a path stays as it is."""
    value = given.value
    if not isinstance(value, str) or "-----BEGIN" not in value:
        return value
    text = _in_lines(value)
    return secret(text, given.origin) if "PRIVATE KEY" in value else text


def _in_lines(text: str) -> str:
    """Break PEM into lines that was written in one, as Java allows."""
    if "\n" in text.strip():
        return text
    parts = re.split(r"(-----(?:BEGIN|END) [A-Z0-9 ]+-----)", text)
    return "\n".join(
        "\n".join(part.split()) if n % 2 == 0 else part for n, part in enumerate(parts)
    )
