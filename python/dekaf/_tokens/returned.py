"""Makes a `Token` of what a provider returned, in the shapes that other clients know."""

from __future__ import annotations

import time
from typing import Any, Final, cast

from dekaf._tokens.extensions import ExtensionsError, to_extensions
from dekaf._tokens.jwt import LATEST, expiry_of
from dekaf._tokens.refusal import TokenRefusal
from dekaf._tokens.text import fault_of
from dekaf._tokens.token import Token

__all__ = ["to_token"]

_MILLISECONDS: Final = 1e11
"""A larger expiry is in milliseconds, as of the signer for MSK: in seconds it is the year 5138."""
_SHAPES: Final = (
    "str, (token, expiry), (token, expiry, principal) or (token, expiry, principal, extensions)"
)
_SIZES: Final = (2, 3, 4)


def to_token(returned: object, extensions: object = None) -> Token:
    """Check what a provider returned. `extensions` are those that it returned separately.

    Raises `TokenRefusal`, which quotes no part of it.
    """
    token = _of_shape(returned)
    if extensions is not None:
        token = token._replace(extensions=_checked_extensions(extensions))
    if token.expires_at is None:
        token = token._replace(expires_at=expiry_of(token.value))
    if token.expires_at is not None:
        _refuse_expired(token.expires_at)
    return token


def _of_shape(returned: object) -> Token:
    if isinstance(returned, str):
        return Token(_checked_text(returned))
    if isinstance(returned, Token):
        return _of_parts(*returned)
    if isinstance(returned, tuple):
        return _of_tuple(cast("tuple[object, ...]", returned))
    # An AccessTokenInfo of azure-core, and alike.
    access_token: Any = returned
    if hasattr(access_token, "token") and hasattr(access_token, "expires_on"):
        return _of_parts(access_token.token, access_token.expires_on, None)
    remedy = "; decode it" if isinstance(returned, bytes | bytearray) else ""
    raise TokenRefusal(f"the provider must return {_SHAPES}, not {type(returned).__name__}{remedy}")


def _of_tuple(parts: tuple[object, ...]) -> Token:
    if len(parts) not in _SIZES:
        raise TokenRefusal(
            f"the provider must return {_SHAPES}, not a tuple of length {len(parts)}"
        )
    # The third is the principal, which the broker reads from the token itself.
    return _of_parts(parts[0], parts[1], parts[3] if len(parts) == max(_SIZES) else None)


def _of_parts(value: object, expiry: object, extensions: object) -> Token:
    if not isinstance(value, str):
        remedy = "; decode it" if isinstance(value, bytes | bytearray) else ""
        raise TokenRefusal(
            f"the token that the provider returned must be str, not {type(value).__name__}{remedy}"
        )
    return Token(_checked_text(value), _checked_expiry(expiry), _checked_extensions(extensions))


def _checked_text(text: str) -> str:
    token = text.strip()
    fault = fault_of(token)
    if fault is not None:
        raise TokenRefusal(f"the token that the provider returned {fault}")
    return token


def _checked_expiry(expiry: object) -> float | None:
    if expiry is None:
        return None
    if isinstance(expiry, bool) or not isinstance(expiry, int | float):
        remedy = ", as its timestamp() returns it" if hasattr(expiry, "timestamp") else ""
        raise TokenRefusal(
            "the expiry that the provider returned must be seconds since 1970 as a number"
            f"{remedy}, not {type(expiry).__name__}"
        )
    # NaN fails both comparisons. An int may be too large for float().
    if not 0 <= expiry <= LATEST * 1000:
        raise TokenRefusal(
            "the expiry that the provider returned is no time; it must be seconds since 1970"
        )
    return expiry / 1000 if expiry > _MILLISECONDS else float(expiry)


def _checked_extensions(given: object) -> tuple[tuple[str, str], ...]:
    try:
        return to_extensions(given)
    except ExtensionsError as error:
        why = str(error)
    raise TokenRefusal(f"the extensions that the provider returned {why}")


def _refuse_expired(expires_at: float) -> None:
    since = time.time() - expires_at
    if since >= 0:
        raise TokenRefusal(
            f"the provider returned a token that expired {since:.0f} s ago; return a new one each "
            "time, and check the clocks of this machine and of the token server"
        )
