"""FastStream's plugin for FastAPI, whose broker is dekaf's.

from dekaf.faststream.fastapi import KafkaRouter
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, cast, overload

from faststream.kafka.fastapi import Context, ContextRepo, KafkaMessage, KafkaProducer, Logger
from faststream.kafka.fastapi import KafkaRouter as FastStreamRouter

from dekaf.faststream._broker import KafkaBroker as Broker
from dekaf.faststream._settings import PUBLISHING, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Unpack

    from faststream.kafka import Topic

    from dekaf._config import ProducerConfig
    from dekaf.faststream._publishers import BatchPublisher, DefaultPublisher, PublisherSettings

__all__ = [
    "Context",
    "ContextRepo",
    "KafkaBroker",
    "KafkaMessage",
    "KafkaProducer",
    "KafkaRouter",
    "Logger",
]

KafkaBroker = Annotated[Broker, Context("broker")]
"""The broker, for handlers that ask for it."""


class KafkaRouter(FastStreamRouter):
    """FastStream's router for FastAPI, with dekaf beneath whatever publishes.

    Its keywords are FastStream's; `producer` is a `dekaf.ProducerConfig` in place of those that are
    about publishing.
    """

    broker: Broker  # pyright: ignore[reportIncompatibleVariableOverride] - no other comes
    broker_class: Any

    def __init__(
        self,
        bootstrap_servers: str | Iterable[str] = "localhost",
        *,
        producer: ProducerConfig | None = None,
        **settings: Any,  # noqa: ANN401 - as FastStream's own has them
    ) -> None:
        if not isinstance(bootstrap_servers, str):
            bootstrap_servers = list(bootstrap_servers)
        config = settings_of(bootstrap_servers, settings, producer)

        def broker_class(*args: Any, **kwargs: Any) -> Broker:  # noqa: ANN401 - likewise
            # FastStream's router names its defaults as if they were asked for.
            left = {name: value for name, value in kwargs.items() if name not in PUBLISHING}
            return Broker(*args, producer=config, **left)

        self.broker_class = broker_class
        super().__init__(bootstrap_servers, **settings)

    @overload  # type: ignore[override] # they are dekaf's
    def publisher(
        self,
        topic: str | Topic,
        *,
        batch: Literal[False] = False,
        **settings: Unpack[PublisherSettings],
    ) -> DefaultPublisher: ...
    @overload
    def publisher(
        self, topic: str | Topic, *, batch: Literal[True], **settings: Unpack[PublisherSettings]
    ) -> BatchPublisher: ...
    @overload
    def publisher(
        self, topic: str | Topic, *, batch: bool, **settings: Unpack[PublisherSettings]
    ) -> DefaultPublisher | BatchPublisher: ...
    def publisher(  # pyright: ignore[reportIncompatibleMethodOverride] - likewise
        self, topic: str | Topic, **settings: Any
    ) -> DefaultPublisher | BatchPublisher:
        """Make a publisher; see FastStream's `publisher`."""
        make: Any = self.broker.publisher  # of either kind
        return cast("DefaultPublisher | BatchPublisher", make(topic, **settings))
