"""The few bytes of Kafka's protocol that a cluster's start takes, so that it needs no client.

Old versions of two requests, which every broker since 0.11 answers, over one plaintext
connection each. And one to produce a batch as it is, which every broker since 2.1 answers.
"""

import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tests.kafka.ports import HOST

T = TypeVar("T")

_PRODUCE, _METADATA, _CREATE_TOPICS = 0, 3, 19
_TOPIC_ALREADY_EXISTS, _NOT_CONTROLLER = 36, 41
_NO_TRANSACTION, _ALL = -1, -1  # no transactional id; acknowledged by all in sync
_REPLICATION_BY_COUNT = 0  # no assignment of replicas by hand
_CORRELATION_SIZE = 4


class NotControllerError(RuntimeError):
    """Before KRaft only the controller creates topics: ask another broker."""


@dataclass(frozen=True, slots=True)
class Partition:
    leader: int  # -1: none
    replicas: tuple[int, ...]
    isr: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Metadata:
    brokers: frozenset[int]
    topics: dict[str, dict[int, Partition]]


def metadata(port: int, topics: Sequence[str] | None = None) -> Metadata:
    """Ask one broker what it knows, of all topics (None) or of the named ones."""
    count = -1 if topics is None else len(topics)
    body = struct.pack(">i", count) + b"".join(map(_string, topics or ()))
    reply = _ask(port, _METADATA, 1, body)

    def broker() -> int:
        node = reply.int32()
        reply.string(), reply.int32(), reply.string()  # host, port, rack
        return node

    def partition() -> tuple[int, Partition]:
        reply.int16()  # the error repeats what leader and isr say
        index, leader = reply.int32(), reply.int32()
        replicas, isr = reply.array(reply.int32), reply.array(reply.int32)
        return index, Partition(leader, tuple(replicas), tuple(sorted(isr)))

    def topic() -> tuple[str, dict[int, Partition]]:
        reply.int16()  # of an unknown topic: it has no partitions
        name = reply.string() or ""
        reply.bool()  # internal
        return name, dict(reply.array(partition))

    brokers = frozenset(reply.array(broker))
    reply.int32()  # the controller's id; KRaft invents one
    return Metadata(brokers, dict(reply.array(topic)))


def create_topic(
    port: int, name: str, partitions: int, replication: int, configs: Mapping[str, object]
) -> None:
    """Create a topic; one that is already there is fine."""
    body = struct.pack(">i", 1) + _string(name)
    body += struct.pack(">ihi", partitions, replication, _REPLICATION_BY_COUNT)
    body += struct.pack(">i", len(configs))
    for key, value in configs.items():
        body += _string(key) + _string(str(value))
    body += struct.pack(">i?", 10_000, False)  # timeout, validate only
    reply = _ask(port, _CREATE_TOPICS, 2, body)
    reply.int32(), reply.int32(), reply.string()  # throttle time, one result, its topic
    error, message = reply.int16(), reply.string()
    if error == _NOT_CONTROLLER:
        raise NotControllerError(f"the broker at port {port} is not the controller")
    if error not in (0, _TOPIC_ALREADY_EXISTS):
        raise RuntimeError(f"topic {name} was not created: error {error}: {message}")


def produce(port: int, topic: str, partition: int, batch: bytes) -> int:
    """Hand a partition's leader a batch, untouched, and return the offset that it got."""
    body = struct.pack(">hhi", _NO_TRANSACTION, _ALL, 10_000)  # the last is the timeout
    body += struct.pack(">i", 1) + _string(topic)
    body += struct.pack(">iii", 1, partition, len(batch)) + batch
    reply = _ask(port, _PRODUCE, 7, body)
    reply.int32(), reply.string(), reply.int32(), reply.int32()  # one topic, one partition
    error, offset = reply.int16(), reply.int64()
    if error:
        raise RuntimeError(f"the batch for {topic}-{partition} was refused: error {error}")
    return offset


def _ask(port: int, api: int, version: int, body: bytes) -> "_Reply":
    message = struct.pack(">hhi", api, version, 0) + _string("dekaf-tests") + body
    with socket.create_connection((HOST, port), 5.0) as connection:
        connection.sendall(struct.pack(">i", len(message)) + message)
        with connection.makefile("rb") as stream:
            head = stream.read(4)
            size = struct.unpack(">i", head)[0] if len(head) == 4 else 0
            data = stream.read(size)
    if size < _CORRELATION_SIZE or len(data) < size:
        raise ConnectionError(f"the broker at port {port} closed the connection")
    return _Reply(data[_CORRELATION_SIZE:])


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">h", len(data)) + data


class _Reply:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def bool(self) -> bool:
        return self._bytes(1) != b"\0"

    def int16(self) -> int:
        return int.from_bytes(self._bytes(2), signed=True)

    def int32(self) -> int:
        return int.from_bytes(self._bytes(4), signed=True)

    def int64(self) -> int:
        return int.from_bytes(self._bytes(8), signed=True)

    def string(self) -> str | None:
        size = self.int16()
        return None if size < 0 else self._bytes(size).decode()

    def array(self, item: Callable[[], T]) -> list[T]:
        return [item() for _ in range(self.int32())]

    def _bytes(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]
