"""The broker in the box: every fault, as a producer meets it. Nothing is lost, nothing twice."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from aiokafka.protocol.produce import ProduceRequest_v8

from dekaf import AuthorizationError, BrokerUnreachable, DeliveryTimeout, ProduceError, Producer
from dekaf.testing import Broker
from tests.conformance.batches import batch
from tests.conformance.engine import Engine

pytestmark = pytest.mark.asyncio

COUNT = 100


@pytest_asyncio.fixture
async def producer(dekaf_broker: Broker) -> AsyncIterator[Producer]:
    """One that knows its topic, and is quick to try again."""
    async with Producer(
        dekaf_broker.bootstrap_servers, retry_backoff_ms=1, retry_backoff_max_ms=5, batch_size=200
    ) as producer:
        await producer.produce("orders", "0")
        yield producer
        # Whatever a test ordered, the end is to be quick.
        dekaf_broker.faults.clear()


async def send(producer: Producer) -> None:
    """Send several batches' worth, behind the fixture's message."""
    await asyncio.gather(*[producer.produce("orders", str(n)) for n in range(1, COUNT)])


def assert_whole(broker: Broker) -> None:
    stored = [record.value for record in broker.records("orders")]
    assert stored == [str(n).encode() for n in range(COUNT)]


def both_drops(broker: Broker) -> None:
    broker.faults.drop_answers()
    broker.faults.drop_requests()


ORDERS: list[Callable[[Broker], object]] = [
    lambda box: box.faults.fail("produce", "NOT_LEADER_OR_FOLLOWER"),
    lambda box: box.faults.fail("produce", "NOT_LEADER_OR_FOLLOWER", times=3),
    lambda box: box.faults.fail("produce", "REQUEST_TIMED_OUT", times=2),
    lambda box: box.faults.fail("produce", "NOT_ENOUGH_REPLICAS", times=2),
    lambda box: box.faults.fail("produce", "UNKNOWN_TOPIC_OR_PARTITION", times=2),
    lambda box: box.faults.fail("metadata", "LEADER_NOT_AVAILABLE", times=2),
    lambda box: box.faults.delay("produce", 0.02, times=3),
    lambda box: box.faults.delay(None, 0.02, times=3),
    lambda box: box.faults.throttle(0.01, times=3),
    lambda box: box.faults.drop_answers(),
    lambda box: box.faults.drop_answers("produce", times=3),
    lambda box: box.faults.drop_answers(None, times=3),
    lambda box: box.faults.drop_requests(),
    lambda box: box.faults.drop_requests("produce", times=3),
    lambda box: box.faults.drop_requests(None, times=3),
    lambda box: box.faults.drop_connections(),
    both_drops,
    lambda box: box.faults.fail("produce", "INVALID_RECORD", times=0),
]


@pytest.mark.parametrize("order", ORDERS)
async def test_a_producer_gets_over_it(
    dekaf_broker: Broker, producer: Producer, order: Callable[[Broker], object]
) -> None:
    order(dekaf_broker)
    await asyncio.wait_for(send(producer), 30)
    assert_whole(dekaf_broker)


async def test_what_cannot_be_tried_again_fails_with_kafkas_name(
    dekaf_broker: Broker, producer: Producer
) -> None:
    dekaf_broker.faults.fail("produce", "TOPIC_AUTHORIZATION_FAILED")
    with pytest.raises(AuthorizationError) as caught:
        await producer.produce("orders", "refused")
    assert caught.value.code == "TOPIC_AUTHORIZATION_FAILED"
    assert not caught.value.maybe_written
    await send(producer)
    assert_whole(dekaf_broker)


async def test_an_error_counts_its_times(dekaf_broker: Broker, producer: Producer) -> None:
    dekaf_broker.faults.fail("produce", "TOPIC_AUTHORIZATION_FAILED", times=3)
    for _ in range(3):
        with pytest.raises(AuthorizationError):
            await producer.produce("orders", "refused")
    await send(producer)
    assert_whole(dekaf_broker)


async def test_an_error_for_ever_lasts_until_it_is_cleared(
    dekaf_broker: Broker, producer: Producer
) -> None:
    dekaf_broker.faults.fail(None, "TOPIC_AUTHORIZATION_FAILED", times=None)
    for _ in range(5):
        with pytest.raises(AuthorizationError):
            await producer.produce("orders", "refused")
    dekaf_broker.faults.clear()
    await send(producer)
    assert_whole(dekaf_broker)


async def test_other_apis_are_left_alone(dekaf_broker: Broker, producer: Producer) -> None:
    for fault in (dekaf_broker.faults.drop_answers, dekaf_broker.faults.drop_requests):
        fault("join_group", times=None)
    dekaf_broker.faults.fail("fetch", "INVALID_RECORD", times=None)
    await send(producer)
    assert_whole(dekaf_broker)


@pytest.mark.parametrize("api", ["api_versions", "metadata", "init_producer_id"])
@pytest.mark.parametrize("drops", ["drop_answers", "drop_requests"])
async def test_a_producer_that_starts_gets_over_it(
    dekaf_broker: Broker, api: str, drops: str
) -> None:
    getattr(dekaf_broker.faults, drops)(api, times=2)
    async with Producer(
        dekaf_broker.bootstrap_servers, retry_backoff_ms=1, retry_backoff_max_ms=5
    ) as producer:
        await producer.produce("orders", "0")
        await send(producer)
    assert_whole(dekaf_broker)


async def test_an_answer_that_was_dropped_had_been_acted_on(
    dekaf_broker: Broker, producer: Producer
) -> None:
    dekaf_broker.faults.drop_answers(times=None)
    future = producer.produce("orders", "1")
    dekaf_broker.assert_published("orders", value="1", timeout=30)
    assert not future.done()
    dekaf_broker.faults.clear()
    assert (await future).offset == 1
    dekaf_broker.assert_published("orders", value="1", times=1)


async def test_a_request_that_was_dropped_had_not(dekaf_broker: Broker, producer: Producer) -> None:
    dekaf_broker.faults.drop_requests(times=None)
    future = producer.produce("orders", "1")
    await asyncio.sleep(0.05)
    assert len(dekaf_broker.records("orders")) == 1
    dekaf_broker.faults.clear()
    assert (await future).offset == 1


async def test_a_delay_is_waited_out(dekaf_broker: Broker, producer: Producer) -> None:
    dekaf_broker.faults.delay("produce", 0.2, times=1)
    began = time.monotonic()
    future = producer.produce("orders", "1")
    # It is done at once, and said later.
    dekaf_broker.assert_published("orders", value="1")
    await future
    assert time.monotonic() - began >= 0.2


async def test_a_throttled_producer_keeps_silent(dekaf_broker: Broker, producer: Producer) -> None:
    dekaf_broker.faults.throttle(0.2, times=1)
    began = time.monotonic()
    await producer.produce("orders", "1")
    await producer.produce("orders", "2")
    assert time.monotonic() - began >= 0.2
    throttled = producer.metrics().requests.throttle_time
    assert (throttled.count, throttled.total_ms, throttled.max_ms) == (1, 200.0, 200.0)


async def test_a_client_that_is_not_silent_has_to_wait(dekaf_broker: Broker) -> None:
    dekaf_broker.create_topic("orders")
    dekaf_broker.faults.throttle(0.2, times=1)
    request = ProduceRequest_v8(None, -1, 10_000, [("orders", [(0, batch(b"v"))])])
    began = time.monotonic()
    with Engine(dekaf_broker.bootstrap_servers).connect() as connection:
        connection.send(request)
        connection.send(request)
        answers = [connection.receive(), connection.receive()]
    assert time.monotonic() - began >= 0.2
    assert [answer.throttle_time_ms for answer in answers] == [200, 0]
    assert len(dekaf_broker.records("orders")) == 2


async def test_nobody_is_answered_while_it_hangs(dekaf_broker: Broker, producer: Producer) -> None:
    dekaf_broker.faults.pause()
    futures = [producer.produce("orders", str(n)) for n in range(1, COUNT)]
    with pytest.raises(BrokerUnreachable):
        async with Producer(dekaf_broker.bootstrap_servers, metadata_timeout_ms=100):
            pytest.fail("it was answered")
    assert not any(future.done() for future in futures)
    assert len(dekaf_broker.records("orders")) == 1
    dekaf_broker.faults.resume()
    await asyncio.gather(*futures)
    assert_whole(dekaf_broker)


async def test_an_answer_that_is_late_is_not_given_while_it_hangs(
    dekaf_broker: Broker, producer: Producer
) -> None:
    dekaf_broker.faults.delay("produce", 0.05, times=1)
    future = producer.produce("orders", "1")
    dekaf_broker.assert_published("orders", value="1")
    dekaf_broker.faults.pause()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(future), 0.2)
    dekaf_broker.faults.resume()
    await future


async def test_time_runs_out_while_it_hangs(dekaf_broker: Broker) -> None:
    async with Producer(
        dekaf_broker.bootstrap_servers,
        linger_ms=0,
        request_timeout_ms=100,
        delivery_timeout_ms=200,
        retry_backoff_ms=1,
        retry_backoff_max_ms=5,
    ) as producer:
        await producer.produce("orders", "0")
        dekaf_broker.faults.pause()
        with pytest.raises(DeliveryTimeout) as caught:
            await producer.produce("orders", "lost")
        assert caught.value.maybe_written
        dekaf_broker.faults.resume()
        await producer.produce("orders", "1")
    stored = [record.value for record in dekaf_broker.records("orders")]
    # What was asked meanwhile is done when it goes on, or was given up with its connection.
    assert stored in ([b"0", b"1"], [b"0", b"lost", b"1"])


async def test_clear_takes_everything_back(dekaf_broker: Broker, producer: Producer) -> None:
    faults = dekaf_broker.faults
    faults.fail("produce", "INVALID_RECORD", times=None)
    faults.delay(None, 3600)
    faults.drop_answers(None, times=None)
    faults.drop_requests(None, times=None)
    faults.pause()
    faults.clear()
    await asyncio.wait_for(send(producer), 30)
    assert_whole(dekaf_broker)


async def test_connections_drop_again_and_again(dekaf_broker: Broker, producer: Producer) -> None:
    sending = asyncio.ensure_future(send(producer))
    for _ in range(20):
        dekaf_broker.faults.drop_connections()
        await asyncio.sleep(0.002)
    await sending
    assert_whole(dekaf_broker)


async def test_faults_meet_the_producer_all_at_once() -> None:
    with Broker(brokers=3) as broker:
        broker.create_topic("orders")
        async with Producer(
            broker.bootstrap_servers, retry_backoff_ms=1, retry_backoff_max_ms=5, batch_size=200
        ) as producer:
            futures = []
            for n in range(COUNT):
                futures.append(producer.produce("orders", str(n)))
                if n % 5 == 0:
                    broker.faults.move_leader("orders", 0, n // 5 % 3 + 1)
                    broker.faults.drop_answers()
                    broker.faults.drop_requests()
                    broker.faults.fail("produce", "NOT_ENOUGH_REPLICAS_AFTER_APPEND")
                    broker.faults.delay(None, 0.001, times=5)
                    await asyncio.sleep(0.002)
                if n % 20 == 0:
                    broker.faults.drop_connections()
            await asyncio.wait_for(asyncio.gather(*futures), 60)
        assert_whole(broker)


async def test_a_topic_that_is_denied_fails_alone(dekaf_broker: Broker, producer: Producer) -> None:
    dekaf_broker.faults.deny("secret")
    dekaf_broker.faults.deny("orders", "fetch")  # which concerns no producer
    with pytest.raises(ProduceError, match="TOPIC_AUTHORIZATION_FAILED"):
        await producer.produce("secret", "refused")
    assert "secret" not in dekaf_broker.topics
    await send(producer)
    dekaf_broker.faults.allow("secret")
    assert (await producer.produce("secret", "allowed")).offset == 0
    assert_whole(dekaf_broker)


async def test_a_topic_that_may_only_be_described(dekaf_broker: Broker, producer: Producer) -> None:
    dekaf_broker.create_topic("secret")
    dekaf_broker.faults.deny("secret", "produce")
    with pytest.raises(ProduceError, match="TOPIC_AUTHORIZATION_FAILED") as caught:
        await producer.produce("secret", "refused")
    assert not caught.value.maybe_written
    dekaf_broker.faults.clear()
    assert (await producer.produce("secret", "allowed")).offset == 0


async def test_the_cluster_may_be_denied(dekaf_broker: Broker) -> None:
    dekaf_broker.faults.fail("init_producer_id", "CLUSTER_AUTHORIZATION_FAILED", times=None)
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        with pytest.raises(ProduceError, match="CLUSTER_AUTHORIZATION_FAILED"):
            await producer.produce("orders", "refused")
