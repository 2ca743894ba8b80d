"""Reads passwords where Python needs them: for the broker in the box, and FastStream's consumers.

The core reads its own, by the same rules. No error shows a part of a password.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dekaf._errors import ConfigError
from dekaf._raised import without_its_text
from dekaf._secret import File, Secret
from dekaf._security_values import to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from dekaf._credentials import Password

__all__ = ["read_password"]


def read_password(name: str, password: Password) -> str:
    """Return a password: of a file without the line end behind it, of a function what it returns.

    Raises `ConfigError`, which names the argument, if there is none.
    """
    if isinstance(password, Secret):
        return password.reveal()
    return _of_file(name, password) if isinstance(password, File) else _returned(name, password)


def _of_file(name: str, file: File) -> str:
    try:
        with open(file.path, encoding="utf-8", newline="") as opened:  # noqa: PTH123 - pathlib costs an import
            text = opened.read()
    except UnicodeDecodeError:
        why = "is not UTF-8 text"
    except OSError as error:
        why = f"cannot be read: {os.strerror(error.errno or 0)}"
    else:
        password = text[:-1].rstrip("\r") if text.endswith("\n") else text
        if password:
            return password
        why = "is empty"
    # Not within `except`: the error that was raised there may quote what was read.
    raise ConfigError(f"{name}: the file {file.path} {why}")


def _returned(name: str, function: Callable[[], object]) -> str:
    try:
        returned = function()
    except Exception as error:  # noqa: BLE001 - whatever it is, its text may hold the secret
        why = without_its_text("function", error)
    else:
        if isinstance(returned, str):
            return to_text(f"{name}, as the function returned it,", returned)
        raise ConfigError(f"{name}: the function must return str, not {type(returned).__name__}")
    raise ConfigError(f"{name}: {why}")
