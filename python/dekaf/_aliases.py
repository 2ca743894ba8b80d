"""The names that other clients have for settings, and some of their values.

They are the Java client's, librdkafka's, and those of Python's clients, which write the Java
client's with underscores: so names are compared with dots. This is data; `_properties` reads it.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ALIASES",
    "AS_ALWAYS",
    "IN_KIBIBYTES",
    "LEVELS",
    "NEVER",
    "NO_COUNTERPART",
    "PARTITIONERS",
    "SERIALIZERS",
    "dotted",
    "is_unsupported",
]

ALIASES: Final = {
    # Both clients'.
    "compression.type": "compression",
    "enable.idempotence": "idempotence",
    "max.in.flight.requests.per.connection": "max_in_flight",
    # The Java client's.
    "partitioner.class": "partitioner",
    # librdkafka's.
    "compression.codec": "compression",
    "enable.gapless.guarantee": "gapless",
    "message.max.bytes": "max_request_size",
    "message.timeout.ms": "delivery_timeout_ms",
    "metadata.broker.list": "bootstrap_servers",
    "queue.buffering.max.kbytes": "buffer_memory",
    "queue.buffering.max.ms": "linger_ms",
    "request.required.acks": "acks",
    "socket.timeout.ms": "request_timeout_ms",
    "topic.metadata.propagation.max.ms": "metadata_timeout_ms",
    "topic.metadata.refresh.interval.ms": "metadata_max_age_ms",
    # aiokafka's.
    "max.batch.size": "batch_size",
}
"""The setting that a name of another client means. Both clients' `linger.ms`, and whatever else
is a setting's own name with dots, need no mention."""

NEVER: Final = {"connections.max.idle.ms": frozenset({0, -1})}
"""Times that mean "never": librdkafka's 0, and the Java client's -1."""

IN_KIBIBYTES: Final = frozenset({"queue.buffering.max.kbytes"})

LEVELS: Final = {
    "compression.gzip.level": "gzip",
    "compression.lz4.level": "lz4",
    "compression.zstd.level": "zstd",
}
"""The Java client's levels, each of which matters with its codec alone."""

PARTITIONERS: Final = {
    # librdkafka's; its "random" is dekaf's, too.
    "murmur2_random": "murmur2",
    "consistent_random": "crc32",
    # The Java client's.
    "org.apache.kafka.clients.producer.RoundRobinPartitioner": "round_robin",
    "org.apache.kafka.clients.producer.internals.DefaultPartitioner": "murmur2",
}
"""Other clients' partitioners. librdkafka's "consistent" is none of these: it sends all messages
without a key to one partition, and who relies on that must not lose it unawares."""

_JAVA_SERIALIZERS: Final = "org.apache.kafka.common.serialization."

SERIALIZERS: Final = {
    f"{_JAVA_SERIALIZERS}{name}Serializer": ours
    for name, ours in {
        "ByteArray": "bytes",
        "ByteBuffer": "bytes",
        "Bytes": "bytes",
        "Double": "double",
        "Float": "float",
        "Integer": "int",
        "Long": "long",
        "Short": "short",
        "String": "str",
        "UUID": "uuid",
    }.items()
}
"""The Java client's serializers."""

AS_ALWAYS: Final = {
    "api.version.request": "true",
    "client.dns.lookup": "use_all_dns_ips",
    "enable.metrics.push": "false",
    "message.send.max.retries": "2147483647",
    "partitioner.ignore.keys": "false",
    "produce.offset.report": "true",
    "queuing.strategy": "fifo",
    "retries": "2147483647",
    "socket.keepalive.enable": "true",
    "transaction.two.phase.commit.enable": "false",
}
"""What dekaf does in any case: asked for with this value, there is nothing to do."""

_ADVICE: Final = {
    "drop it: delivery_timeout_ms bounds the retries": ("retries", "message.send.max.retries"),
    "drop it: batch_size bounds a batch, in bytes": ("batch.num.messages",),
    "drop it: buffer_memory bounds what is queued, in bytes": ("queue.buffering.max.messages",),
    "drop it: a partition's messages always leave in order": ("queuing.strategy",),
    "drop it: each message's result has its offset": ("produce.offset.report",),
    "drop it: produce() brings each message's result, on_error those nobody asked for": (
        "delivery.report.only.error",
        "dr.cb",
        "dr.msg.cb",
        "on.delivery",
    ),
    "give on_error=, which is told about messages that failed unnoticed": ("error.cb",),
    "drop it: partitioner=, a name or a function, is all there is to say": (
        "partitioner.adaptive.partitioning.enable",
        "partitioner.availability.timeout.ms",
        "partitioner.cb",
        "partitioner.ignore.keys",
        "sticky.partitioning.linger.ms",
    ),
    "drop it: dekaf logs with Python's logging": ("debug", "log.cb", "log.level", "logger"),
    "drop it: dekaf pushes no metrics and makes no statistics of itself": (
        "auto.include.jmx.reporter",
        "enable.metrics.push",
        "metric.reporters",
        "metrics.num.samples",
        "metrics.recording.level",
        "metrics.sample.window.ms",
        "statistics.interval.ms",
        "stats.cb",
        "throttle.cb",
    ),
    "drop it: broker versions are always negotiated": (
        "api.version",
        "api.version.fallback.ms",
        "api.version.request",
        "api.version.request.timeout.ms",
        "broker.version.fallback",
    ),
    "drop it: whether topics are created is for the brokers to say": ("allow.auto.create.topics",),
    "drop it: retry_backoff_ms and retry_backoff_max_ms hold for connections, too": (
        "reconnect.backoff.jitter.ms",
        "reconnect.backoff.max.ms",
        "reconnect.backoff.ms",
    ),
    "drop it: metadata_max_age_ms says when metadata is renewed": (
        "metadata.recovery.rebootstrap.trigger.ms",
        "metadata.recovery.strategy",
        "topic.metadata.refresh.fast.cnt",
        "topic.metadata.refresh.fast.interval.ms",
        "topic.metadata.refresh.sparse",
    ),
    "drop it: connections take care of themselves": (
        "broker.address.family",
        "broker.address.ttl",
        "client.dns.lookup",
        "max.idle.ms",
        "receive.buffer.bytes",
        "receive.message.max.bytes",
        "send.buffer.bytes",
        "socket.blocking.max.ms",
        "socket.connection.setup.timeout.max.ms",
        "socket.connection.setup.timeout.ms",
        "socket.keepalive.enable",
        "socket.max.fails",
        "socket.nagle.disable",
        "socket.receive.buffer.bytes",
        "socket.send.buffer.bytes",
    ),
    "drop it: there is nothing to tune": (
        "enable.random.seed",
        "internal.termination.signal",
        "message.copy.max.bytes",
        "queue.buffering.backpressure.threshold",
    ),
    "drop it, and wrap your calls: dekaf loads no plug-ins": (
        "config.providers",
        "interceptor.classes",
        "plugin.library.paths",
    ),
}

NO_COUNTERPART: Final = {name: advice for advice, names in _ADVICE.items() for name in names}
"""What to do about a name that has no counterpart, all values of it or most."""

_UNSUPPORTED: Final = frozenset({"transaction", "transactional"})


def dotted(name: str) -> str:
    """Write a name as Kafka does."""
    return name.replace("_", ".")


def is_unsupported(name: str) -> bool:
    """Say whether a name is one of transactions, which dekaf does not have yet."""
    return not _UNSUPPORTED.isdisjoint(dotted(name).split("."))
