"""What keys, values, headers and callbacks are to a type checker."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeAlias

    from typing_extensions import Buffer, TypeVar

    from dekaf._core import RecordMetadata
    from dekaf._errors import ProduceError

    Payload: TypeAlias = str | Buffer
    """What has bytes of its own: text is UTF-8."""

    HeadersLike: TypeAlias = Mapping[str, Payload | None] | Iterable[tuple[str, Payload | None]]
    """A mapping, pairs (names may come twice), or `Headers`."""

    OnDelivery: TypeAlias = Callable[[RecordMetadata | None, ProduceError | None], object]
    """Called with metadata or an error; what it returns is dropped, unless it is a coroutine."""

    # What keys and values are before they are serialized.
    K = TypeVar("K", default=Payload)
    V = TypeVar("V", default=Payload)
    # Of messages, which only give them.
    K_co = TypeVar("K_co", default=Payload, covariant=True)
    V_co = TypeVar("V_co", default=Payload, covariant=True)
else:
    from typing import TypeVar

    # Defaults came with Python 3.13; only type checkers need them.
    K = TypeVar("K")
    V = TypeVar("V")
    K_co = TypeVar("K_co", covariant=True)
    V_co = TypeVar("V_co", covariant=True)

__all__ = ["HeadersLike", "K", "K_co", "OnDelivery", "Payload", "V", "V_co"]
