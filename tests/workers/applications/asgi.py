"""FastAPI applications: each request sends its number with the async Producer."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from dekaf import Producer
from tests.workers.applications.journal import note
from tests.workers.applications.sending import send

TOPIC = os.environ["WORKERS_TOPIC"]

producer = Producer(
    os.environ["WORKERS_BOOTSTRAP_SERVERS"], linger_ms=300_000, delivery_timeout_ms=600_000
)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Close the producer when the server stops, which delivers lingering messages."""
    async with producer:
        yield


async def publish(number: int) -> str:
    """Send one message; its number selects produce, send, or send with a callback."""
    value = str(number)
    if number % 10 == 0:
        await producer.produce(TOPIC, value, partition=0)
    else:
        send(producer, TOPIC, number)
    note("accepted", value)
    return "ok"


application = FastAPI(lifespan=lifespan)
application.get("/{number}")(publish)

# The application does not close the producer.
unclosed = FastAPI()
unclosed.get("/{number}")(publish)
