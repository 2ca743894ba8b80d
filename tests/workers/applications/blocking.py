"""A blocking producer as a global of a module, and the one function that uses it.

The module sends a message when it is imported, or connects at least. A server that forks afterwards
therefore forks with a producer that runs.
"""

import os
from typing import Any

from dekaf import SyncProducer
from tests.workers.applications.journal import note

TOPIC = os.environ["WORKERS_TOPIC"]

# Longer than any run: the end of the process has to deliver.
producer = SyncProducer(
    os.environ["WORKERS_BOOTSTRAP_SERVERS"], linger_ms=300_000, delivery_timeout_ms=600_000
)


def publish(number: int) -> None:
    """Hand one message over, in the way that its number chooses."""
    value = str(number)
    if number % 10 == 0:
        # In a partition of its own, so that it does not take lingering messages along.
        producer.produce(TOPIC, value, partition=0)
    elif number % 10 == 1:

        def called(_metadata: Any, error: Any) -> None:
            note("called" if error is None else "failed", value)

        producer.send(TOPIC, value, partition=1, on_delivery=called)
        note("callback", value)
    else:
        producer.send(TOPIC, value, partition=1)
    note("accepted", value)


if os.environ.get("WORKERS_AT_IMPORT", "send") == "start":
    producer.start()
else:
    value = f"import-{os.getpid()}"
    producer.send(TOPIC, value, partition=1)
    note("accepted", value)
