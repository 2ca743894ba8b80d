"""What FastStream calls the settings of a producer, and what dekaf calls them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypedDict

from aiokafka.producer.producer import _missing  # pyright: ignore[reportPrivateUsage] - FastStream's default
from faststream.security import BaseSecurity

from dekaf._config import ProducerConfig
from dekaf._errors import ConfigError
from dekaf.faststream._security import security_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Literal

    from aiokafka.abc import AbstractTokenProvider
    from fast_depends import Provider
    from fast_depends.dependencies import Dependant
    from fast_depends.library.serializer import SerializerProto
    from faststream import AckPolicy, ContextRepo
    from faststream._internal.basic_types import LoggerProto
    from faststream._internal.parser import CodecProto
    from faststream._internal.types import BrokerMiddleware, CustomCallable
    from faststream.kafka.broker.registrator import KafkaRegistrator
    from faststream.specification.schema.extra import Tag, TagDict

    from dekaf._security import Security

__all__ = ["PUBLISHING", "BrokerSettings", "check_supported", "settings_of"]


class BrokerSettings(TypedDict, total=False):
    """The keywords of FastStream's `KafkaBroker`, which says what they mean."""

    request_timeout_ms: int
    retry_backoff_ms: int
    metadata_max_age_ms: int
    connections_max_idle_ms: int
    sasl_kerberos_service_name: str
    sasl_kerberos_domain_name: str | None
    sasl_oauth_token_provider: AbstractTokenProvider | None
    loop: asyncio.AbstractEventLoop | None
    client_id: str | None
    client_rack: str | None
    consumer_only: bool
    allow_auto_create_topics: bool
    acks: Literal[0, 1, -1, "all"] | object
    key_serializer: Callable[[Any], bytes] | None
    value_serializer: Callable[[Any], bytes] | None
    compression_type: Literal["gzip", "snappy", "lz4", "zstd"] | None
    max_batch_size: int
    partitioner: Callable[[bytes, list[Any], list[Any]], Any]
    max_request_size: int
    linger_ms: int
    enable_idempotence: bool
    transactional_id: str | None
    transaction_timeout_ms: int
    graceful_timeout: float | None
    ack_policy: AckPolicy
    id_generator: Callable[[], str]
    decoder: CustomCallable | None
    codec: CodecProto | None
    parser: CustomCallable | None
    dependencies: Sequence[Dependant]
    middlewares: Sequence[BrokerMiddleware[Any, Any]]
    routers: Iterable[KafkaRegistrator]
    security: BaseSecurity | None
    specification_url: str | Iterable[str] | None
    protocol: str | None
    protocol_version: str | None
    description: str | None
    tags: Iterable[Tag | TagDict]
    logger: LoggerProto | None
    log_level: int
    apply_types: bool
    serializer: SerializerProto | None
    provider: Provider | None
    context: ContextRepo | None
    underlying_driver_annotations: Mapping[Any, Any] | None


_SHARED: Final = {
    "client_id": "client_id",
    "connections_max_idle_ms": "connections_max_idle_ms",
    "metadata_max_age_ms": "metadata_max_age_ms",
    "request_timeout_ms": "request_timeout_ms",
    "retry_backoff_ms": "retry_backoff_ms",
}
"""What consumers are told as well."""

PUBLISHING: Final = {
    "acks": "acks",
    "compression_type": "compression",
    "enable_idempotence": "idempotence",
    "key_serializer": "key_serializer",
    "linger_ms": "linger_ms",
    "max_batch_size": "batch_size",
    "max_request_size": "max_request_size",
    "partitioner": "partitioner",
    "value_serializer": "value_serializer",
}
"""What only a producer is told."""


def settings_of(
    servers: str | Iterable[str], given: Mapping[str, Any], producer: object
) -> ProducerConfig:
    """Make a producer's configuration of what was given to a broker.

    What was not given is dekaf's default, and not FastStream's: messages are acknowledged by all
    replicas, and stored once.
    """
    if producer is not None:
        if not isinstance(producer, ProducerConfig):
            kind = type(producer).__name__
            raise TypeError(f"producer must be a dekaf.ProducerConfig, not {kind}")
        if twice := sorted(PUBLISHING.keys() & given.keys()):
            raise ConfigError(
                f"{', '.join(twice)}: producer= says all there is to publishing; say it there, as "
                f"in producer=ProducerConfig(…, {PUBLISHING[twice[0]]}=…)"
            )
        security = _security(given) if producer.security is None else None
        return producer if security is None else producer.replace(security=security)
    names = _SHARED | PUBLISHING
    translated = {
        names[name]: _translated(name, value)
        for name, value in given.items()
        if name in names and not (value is None and name == "client_id") and value is not _missing
    }
    return ProducerConfig(_with_ports(servers), security=_security(given), **translated)


def _security(given: Mapping[str, Any]) -> Security | None:
    security = given.get("security")
    try:
        return security_of(security, given.get("sasl_oauth_token_provider"))
    except ConfigError:
        if isinstance(security, BaseSecurity):
            return None  # `check_supported` says it, once a connection is wanted
        raise


def check_supported(given: Mapping[str, Any]) -> None:
    """Refuse to connect where dekaf cannot do yet what was asked for.

    A broker may be made of it all the same: its schema and its tests need no connection.
    """
    if given.get("transactional_id") is not None:
        raise ConfigError("transactional_id: dekaf has no transactions yet; leave it out")
    security_of(given.get("security"), given.get("sasl_oauth_token_provider"))


def _with_ports(servers: str | Iterable[str]) -> list[str]:
    """Name Kafka's own port where none is named, as FastStream's consumers do."""
    names = servers.split(",") if isinstance(servers, str) else servers
    return [name if re.search(r":\d+$", name) else f"{name}:9092" for name in names]


def _translated(name: str, value: Any) -> Any:  # noqa: ANN401 - each setting has a type of its own
    if name == "compression_type" and value is None:
        return "none"
    if name == "partitioner" and callable(value):
        choose: Any = value
        return _Partitioner(choose)
    return value


class _Partitioner:
    """A function of FastStream's form, which chooses among lists of partitions."""

    def __init__(self, choose: Callable[[bytes | None, list[int], list[int]], int]) -> None:
        self._choose = choose

    def __call__(self, key: bytes | None, count: int) -> int:
        partitions = list(range(count))
        return self._choose(key, partitions, partitions)
