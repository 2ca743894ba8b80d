"""Middlewares see all that is published, and may change all of it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from faststream import BaseMiddleware

from dekaf.faststream import (
    KafkaBroker,
    KafkaPublishCommand,
    KafkaPublishMessage,
    KafkaResponse,
    KafkaRouter,
)
from dekaf.testing import Broker
from tests.faststream.apps import Seen, stored
from tests.producer.conftest import Target

pytestmark = pytest.mark.asyncio

Change = Callable[[KafkaPublishCommand], None]


def changing(change: Change) -> Any:
    """Make a middleware of what is done to each command."""

    class Changing(BaseMiddleware):
        async def publish_scope(self, call_next: Callable[[Any], Awaitable[Any]], cmd: Any) -> Any:
            change(cmd)
            return await call_next(cmd)

    return Changing


def bodies(change: Callable[[tuple[Any, ...]], Any]) -> Any:
    """Make one of what is done to the bodies."""

    def changed(cmd: KafkaPublishCommand) -> None:
        cmd.batch_bodies = change(cmd.batch_bodies)

    return changing(changed)


async def test_it_sees_every_way_to_publish(target: Target) -> None:
    source, out, then = target.topic(), target.topic(), target.topic()
    seen: list[tuple[Any, ...]] = []
    broker = KafkaBroker(
        target.servers, middlewares=[changing(lambda cmd: seen.append(cmd.batch_bodies))]
    )
    single, batch = broker.publisher(out), broker.publisher(out, batch=True)
    done = Seen()

    @broker.publisher(out, batch=True)
    @broker.subscriber(source, auto_offset_reset="earliest")
    async def handle(body: str) -> tuple[str, str]:
        return "6", body

    @broker.subscriber(then, auto_offset_reset="earliest")
    async def next_is_handled(_: Any) -> None:
        await done.put(None)

    async with broker:
        await broker.start()
        await broker.publish("1", out)
        await broker.publish_batch("2", None, KafkaPublishMessage("3", key=b"k"), topic=out)
        await single.publish("4", no_confirm=True)
        await batch.publish("5", no_confirm=True)
        await broker.publish_batch(topic=out)
        await broker.publish("7", source, reply_to=then)
        await done.take(1)
    assert seen == [
        ("1",),
        ("2", None, "3"),
        ("4",),
        ("5",),
        (),
        ("7",),
        (("6", "7"),),  # the answer to whoever asked
        ("6", "7"),
    ]
    expected = [b"1", b"2", b"", b"3", b"4", b"5", b"6", b"7"]
    assert target.values(out) == expected


async def test_it_gives_back_what_publish_returns(dekaf_broker: Broker) -> None:
    results: list[Any] = []

    class Listening(BaseMiddleware):
        async def publish_scope(self, call_next: Callable[[Any], Awaitable[Any]], cmd: Any) -> Any:
            results.append(await call_next(cmd))
            return results[-1]

    async with KafkaBroker(dekaf_broker.bootstrap_servers, middlewares=[Listening]) as broker:
        assert await broker.publish("1", "out") is results[0]
        assert await broker.publish_batch("2", topic="out") is results[1]


MESSAGES = (
    KafkaPublishMessage("a", key=b"A", headers={"h": "a"}),
    "plain",
    KafkaPublishMessage("b", key=b"B", headers={"h": "b"}, timestamp_ms=7),
    KafkaPublishMessage("c", key=b"C"),
)
A, P, B, C = (b"A", b"a"), (None, b"plain"), (b"B", b"b"), (b"C", b"c")
CHANGES: dict[str, tuple[Callable[[tuple[Any, ...]], Any], list[Any]]] = {
    "each": (
        lambda given: [body.upper() for body in given],
        [(b"A", b"A"), (None, b"PLAIN"), (b"B", b"B"), (b"C", b"C")],
    ),
    "some": (lambda given: [given[0], "X", *given[2:]], [A, (None, b"X"), B, C]),
    "filter": (lambda given: [body for body in given if body != "a"], [P, B, C]),
    "reverse": (lambda given: given[::-1], [C, B, P, A]),
    "more": (lambda given: (*given, "d"), [A, P, B, C, (None, b"d")]),
    "first": (lambda given: ("d", *given), [(None, b"d"), A, P, B, C]),
    "one": (lambda given: given[2:3], [B]),
    "none": (lambda _: (), []),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_what_messages_say_of_themselves_follows_them(target: Target, name: str) -> None:
    topic = target.topic()
    change, expected = CHANGES[name]
    async with KafkaBroker(target.servers, middlewares=[bodies(change)]) as broker:
        results = await broker.publish_batch(*MESSAGES, topic=topic)
    assert stored(target, topic) == expected
    assert len(results) == len(expected)
    for record in target.records(topic):
        assert dict(record.headers).get("h") == {b"A": b"a", b"B": b"b"}.get(record.key or b"")
        assert (record.timestamp == 7) == (record.key == b"B")


async def test_equal_messages_are_told_apart(target: Target) -> None:
    topic = target.topic()
    async with KafkaBroker(target.servers, middlewares=[bodies(lambda all_: all_[-3:])]) as broker:
        await broker.publish_batch(
            *(KafkaPublishMessage({"n": 1}, key=b"%d" % n) for n in range(4)), topic=topic
        )
    assert [record.key for record in target.records(topic)] == [b"1", b"2", b"3"]


async def test_of_equal_messages_the_first_is_left(target: Target) -> None:
    topic = target.topic()
    unique = bodies(lambda given: list(dict.fromkeys(given)))
    async with KafkaBroker(target.servers, middlewares=[unique]) as broker:
        await broker.publish_batch(
            *(KafkaPublishMessage(f"v{n % 2}", key=b"%d" % n) for n in range(5)), topic=topic
        )
    assert stored(target, topic) == [(b"0", b"v0"), (b"1", b"v1")]


async def test_numbers_that_become_each_other_stay_in_their_places(target: Target) -> None:
    """Python has one object of each small number; that they are the same says nothing."""
    topic = target.topic()
    one_more = bodies(lambda given: [n + 1 for n in given])
    async with KafkaBroker(target.servers, middlewares=[one_more]) as broker:
        await broker.publish_batch(
            *(KafkaPublishMessage(n, key=b"%d" % n) for n in range(4)), topic=topic
        )
    assert stored(target, topic) == [(b"%d" % n, b"%d" % (n + 1)) for n in range(4)]


async def test_keys_without_a_message_are_not_guessed(dekaf_broker: Broker) -> None:
    fewer = bodies(lambda given: [body.upper() for body in given][1:])
    async with KafkaBroker(dekaf_broker.bootstrap_servers, middlewares=[fewer]) as broker:
        with pytest.raises(ValueError, match="batch_bodies: 4 messages became 3"):
            await broker.publish_batch(*MESSAGES, topic="out")
        # Nobody asks whose keys they are where there are none.
        await broker.publish_batch("x", "y", topic="out")
    assert [record.value for record in dekaf_broker.records("out")] == [b"Y"]


async def test_many_that_are_changed_take_no_time(dekaf_broker: Broker) -> None:
    """Time that grows with the square of their number would be minutes."""
    copies = bodies(lambda given: [dict(body) for body in given])
    async with KafkaBroker(dekaf_broker.bootstrap_servers, middlewares=[copies]) as broker:
        messages = (KafkaPublishMessage({"n": n}, key=b"%d" % n) for n in range(20_000))
        await broker.publish_batch(*messages, topic="out")
    for n, record in enumerate(dekaf_broker.records("out")):
        assert (record.key, record.value) == (b"%d" % n, b'{"n":%d}' % n)


async def test_it_may_change_everything_else(target: Target) -> None:
    topic, other = target.topic(), target.topic(2)

    def change(cmd: KafkaPublishCommand) -> None:
        cmd.destination = other
        cmd.add_headers({"a": "middleware"})
        cmd.key, cmd.partition, cmd.timestamp_ms = b"k", 1, 7
        cmd.correlation_id, cmd.reply_to = "c", "r"

    async with KafkaBroker(target.servers, middlewares=[changing(change)]) as broker:
        await broker.publish("1", topic, headers={"a": "call"})
        await broker.publish_batch("2", KafkaPublishMessage("3", key=b"own"), topic=topic)
    assert target.records(topic) == []
    records = target.records(other)
    expected = [(b"k", b"1"), (b"k", b"2"), (b"own", b"3")]
    assert [(each.key, each.value) for each in records] == expected
    for record in records:
        assert (record.partition, record.timestamp) == (1, 7)
        assert dict(record.headers) == {
            "content-type": b"text/plain",
            "a": b"middleware",
            "correlation_id": b"c",
            "reply_to": b"r",
        }


async def test_one_message_may_become_another(target: Target) -> None:
    topic = target.topic()

    def change(cmd: KafkaPublishCommand) -> None:
        cmd.body = {"wrapped": cmd.body}

    async with KafkaBroker(target.servers, middlewares=[changing(change)]) as broker:
        await broker.publish("1", topic)
        await broker.publish(KafkaPublishMessage("2", key=b"k"), topic)
    assert stored(target, topic) == [(None, b'{"wrapped":"1"}'), (b"k", b'{"wrapped":"2"}')]


async def test_middlewares_of_brokers_and_of_routers(target: Target) -> None:
    """A router's is for its own publishers, and within the broker's."""
    topic = target.topic()

    def saying(name: str) -> Any:
        return changing(lambda cmd: cmd.add_headers({"seen": cmd.headers.get("seen", "") + name}))

    broker = KafkaBroker(target.servers, middlewares=[saying("b")])
    router = KafkaRouter(middlewares=[saying("r")])
    ours, theirs = router.publisher(topic, batch=True), broker.publisher(topic)
    broker.include_router(router)
    broker.add_middleware(saying("a"))
    async with broker:
        await ours.publish("1", KafkaPublishMessage("2", headers={"own": "1"}))
        await theirs.publish("3")
    found = [dict(record.headers)["seen"] for record in target.records(topic)]
    assert found == [b"bar", b"bar", b"ba"]


async def test_what_it_raises_reaches_the_caller(dekaf_broker: Broker) -> None:
    def refuse(cmd: KafkaPublishCommand) -> None:
        raise PermissionError(cmd.destination)

    async with KafkaBroker(
        dekaf_broker.bootstrap_servers, middlewares=[changing(refuse)]
    ) as broker:
        for publish in (broker.publish("1", "out"), broker.publish_batch("1", topic="out")):
            with pytest.raises(PermissionError, match="out"):
                await publish
    assert "out" not in dekaf_broker.topics


async def test_handlers_results_are_changed_with_their_keys(target: Target) -> None:
    source, out = target.topic(), target.topic()
    backwards = bodies(lambda given: given[::-1] if len(given) > 1 else given)
    broker = KafkaBroker(target.servers, middlewares=[backwards])
    seen = Seen()

    @broker.publisher(out, batch=True)
    @broker.subscriber(source, auto_offset_reset="earliest")
    async def handle(_: str) -> list[KafkaResponse]:
        return [KafkaResponse("a", key=b"A"), KafkaResponse("b", key=b"B")]

    @broker.subscriber(out, auto_offset_reset="earliest")
    async def look(body: str) -> None:
        await seen.put(body)

    async with broker:
        await broker.start()
        await broker.publish("go", source)
        assert await seen.take(2) == ["b", "a"]
    assert stored(target, out) == [(b"B", b"b"), (b"A", b"a")]
