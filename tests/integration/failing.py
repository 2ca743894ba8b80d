"""A producer that nothing lets in, and all that it says of that, to look for canaries in."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dekaf import DekafError, Producer, Security
from tests.canaries import Seen
from tests.integration.logins import LONG, PATIENCE


async def fail(
    servers: str, security: Security, seen: Seen, *, pings: bool = True, **settings: Any
) -> None:
    """Add what each call fails with, and what the producer shows of itself.

    A ping comes after a pause of some seconds.
    """
    producer = Producer(servers, security=security, on_error=_add_to(seen), **(LONG | settings))
    seen.add_value("the producer", producer)
    seen.add_value("the configuration", producer.config)
    async with asyncio.timeout(PATIENCE):
        try:
            await producer.produce("unreached", b"v")
        except DekafError as error:
            seen.add_error("the error", error)
            seen.add_variables("the error", error)
        else:
            pytest.fail("it was let in")
        producer.send("unreached", b"v")
        for call in (producer.flush, *([producer.ping] if pings else []), producer.close):
            try:
                await call()
            except DekafError as error:
                seen.add_error(f"the error of {call.__name__}", error)
                seen.add_variables(f"the error of {call.__name__}", error)
    seen.add_value("the metrics", producer.metrics())


def _add_to(seen: Seen) -> Callable[[Any], None]:
    return lambda error: seen.add_error("the error of on_error", error)


def add_output(
    seen: Seen, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Add what was logged and printed."""
    seen.add("the log", caplog.text, *(repr(vars(record)) for record in caplog.records))
    seen.add("the output", *capfd.readouterr())
