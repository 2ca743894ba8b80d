"""What becomes of what is published: its bytes and its headers, as FastStream has them.

Whether dekaf publishes it or a test's fake, it is what is made here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from faststream._internal.parser import BatchCodecProto, DefaultCodec
from faststream.message import encode_message

from dekaf._batches import listed
from dekaf._core import Message
from dekaf.faststream._commands import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fast_depends.library.serializer import SerializerProto
    from faststream._internal.parser import CodecProto
    from faststream.kafka import KafkaPublishCommand
    from faststream.response import Response

__all__ = ["Batch", "Encoder", "of_many", "of_one"]


@dataclass(slots=True)
class Encoder:
    """What makes bytes of bodies: a codec, and what it makes use of."""

    codec: CodecProto
    serializer: SerializerProto | None

    async def one(
        self,
        body: Any,  # noqa: ANN401 - whatever the codec encodes
    ) -> tuple[bytes, str | None]:
        """Encode one body; its content type comes with it."""
        if type(self.codec) is DefaultCodec:
            return encode_message(body, self.serializer)  # without a coroutine for each
        return await self.codec.encode(body, self.serializer)

    async def many(self, bodies: tuple[Any, ...]) -> list[tuple[bytes, str | None]]:
        """Encode many bodies; the loop has its turns meanwhile."""
        if isinstance(self.codec, BatchCodecProto):
            return await self.codec.encode_batch(bodies, self.serializer)
        if type(self.codec) is DefaultCodec:
            encoded = await listed(encode_message(body, self.serializer) for body in bodies)
            return cast("list[tuple[bytes, str | None]]", encoded)
        return [await self.codec.encode(body, self.serializer) for body in bodies]


@dataclass(slots=True)
class Batch:
    """Many messages, and what they have in common."""

    topic: str
    items: list[Any]
    """Values, or messages where they differ in more than that."""
    key: Any = None
    headers: dict[str, str | bytes] | None = None
    partition: int | None = None
    timestamp: int | None = None

    def __iter__(self) -> Iterator[Message[Any, bytes]]:
        for item in self.items:
            yield item if isinstance(item, Message) else self._message(item)

    def _message(self, value: bytes | None) -> Message[Any, bytes]:
        return Message(
            self.topic,
            value,
            key=self.key,
            headers=self.headers,
            partition=self.partition,
            timestamp=self.timestamp,
        )


async def of_one(cmd: KafkaPublishCommand, encoder: Encoder) -> Message[Any, bytes]:
    """Make the message of a command that has one."""
    said = _said(cmd)
    response = said[0] if said else None
    key = cmd.key_for(0) if response is not None else cmd.key
    if cmd.body is None and key is not None:
        value, content_type = None, None
    else:
        # Without a key, nothing is one empty message.
        value, content_type = await encoder.one(cmd.body)
    return Message(
        cmd.destination,
        value,
        key=key,
        headers=_headers(cmd, content_type or "", response),
        partition=cmd.partition,
        timestamp=_timestamp(cmd, response),
    )


async def of_many(cmd: KafkaPublishCommand, encoder: Encoder) -> Batch:
    """Make the messages of a command that has many; the loop has its turns meanwhile."""
    bodies = cmd.batch_bodies
    encoded = await encoder.many(bodies)
    content_types = {content_type for _, content_type in encoded}
    if _said(cmd) is not None or cmd._per_message_keys or len(content_types) > 1:  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - FastStream's own commands keep keys there
        return Batch(cmd.destination, await listed(_made(cmd, encoded)))
    # Most batches are alike but for their values.
    is_keyed = cmd.key is not None
    return Batch(
        cmd.destination,
        [
            None if is_keyed and body is None else value
            for body, (value, _) in zip(bodies, encoded, strict=True)
        ],
        key=cmd.key,
        headers=_headers(cmd, content_types.pop() if content_types else None),
        partition=cmd.partition,
        timestamp=cmd.timestamp_ms,
    )


def _made(
    cmd: KafkaPublishCommand, encoded: list[tuple[bytes, str | None]]
) -> Iterator[Message[Any, bytes]]:
    said = _said(cmd)
    common: dict[str | None, dict[str, str | bytes]] = {}
    bodies = cmd.batch_bodies
    for index, (value, content_type) in enumerate(encoded):
        response = None if said is None else said[index]
        key = cmd.key_for(index)
        if response is not None:
            headers = _headers(cmd, content_type, response)
        else:
            if content_type not in common:
                common[content_type] = _headers(cmd, content_type)
            headers = common[content_type]
        yield Message(
            cmd.destination,
            None if key is not None and bodies[index] is None else value,
            key=key,
            headers=headers,
            partition=cmd.partition,
            timestamp=_timestamp(cmd, response),
        )


def _said(cmd: KafkaPublishCommand) -> tuple[Response | None, ...] | None:
    # Commands of FastStream's own come from handlers, and say all of it themselves.
    return cmd.said if isinstance(cmd, Command) else None


def _headers(
    cmd: KafkaPublishCommand, content_type: str | None, response: Response | None = None
) -> dict[str, str | bytes]:
    headers: dict[str, Any] = {} if content_type is None else {"content-type": content_type}
    headers.update(cmd.headers_to_publish())
    if response is not None:
        if response.correlation_id:
            headers["correlation_id"] = response.correlation_id
        headers.update(response.headers)
    if None in headers.values():
        # FastStream's subscribers cannot read a header without a value.
        headers = {name: "" if value is None else value for name, value in headers.items()}
    return headers


def _timestamp(cmd: KafkaPublishCommand, response: Response | None) -> int | None:
    own: int | None = None if response is None else getattr(response, "timestamp_ms", None)
    return cmd.timestamp_ms if own is None else own
