"""The asyncio producer: what needs no speed. `produce` and `send` themselves are the core's."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, overload

from dekaf import _core
from dekaf._arguments import check_seconds, check_text
from dekaf._builder import ProducerBuilder
from dekaf._callbacks import finish
from dekaf._common import (
    check_purge,
    check_timeout,
    describe,
    end_block,
    partitions_of,
    patience,
    raise_unclaimed,
    warn_unclosed,
)
from dekaf._config import ProducerConfig, core_settings
from dekaf._core import AsyncProducerCore
from dekaf._current import entered, left, made
from dekaf._errors import FlushTimeout, UnclaimedFailures
from dekaf._many import Many
from dekaf._types import K, V

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Any, NoReturn, Self, Unpack

    from dekaf._cluster import Cluster
    from dekaf._common import PartitionInfo
    from dekaf._metrics import Metrics
    from dekaf._serializers import SerializerName
    from dekaf._settings import ConfigSettings, ProducerSettings
    from dekaf._types import Payload

__all__ = ["Producer"]


class Producer(AsyncProducerCore[K, V], Many[K, V]):
    """An asyncio Kafka producer.

    Constructing one starts nothing: it connects on first use, with `await start()`, or at the
    head of `async with`. It may be used from several event loops and threads at once.

        async with Producer("localhost:9092") as producer:
            metadata = await producer.produce("orders", b"...", key="order-1")

    `produce(topic, value=None, *, key=None, headers=None, partition=None, timestamp=None)`
    hands one message over when it is called, not when it is awaited, and returns a future of
    the running loop that brings its `RecordMetadata`.

    `send(…, on_delivery=None)` takes the same and returns at once; `on_delivery(metadata, error)`
    is called once, when the message's fate is known. What fails without one reaches `on_error`,
    the log, and the next `flush` or `close`.

        async with Producer("localhost:9092", linger_ms=10) as producer:
            for n in range(1000):
                producer.send("orders", f"order {n}")
            await producer.flush()

    Every setting is a keyword: see `ProducerConfig`.
    """

    @overload
    def __new__(
        cls,
        bootstrap_servers: str | Iterable[str],
        *,
        key_serializer: Callable[[K], Payload | None] | None = None,
        value_serializer: Callable[[V], Payload | None] | None = None,
        **settings: Unpack[ProducerSettings],
    ) -> Producer[K, V]: ...
    @overload
    def __new__(
        cls,
        bootstrap_servers: str | Iterable[str],
        *,
        key_serializer: Callable[[K], Payload | None] | None = None,
        value_serializer: SerializerName,
        **settings: Unpack[ProducerSettings],
    ) -> Producer[K, Any]: ...
    @overload
    def __new__(
        cls,
        bootstrap_servers: str | Iterable[str],
        *,
        key_serializer: SerializerName,
        value_serializer: Callable[[V], Payload | None] | None = None,
        **settings: Unpack[ProducerSettings],
    ) -> Producer[Any, V]: ...
    @overload
    def __new__(
        cls,
        bootstrap_servers: str | Iterable[str],
        *,
        key_serializer: SerializerName,
        value_serializer: SerializerName,
        **settings: Unpack[ProducerSettings],
    ) -> Producer[Any, Any]: ...
    def __new__(
        cls, bootstrap_servers: str | Iterable[str], **settings: Unpack[ConfigSettings]
    ) -> Producer[Any, Any]:
        return cls.from_config(ProducerConfig(bootstrap_servers, **settings))

    @classmethod
    def from_config(cls, config: ProducerConfig) -> Self:
        """Make a producer of settings that were put together before."""
        producer = super().__new__(cls, config, core_settings(config))
        made(producer)
        return producer

    @classmethod
    def builder(cls, bootstrap_servers: str | Iterable[str]) -> ProducerBuilder[Self]:
        """Begin to put settings together, one call for each; `build()` makes the producer.

        producer = Producer.builder("localhost:9092").linger_ms(10).lz4().build()
        """
        return ProducerBuilder(cls, bootstrap_servers)

    async def start(self) -> None:
        """Connect, and return once the cluster has answered.

        Raises `BrokerUnreachable` if it does not within `metadata_timeout_ms`. Calling it is a
        choice: without it the first message connects.
        """
        await _core.connect_async(self)

    async def flush(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - what is late is counted, not cancelled
        """Wait until everything handed over before this call is delivered or has failed.

        Raises `FlushTimeout` if that takes longer than `timeout` seconds; delivery goes on. Raises
        `UnclaimedFailures` if messages have failed whose fate nobody waited for.
        """
        timeout = check_timeout(timeout)
        settled, before = _core.flush_async(self)
        done, _ = await asyncio.wait({settled}, timeout=timeout)
        if not done and (remaining := _core.unsettled_before(self, before)):
            raise FlushTimeout(remaining)
        for future in done:
            future.result()
        raise_unclaimed(self)

    async def close(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - it delivers until then, it is not cancelled
        """Deliver what was handed over, then disconnect.

        What is not delivered after `timeout` seconds fails with `ProducerClosed`; without one
        every message has until its own `delivery_timeout_ms`. Calling it again does no harm.
        Coroutines that `on_delivery` has made are waited for. Raises `UnclaimedFailures` as
        `flush` does, once everything is closed.
        """
        timeout = check_timeout(timeout)
        # Closing goes on if the one who waits for it is cancelled.
        await asyncio.shield(_core.close_async(self, timeout))
        await finish(_core.producer_id(self), timeout)
        _core.drop_functions(self)
        raise_unclaimed(self)

    def purge(self, *, in_queue: bool = True, in_flight: bool = True) -> None:
        """Drop messages that are not delivered yet: each fails with `Purged`.

        `in_queue` drops messages that are not in flight: in batches that wait to be sent or sent
        again, or waiting for memory or for their topic. `in_flight` drops messages that were sent
        and not answered yet. Brokers may store these all the same: their error has
        `maybe_written`. `purge` returns at once.
        """
        check_purge(in_queue=in_queue, in_flight=in_flight)
        _core.purge(self, in_queue, in_flight)

    async def partitions(self, topic: str) -> list[PartitionInfo]:
        """Return the partitions of a topic and who leads each. Asking does not create the topic.

        Raises `UnknownTopic` if it does not exist after `metadata_timeout_ms`.
        """
        check_text("topic", topic)
        await _core.locate_async(self, topic)
        return partitions_of(topic, _core.leaders(self, topic))

    async def ping(self, timeout: float = 10.0) -> float:  # noqa: ASYNC109 - the core counts it, and says why
        """Ask the cluster for a sign of life, and return how many seconds it took.

        Raises `BrokerUnreachable` if there is none within `timeout` seconds.
        """
        check_seconds("timeout", timeout)
        before = time.perf_counter()
        await _core.ping_async(self, timeout)
        return time.perf_counter() - before

    async def cluster(self, timeout: float | None = None) -> Cluster:  # noqa: ASYNC109 - the core counts it, and says why
        """Ask the cluster for its id, its controller, its brokers and all its topics.

        Each call asks anew. Topics that the client may not see are left out, and none is created.
        Raises `BrokerUnreachable` if there is no answer within `timeout` seconds; without a
        `timeout`, within `metadata_timeout_ms`.

            async with Producer("localhost:9092") as producer:
                cluster = await producer.cluster()
                assert cluster.controller in {broker.id for broker in cluster.brokers}
                assert "orders" in {topic.name for topic in cluster.topics}
        """
        from dekaf._cluster import Cluster  # noqa: PLC0415 - as for the types of metrics

        if timeout is not None:
            check_seconds("timeout", timeout)
        await _core.describe_cluster_async(self, timeout)
        return Cluster.of(_core.described_cluster(self))

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            # Nobody will leave a block that was never entered.
            with contextlib.suppress(UnclaimedFailures):
                await self.close(timeout=0)
            raise
        entered(self)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        left(self)
        try:
            await self.close(patience(self, exc_type))
        except UnclaimedFailures as failed:
            end_block(failed, exc)

    if not TYPE_CHECKING:  # type checkers say by themselves that there is no such thing

        def __enter__(self) -> NoReturn:
            raise TypeError("use async with; without asyncio, use dekaf.SyncProducer")

        def __exit__(self, *_: object) -> None: ...

    def metrics(self) -> Metrics:
        """Return a snapshot of what was done so far, and of what is held at the moment.

        async with Producer("localhost:9092") as producer:
            await producer.produce("orders", b"...")
            assert producer.metrics().records.acknowledged == 1
        """
        from dekaf._metrics import Metrics  # noqa: PLC0415 - so many types take a while to make

        return Metrics.of(_core.metrics(self))

    def __del__(self) -> None:
        if not self.closed and (count := len(self)):
            warn_unclosed(self, count)

    def __repr__(self) -> str:
        return describe(self)

    def _repr_html_(self) -> str:
        from dekaf._html import producer_html  # noqa: PLC0415 - only notebooks ask

        return producer_html(self)

    def __reduce__(self) -> tuple[Callable[[ProducerConfig], Self], tuple[ProducerConfig]]:
        # Another process gets a producer of its own with the same settings.
        return type(self).from_config, (self.config,)
