"""A message's headers: pairs of a name and bytes, in order, in which a name may come again."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import TYPE_CHECKING, Self, TypeAlias

from dekaf._core import read_headers

if TYPE_CHECKING:
    from dekaf._types import HeadersLike, Payload

__all__ = ["Headers"]

_Pairs: TypeAlias = tuple[tuple[str, bytes | None], ...]


class Headers(Mapping[str, bytes | None]):
    """Headers, which never change: `add` and `|` make new ones.

        headers = Headers({"trace-id": "a1"}).add("hop", b"1").add("hop", b"2")
        headers["hop"]          # b"2": the last one of that name
        headers.get_all("hop")  # (b"1", b"2")

    Everything else counts pairs: `len`, iterating, `items`, and `==`, to which the order matters.
    """

    __slots__ = ("_pairs",)
    _pairs: _Pairs

    def __init__(self, headers: HeadersLike | None = None) -> None:
        self._pairs = tuple(read_headers(headers))

    def add(self, name: str, value: Payload | None) -> Self:
        """Return these headers, and one more at the end."""
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] - the caller's word for it
            raise TypeError(f"name must be str, not {type(name).__name__}")
        return type(self)([*self._pairs, (name, value)])

    def get_all(self, name: str) -> tuple[bytes | None, ...]:
        """Return every value of that name, in order; none if there is no such header."""
        return tuple(value for other, value in self._pairs if other == name)

    def items(self) -> ItemsView[str, bytes | None]:
        """Show all pairs, in order."""
        return _Items(self, self._pairs)

    def values(self) -> ValuesView[bytes | None]:
        """Show the value of each pair, in order."""
        return _Values(self, self._pairs)

    def __getitem__(self, name: str) -> bytes | None:
        for other, value in reversed(self._pairs):
            if other == name:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __or__(self, other: HeadersLike | None) -> Self:
        return type(self)([*self._pairs, *read_headers(other)])

    def __ror__(self, other: HeadersLike | None) -> Self:
        return type(self)([*read_headers(other), *self._pairs])

    def __eq__(self, other: object) -> bool:
        return self._pairs == other._pairs if isinstance(other, Headers) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __reduce__(self) -> tuple[type[Self], tuple[list[tuple[str, bytes | None]]]]:
        return type(self), (list(self._pairs),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self._pairs)!r})"


class _Items(ItemsView[str, bytes | None]):
    """Pairs as they are, where the mapping's own view would repeat the last of each name."""

    def __init__(self, headers: Headers, pairs: _Pairs) -> None:
        super().__init__(headers)
        self._pairs = pairs

    def __iter__(self) -> Iterator[tuple[str, bytes | None]]:
        return iter(self._pairs)

    def __contains__(self, item: object) -> bool:
        return item in self._pairs


class _Values(ValuesView[bytes | None]):
    """The same of values."""

    def __init__(self, headers: Headers, pairs: _Pairs) -> None:
        super().__init__(headers)
        self._pairs = pairs

    def __iter__(self) -> Iterator[bytes | None]:
        return (value for _, value in self._pairs)

    def __contains__(self, value: object) -> bool:
        return any(value == other for other in self)
