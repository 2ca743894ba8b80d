"""Java's `sasl.jaas.config`: `LoginModule required username="alice" password="secret";`.

The grammar is that of Kafka's Java client. Two things are errors here, as they are seldom meant:
a quotation that is not closed, and a single slash, which begins a comment. No error quotes the
text, which holds passwords.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dekaf._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["parse_jaas"]

_TOKEN: Final = re.compile(
    r"""
      (?P<space>[\x00-\x20]+ | //[^\r\n]* | /\*.*?\*/)
    | (?P<word>[A-Za-z_$\x80-\U0010ffff][\w.$\x80-\U0010ffff-]*)
    | "(?P<double>(?:[^"\\\r\n]|\\.)*)"
    | '(?P<single>(?:[^'\\\r\n]|\\.)*)'
    | (?P<sign>[=;])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE: Final = re.compile(r"\\([0-3]?[0-7]{1,2}|.)", re.DOTALL)
_ESCAPES: Final = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))
_FLAGS: Final = frozenset({"required", "requisite", "sufficient", "optional"})
_EXAMPLE: Final = 'LoginModule required username="…" password="…";'

_Token = tuple[str, str, int]
"""Its kind ("text", "sign" or "end"), what it says, and where it is."""


def parse_jaas(text: str) -> tuple[str, dict[str, str]]:
    """Return the login module's class and its options."""
    tokens = _tokens(text)
    kind, module, _ = next(tokens)
    if kind != "text" or not module:
        raise ConfigError(f"no login module is named; write {_EXAMPLE}")
    kind, flag, _ = next(tokens)
    if kind != "text" or flag.lower() not in _FLAGS:
        raise ConfigError(f'"required" is missing after the login module; write {_EXAMPLE}')
    options: dict[str, str] = {}
    while (token := next(tokens))[:2] != ("sign", ";"):
        kind, name, at = token
        if kind == "end":
            raise ConfigError(f"the final semicolon is missing; write {_EXAMPLE}")
        if kind != "text":
            raise _wrong("the name of an option", at)
        if next(tokens)[:2] != ("sign", "="):
            raise ConfigError(
                f"option {len(options) + 1} has no value, or the quotation before it ends early; "
                f"write {_EXAMPLE} and a backslash before a quotation mark in a value"
            )
        kind, value, at = next(tokens)
        if kind != "text":
            raise _wrong(f"the value of option {len(options) + 1}", at)
        options[name] = value
    if next(tokens)[0] != "end":
        raise ConfigError("there is more than one login module; a client takes one")
    return module, options


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _unreadable(text[at], at)
        if found["word"] is not None:
            yield "text", found["word"], at
        elif found["sign"] is not None:
            yield "sign", found["sign"], at
        elif found["space"] is None:
            quoted = found["double"] if found["double"] is not None else found["single"]
            yield "text", _ESCAPE.sub(_unescaped, quoted), at
        at = found.end()
    while True:
        yield "end", "", at


def _unescaped(escape: re.Match[str]) -> str:
    text = escape[1]
    return chr(int(text, 8)) if text[0] in "01234567" else _ESCAPES.get(text, text)


def _unreadable(character: str, at: int) -> ConfigError:
    if character in "\"'":
        return ConfigError(f"the quotation that begins at character {at + 1} is not closed")
    if character.isdigit() or character in "-.":
        return ConfigError(f"the number at character {at + 1} needs quotation marks around it")
    if character == "/":
        return ConfigError(
            f"the comment at character {at + 1} is not closed, or a value with a slash needs "
            "quotation marks around it"
        )
    if character == "\\":
        return ConfigError(
            f"the backslash at character {at + 1} is outside of quotation marks; leave it out if "
            "it stands before one that begins or ends a value"
        )
    return ConfigError(f"character {at + 1} needs quotation marks around it")


def _wrong(expected: str, at: int) -> ConfigError:
    return ConfigError(f"{expected} is expected at character {at + 1}; write {_EXAMPLE}")
