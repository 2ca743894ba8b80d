"""Java's `.properties` files: what `java.util.Properties` reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dekaf._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["parse_properties", "read_properties_file"]

_BLANK: Final = " \t\f"
_LINES: Final = re.compile(r"\r\n|\r|\n")
# The name ends at the first separator that no backslash escapes.
_ENTRY: Final = re.compile(r"((?:[^\\=: \t\f]|\\.)*)[ \t\f]*[=:]?[ \t\f]*(.*)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPES: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_LENGTH_OF_UNICODE_ESCAPE: Final = 5


def read_properties_file(path: str) -> dict[str, str]:
    """Read a file: UTF-8, or Latin-1 as in older versions of Java."""
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib costs an import
        content = file.read()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return parse_properties(text)


def parse_properties(text: str) -> dict[str, str]:
    """Return what a file says. Of a name that occurs twice, the last value counts, as in Java."""
    found: dict[str, str] = {}
    for number, line in _logical_lines(text):
        entry = _ENTRY.fullmatch(line)
        assert entry is not None, "every line matches"
        found[_unescaped(entry[1], number)] = _unescaped(entry[2], number)
    return found


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines that say something, with the lines that continue them."""
    begun: str | None = None
    first = 0
    for number, natural in enumerate(_LINES.split(text), 1):
        line = natural.lstrip(_BLANK)
        if begun is None:
            if not line or line[0] in "#!":
                continue
            first = number
        else:
            line = begun + line
        backslashes = len(line) - len(line.rstrip("\\"))
        if backslashes % 2:
            begun = line[:-1]
        else:
            begun = None
            yield first, line
    if begun is not None:
        yield first, begun


def _unescaped(text: str, line: int) -> str:
    def character(escape: re.Match[str]) -> str:
        code = escape[1]
        if code[0] != "u":
            return _ESCAPES.get(code, code)
        if len(code) != _LENGTH_OF_UNICODE_ESCAPE:
            raise ConfigError(f"line {line}: \\u must be followed by four hexadecimal digits")
        return chr(int(code[1:], 16))

    if "\\" not in text:
        return text
    result = _ESCAPE.sub(character, text)
    # Java writes a character beyond the first 65,536 as a pair.
    return result.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
