"""Values that are made once: nothing of them can be set, and copies are the value itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Immutable"]


class Immutable:
    """Refuses attributes to be set or deleted. Its own code uses `object.__setattr__`.

    For classes that must not be dataclasses: `dataclasses.asdict` would show what is inside.
    """

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{name} cannot be set: make another {type(self).__name__}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{name} cannot be deleted: make another {type(self).__name__}")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self
