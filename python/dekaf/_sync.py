"""The blocking producer: what needs no speed. `produce` and `send` themselves are the core's."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, overload

from dekaf import _core
from dekaf._arguments import check_seconds, check_text
from dekaf._builder import ProducerBuilder
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
from dekaf._core import SyncProducerCore
from dekaf._current import entered, left, made
from dekaf._errors import FlushTimeout, UnclaimedFailures
from dekaf._many_blocking import ManyBlocking
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

__all__ = ["SyncProducer"]


class SyncProducer(SyncProducerCore[K, V], ManyBlocking[K, V]):
    """A Kafka producer for scripts, threads and frameworks without asyncio.

    Constructing one starts nothing: it connects on first use, with `start()`, or at the head of
    `with`. Any number of threads may use it.

        with SyncProducer("localhost:9092") as producer:
            metadata = producer.produce("orders", b"...", key="order-1")

    `produce(topic, value=None, *, key=None, headers=None, partition=None, timestamp=None)` waits
    for the acknowledgement and returns the message's `RecordMetadata`.

    `send(…, on_delivery=None)` takes the same and returns at once; `on_delivery(metadata, error)`
    is called once, when the message's fate is known: on the loop that ran at the call, if there was
    one, else by a thread that all producers share. What fails without one reaches `on_error`, the
    log, and the next `flush` or `close`.

    `submit(…)` takes the same as `produce` and returns a `concurrent.futures.Future` at once, for
    any thread to wait for. It cannot be cancelled: the message is on its way.

        with SyncProducer("localhost:9092") as producer:
            futures = [producer.submit("orders", f"order {n}") for n in range(3)]
            offsets = [future.result().offset for future in futures]

    Every setting is a keyword: see `ProducerConfig`. Ctrl-C ends every wait.
    """

    @overload
    def __new__(
        cls,
        bootstrap_servers: str | Iterable[str],
        *,
        key_serializer: Callable[[K], Payload | None] | None = None,
        value_serializer: Callable[[V], Payload | None] | None = None,
        **settings: Unpack[ProducerSettings],
    ) -> SyncProducer[K, V]: ...
    @overload
    def __new__(
        cls,
        bootstrap_servers: str | Iterable[str],
        *,
        key_serializer: Callable[[K], Payload | None] | None = None,
        value_serializer: SerializerName,
        **settings: Unpack[ProducerSettings],
    ) -> SyncProducer[K, Any]: ...
    @overload
    def __new__(
        cls,
        bootstrap_servers: str | Iterable[str],
        *,
        key_serializer: SerializerName,
        value_serializer: Callable[[V], Payload | None] | None = None,
        **settings: Unpack[ProducerSettings],
    ) -> SyncProducer[Any, V]: ...
    @overload
    def __new__(
        cls,
        bootstrap_servers: str | Iterable[str],
        *,
        key_serializer: SerializerName,
        value_serializer: SerializerName,
        **settings: Unpack[ProducerSettings],
    ) -> SyncProducer[Any, Any]: ...
    def __new__(
        cls, bootstrap_servers: str | Iterable[str], **settings: Unpack[ConfigSettings]
    ) -> SyncProducer[Any, Any]:
        return cls.from_config(ProducerConfig(bootstrap_servers, **settings))

    @classmethod
    def from_config(cls, config: ProducerConfig) -> Self:
        """Make a producer of settings that were put together before."""
        producer = super().__new__(cls, config, core_settings(config))
        made(producer)
        return producer

    @classmethod
    def builder(cls, bootstrap_servers: str | Iterable[str]) -> ProducerBuilder[Self]:
        """Begin to put settings together, one call for each; `build()` makes the producer."""
        return ProducerBuilder(cls, bootstrap_servers)

    def start(self) -> None:
        """Connect, and return once the cluster has answered.

        Raises `BrokerUnreachable` if it does not within `metadata_timeout_ms`. Calling it is a
        choice: without it the first message connects.
        """
        _core.connect_blocking(self)

    def flush(self, timeout: float | None = None) -> None:
        """Wait until everything handed over before this call is delivered or has failed.

        Callbacks have run then, unless they need more than the time, or `exit_timeout_ms` if there
        is no limit: hold no lock here that a callback takes. Raises `FlushTimeout` if `timeout`
        seconds are over before; delivery goes on. Raises `UnclaimedFailures` if messages have
        failed whose fate nobody waited for.
        """
        timeout = check_timeout(timeout)
        if remaining := _core.flush_blocking(self, timeout):
            raise FlushTimeout(remaining)
        raise_unclaimed(self)

    def close(self, timeout: float | None = None) -> None:
        """Deliver what was handed over, then disconnect.

        What is not delivered after `timeout` seconds fails with `ProducerClosed`; without one
        every message has until its own `delivery_timeout_ms`. Calling it again does no harm.
        Raises `UnclaimedFailures` as `flush` does, once everything is closed.
        """
        timeout = check_timeout(timeout)
        _core.close_blocking(self, timeout)
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

    def partitions(self, topic: str) -> list[PartitionInfo]:
        """Return the partitions of a topic and who leads each. Asking does not create the topic.

        Raises `UnknownTopic` if it does not exist after `metadata_timeout_ms`.
        """
        check_text("topic", topic)
        _core.locate_blocking(self, topic)
        return partitions_of(topic, _core.leaders(self, topic))

    def ping(self, timeout: float = 10.0) -> float:
        """Ask the cluster for a sign of life, and return how many seconds it took.

        Raises `BrokerUnreachable` if there is none within `timeout` seconds.
        """
        check_seconds("timeout", timeout)
        before = time.perf_counter()
        _core.ping_blocking(self, timeout)
        return time.perf_counter() - before

    def cluster(self, timeout: float | None = None) -> Cluster:
        """Ask the cluster for its id, its controller, its brokers and all its topics.

        Each call asks anew. Topics that the client may not see are left out, and none is created.
        Raises `BrokerUnreachable` if there is no answer within `timeout` seconds; without a
        `timeout`, within `metadata_timeout_ms`.

            with SyncProducer("localhost:9092") as producer:
                cluster = producer.cluster()
                assert cluster.controller in {broker.id for broker in cluster.brokers}
                assert "orders" in {topic.name for topic in cluster.topics}
        """
        from dekaf._cluster import Cluster  # noqa: PLC0415 - as for the types of metrics

        if timeout is not None:
            check_seconds("timeout", timeout)
        _core.describe_cluster_blocking(self, timeout)
        return Cluster.of(_core.described_cluster(self))

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            # Nobody will leave a block that was never entered.
            with contextlib.suppress(UnclaimedFailures):
                self.close(timeout=0)
            raise
        entered(self)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        left(self)
        try:
            self.close(patience(self, exc_type))
        except UnclaimedFailures as failed:
            end_block(failed, exc)

    if not TYPE_CHECKING:  # type checkers say by themselves that there is no such thing

        async def __aenter__(self) -> NoReturn:
            raise TypeError("use with; under asyncio, use dekaf.Producer")

        async def __aexit__(self, *_: object) -> None: ...

    def metrics(self) -> Metrics:
        """Return a snapshot of what was done so far, and of what is held at the moment."""
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
