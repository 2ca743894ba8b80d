"""The asyncio producer: what needs no speed. `produce` itself is the core's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from dekaf._core import ProducerCore
from dekaf._errors import ConfigError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["Producer"]

_LONGEST_MS: Final = 2**31 - 1
"""Kafka's own limit for times: about 24 days."""


class Producer(ProducerCore):
    """An asyncio Kafka producer.

    Constructing one starts nothing: it connects on first use, with `await start()`, or at the
    head of `async with`. It may be used from several event loops and threads at once.

        async with Producer("localhost:9092") as producer:
            metadata = await producer.produce("orders", b"...", key="order-1")

    `produce(topic, value=None, *, key=None, headers=None, partition=None, timestamp=None)`
    hands one message over when it is called, not when it is awaited, and returns a future of
    the running loop that brings its `RecordMetadata`.
    """

    def __new__(  # noqa: PLR0913 - one for each setting
        cls,
        bootstrap_servers: str | Iterable[str],
        *,
        client_id: str = "dekaf",
        linger_ms: int = 5,
        batch_size: int = 65_536,
        max_request_size: int = 1_048_576,
        delivery_timeout_ms: int = 120_000,
        request_timeout_ms: int = 30_000,
        metadata_timeout_ms: int = 10_000,
        metadata_max_age_ms: int = 300_000,
        retry_backoff_ms: int = 100,
        retry_backoff_max_ms: int = 1_000,
        exit_timeout_ms: int = 10_000,
    ) -> Self:
        if not isinstance(client_id, str):
            raise ConfigError(f"client_id must be str, not {type(client_id).__name__}")
        milliseconds = {
            "linger_ms": (linger_ms, 0),
            "delivery_timeout_ms": (delivery_timeout_ms, 1),
            "request_timeout_ms": (request_timeout_ms, 1),
            "metadata_timeout_ms": (metadata_timeout_ms, 1),
            "metadata_max_age_ms": (metadata_max_age_ms, 1),
            "retry_backoff_ms": (retry_backoff_ms, 1),
            "retry_backoff_max_ms": (retry_backoff_max_ms, 1),
            "exit_timeout_ms": (exit_timeout_ms, 0),
        }
        for name, (value, least) in milliseconds.items():
            _check_int(name, value, least, "milliseconds")
        for name, value in {"batch_size": batch_size, "max_request_size": max_request_size}.items():
            _check_int(name, value, 1, "bytes")
        if delivery_timeout_ms < linger_ms + request_timeout_ms:
            raise ConfigError(
                f"delivery_timeout_ms={delivery_timeout_ms} is less than "
                f"linger_ms={linger_ms} + request_timeout_ms={request_timeout_ms}: no message "
                "would have time for one whole try; raise it, or lower the others"
            )
        if retry_backoff_max_ms < retry_backoff_ms:
            raise ConfigError(
                f"retry_backoff_max_ms={retry_backoff_max_ms} is less than "
                f"retry_backoff_ms={retry_backoff_ms}"
            )
        return super().__new__(
            cls,
            _join(bootstrap_servers),
            client_id=client_id,
            linger_ms=linger_ms,
            batch_size=batch_size,
            max_request_size=max_request_size,
            delivery_timeout_ms=delivery_timeout_ms,
            request_timeout_ms=request_timeout_ms,
            metadata_timeout_ms=metadata_timeout_ms,
            metadata_max_age_ms=metadata_max_age_ms,
            retry_backoff_ms=retry_backoff_ms,
            retry_backoff_max_ms=retry_backoff_max_ms,
            exit_timeout_ms=exit_timeout_ms,
        )

    async def start(self) -> None:
        """Connect, and return once the cluster has answered.

        Raises `BrokerUnreachable` if it does not within `metadata_timeout_ms`. Calling it is a
        choice: without it the first message connects.
        """
        await self._connect()

    async def flush(self) -> None:
        """Wait until everything handed over before this call is delivered or has failed."""
        await self._settle()

    async def close(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - it delivers until then, it is not cancelled
        """Deliver what was handed over, then disconnect.

        What is not delivered after `timeout` seconds fails with `ProducerClosed`; without one
        every message has until its own `delivery_timeout_ms`. Calling it again does no harm.
        """
        # Closing goes on if the one who waits for it is cancelled.
        await asyncio.shield(self._disconnect(timeout))

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            # Nobody will leave a block that was never entered.
            await self.close(timeout=0)
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def _join(bootstrap_servers: str | Iterable[str]) -> str:
    servers = [bootstrap_servers] if isinstance(bootstrap_servers, str) else bootstrap_servers
    if not isinstance(servers, Iterable) or isinstance(servers, bytes):
        raise ConfigError(
            'bootstrap_servers must be str, as in "host:port,host:port", or an iterable of '
            f"str, not {type(bootstrap_servers).__name__}"
        )
    servers = list(servers)
    for server in servers:
        if not isinstance(server, str):
            raise ConfigError(
                f"bootstrap_servers must name hosts as str, not {type(server).__name__}"
            )
    return ",".join(servers)


def _check_int(name: str, value: object, least: int, unit: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{name} must be {unit} as int, not {type(value).__name__}")
    if not least <= value <= _LONGEST_MS:
        raise ConfigError(f"{name}={value} is out of range: {least} to {_LONGEST_MS} {unit}")
