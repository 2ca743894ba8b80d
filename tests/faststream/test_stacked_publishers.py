"""dekaf's own publishers, over and under FastStream's decorators and FastAPI's."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from faststream import Depends as FromFastStream
from pydantic import BaseModel

from dekaf import Producer, publisher
from dekaf.faststream import KafkaBroker, KafkaMessage, TestKafkaBroker
from tests.faststream.apps import Seen
from tests.producer.conftest import Target

pytestmark = pytest.mark.asyncio


class Order(BaseModel):
    total: float


def rate() -> float:
    return 1.5


def decoded(target: Target, topic: str) -> list[Any]:
    return [json.loads(value or b"null") for value in target.values(topic)]


async def test_under_a_subscriber(target: Target) -> None:
    """The function publishes whatever it returns; FastStream injects as it would otherwise."""
    source, ours, theirs = (target.topic() for _ in range(3))
    seen = Seen()
    async with Producer(target.servers) as producer, KafkaBroker(target.servers) as broker:

        @broker.subscriber(source, auto_offset_reset="earliest")
        @broker.publisher(theirs)
        @producer.publisher(ours, batch=True, key=str)
        async def handle(
            order: Order, message: KafkaMessage, by: Annotated[float, FromFastStream(rate)]
        ) -> list[float]:
            assert message.body
            return [order.total, order.total * by]

        @broker.subscriber(theirs, auto_offset_reset="earliest")
        async def look(body: list[float]) -> None:
            await seen.put(body)

        await broker.start()
        await broker.publish(Order(total=2.0), source)
        assert await seen.take(1) == [[2.0, 3.0]]
    assert decoded(target, ours) == [2.0, 3.0]
    assert [record.key for record in target.records(ours)] == [b"2.0", b"3.0"]


async def test_one_that_finds_its_producer(target: Target) -> None:
    """`dekaf.publisher` needs none when it decorates; the application has one when it runs."""
    source, ours = target.topic(), target.topic()
    seen = Seen()
    broker = KafkaBroker(target.servers)

    @broker.subscriber(source, auto_offset_reset="earliest")
    @publisher(ours)
    async def handle(order: Order) -> float:
        await seen.put(order)
        return order.total

    async with Producer(target.servers), broker:
        await broker.start()
        await broker.publish(Order(total=2.0), source)
        await broker.publish(Order(total=3.0), source)
        assert await seen.take(2) == [Order(total=2.0), Order(total=3.0)]
    assert decoded(target, ours)[0] == 2.0


async def test_over_a_subscriber(target: Target) -> None:
    """What FastStream has decorated can be called as it was, and publishes then."""
    source, ours = target.topic(), target.topic()
    async with Producer(target.servers) as producer:
        broker = KafkaBroker(target.servers)

        @broker.subscriber(source)
        async def handle(order: Order) -> float:
            return order.total

        published: Any = producer.publisher(ours)(handle)
        assert await published(Order(total=2.0)) == 2.0
    assert decoded(target, ours) == [2.0]


async def test_handlers_with_a_publisher_in_tests(target: Target) -> None:
    ours = target.topic()
    broker = KafkaBroker("nowhere:1")
    async with Producer(target.servers) as producer:

        @broker.subscriber("in")
        @producer.publisher(ours)
        async def handle(order: Order, by: Annotated[float, FromFastStream(rate)]) -> float:
            return order.total * by

        async with TestKafkaBroker(broker):
            await broker.publish({"total": 2.0}, "in")
            assert handle.mock is not None
            handle.mock.assert_called_once_with({"total": 2.0})
    assert decoded(target, ours) == [3.0]


async def test_routes_and_dependencies_of_fastapi(target: Target) -> None:
    routes, dependencies, generated = (target.topic() for _ in range(3))
    async with Producer(target.servers) as producer:
        app = FastAPI()

        @producer.publisher(dependencies)
        async def priced(total: float) -> float:
            return total * 1.5

        @producer.publisher(generated)
        def numbers() -> Iterator[int]:
            yield 1

        @app.post("/orders")
        @producer.publisher(routes)
        async def order(
            order: Order,
            price: Annotated[float, Depends(priced)],
            number: Annotated[int, Depends(numbers)],
        ) -> dict[str, float]:
            return {"total": order.total, "price": price, "number": number}

        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            answer = await client.post("/orders?total=2", json={"total": 4.0})
        assert answer.json() == {"total": 4.0, "price": 3.0, "number": 1}
    assert decoded(target, routes) == [{"total": 4.0, "price": 3.0, "number": 1}]
    assert decoded(target, dependencies) == [3.0]
    assert decoded(target, generated) == [1]
