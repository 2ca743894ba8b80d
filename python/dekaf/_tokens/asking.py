"""Asks a provider for a token, without holding up the thread that asks.

The core calls `ask` on a thread of dekaf's, or for a coroutine in the event loop's thread.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from dekaf._process import start_thread
from dekaf._tokens.provider import read, read_in_loop
from dekaf._tokens.raised import as_refusal, without_text
from dekaf._tokens.refusal import TokenRefusal

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from dekaf._tokens.provider import Provider
    from dekaf._tokens.token import Token

__all__ = ["Reply", "ask"]

_TASKS: Final[set[asyncio.Task[None]]] = set()
"""An event loop keeps weak references alone, so that a task could vanish midway."""


class Reply(Protocol):
    """Where the answer goes. One of its methods is called, once."""

    def token(
        self, value: str, expires_at: float | None, extensions: list[tuple[str, str]]
    ) -> None:
        """Provide a token; `expires_at` is in seconds since 1970."""
        ...

    def refuse(self, why: str, is_transient: bool = False) -> None:
        """Say why there is no token. A transient reason may go away by itself."""
        ...


class _Answer:
    """Passes on the first answer alone."""

    __slots__ = ("_reply",)

    def __init__(self, reply: Reply) -> None:
        self._reply: Reply | None = reply

    def give(self, token: Token) -> None:
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.token(token.value, token.expires_at, list(token.extensions))

    def refuse(self, refusal: TokenRefusal) -> None:
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.refuse(str(refusal), refusal.is_transient)


def ask(provider: Provider, reply: Reply) -> None:
    """Have a provider answer. Returns at once: a file or a function may take its time."""
    answer = _Answer(reply)
    if provider.kind == "text":
        _answer(provider, answer)
    elif provider.is_async and (loop := _running_loop()) is not None:
        _start_task(loop, provider, answer)
    else:
        _start_thread(provider, answer)


def _answer(provider: Provider, answer: _Answer) -> None:
    try:
        token = read(provider)
    except BaseException as error:  # noqa: BLE001 - the core waits for an answer
        refusal, ending = as_refusal(error), without_text(error)
    else:
        answer.give(token)
        return
    # Not within `except`: the error that was raised there may hold the secret.
    answer.refuse(refusal)
    if ending is not None:
        raise ending


async def _answer_in_loop(provider: Provider, answer: _Answer) -> None:
    try:
        token = await read_in_loop(provider)
    except BaseException as error:  # noqa: BLE001 - the core waits for an answer
        refusal, ending = as_refusal(error), without_text(error)
        if isinstance(error, GeneratorExit):  # the loop is gone, and the coroutine is closed
            refusal = _LOOP_ENDED
        elif isinstance(error, asyncio.CancelledError) and _is_cancelled():
            refusal, ending = _LOOP_ENDED, asyncio.CancelledError()
    else:
        answer.give(token)
        return
    answer.refuse(refusal)
    if ending is not None:
        raise ending


_LOOP_ENDED: Final = TokenRefusal("the event loop ended before the provider returned")


def _is_cancelled() -> bool:
    """Say whether the task itself is to end, and not only what the provider awaits."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _start_task(loop: asyncio.AbstractEventLoop, provider: Provider, answer: _Answer) -> None:
    def done(task: asyncio.Task[None]) -> None:
        _TASKS.discard(task)
        # A task that is cancelled before its first step does not answer.
        answer.refuse(_LOOP_ENDED)
        if not task.cancelled():
            task.exception()  # asyncio logs an exception that is never retrieved

    asking: Coroutine[Any, Any, None] = _answer_in_loop(provider, answer)
    try:
        task = loop.create_task(asking, name="dekaf-token")
    except Exception as error:  # noqa: BLE001 - a task factory of the user's may raise anything
        refusal = as_refusal(error)
    else:
        _TASKS.add(task)
        task.add_done_callback(done)
        return
    asking.close()
    answer.refuse(refusal)


def _start_thread(provider: Provider, answer: _Answer) -> None:
    try:
        # Of its own: a provider that hangs must hold up nothing but tokens.
        start_thread(partial(_answer, provider, answer), "dekaf-token")
    except RuntimeError as error:
        why = str(error.__cause__ or error)
    else:
        return
    answer.refuse(
        TokenRefusal(
            f"no thread could be started for the provider: {why}; see the limits of the process "
            "(ulimit -u) and of its container",
            is_transient=True,
        )
    )
