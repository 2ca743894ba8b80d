"""FastAPI applications: each request sends its number with the asynchronous producer."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from dekaf import Producer
from tests.workers.applications.journal import note

TOPIC = os.environ["WORKERS_TOPIC"]

producer = Producer(
    os.environ["WORKERS_BOOTSTRAP_SERVERS"], linger_ms=300_000, delivery_timeout_ms=600_000
)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Close the producer, and so deliver what lingers, when the server ends."""
    async with producer:
        yield


async def publish(number: int) -> str:
    """Hand one message over, in the way that its number chooses."""
    value = str(number)
    if number % 10 == 0:
        await producer.produce(TOPIC, value, partition=0)
    elif number % 10 == 1:

        def called(_metadata: Any, error: Any) -> None:
            note("called" if error is None else "failed", value)

        producer.send(TOPIC, value, partition=1, on_delivery=called)
        note("callback", value)
    else:
        producer.send(TOPIC, value, partition=1)
    note("accepted", value)
    return "ok"


application = FastAPI(lifespan=lifespan)
application.get("/{number}")(publish)

# The producer is left to the end of the process.
unclosed = FastAPI()
unclosed.get("/{number}")(publish)
