"""Names that a client's file has beside a producer's settings, and that mean nothing to a producer.

They are the settings of consumers, of admin clients and of schema registries. This is data.
"""

from __future__ import annotations

from typing import Final

__all__ = ["is_of_others"]

_NAMES: Final = frozenset(
    {
        # The Java client's consumer.
        "auto.commit.interval.ms",
        "auto.offset.reset",
        "check.crcs",
        "client.rack",
        "default.api.timeout.ms",
        "enable.auto.commit",
        "exclude.internal.topics",
        "fetch.max.bytes",
        "fetch.max.wait.ms",
        "fetch.min.bytes",
        "group.id",
        "group.instance.id",
        "group.protocol",
        "group.remote.assignor",
        "heartbeat.interval.ms",
        "isolation.level",
        "key.deserializer",
        "max.partition.fetch.bytes",
        "max.poll.interval.ms",
        "max.poll.records",
        "partition.assignment.strategy",
        "session.timeout.ms",
        "value.deserializer",
        # librdkafka's consumer.
        "consume.callback.max.messages",
        "coordinator.query.interval.ms",
        "enable.auto.offset.store",
        "enable.partition.eof",
        "fetch.error.backoff.ms",
        "fetch.message.max.bytes",
        "fetch.queue.backoff.ms",
        "fetch.wait.max.ms",
        "group.protocol.type",
        "offset.commit.cb",
        "offset.store.method",
        "queued.max.messages.kbytes",
        "queued.min.messages",
        "rebalance.cb",
        # The serializers of schema registries.
        "auto.register.schemas",
        "key.converter",
        "key.subject.name.strategy",
        "latest.compatibility.strict",
        "specific.avro.reader",
        "use.latest.version",
        "value.converter",
        "value.subject.name.strategy",
    }
)

_PREFIXES: Final = (
    "admin.",
    "apicurio.",
    "basic.auth.",
    "bearer.auth.",
    "confluent.",
    "consumer.",
    "schema.registry.",
)


def is_of_others(name: str) -> bool:
    """Say whether a name, with dots, belongs to something else than a producer."""
    return name in _NAMES or name.startswith(_PREFIXES)
