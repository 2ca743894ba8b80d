"""The asyncio producer: what needs no speed. `produce` itself is the core's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dekaf._config import check_settings, join_servers
from dekaf._core import ProducerCore

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

__all__ = ["Producer"]


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
        buffer_memory: int = 67_108_864,
        compression: str = "none",
        delivery_timeout_ms: int = 120_000,
        request_timeout_ms: int = 30_000,
        metadata_timeout_ms: int = 10_000,
        metadata_max_age_ms: int = 300_000,
        retry_backoff_ms: int = 100,
        retry_backoff_max_ms: int = 1_000,
        exit_timeout_ms: int = 10_000,
    ) -> Self:
        numbers = {
            "linger_ms": linger_ms,
            "batch_size": batch_size,
            "max_request_size": max_request_size,
            "buffer_memory": buffer_memory,
            "delivery_timeout_ms": delivery_timeout_ms,
            "request_timeout_ms": request_timeout_ms,
            "metadata_timeout_ms": metadata_timeout_ms,
            "metadata_max_age_ms": metadata_max_age_ms,
            "retry_backoff_ms": retry_backoff_ms,
            "retry_backoff_max_ms": retry_backoff_max_ms,
            "exit_timeout_ms": exit_timeout_ms,
        }
        check_settings(client_id, compression, numbers)
        servers = join_servers(bootstrap_servers)
        return super().__new__(
            cls, servers, client_id=client_id, compression=compression, **numbers
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
