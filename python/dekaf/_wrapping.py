"""A function around another one, of the same kind, which publishes what that returns.

It is a real function: frameworks that ask for a function's kind, signature, annotations and names
are told those of the one that was written.
"""

from __future__ import annotations

import asyncio
import inspect
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from dekaf._generating import each, each_async, together, together_async

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any

    from dekaf._delivery import Delivery

__all__ = ["wrap"]

P = ParamSpec("P")
R = TypeVar("R")


def wrap(function: Any, find: Callable[[], Delivery], publish: object, *, batch: bool) -> Any:  # noqa: ANN401 - of a kind with what it is given
    """Wrap whatever can be called; `find` is asked at each call where its results go."""
    if isinstance(function, staticmethod | classmethod):
        either = cast("staticmethod[..., Any]", function)
        return type(either)(wrap(either.__func__, find, publish, batch=batch))
    _check(function)
    wrapper: Any
    if _is(inspect.iscoroutinefunction, function):
        wrapper = _coroutine_function(function, find)
    elif _is(inspect.isasyncgenfunction, function):
        wrapper = (together_async if batch else each_async)(function, find)
    elif _is(inspect.isgeneratorfunction, function):
        wrapper = (together if batch else each)(function, find)
    else:
        wrapper = _function(function, find, batch=batch)
    _name(wrapper, function)
    wrapper.publish = publish
    return wrapper


def _check(function: object) -> None:
    if isinstance(function, type):
        raise TypeError(
            f"a publisher decorates functions, not the class {function.__name__}: decorate its "
            "methods, or a function that makes one"
        )
    if not callable(function):
        raise TypeError(
            f"a publisher decorates functions, not {type(function).__name__}: to publish a value "
            "call publisher.publish(value), and with a property decorate the function beneath it"
        )


def _is(kind: Callable[[object], bool], function: object) -> bool:
    written = _written(function)
    return kind(written) or kind(getattr(written, "__call__", None))  # noqa: B004 - its kind is asked, not whether it is there


def _name(wrapper: Any, function: Any) -> None:  # noqa: ANN401 - whatever can be called
    """Give a wrapper the names, annotations and attributes of what it wraps."""
    wrapper.__annotations__ = {}
    written = _written(function)
    if hasattr(written, "__name__"):
        update_wrapper(wrapper, written)
    else:
        # What an object holds is its own; what it does when it is called is a function's.
        update_wrapper(wrapper, written.__call__)
        wrapper.__name__ = wrapper.__qualname__ = type(written).__name__
        wrapper.__doc__ = written.__doc__ or wrapper.__doc__
    if written is not function:
        wrapper.__wrapped__ = function  # fewer parameters


def _written(function: Any) -> Any:  # noqa: ANN401 - whatever can be called
    """Return what partials lead to."""
    while isinstance(function, partial):
        function = function.func
    return function


def _coroutine_function(
    function: Callable[P, Awaitable[R]], find: Callable[[], Delivery]
) -> Callable[P, Coroutine[Any, Any, R]]:
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        delivery = find()
        result = await function(*args, **kwargs)
        await delivery.from_async(result)
        return result

    return wrapper


def _function(
    function: Callable[P, Any], find: Callable[[], Delivery], *, batch: bool
) -> Callable[P, Any]:
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401 - the function's own
        delivery = find()
        result = function(*args, **kwargs)
        # What a call begins that ends later is published then.
        if inspect.isawaitable(result):
            coroutine = _coroutine_function(lambda: result, lambda: delivery)()
            # A task goes on when nobody awaits it.
            return (
                result.get_loop().create_task(coroutine) if asyncio.isfuture(result) else coroutine
            )
        if inspect.isasyncgen(result):
            return (together_async if batch else each_async)(lambda: result, lambda: delivery)()
        if inspect.isgenerator(result):
            return (together if batch else each)(lambda: result, lambda: delivery)()
        delivery.from_sync(result)
        return result

    return wrapper
