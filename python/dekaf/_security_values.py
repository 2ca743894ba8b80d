"""The plain arguments of a `Security`, checked: flags, choices, text and paths.

Each error names the argument. None quotes text that may be a secret.
"""

from __future__ import annotations

import os
from typing import Final, TypeGuard

from dekaf._errors import ConfigError
from dekaf._secret import File

__all__ = ["is_path", "to_choice", "to_file", "to_flag", "to_path", "to_text"]

_LONGEST_QUOTE: Final = 40


def to_flag(name: str, value: object) -> bool:
    """Take `True` and `False` alone."""
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be True or False, not {type(value).__name__}")
    return value


def to_choice(name: str, value: object, choices: tuple[str, ...]) -> str:
    """Take one of a few texts."""
    allowed = " or ".join(f'"{each}"' for each in choices)
    if not isinstance(value, str):
        raise ConfigError(f"{name} must be {allowed}, not {type(value).__name__}")
    if value not in choices:
        shown = f"={value!r}" if len(value) <= _LONGEST_QUOTE else ""
        raise ConfigError(f"{name}{shown} is not allowed: use {allowed}")
    return value


def to_text(name: str, value: object) -> str:
    """Take text that a broker can read."""
    if value is None:
        raise ConfigError(
            f"{name} must be str, not NoneType; if it comes from an environment variable, set that"
        )
    if not isinstance(value, str):
        raise ConfigError(f"{name} must be str, not {type(value).__name__}")
    if not value:
        raise ConfigError(f"{name} is empty; if it comes from an environment variable, set that")
    if "\0" in value:
        raise ConfigError(f"{name} contains a NUL character; remove it")
    if not _has_utf8(value):
        raise ConfigError(f"{name} cannot be encoded as UTF-8; remove its lone surrogates")
    return value


def _has_utf8(text: str) -> bool:
    # The error holds the text, so that ours must not be raised within `except`.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_path(value: object) -> TypeGuard[str | os.PathLike[str]]:
    """Say whether a value may be a path."""
    return isinstance(value, str | os.PathLike)


def to_file(name: str, value: object) -> File:
    """Take the path of a file, which need not exist yet."""
    file = to_path(name, value)
    if os.path.isdir(file.path):  # noqa: PTH112 - pathlib costs an import
        raise ConfigError(f"{name}={file.path!r} is a directory; give the path of a file in it")
    return file


def to_path(name: str, value: object) -> File:
    """Take the path of a file or a directory, which need not exist yet."""
    if not is_path(value):
        raise ConfigError(f"{name} must be a path, not {type(value).__name__}")
    path = to_text(name, _spelt(name, value))
    if path.startswith("~") and not os.path.exists(path):  # noqa: PTH110 - likewise
        raise ConfigError(
            f"{name}={path!r} begins with ~, which only a shell replaces; give "
            "pathlib.Path(…).expanduser()"
        )
    if path.startswith("file:"):
        raise ConfigError(f"{name}={path!r} is a URL; give the path alone")
    return File(path)


def _spelt(name: str, value: str | os.PathLike[str]) -> str:
    try:
        path: object = os.fspath(value)
    except Exception as error:  # noqa: BLE001 - whatever it is, its text may hold anything
        path, raised = None, type(error).__name__
    else:
        raised = ""
    if isinstance(path, str):
        return path
    how = f"raised {raised}" if raised else f"returned {type(path).__name__}"
    raise ConfigError(f"{name}: {type(value).__name__}.__fspath__() {how}; give the path as str")
