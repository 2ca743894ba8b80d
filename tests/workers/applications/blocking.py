"""A SyncProducer as a module global, and the function that sends with it.

Importing the module sends a message, or only connects. A server that forks after the import thus
forks with a running producer.
"""

import os

from dekaf import SyncProducer
from tests.workers.applications.journal import note
from tests.workers.applications.sending import send

TOPIC = os.environ["WORKERS_TOPIC"]

ONLY_SEND = "WORKERS_ONLY_SEND" in os.environ

# The linger time exceeds any run, so delivery depends on the end of the process.
producer = SyncProducer(
    os.environ["WORKERS_BOOTSTRAP_SERVERS"],
    linger_ms=300_000,
    delivery_timeout_ms=600_000,
    metadata_timeout_ms=300_000,
    exit_timeout_ms=int(os.environ.get("WORKERS_EXIT_TIMEOUT_MS", "10_000")),
)


def publish(number: int) -> None:
    """Send one message; its number selects produce, send, or send with a callback."""
    value = str(number)
    if number % 10 == 0 and not ONLY_SEND:
        # A separate partition keeps produce() from flushing the lingering batch.
        producer.produce(TOPIC, value, partition=0)
    else:
        send(producer, TOPIC, number)
    note("accepted", value)


if os.environ.get("WORKERS_AT_IMPORT", "send") == "start":
    producer.start()
else:
    value = f"import-{os.getpid()}"
    producer.send(TOPIC, value, partition=1)
    note("accepted", value)
