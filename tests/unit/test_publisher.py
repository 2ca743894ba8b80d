"""Publishers: what is published of what a function returns, and who waits for it."""

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from dekaf import (
    Message,
    ProduceError,
    ProduceErrorGroup,
    Producer,
    ProducerClosed,
    SerializationError,
    SyncProducer,
    publisher,
)
from dekaf.testing import Broker


class Reading(NamedTuple):
    """A value of several parts."""

    place: str
    degrees: float


class Several(list[Any]):
    pass


def stored(broker: Broker, topic: str = "out") -> list[Any]:
    """Return what was published, decoded, in order."""
    values = [record.value for record in broker.records(topic)]
    return [value if value is None else json.loads(value) for value in values]


@pytest.fixture
def blocking(dekaf_broker: Broker) -> Iterator[SyncProducer]:
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        yield producer


@pytest.mark.asyncio
async def test_an_async_function_returns_after_the_acknowledgement(dekaf_broker: Broker) -> None:
    async with Producer(dekaf_broker.bootstrap_servers) as producer:

        @producer.publisher("out")
        async def double(n: int) -> int:
            return 2 * n

        assert await double(21) == 42
        assert stored(dekaf_broker) == [42]


@pytest.mark.asyncio
async def test_a_sync_function_sends(dekaf_broker: Broker) -> None:
    async with Producer(dekaf_broker.bootstrap_servers) as producer:

        @producer.publisher("out", batch=True)
        def scale(n: float) -> tuple[float, float]:
            return n * 0.5, n * 2.0

        await producer.ping()
        dekaf_broker.faults.pause()
        assert scale(1.0) == (0.5, 2.0)
        dekaf_broker.faults.resume()
        await producer.flush()
        assert stored(dekaf_broker) == [0.5, 2.0]


def test_a_sync_function_sends_without_a_loop(dekaf_broker: Broker) -> None:
    producer = Producer(dekaf_broker.bootstrap_servers)

    @producer.publisher("out", batch=True)
    def scale(n: float) -> list[float]:
        return [n * 0.5, n * 2.0]

    @producer.publisher("out")
    def double(n: int) -> int:
        return 2 * n

    assert scale(1.0) == [0.5, 2.0]
    assert double(21) == 42
    asyncio.run(producer.close())
    assert stored(dekaf_broker) == [0.5, 2.0, 42]


def test_a_sync_function_waits_on_a_sync_producer(
    dekaf_broker: Broker, blocking: SyncProducer
) -> None:
    @blocking.publisher("out")
    def double(n: int) -> int:
        return 2 * n

    @blocking.publisher("out", batch=True)
    def scale(n: float) -> tuple[float, float]:
        return n * 0.5, n * 2.0

    assert double(21) == 42
    assert stored(dekaf_broker) == [42]
    assert scale(1.0) == (0.5, 2.0)
    assert stored(dekaf_broker) == [42, 0.5, 2.0]


@pytest.mark.asyncio
@pytest.mark.parametrize("batch", [False, True])
async def test_an_async_function_on_a_sync_producer_leaves_its_loop_free(
    dekaf_broker: Broker, blocking: SyncProducer, batch: bool
) -> None:
    @blocking.publisher("out", batch=batch)
    async def double(n: int) -> tuple[int, int]:
        return n, n

    blocking.ping()
    dekaf_broker.faults.pause()
    task = asyncio.create_task(double(21))
    # Only a loop that turns resumes the broker.
    asyncio.get_running_loop().call_later(0.01, dekaf_broker.faults.resume)
    assert await task == (21, 21)
    assert stored(dekaf_broker) == ([21, 21] if batch else [[21, 21]])


RESULTS = [
    ((1, 2), [1, 2], [[1, 2]]),
    ([1, 2], [1, 2], [[1, 2]]),
    (Several([1, 2]), [1, 2], [[1, 2]]),
    (Reading("attic", 31.5), [["attic", 31.5]], [["attic", 31.5]]),
    ({"a": 1}, [{"a": 1}], [{"a": 1}]),
    (b"7", [7], [7]),
    (0, [0], [0]),
    (None, [], []),
    ((), [], [[]]),
    ((1, None), [1, None], [[1, None]]),
]


@pytest.mark.parametrize(("result", "batch", "single"), RESULTS, ids=lambda x: repr(x)[:24])
def test_what_is_a_batch(
    dekaf_broker: Broker, blocking: SyncProducer, result: Any, batch: list[Any], single: list[Any]
) -> None:
    """Tuples and lists, where a batch was asked for; every result comes back as it is."""
    sending = Producer(dekaf_broker.bootstrap_servers)

    def given() -> Any:
        return result

    async def given_later() -> Any:
        return result

    for name in ("sync", "async", "sent", "awaited"):
        for is_batch, expected in ((True, batch), (False, single)):
            topic = f"{name}-{is_batch}"
            dekaf_broker.create_topic(topic)
            producer: Any = blocking if name in {"sync", "async"} else sending
            decorate = producer.publisher(topic, batch=is_batch)
            if name in {"sync", "sent"}:
                assert decorate(given)() is result
            else:
                assert asyncio.run(decorate(given_later)()) is result
            if name == "sent":
                asyncio.run(sending.flush())
            assert stored(dekaf_broker, topic) == expected, topic
    asyncio.run(sending.close())


