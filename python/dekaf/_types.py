"""What keys, values, headers and callbacks are to a type checker."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeAlias

    from typing_extensions import Buffer, TypeVar

    from dekaf._core import Message, RecordMetadata
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
    # Of one topic, where that is not what the producer's are.
    T = TypeVar("T")
    # Of messages, which only give them.
    K_co = TypeVar("K_co", default=Payload, covariant=True)
    V_co = TypeVar("V_co", default=Payload, covariant=True)
    # Of results.
    R_co = TypeVar("R_co", default=RecordMetadata, covariant=True)

    Item: TypeAlias = V | tuple[K | None, V | None] | Message[K, V] | None
    """One of many messages for a topic: a value, a key and a value, or a message."""

    Fields: TypeAlias = Message[K, V] | Mapping[str, Any]
    """One of many messages that name their topics: as such, or as a dict of its fields."""
else:
    from typing import TypeVar

    # Defaults came with Python 3.13; only type checkers need them.
    K = TypeVar("K")
    V = TypeVar("V")
    T = TypeVar("T")
    K_co = TypeVar("K_co", covariant=True)
    V_co = TypeVar("V_co", covariant=True)
    R_co = TypeVar("R_co", covariant=True)

__all__ = [
    "Fields",
    "HeadersLike",
    "Item",
    "K",
    "K_co",
    "OnDelivery",
    "Payload",
    "R_co",
    "T",
    "V",
    "V_co",
]
