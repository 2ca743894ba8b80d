"""What a `Security` is made of, checked: PEM, passwords, names."""

from __future__ import annotations

import inspect
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeAlias, TypeGuard

from dekaf._errors import ConfigError
from dekaf._keystores import refuse_keystore
from dekaf._secret import File, Secret

__all__ = [
    "Password",
    "PasswordLike",
    "Pem",
    "PemLike",
    "SecretText",
    "to_flag",
    "to_password",
    "to_path",
    "to_pem",
    "to_text",
]


class SecretText(Protocol):
    """A wrapper of a secret, such as pydantic's `SecretStr`."""

    def get_secret_value(self) -> str:
        """Return the secret itself."""
        ...


PemLike: TypeAlias = str | os.PathLike[str] | bytes
"""A path, or PEM text: what contains `-----BEGIN`."""
PasswordLike: TypeAlias = str | os.PathLike[str] | Callable[[], str] | SecretText
"""A password, or the file or the function that has it."""

Pem: TypeAlias = File | Secret
Password: TypeAlias = File | Secret | Callable[[], str]

_BEGIN: Final = "-----BEGIN"
_BASE64_OF_DER: Final = "MII"
_PACKAGE: Final = os.path.dirname(__file__) + os.sep  # noqa: PTH120 - pathlib costs an import


def to_flag(name: str, value: object) -> bool:
    """Take `True` and `False` alone."""
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be True or False, not {type(value).__name__}")
    return value


def to_text(name: str, value: object) -> str:
    """Take text that a broker can read. No error quotes it."""
    if not isinstance(value, str):
        raise ConfigError(f"{name} must be str, not {type(value).__name__}")
    if not value:
        raise ConfigError(f"{name} is empty")
    if "\0" in value:
        raise ConfigError(f"{name} contains a NUL character, which no broker accepts")
    if not _has_utf8(value):
        raise ConfigError(f"{name} cannot be encoded as UTF-8")
    return value


def _has_utf8(text: str) -> bool:
    # The error holds the text, so that ours must not be raised within `except`.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def to_path(name: str, value: object) -> File:
    """Take a path."""
    if not _is_path(value):
        raise ConfigError(f"{name} must be a path, not {type(value).__name__}")
    return File(to_text(name, os.fspath(value)))


def _is_path(value: object) -> TypeGuard[str | os.PathLike[str]]:
    return isinstance(value, str | os.PathLike)


def to_pem(name: str, value: object) -> Pem:
    """Take a path or PEM text."""
    if isinstance(value, Secret):
        return value
    if isinstance(value, bytes | bytearray):
        value = _decoded(bytes(value))
        if value is None:
            raise ConfigError(
                f"{name}: the bytes are not PEM text; convert DER with openssl x509 -inform DER "
                "(certificates) or openssl pkey -inform DER (keys)"
            )
        if _BEGIN not in value:
            raise ConfigError(f"{name}: the bytes are not PEM, which has {_BEGIN} in it")
    if isinstance(value, str) and _BEGIN in value:
        to_text(name, value)
        return Secret(value) if "PRIVATE KEY" in value else Secret.public(value)
    if not _is_path(value):
        raise ConfigError(f"{name} must be a path or PEM text, not {type(value).__name__}")
    file = to_path(name, value)
    # The path of a file is shown, and a key must not be.
    if "\n" in file.path or file.path.startswith(_BASE64_OF_DER):
        raise ConfigError(f"{name} is neither a path nor PEM text, which has {_BEGIN} in it")
    refuse_keystore(name, file.path)
    return file


def _decoded(value: bytes) -> str | None:
    # The error holds the bytes, so that ours must not be raised within `except`.
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def to_password(name: str, value: object) -> Password:
    """Take a password, or the file or the function that has it."""
    if isinstance(value, Secret):
        _check_password(name, value.reveal())
        return value
    if not isinstance(value, str) and _is_path(value):
        return to_path(name, value)
    wrapper: Any = value
    text = wrapper.get_secret_value() if hasattr(wrapper, "get_secret_value") else wrapper
    if isinstance(text, str):
        _check_password(name, text)
        return Secret(text)
    if not callable(wrapper):
        raise ConfigError(
            f"{name} must be str, a pathlib.Path of the file that holds it, or a function that "
            f"returns it, not {type(value).__name__}"
        )
    function: Any = wrapper
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(function.__call__):
        raise ConfigError(
            f"{name} is a coroutine function, which is not supported; give a plain function, which "
            "is called on a thread of its own and may block"
        )
    return function  # type: ignore[no-any-return] # what it returns is seen when it is called


def _check_password(name: str, text: str) -> None:
    to_text(name, text)
    if text != text.strip():
        warnings.warn(
            f"{name} begins or ends with whitespace, which is taken as part of it; if it was read "
            f"from a file, give the file itself: {name}=pathlib.Path(…)",
            stacklevel=_levels_to_caller(),
        )


def _levels_to_caller() -> int:
    """Count the frames up to the user's own code, which a warning is about."""
    level = 1
    frame = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - there is no other way
    while frame.f_back and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    return level
