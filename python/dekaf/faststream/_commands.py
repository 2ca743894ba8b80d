"""What is to be published: FastStream's command, with what each message says of itself.

FastStream's own keeps of a `KafkaPublishMessage` its key alone, and loses a `None` that is first.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TypedDict

from faststream.kafka import KafkaPublishCommand
from faststream.response.publish_type import PublishType
from faststream.response.response import BatchPublishCommand, PublishCommand, Response

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Command", "Parts"]

_ONE: Final = (str, bytes, bytearray, memoryview)
"""Sequences that are one value."""


class Parts(TypedDict, total=False):
    """What can be said of what is published, by keyword."""

    key: Any
    """Messages with the same key go to the same partition, unless `partition` is given."""
    partition: int | None
    timestamp_ms: int | None
    headers: dict[str, Any] | None
    """Values are str or bytes."""
    correlation_id: str | None
    """FastStream makes one if there is none."""
    reply_to: str
    """The topic for an answer."""


class Command(KafkaPublishCommand):
    """Messages on their way to a producer. Middlewares may change all of it."""

    def __init__(  # noqa: PLR0913 - a message's parts, by keyword
        self,
        *messages: Any,  # noqa: ANN401 - whatever the codec encodes
        topic: str,
        _publish_type: PublishType = PublishType.PUBLISH,
        key: Any = None,  # noqa: ANN401 - whatever the key serializer takes
        partition: int | None = None,
        timestamp_ms: int | None = None,
        headers: dict[str, Any] | None = None,
        correlation_id: str | None = None,
        reply_to: str = "",
        no_confirm: bool = False,
        timeout: float = 0.5,
    ) -> None:
        first, *rest = messages or (None,)
        # FastStream's own constructor would look into every message once more.
        BatchPublishCommand.__init__(
            self,
            first,
            *rest,
            destination=topic,
            reply_to=reply_to,
            correlation_id=correlation_id,
            headers=headers,
            _publish_type=_publish_type,
        )
        self.key = key
        self.partition = partition
        self.timestamp_ms = timestamp_ms
        self.no_confirm = no_confirm
        self.timeout = timeout
        self._per_message_keys = ()
        self._is_empty = not messages
        self.said: tuple[Response | None, ...] | None = None
        """What messages say of themselves, for each; `None` if none says anything."""
        if any(isinstance(message, Response) for message in messages):
            said = [message if isinstance(message, Response) else None for message in messages]
            self.batch_bodies = [
                message if response is None else response.body
                for message, response in zip(messages, said, strict=True)
            ]
            self.said = tuple(said)

    @classmethod
    def from_cmd(cls, cmd: PublishCommand | KafkaPublishCommand, *, batch: bool = False) -> Self:
        """Make one of what a handler returned."""
        if isinstance(cmd, cls):
            return cmd
        body: Any = cmd.body
        many = batch and isinstance(body, Sequence) and not isinstance(body, _ONE)
        return cls(
            *(body if many else (body,)),
            topic=cmd.destination,
            key=getattr(cmd, "key", None),
            partition=getattr(cmd, "partition", None),
            timestamp_ms=getattr(cmd, "timestamp_ms", None),
            headers=cmd.headers,
            correlation_id=cmd.correlation_id,
            reply_to=cmd.reply_to,
            _publish_type=cmd.publish_type,
        )

    @property
    def batch_bodies(self) -> tuple[Any, ...]:
        """The messages' bodies. Setting them keeps what each message says of itself."""
        return () if self._is_empty else (self.body, *self.extra_bodies)

    @batch_bodies.setter
    def batch_bodies(self, value: Sequence[Any]) -> None:
        if self.said is not None:
            self.said = _realigned(self.said, self.batch_bodies, value)
        self._is_empty = not value
        self.body, *rest = value or (None,)
        self.extra_bodies = tuple(rest)

    def key_for(self, index: int) -> Any:  # noqa: ANN401 - whatever the key serializer takes
        """Return the key of a message: its own, or that of all."""
        response = None if self.said is None else self.said[index]
        own = None if response is None else response.get_publish_key()
        return self.key if own is None else own


def _realigned(
    said: tuple[Response | None, ...], before: Sequence[Any], bodies: Sequence[Any]
) -> tuple[Response | None, ...]:
    """Find out which messages are left, and in which order, after a middleware changed them."""
    places = defaultdict[int, deque[int]](deque)
    for place, body in enumerate(before):
        places[id(body)].append(place)
    found = [places[id(body)].popleft() if places[id(body)] else None for body in bodies]
    is_any_new, is_any_gone = None in found, any(places.values())
    if is_any_new and is_any_gone:
        if len(bodies) != len(before):
            raise ValueError(
                f"batch_bodies: {len(before)} messages became {len(bodies)}, with new bodies among "
                "them, and nobody knows whose keys and headers those have; leave messages out "
                "first, and then change what is left"
            )
        # Each was made into something else where it was.
        return said
    return tuple(None if place is None else said[place] for place in found)
