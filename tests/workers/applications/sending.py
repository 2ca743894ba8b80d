"""What each request or task sends, and what of it is recorded in the journal."""

from typing import Any

from dekaf import Producer, SyncProducer
from tests.workers.applications.journal import note


def send(producer: Producer | SyncProducer, topic: str, number: int) -> None:
    """Send a number without waiting; every tenth with a callback."""
    value = str(number)
    if number % 10 != 1:
        producer.send(topic, value, partition=1)
        return

    def called(_metadata: Any, error: Any) -> None:
        note("called" if error is None else "failed", value)

    producer.send(topic, value, partition=1, on_delivery=called)
    note("callback", value)
