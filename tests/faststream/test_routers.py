"""Publishers of routers are dekaf's, whoever made the router and whenever."""

from typing import Any

import faststream.kafka
import pytest

from dekaf.faststream import (
    BatchPublisher,
    DefaultPublisher,
    KafkaBroker,
    KafkaPublisher,
    KafkaPublishMessage,
    KafkaRoute,
    KafkaRouter,
)
from tests.faststream.apps import Seen, headers_of
from tests.producer.conftest import Target

pytestmark = pytest.mark.asyncio

KINDS = [KafkaRouter, faststream.kafka.KafkaRouter]
both_kinds = pytest.mark.parametrize("kind", KINDS, ids=["dekaf", "faststream"])

MESSAGES = (
    KafkaPublishMessage("a", key=b"A", headers={"h": "1"}),
    KafkaPublishMessage("b", headers={"h": b"2"}),
)


def check(target: Target, topic: str) -> None:
    """Expect what only dekaf's publishers do: headers of each message."""
    found = [(each.key, each.value, headers_of(each)["h"]) for each in target.records(topic)]
    assert found == [(b"A", b"a", b"1"), (None, b"b", b"2")]


@both_kinds
async def test_publishers_made_before_and_after_it_is_included(
    target: Target, kind: type[faststream.kafka.KafkaRouter]
) -> None:
    early, late = target.topic(), target.topic()
    router = kind()
    broker = KafkaBroker(target.servers)
    before: Any = router.publisher(early, batch=True)
    broker.include_router(router)
    after: Any = router.publisher(late, batch=True)
    async with broker:
        results = await before.publish(*MESSAGES)
        assert [each.offset for each in results] == [0, 1]
        await after.publish(*MESSAGES)
    check(target, early)
    check(target, late)


@both_kinds
async def test_a_prefix(target: Target, kind: type[faststream.kafka.KafkaRouter]) -> None:
    topic = target.topic()
    prefix, name = topic[:5], topic[5:]
    router = kind(prefix=prefix)
    publisher: Any = router.publisher(name, batch=True)
    async with KafkaBroker(target.servers, routers=[router]):
        results = await publisher.publish(*MESSAGES)
    assert {each.topic for each in results} == {topic}
    check(target, topic)


@both_kinds
async def test_routers_in_routers(target: Target, kind: type[faststream.kafka.KafkaRouter]) -> None:
    topic, other = target.topic(), target.topic()
    innermost, inner, outer = kind(), kind(prefix=topic[:3]), kind()
    deep = innermost.publisher(topic[3:], batch=True)
    inner.include_router(innermost)
    outer.include_routers(inner)
    broker = KafkaBroker(target.servers)
    broker.include_routers(outer)
    late = innermost.publisher(other[3:], batch=True)
    async with broker:
        await deep.publish(*MESSAGES)
        if other.startswith(topic[:3]):
            await late.publish(*MESSAGES)
            check(target, other)
    check(target, topic)


@both_kinds
async def test_handlers_of_a_router(
    target: Target, kind: type[faststream.kafka.KafkaRouter]
) -> None:
    source, out = target.topic(), target.topic()
    router = kind()
    seen = Seen()

    @router.publisher(out, batch=True)
    @router.subscriber(source, auto_offset_reset="earliest")
    async def handle(_: str) -> tuple[KafkaPublishMessage, ...]:
        return MESSAGES

    @router.subscriber(out, auto_offset_reset="earliest")
    async def look(body: str) -> None:
        await seen.put(body)

    broker = KafkaBroker(target.servers)
    broker.include_router(router)
    async with broker:
        await broker.start()
        await broker.publish("go", source)
        assert await seen.take(2) == ["a", "b"]
    check(target, out)


async def test_routes_with_publishers(target: Target) -> None:
    source, out = target.topic(), target.topic()
    seen = Seen()

    async def handle(_: str) -> Any:
        return MESSAGES

    route = KafkaRoute(
        handle,
        source,
        publishers=(KafkaPublisher(out, batch=True),),
        auto_offset_reset="earliest",
    )
    broker = KafkaBroker(target.servers, routers=[KafkaRouter(handlers=[route])])

    @broker.subscriber(out, auto_offset_reset="earliest")
    async def look(body: str) -> None:
        await seen.put(body)

    async with broker:
        await broker.start()
        await broker.publish("go", source)
        assert await seen.take(2) == ["a", "b"]
    check(target, out)


@both_kinds
async def test_publishers_that_nobody_keeps(
    target: Target, kind: type[faststream.kafka.KafkaRouter]
) -> None:
    """`persistent=False`: a broker forgets them as soon as whoever made them does."""
    topic = target.topic()
    router = kind()
    publisher = router.publisher(topic, batch=True, persistent=False)
    broker = KafkaBroker(target.servers)
    broker.include_router(router)
    single = broker.publisher(topic, persistent=False)
    async with broker:
        await publisher.publish(*MESSAGES)
        assert len(broker.publishers) == 2
        del publisher, single
        assert broker.publishers == []
    check(target, topic)


async def test_publishers_have_dekafs_type() -> None:
    broker, router = KafkaBroker(), KafkaRouter()
    assert type(broker.publisher("out")) is DefaultPublisher
    assert type(broker.publisher("out", batch=True)) is BatchPublisher
    assert type(router.publisher("out")) is DefaultPublisher
    foreign = faststream.kafka.KafkaRouter()
    publisher = foreign.publisher("out", batch=True, autoflush=True)
    broker.include_router(foreign)
    assert isinstance(publisher, BatchPublisher)
