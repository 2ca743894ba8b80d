"""What a published function is to a type checker. When it runs it is a plain function.

A protocol with `__call__` alone binds no `self`, so this one also says what functions do when they
are looked up. Its parameters tell how: a class method takes a class first, a method the instance,
and what takes neither is a static method; only one that takes anything first is mistaken. `self` is
a protocol of its own in each case, because mypy compares calls, but takes any parameters for
`Published[Concatenate[S, Q], R, B]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Published"]

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
B = TypeVar("B")
S = TypeVar("S")
R_co = TypeVar("R_co", covariant=True)
B_co = TypeVar("B_co", covariant=True)
S_contra = TypeVar("S_contra", contravariant=True)


class Published(Protocol[P, R_co, B_co]):
    """A function that publishes what it returns: its parameters, its result, and a batch's."""

    @property
    def __name__(self) -> str: ...
    @property
    def __qualname__(self) -> str: ...
    @property
    def __wrapped__(self) -> Callable[P, R_co]:
        """The function that does not publish."""
        ...

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...

    def publish(self, *messages: object) -> B_co:
        """Publish messages as if the function had returned them, in one batch."""
        ...

    @overload
    def __get__(
        self: _ClassMethod[Q, R, B], instance: object, owner: type | None = None, /
    ) -> Published[Q, R, B]: ...
    @overload
    def __get__(self, instance: None, owner: type, /) -> Published[P, R_co, B_co]: ...
    @overload
    def __get__(
        self: _Method[S, Q, R, B], instance: S, owner: type | None = None, /
    ) -> Published[Q, R, B]: ...
    @overload
    def __get__(
        self, instance: object, owner: type | None = None, /
    ) -> Published[P, R_co, B_co]: ...


class _ClassMethod(Protocol[P, R_co, B_co]):
    def __call__(self, cls: type[Any], /, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    def publish(self, *messages: object) -> B_co: ...


class _Method(Protocol[S_contra, P, R_co, B_co]):
    def __call__(self, instance: S_contra, /, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    def publish(self, *messages: object) -> B_co: ...
