"""A property of security under another client's name, and the readers of its value.

No error quotes a value that may be secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from dekaf._errors import ConfigError
from dekaf._origins import secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from dekaf._origins import Origin

    _T = TypeVar("_T")

__all__ = ["Given", "flag_of", "make_of", "pem_of", "secret_of", "text_of", "word_of"]


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


def make_of(make: Callable[..., _T], arguments: Mapping[str, tuple[Given, object]]) -> _T:
    """Call a constructor. Its errors name the property that an argument comes from."""
    try:
        return make(**{name: value for name, (_, value) in arguments.items()})
    except ConfigError as error:
        why = str(error)
    # The constructors of dekaf begin their errors with the argument.
    argument = re.match(r"\w*", why)
    source = arguments.get(argument[0]) if argument is not None else None
    raise ConfigError(why if source is None else f"{source[0].name}: {why}")


def _in_lines(text: str) -> str:
    """Break PEM into lines that was written in one, as Java allows."""
    if "\n" in text.strip():
        return text
    parts = re.split(r"(-----(?:BEGIN|END) [A-Z0-9 ]+-----)", text)
    return "\n".join(
        "\n".join(part.split()) if n % 2 == 0 else part for n, part in enumerate(parts)
    )
