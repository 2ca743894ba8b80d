"""Says what a provider raised, without its text, which may hold the secret."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dekaf._raised import without_its_text
from dekaf._tokens.refusal import TokenRefusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from dekaf._tokens.token import Token

__all__ = ["as_refusal", "without_frames", "without_text"]


def as_refusal(error: BaseException) -> TokenRefusal:
    """Return a new error that may be shown."""
    if isinstance(error, TokenRefusal):
        return TokenRefusal(str(error), is_transient=error.is_transient)
    if isinstance(error, asyncio.CancelledError):
        return TokenRefusal("the provider was cancelled", is_transient=True)
    return TokenRefusal(
        without_its_text("provider", error),
        # Other subclasses of OSError are as often final: a file that is missing, a login that
        # failed.
        is_transient=isinstance(error, ConnectionError | TimeoutError),
    )


def without_frames(ask: Callable[[], Token]) -> Token:
    """Call a provider of dekaf's. Drops the frames of its errors, whose locals hold secrets."""
    try:
        return ask()
    except TokenRefusal as error:
        refusal = as_refusal(error)
    raise refusal


def without_text(error: BaseException) -> BaseException | None:
    """Return a new exception in place of one that ends the program, which prints its text."""
    if isinstance(error, KeyboardInterrupt):
        return KeyboardInterrupt()
    if isinstance(error, SystemExit):
        return SystemExit(error.code if isinstance(error.code, int | None) else 1)
    return None