@pytest.mark.parametrize("batch", [False, True])
def test_what_the_publisher_says_and_what_the_message_says(
    dekaf_broker: Broker, blocking: SyncProducer, batch: bool
) -> None:
    dekaf_broker.create_topic("out", partitions=3)
    dekaf_broker.create_topic("else", partitions=3)
    pairs = (pair for pair in [("by", b"publisher")])

    @blocking.publisher("out", batch=batch, key=lambda n: f"k{n}", headers=pairs, partition=1)
    def published(value: Any) -> Any:
        return [value] if batch else value

    published(1)
    published(2)
    message = Message("else", b"3", key="own", headers={"by": "message"}, partition=2)
    assert published(message) == ([message] if batch else message)
    first, second = dekaf_broker.records("out")
    theirs = (("by", b"publisher"),)
    assert (first.key, first.partition, first.headers) == (b"k1", 1, theirs)
    assert (second.key, second.partition, second.headers) == (b"k2", 1, theirs)
    (other,) = dekaf_broker.records("else")
    assert (other.key, other.partition, other.headers) == (b"own", 2, (("by", b"message"),))


@pytest.mark.asyncio
async def test_publish_with_and_without_a_function(dekaf_broker: Broker) -> None:
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        scale = producer.publisher("out", batch=True)
        results = await scale.publish(3.0, 4.0)
        assert [each.offset for each in results] == [0, 1]

        @scale
        async def double() -> None:
            raise AssertionError

        @scale
        def half() -> None:
            raise AssertionError

        assert len(await double.publish(5.0)) == 1
        assert len(await half.publish((6.0, 7.0), Message(None, b"8"))) == 2
        assert len(await double.publish()) == 0
    assert stored(dekaf_broker) == [3.0, 4.0, 5.0, [6.0, 7.0], 8]


def test_publish_blocks_on_a_sync_producer(dekaf_broker: Broker, blocking: SyncProducer) -> None:
    out = blocking.publisher("out", key="k")

    @out
    async def double() -> None:
        raise AssertionError

    assert [each.offset for each in out.publish(1, 2)] == [0, 1]
    assert [each.offset for each in double.publish(3)] == [2]
    assert stored(dekaf_broker) == [1, 2, 3]
    assert {record.key for record in dekaf_broker.records("out")} == {b"k"}


class Failed(Exception):
    pass


@pytest.mark.asyncio
@pytest.mark.parametrize("batch", [False, True])
async def test_what_raises_publishes_nothing(dekaf_broker: Broker, batch: bool) -> None:
    dekaf_broker.create_topic("out")
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        out = producer.publisher("out", batch=batch)

        @out
        async def later() -> None:
            raise Failed

        @out
        def now() -> None:
            raise Failed

        with pytest.raises(Failed):
            await later()
        with pytest.raises(Failed):
            now()
    assert stored(dekaf_broker) == []


@pytest.mark.asyncio
async def test_failures_raise_out_of_the_call(dekaf_broker: Broker) -> None:
    dekaf_broker.create_topic("out")
    async with Producer(dekaf_broker.bootstrap_servers, max_request_size=2_000) as producer:

        @producer.publisher("out")
        async def one() -> str:
            return "x" * 3_000

        @producer.publisher("out", batch=True)
        async def two() -> tuple[str, str]:
            return "1", "x" * 3_000

        with pytest.raises(ProduceError, match="max_request_size"):
            await one()
        with pytest.raises(ProduceErrorGroup):
            await two()
        with pytest.raises(ProduceErrorGroup):
            await one.publish("x" * 3_000)
    assert stored(dekaf_broker) == [1]


def test_failures_raise_out_of_a_blocking_call(dekaf_broker: Broker) -> None:
    dekaf_broker.create_topic("out")
    with SyncProducer(dekaf_broker.bootstrap_servers, max_request_size=2_000) as producer:

        @producer.publisher("out")
        def one() -> str:
            return "x" * 3_000

        @producer.publisher("out", batch=True)
        def two() -> tuple[str, str]:
            return "1", "x" * 3_000

        with pytest.raises(ProduceError, match="max_request_size"):
            one()
        with pytest.raises(ProduceErrorGroup):
            two()


def test_a_closed_producer_says_so(dekaf_broker: Broker) -> None:
    producer = SyncProducer(dekaf_broker.bootstrap_servers)
    producer.close()

    @producer.publisher("out")
    def double(n: int) -> int:
        return 2 * n

    with pytest.raises(ProducerClosed):
        double(1)


@pytest.mark.asyncio
async def test_a_refusal_by_the_broker_raises_out_of_the_call(dekaf_broker: Broker) -> None:
    async with Producer(dekaf_broker.bootstrap_servers) as producer:

        @producer.publisher("out")
        async def double(n: int) -> int:
            return 2 * n

        await double(1)
        dekaf_broker.faults.fail("Produce", "INVALID_RECORD")
        with pytest.raises(ProduceError, match="INVALID_RECORD"):
            await double(2)


