"""What a publisher was told: where messages go that do not say it themselves, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dekaf._arguments import check_flag, check_number, check_text
from dekaf._core import Message
from dekaf._headers import Headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TypedDict, TypeGuard

    from dekaf._types import HeadersLike

    class PublisherSettings(TypedDict, total=False):
        """What a publisher can be told by name."""

        batch: bool
        """A returned tuple or list is several messages, not one."""
        key: Any
        """The key of messages without one, or a function that makes it of the value."""
        headers: HeadersLike | None
        """The headers of messages without any."""
        partition: int | None
        """The partition of messages that name none."""
        atomic: bool
        """A batch is stored as a whole or not at all."""


__all__ = ["PublisherSettings", "Route"]

_LAST_PARTITION = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Route:
    """The arguments of `publisher`, and what they make of a result."""

    topic: str | None
    batch: bool
    key: Any
    headers: Headers | None
    partition: int | None
    atomic: bool

    @classmethod
    def of(  # noqa: PLR0913 - one for each thing that can be said
        cls,
        topic: str | None,
        *,
        batch: bool = False,
        key: Any = None,  # noqa: ANN401 - what the key serializer takes, or a function that makes it
        headers: HeadersLike | None = None,
        partition: int | None = None,
        atomic: bool = False,
    ) -> Route:
        """Check the arguments."""
        if callable(topic) or isinstance(topic, staticmethod | classmethod):
            raise TypeError(
                'topic must be str, not a function: write @publisher("topic"), or @publisher() '
                "if messages name theirs"
            )
        check_text("topic", topic, optional=True)
        check_flag("batch", batch)
        check_flag("atomic", atomic)
        check_number("partition", partition, 0, _LAST_PARTITION, optional=True)
        # A copy: an iterator would serve one message alone.
        own = None if headers is None else Headers(headers)
        return cls(topic, batch, key, own, partition, atomic)

    def is_batch(self, result: object) -> TypeGuard[Sequence[object]]:
        """Say whether a result is several messages; a named tuple is one value."""
        return self.batch and (type(result) is tuple or isinstance(result, list))

    def check_topics(self, messages: Iterable[object]) -> None:
        """Refuse messages that have no topic at all, before any of them is sent."""
        if self.topic is None and not all(
            isinstance(message, Message) and message.topic is not None for message in messages
        ):
            raise ValueError(
                "the message names no topic, and neither does its publisher: write "
                'publisher("topic"), or Message("topic", value)'
            )
