"""Tokens for FastStream's consumers, from the provider that dekaf's producer asks, too."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import AuthenticationFailedError, KafkaConnectionError, KafkaError

from dekaf._tokens.asking import ask
from dekaf._tokens.refusal import TokenRefusal
from dekaf._tokens.token import Token

if TYPE_CHECKING:
    from dekaf._security_parts import Bearer

__all__ = ["TokenProvider"]

_SECONDS: Final = 10.0
"""The longest that a provider may take, as dekaf's core has it."""
_LIFE: Final = 0.8
"""The part of its life that a token is used for, as dekaf's core has it."""


class TokenProvider(AbstractTokenProvider):  # type: ignore[misc] # mypy sees no types of aiokafka
    """Provides the tokens of a `Security` as aiokafka takes them.

    A token whose expiry is known serves several connections.
    """

    def __init__(self, bearer: Bearer) -> None:
        self._provider = bearer.token
        self._own = dict(bearer.extensions)
        self._token: Token | None = None
        self._until = 0.0
        """When to ask for another one, in seconds since 1970."""

    async def token(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride] - its base has no body
        """Return a token. Raises an error of aiokafka's, whose text holds no secret."""
        token = self._token
        if token is None or time.time() >= self._until:
            token = await self._renewed(token)
        return token.value

    def extensions(self) -> dict[str, str]:
        """Return what goes with the last token."""
        return self._own | dict(self._token.extensions if self._token is not None else ())

    async def _renewed(self, old: Token | None) -> Token:
        """Return another token, or the old one if that is valid still and there is no other."""
        asked_at = time.time()
        try:
            token = await self._ask()
        except KafkaError:
            if old is None or old.expires_at is None or time.time() >= old.expires_at:
                raise
            return old
        # Without an expiry, each connection asks.
        life = 0.0 if token.expires_at is None else token.expires_at - asked_at
        self._token, self._until = token, asked_at + _LIFE * life
        return token

    async def _ask(self) -> Token:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Token | TokenRefusal] = loop.create_future()
        ask(self._provider, _Reply(loop, answer))
        try:
            async with asyncio.timeout(_SECONDS):
                found = await answer
        except TimeoutError:
            found = TokenRefusal(
                f"the provider did not return within {_SECONDS:g} s", is_transient=True
            )
        if isinstance(found, Token):
            return found
        kind = KafkaConnectionError if found.is_transient else AuthenticationFailedError
        raise kind(f"no token for OAUTHBEARER: {found}")

    def __repr__(self) -> str:
        return f"TokenProvider({self._provider!r})"


class _Reply:
    """Passes an answer on to an event loop, from any thread."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Token | TokenRefusal]
    ) -> None:
        self._loop = loop
        self._answer = answer

    def token(
        self, value: str, expires_at: float | None, extensions: list[tuple[str, str]]
    ) -> None:
        self._give(Token(value, expires_at, tuple(extensions)))

    def refuse(self, why: str, is_transient: bool = False) -> None:
        self._give(TokenRefusal(why, is_transient=is_transient))

    def _give(self, found: Token | TokenRefusal) -> None:
        # A provider may return after the loop has ended.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._set, found)

    def _set(self, found: Token | TokenRefusal) -> None:
        if not self._answer.done():  # the connection may have given up
            self._answer.set_result(found)