@pytest.mark.asyncio
async def test_messages_may_name_their_topics(dekaf_broker: Broker) -> None:
    async with Producer(dekaf_broker.bootstrap_servers) as producer:

        @producer.publisher(batch=True)
        async def spread(n: int) -> list[Message[str, bytes]]:
            return [Message("even" if m % 2 == 0 else "odd", b"%d" % m) for m in range(n)]

        await spread(3)
        assert stored(dekaf_broker, "even") == [0, 2]
        assert stored(dekaf_broker, "odd") == [1]


@pytest.mark.asyncio
async def test_no_topic_at_all(dekaf_broker: Broker) -> None:
    """It is told of before anything is sent."""
    dekaf_broker.create_topic("out")
    named = Message("out", b"1")
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        with SyncProducer(dekaf_broker.bootstrap_servers) as blocking:
            for out in (producer.publisher(batch=True), blocking.publisher(batch=True)):
                for result in (2, [named, 2], [named, None], Message(None, b"2")):
                    decorate: Any = out

                    async def later(result: object = result) -> object:
                        return result

                    def now(result: object = result) -> object:
                        return result

                    for call in (decorate(later), decorate(now)):
                        with pytest.raises(ValueError, match=r'publisher\("topic"\), or Message\('):
                            await answer(call())
                    with pytest.raises(ValueError, match=r'publisher\("topic"\), or Message\('):
                        await answer(decorate.publish(named, 2))
        await producer.flush()
    assert stored(dekaf_broker) == []


async def answer(given: Any) -> Any:
    """Wait for what can be awaited."""
    return await given if hasattr(given, "__await__") else given


@pytest.mark.asyncio
async def test_atomic_is_passed_on(dekaf_broker: Broker) -> None:
    for topic in ("out", "else"):
        dekaf_broker.create_topic(topic)
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        out = producer.publisher("out", batch=True, atomic=True)

        @out
        async def mixed() -> list[Any]:
            return [1, Message("else", b"2")]

        with pytest.raises(NotImplementedError, match=r"atomic=True: .* only a transaction"):
            await mixed()
        with pytest.raises(NotImplementedError, match=r"atomic=True: .* only a transaction"):
            await mixed.publish(1, Message("else", b"2"))

        @out
        def nobody_waits() -> list[int]:
            return [1, 2]

        with pytest.raises(TypeError, match=r"atomic=True .* make the function async"):
            nobody_waits()
    assert stored(dekaf_broker) == stored(dekaf_broker, "else") == []


def test_atomic_on_a_sync_producer(dekaf_broker: Broker, blocking: SyncProducer) -> None:
    @blocking.publisher("out", batch=True, atomic=True)
    def pair() -> list[int]:
        return [1, 2]

    pair()
    assert stored(dekaf_broker) == [1, 2]


@pytest.mark.asyncio
async def test_a_value_without_bytes_sends_nothing_more(dekaf_broker: Broker) -> None:
    async with Producer(dekaf_broker.bootstrap_servers) as producer:

        @producer.publisher("out")
        def unwritable() -> object:
            return object()

        with pytest.raises(SerializationError, match="encoding as JSON failed"):
            unwritable()


def test_a_function_is_no_topic() -> None:
    def double(n: int) -> int:
        return 2 * n

    producer: Any = Producer("a:1")
    blocking: Any = SyncProducer("a:1")
    anywhere: Any = publisher
    for decorate in (producer.publisher, blocking.publisher, anywhere):
        functions: list[Any] = [double, staticmethod(double), classmethod(double), Reading, print]  # type: ignore[arg-type]
        for given in functions:
            with pytest.raises(TypeError, match=r'write @publisher\("topic"\)'):
                decorate(given)
        with pytest.raises(TypeError, match="topic must be str or None, not int"):
            decorate(3)
        with pytest.raises(TypeError, match="positional"):
            decorate("out", True)


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"batch": "yes"}, TypeError, "batch must be True or False, not str"),
    ({"atomic": 1}, TypeError, "atomic must be True or False, not int"),
    ({"partition": "1"}, TypeError, "partition must be int or None, not str"),
    ({"partition": -1}, ValueError, "partition=-1 is out of range"),
    ({"headers": 3}, TypeError, "headers"),
    ({"producer": "a:1"}, TypeError, "producer must be a Producer or a SyncProducer, not str"),
]


@pytest.mark.parametrize(("given", "error", "said"), WRONG)
def test_arguments_are_checked_when_the_publisher_is_made(
    given: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        publisher("out", **given)


def test_one_publisher_serves_many_threads(dekaf_broker: Broker, blocking: SyncProducer) -> None:
    @blocking.publisher("out")
    def same(n: int) -> int:
        return n

    threads = [threading.Thread(target=same, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(stored(dekaf_broker)) == list(range(8))
