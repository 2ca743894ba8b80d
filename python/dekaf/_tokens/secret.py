"""Reads the secrets that a token is requested with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dekaf._errors import ConfigError
from dekaf._passwords import read_password
from dekaf._tokens.refusal import TokenRefusal

if TYPE_CHECKING:
    from dekaf._credentials import Password

__all__ = ["read_secret"]


def read_secret(name: str, secret: Password) -> str:
    """Return a secret as `read_password` does. Raises `TokenRefusal`, which begins with `name`."""
    try:
        return read_password(name, secret)
    except ConfigError as error:
        why = str(error)  # it shows no part of the secret
    raise TokenRefusal(why)
