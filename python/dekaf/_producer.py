"""The asyncio producer: what needs no speed. `produce` itself is the core's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dekaf._builder import ProducerBuilder
from dekaf._config import ProducerConfig
from dekaf._core import ProducerCore

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self, Unpack

    from dekaf._settings import ProducerSettings, SerializerLike

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

    _config: ProducerConfig

    def __new__(
        cls,
        bootstrap_servers: str | Iterable[str],
        *,
        key_serializer: SerializerLike | None = None,
        value_serializer: SerializerLike | None = None,
        **settings: Unpack[ProducerSettings],
    ) -> Self:
        return cls.from_config(
            ProducerConfig(
                bootstrap_servers,
                key_serializer=key_serializer,
                value_serializer=value_serializer,
                **settings,
            )
        )

    @classmethod
    def from_config(cls, config: ProducerConfig) -> Self:
        """Make a producer with these settings."""
        producer = super().__new__(cls, config)
        producer._config = config
        return producer

    @classmethod
    def builder(cls, bootstrap_servers: str | Iterable[str]) -> ProducerBuilder[Self]:
        """Set one thing after another: `Producer.builder("a:9092").linger_ms(10).lz4().build()`."""
        return ProducerBuilder(cls, bootstrap_servers)

    @property
    def config(self) -> ProducerConfig:
        """Every setting, resolved."""
        return self._config

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
