"""What a `Security` is made of, checked: files or PEM, and passwords."""

from __future__ import annotations

import inspect
import os
import re
import sys
import warnings
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeAlias

from dekaf._errors import ConfigError
from dekaf._keystores.command import refuse_keystore
from dekaf._secret import File, Secret
from dekaf._security_values import is_path, to_file, to_path, to_text

__all__ = [
    "Password",
    "PasswordLike",
    "Pem",
    "PemLike",
    "SecretText",
    "accepts",
    "check_whitespace",
    "levels_to_caller",
    "to_password",
    "to_pem",
    "unwrapped",
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
_BASE64_OF_DER: Final = re.compile(r"M[A-Za-z0-9+/]{39,}={0,2}")
_EXAMPLES: Final = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}
_PACKAGE: Final = os.path.dirname(__file__) + os.sep  # noqa: PTH120 - pathlib costs an import


def to_pem(name: str, value: object, *, is_converted: bool = False) -> Pem:
    """Take a path or PEM text. A directory is one of certificate authorities.

    A file in another form is refused, unless `is_converted` says that it will be.
    """
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
            raise ConfigError(
                f"{name}: the bytes are not PEM, which has {_BEGIN} in it; give a path as str"
            )
    if isinstance(value, str) and _BEGIN in value:
        to_text(name, value)
        return Secret(value) if "PRIVATE KEY" in value else Secret.public(value)
    if not is_path(value):
        raise ConfigError(
            f"{name} must be a path or PEM text, as in {name}={_EXAMPLES[name]!r}, not "
            f"{type(value).__name__}"
        )
    # The path of a file is shown, and a key must not be.
    if isinstance(value, str) and ("\n" in value or _is_bare_base64(value)):
        raise ConfigError(
            f"{name} is neither a path nor PEM text, which has {_BEGIN} in it; give the whole text"
        )
    file = to_path(name, value) if name == "ca" else to_file(name, value)
    if not is_converted:
        refuse_keystore(name, file.path)
    return file


def _is_bare_base64(text: str) -> bool:
    """Say whether text is the content of PEM without its first and last line."""
    if text.startswith("MII"):
        return True
    return _BASE64_OF_DER.fullmatch(text) is not None and not os.path.exists(text)  # noqa: PTH110 - pathlib costs an import


def _decoded(value: bytes) -> str | None:
    # The error holds the bytes, so that ours must not be raised within `except`.
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def to_password(name: str, value: object) -> Password:
    """Take a password, or the file or the function that has it."""
    if isinstance(value, Secret):
        _check_text(name, value.reveal())
        return value
    if not isinstance(value, str) and is_path(value):
        return to_file(name, value)
    text = unwrapped(name, value)
    if isinstance(text, str):
        _check_text(name, text)
        return Secret(text)
    if not callable(value):
        raise ConfigError(
            f"{name} must be str, a pathlib.Path of the file that holds it, or a function that "
            f"returns it, not {type(value).__name__}{_REMEDIES.get(type(value), '')}"
        )
    return _to_function(name, value)


_REMEDIES: Final[dict[type, str]] = {
    bytes: "; decode it",
    type(None): "; if it comes from an environment variable, set that",
}


def unwrapped(name: str, value: object) -> object:
    """Take text out of a wrapper such as pydantic's; anything else stays as it is."""
    wrapper: Any = value
    try:
        if not hasattr(wrapper, "get_secret_value"):
            return value
        secret = wrapper.get_secret_value()
    except Exception as error:  # noqa: BLE001 - whatever it is, its text may hold the secret
        how = f"raised {type(error).__name__}"
    else:
        if isinstance(secret, str):
            return secret
        how = f"returned {type(secret).__name__}"
    raise ConfigError(
        f"{name}: {type(value).__name__}.get_secret_value() {how}; it must return str"
    )


def _to_function(name: str, function: Any) -> Callable[[], str]:  # noqa: ANN401 - a function
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(function.__call__):
        raise ConfigError(
            f"{name} is a coroutine function, which is not supported; give a plain function, which "
            "is called on a thread of its own and may block"
        )
    if not accepts(function):
        raise ConfigError(
            f"{name} is a function that needs arguments, and dekaf gives none; bind them with "
            "functools.partial"
        )
    return function  # type: ignore[no-any-return] # what it returns is seen when it is called


def accepts(function: Callable[..., Any], *arguments: object) -> bool:
    """Say whether a function can be called with these arguments."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True  # a function in C may have none
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True


def _check_text(name: str, text: str) -> None:
    check_whitespace(name, to_text(name, text))
    if os.sep in text and os.path.isfile(text):  # noqa: PTH113 - pathlib costs an import
        warnings.warn(
            f"{name} is the path of a file, and is taken as the password itself; to read the file, "
            f"give {name}=pathlib.Path(…)",
            stacklevel=levels_to_caller(),
        )


def check_whitespace(name: str, text: str) -> None:
    """Warn of what is seldom meant, such as the newline at the end of a file."""
    if text != text.strip():
        remedy = "strip it"
        if name.endswith("password"):
            remedy = f"give the file itself: {name}=pathlib.Path(…)"
        warnings.warn(
            f"{name} begins or ends with whitespace, which is taken as part of it; if it was read "
            f"from a file, {remedy}",
            stacklevel=levels_to_caller(),
        )


def levels_to_caller() -> int:
    """Count the frames up to the user's own code, which a warning is about."""
    level = 1
    frame = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - there is no other way
    while frame.f_back and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    return level
