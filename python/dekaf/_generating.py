"""Generator functions whose items are published: each before it is yielded, or all together.

What is sent and thrown in, the end, and what is returned pass through as if nobody stood between.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

    from dekaf._delivery import Delivery

__all__ = ["each", "each_async", "together", "together_async"]

P = ParamSpec("P")
Y = TypeVar("Y")
S = TypeVar("S")
R = TypeVar("R")


def each(
    function: Callable[P, Generator[Y, S, R]], find: Callable[[], Delivery]
) -> Callable[P, Generator[Y, S, R]]:
    """Publish one item after the other."""

    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Generator[Y, S, R]:
        delivery = find()
        generator = function(*args, **kwargs)
        advance: Callable[[], Y] = partial(next, generator)
        while True:
            try:
                item = advance()
            except StopIteration as end:
                returned: R = end.value
                return returned
            finally:
                del advance  # an exception in it would lead back to this frame
            try:
                delivery.from_sync(item)
            except BaseException:
                generator.close()
                raise
            try:
                sent = yield item
            except BaseException as error:  # noqa: BLE001 - also its end is the generator's to judge
                advance = partial(generator.throw, error)
            else:
                advance = partial(generator.send, sent)

    return wrapper


def each_async(
    function: Callable[P, AsyncGenerator[Y, S]], find: Callable[[], Delivery]
) -> Callable[P, AsyncGenerator[Y, S]]:
    """Publish one item after the other, each acknowledged before it is yielded."""

    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[Y, S]:
        delivery = find()
        generator = function(*args, **kwargs)
        advance: Awaitable[Y] = anext(generator)
        while True:
            try:
                item = await advance
            except StopAsyncIteration:
                return
            finally:
                del advance  # an exception in it would lead back to this frame
            try:
                await delivery.from_async(item)
            except BaseException:
                await generator.aclose()
                raise
            try:
                sent = yield item
            except BaseException as error:  # noqa: BLE001 - also its end is the generator's to judge
                advance = generator.athrow(error)
            else:
                advance = generator.asend(sent)

    return wrapper


def together(
    function: Callable[P, Generator[Y, S, R]], find: Callable[[], Delivery]
) -> Callable[P, Generator[Y, S, R]]:
    """Publish all items before the first is yielded."""

    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Generator[Y, S, R]:
        delivery = find()
        generator = function(*args, **kwargs)
        items: list[Y] = []
        returned: R
        while True:
            try:
                items.append(next(generator))
            except StopIteration as end:
                returned = end.value
                break
        delivery.from_sync(items)
        for item in items:  # noqa: UP028 - a list takes nothing that is sent
            yield item
        return returned

    return wrapper


def together_async(
    function: Callable[P, AsyncGenerator[Y, S]], find: Callable[[], Delivery]
) -> Callable[P, AsyncGenerator[Y, S]]:
    """Publish all items before the first is yielded."""

    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[Y, S]:
        delivery = find()
        items = [item async for item in function(*args, **kwargs)]
        await delivery.from_async(items)
        for item in items:
            yield item

    return wrapper
