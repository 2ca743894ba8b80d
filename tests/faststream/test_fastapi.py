"""FastStream's plugin for FastAPI, with dekaf beneath."""

import warnings
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from pydantic import BaseModel

import dekaf
from dekaf import BatchResult, ConfigError, ProducerConfig
from dekaf.faststream import KafkaBroker, KafkaPublishMessage, Security, TestKafkaBroker
from dekaf.testing import Broker
from tests.faststream.apps import Seen, headers_of, producer_of
from tests.producer.conftest import Target

with warnings.catch_warnings():
    # FastStream says that its plugin will be a package of its own.
    warnings.simplefilter("ignore", DeprecationWarning)
    from dekaf.faststream import fastapi as plugin
    from dekaf.faststream.fastapi import KafkaRouter

pytestmark = pytest.mark.asyncio


class Order(BaseModel):
    total: float


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app")


def tax() -> float:
    return 1.5


async def test_a_route_publishes_and_a_subscriber_has_dependencies(target: Target) -> None:
    source, out = target.topic(), target.topic()
    router = KafkaRouter(target.servers, linger_ms=1)
    publisher = router.publisher(out, batch=True)
    seen = Seen()

    @router.post("/orders")
    async def order(
        order: Order, broker: Annotated[KafkaBroker, Depends(lambda: router.broker)]
    ) -> dict[str, int]:
        stored = await broker.publish(order, source, key="customer")
        return {"offset": stored.offset}

    @router.subscriber(source, auto_offset_reset="earliest")
    @publisher
    async def handle(
        order: Order,
        rate: Annotated[float, Depends(tax)],
        message: plugin.KafkaMessage,
        broker: plugin.KafkaBroker,
    ) -> list[Any]:
        assert broker is router.broker
        raw: Any = message.raw_message
        await seen.put((order.total * rate, raw.key))
        return [order, order.total * rate]

    @router.subscriber(out, auto_offset_reset="earliest")
    async def look(message: plugin.KafkaMessage) -> None:
        await seen.put(message.body)

    app = FastAPI()
    app.include_router(router)
    async with app.router.lifespan_context(app), client_of(app) as client:
        answer = await client.post("/orders", json={"total": 2.0})
        assert answer.json() == {"offset": 0}
        assert await seen.take(1) == [(3.0, b"customer")]
        assert await seen.take(2) == [b'{"total":2.0}', b"3.0"]
        # What is returned, FastAPI makes JSON of; what is published may say more of itself.
        result = await publisher.publish(KafkaPublishMessage("2", key=b"k", headers={"h": "1"}))
        assert isinstance(result, BatchResult)
        assert [each.offset for each in result] == [2]
    record = target.records(out)[2]
    assert (record.key, record.value) == (b"k", b"2")
    assert headers_of(record)["h"] == b"1"


async def test_its_broker_is_dekafs() -> None:
    router = KafkaRouter("h:1", acks=1, request_timeout_ms=20_000)
    assert type(router.broker) is KafkaBroker
    config = producer_of(router.broker).config
    assert config == ProducerConfig("h:1", acks=1, request_timeout_ms=20_000)
    # What nobody asked for is dekaf's default, and not FastStream's.
    assert producer_of(KafkaRouter("h:1").broker).config == ProducerConfig("h:1")


async def test_producer(dekaf_broker: Broker) -> None:
    config = ProducerConfig.for_high_throughput(dekaf_broker.bootstrap_servers)
    router = KafkaRouter(dekaf_broker.bootstrap_servers, producer=config)
    assert producer_of(router.broker).config is config
    app = FastAPI()
    app.include_router(router)
    async with app.router.lifespan_context(app):
        await router.broker.publish("1", "out")
    assert [record.value for record in dekaf_broker.records("out")] == [b"1"]
    with pytest.raises(ConfigError, match=r"linger_ms.*producer="):
        KafkaRouter("h:1", producer=config, linger_ms=1)
    with pytest.raises(TypeError, match="producer"):
        KafkaRouter("h:1", producer={})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="nonsense"):
        KafkaRouter("h:1", nonsense=1)


async def test_transactions_are_refused_when_connecting(dekaf_broker: Broker) -> None:
    router = KafkaRouter(dekaf_broker.bootstrap_servers, transactional_id="t")
    with pytest.raises(ConfigError, match="transactional_id"):
        await router.broker.connect()


async def test_with_the_test_broker() -> None:
    router = KafkaRouter("nowhere:1")
    publisher = router.publisher("out")

    @router.subscriber("in")
    @publisher
    async def handle(order: Order, rate: Annotated[float, Depends(tax)]) -> float:
        return order.total * rate

    app = FastAPI()
    app.include_router(router)
    async with TestKafkaBroker(router.broker), app.router.lifespan_context(app):
        await router.broker.publish({"total": 4.0}, "in")
        publisher.mock.assert_called_once_with(6.0)


async def test_security_is_handed_on() -> None:
    security = Security(dekaf.Security.sasl_scram("alice", "secret"))
    config: Any = producer_of(KafkaRouter("h:1", security=security).broker).config
    assert config.security is security.security


async def test_tokens_are_handed_on() -> None:
    security = Security(dekaf.Security.sasl_oauthbearer(lambda: "token"))
    broker = KafkaRouter("h:1", security=security).broker
    config: Any = producer_of(broker).config
    assert config.security is security.security
    consumer: Any = broker.config.broker_config.builder
    assert consumer.keywords["sasl_oauth_token_provider"] is security.token_provider
