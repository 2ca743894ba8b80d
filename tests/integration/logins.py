"""Producers on secured listeners: what they deliver, and what their messages fail with."""

import asyncio
import re
from typing import Any

from dekaf import ProduceError, Producer, RecordMetadata, Security
from tests.integration.reader import read
from tests.kafka import Certificates, Cluster, parse_dump, wait_until

PATIENCE = 30.0  # seconds; far below the producer's own, so what comes within was not waited out
# What a failure that comes at once does not wait for.
LONG: dict[str, Any] = {"metadata_timeout_ms": 90_000, "delivery_timeout_ms": 120_000}

MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", None]  # None: dekaf finds out
ALICE = ("alice", "alice-secret")


def plain(*login: Any, **more: Any) -> Security:
    return Security.sasl_plain(*(login or ALICE), **more)


def scram(*login: Any, **more: Any) -> Security:
    return Security.sasl_scram(*(login or ALICE), **more)


def login(
    mechanism: Any, *, user: str = ALICE[0], password: Any = ALICE[1], **more: Any
) -> Security:
    """Log in by a mechanism; None leaves it to dekaf which kind of SCRAM it is."""
    if mechanism == "PLAIN":
        return Security.sasl_plain(user, password, **more)
    return Security.sasl_scram(user, password, mechanism=mechanism, **more)


def tls_for(listener: str, certificates: Certificates) -> dict[str, Any]:
    """Return what `login` takes for a listener: the CA, or that there is no TLS."""
    return {"ca": certificates.ca} if listener.startswith("SASL_SSL") else {"tls": False}


async def deliver(
    kafka: Cluster,
    listener: str,
    security: Security | None,
    topic: str,
    *,
    count: int = 20,
    **settings: Any,
) -> list[RecordMetadata]:
    """Produce values "0", "1", ... through a listener, and have Kafka say that they are stored."""
    servers = kafka.bootstrap(listener)
    async with (
        asyncio.timeout(PATIENCE),
        Producer(servers, security=security, **settings) as producer,
    ):
        delivered = await producer.produce_all(topic, [(str(n), str(n)) for n in range(count)])
        results = [each for each in delivered if isinstance(each, RecordMetadata)]
    assert_stored(kafka, topic, [str(n) for n in range(count)])
    return results


def assert_stored(kafka: Cluster, topic: str, values: list[str]) -> None:
    """Assert that a topic holds these values and no others, as Kafka's own tool reads it."""
    found: list[str] = []

    def all_came() -> bool:  # with acks=0 they may still be on their way
        found[:] = _stored(kafka, topic)
        return len(found) >= len(values)

    wait_until(all_came, what=f"{len(values)} records are stored")
    assert sorted(found) == sorted(values)


def _stored(kafka: Cluster, topic: str) -> list[str]:
    if not kafka.plan.release.dumps_records:
        messages = [message for part in read(kafka, topic).values() for message in part]
        return [(message.value() or b"").decode() for message in messages]
    partitions = kafka.metadata(topic).topics[topic]
    files = [
        str(path)
        for n, partition in partitions.items()
        for path in kafka.segments(topic, n, broker=partition.leader)
    ]
    tool = kafka.plan.release.dump_log_segments
    batches = parse_dump(kafka.tool(tool, "--print-data-log", "--files", ",".join(files)))
    assert all(batch.valid for batch in batches)
    return [record.value or "" for batch in batches for record in batch.records]


async def refused(
    servers: str, security: Security | None, *topics: str, **settings: Any
) -> ProduceError:
    """Hand over messages that wait for the first connection; return what they all fail with."""
    told: list[ProduceError | None] = []
    # Not `async with`, which waits for the first connection before anything is handed over.
    producer = Producer(servers, security=security, **{**LONG, **settings})
    async with asyncio.timeout(PATIENCE):
        futures = [producer.produce(topic, b"v") for topic in topics for _ in range(3)]
        producer.send(topics[0], b"v", on_delivery=lambda _, error: told.append(error))
        errors = await asyncio.gather(*futures, return_exceptions=True)
        await producer.close()
    first = errors[0]
    assert isinstance(first, ProduceError), repr(first)
    for error in (*errors, *told):
        assert type(error) is type(first), f"{error!r}, and before: {first!r}"
    assert not first.maybe_written
    return first


def says(error: BaseException, *patterns: str) -> None:
    for pattern in patterns:
        assert re.search(pattern, str(error)), f"it does not say {pattern!r}: {error}"
