"""What users of Kafka producers suffer from: errors that come late, say nothing, or not what to do.

Each test is named after a pain, as it should be with dekaf.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

import dekaf
from dekaf import (
    AuthorizationError,
    BrokerError,
    BrokerUnreachable,
    ConfigError,
    DekafError,
    DeliveryTimeout,
    FlushTimeout,
    InvalidRecord,
    ProduceError,
    Producer,
    ProducerClosed,
    Purged,
    SerializationError,
    SyncProducer,
    UnclaimedFailures,
    UnknownPartition,
    UnknownTopic,
)
from dekaf.testing import Broker
from tests.unit.peers import closed_port, peer

BOUND = 60.0  # seconds; against hanging, and far below what a lost deadline would take

# -- a topic that does not exist ------------------------------------------------------------


def names_the_topic(error: BaseException | None) -> None:
    assert isinstance(error, UnknownTopic)
    assert error.topic == "ordres"
    assert error.code == "UNKNOWN_TOPIC_OR_PARTITION"
    assert error.retriable
    assert not error.maybe_written
    assert 'topic "ordres" does not exist and the cluster did not create it' in str(error)
    assert "metadata_timeout_ms=1000" in str(error)


@pytest.mark.asyncio
async def test_an_unknown_topic_is_named_in_time() -> None:
    """The first message, and all behind it."""
    told: list[ProduceError | None] = []

    async def main(servers: str) -> None:
        async with Producer(servers, metadata_timeout_ms=1000) as producer:
            futures = [producer.produce("ordres", b"v") for _ in range(3)]
            producer.send("ordres", b"v", on_delivery=lambda _, error: told.append(error))
            for error in await asyncio.gather(*futures, return_exceptions=True):
                assert isinstance(error, BaseException)
                names_the_topic(error)
            with pytest.raises(UnknownTopic) as again:
                await producer.produce("ordres", b"v")
            names_the_topic(again.value)
            # Others are not held up.
            await producer.produce("orders", b"v")
        names_the_topic(*told)

    with Broker(auto_create_topics=False) as broker:
        broker.create_topic("orders")
        await asyncio.wait_for(main(broker.bootstrap_servers), BOUND)


def test_an_unknown_topic_is_named_without_asyncio() -> None:
    with (
        Broker(auto_create_topics=False) as broker,
        SyncProducer(broker.bootstrap_servers, metadata_timeout_ms=1000) as producer,
    ):
        with pytest.raises(UnknownTopic) as caught:
            producer.produce("ordres", b"v")
        names_the_topic(caught.value)


def test_an_unknown_topic_is_named_to_who_asks_for_its_partitions() -> None:
    with (
        Broker(auto_create_topics=False) as broker,
        SyncProducer(broker.bootstrap_servers, metadata_timeout_ms=1000) as producer,
        pytest.raises(UnknownTopic) as caught,
    ):
        producer.partitions("ordres")
    names_the_topic(caught.value)


@pytest.mark.asyncio
async def test_the_first_message_waits_for_its_topic() -> None:
    """Whether the cluster creates it, slowly, or somebody else does."""
    with Broker() as broker:
        broker.faults.fail("metadata", "LEADER_NOT_AVAILABLE", times=3)
        async with Producer(broker.bootstrap_servers) as producer:
            assert (await producer.produce("orders", b"first")).offset == 0
    with Broker(auto_create_topics=False) as broker:
        async with Producer(broker.bootstrap_servers) as producer:
            future = producer.produce("orders", b"first")
            await asyncio.wait({future}, timeout=0.1)  # it has been asked for in vain
            broker.create_topic("orders")
            assert (await future).offset == 0


# -- a broker that cannot be reached --------------------------------------------------------


def test_every_address_says_what_failed_there() -> None:
    """`test_unreachable.py` has the stages one by one."""
    refused = closed_port()
    with peer(answer=None) as silent, peer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as web:
        servers = f"{refused},no-such-host.invalid:9092,{silent},{web}"
        told: list[ProduceError] = []
        heard = threading.Event()

        def on_error(error: ProduceError) -> None:
            told.append(error)
            heard.set()

        producer = SyncProducer(servers, metadata_timeout_ms=1_500, on_error=on_error)
        with pytest.raises(BrokerUnreachable) as caught:
            producer.produce("orders", b"v")
        producer.send("orders", b"v")
        with pytest.raises(UnclaimedFailures):
            producer.close()
        assert heard.wait(BOUND)
    for error in (caught.value, *told):
        said = str(error)
        assert f"{refused} (TCP: Connection refused" in said
        assert "no-such-host.invalid:9092 (DNS: " in said
        assert f"{silent} (ApiVersions: no answer" in said
        assert f"{web} (ApiVersions: " in said


@pytest.mark.asyncio
async def test_one_address_that_answers_is_enough(
    dekaf_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    servers = f"{closed_port()},no-such-host.invalid:9092,{dekaf_broker.bootstrap_servers}"
    with caplog.at_level(logging.INFO):
        async with Producer(servers) as producer:
            await producer.produce("orders", b"v")
    assert [record for record in caplog.records if record.name.startswith("dekaf")] == []


# -- may I try again? -----------------------------------------------------------------------

EVERY = [each for each in vars(dekaf).values() if isinstance(each, type)]
ERRORS = [each for each in EVERY if issubclass(each, DekafError)]
JUDGED = ("retriable", "fatal", "maybe_written")


@pytest.mark.parametrize("kind", [each for each in ERRORS if issubclass(each, ProduceError)])
def test_every_failure_of_a_message_says_if_it_may_be_retried(kind: type[ProduceError]) -> None:
    error = kind("it failed")
    assert [type(getattr(error, name)) for name in JUDGED] == [bool] * 3


@pytest.mark.parametrize("error", [ConfigError("no"), FlushTimeout(1), UnclaimedFailures(1, [])])
def test_every_other_error_says_if_it_may_be_retried(error: DekafError) -> None:
    assert [type(getattr(error, name, None)) for name in JUDGED] == [bool] * 3


Outcome = tuple[type[ProduceError], str | None, bool, bool]
# A message whose try was answered waits for the next one when its time is over: with a shorter
# pause, chance would say whether it is in flight then.
ONE_TRY: dict[str, Any] = {
    "linger_ms": 0,
    "request_timeout_ms": 1_000,
    "delivery_timeout_ms": 2_000,
    "retry_backoff_ms": 5_000,
    "retry_backoff_max_ms": 5_000,
}
FATES: list[tuple[Callable[[Broker], object], Outcome]] = [
    # The same message will be refused again.
    (
        lambda box: box.faults.fail("produce", "MESSAGE_TOO_LARGE"),
        (BrokerError, "MESSAGE_TOO_LARGE", False, False),
    ),
    (
        lambda box: box.faults.fail("produce", "TOPIC_AUTHORIZATION_FAILED"),
        (AuthorizationError, "TOPIC_AUTHORIZATION_FAILED", False, False),
    ),
    # It would have been tried again.
    (
        lambda box: box.faults.fail("produce", "NOT_ENOUGH_REPLICAS", times=None),
        (DeliveryTimeout, "NOT_ENOUGH_REPLICAS", True, False),
    ),
    # Nobody knows.
    (lambda box: box.faults.pause(), (DeliveryTimeout, "NETWORK_EXCEPTION", True, True)),
    (
        lambda box: box.faults.drop_answers("produce", times=None),
        (DeliveryTimeout, "NETWORK_EXCEPTION", True, True),
    ),
    (
        lambda box: box.faults.fail("produce", "NOT_ENOUGH_REPLICAS_AFTER_APPEND", times=None),
        (DeliveryTimeout, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", True, True),
    ),
]


@pytest.mark.asyncio
@pytest.mark.parametrize(("order", "outcome"), FATES)
async def test_a_failure_says_if_it_may_be_retried(
    dekaf_broker: Broker, order: Callable[[Broker], object], outcome: Outcome
) -> None:
    producer = Producer(dekaf_broker.bootstrap_servers, **ONE_TRY)
    await producer.produce("orders", b"before")
    order(dekaf_broker)
    with pytest.raises(ProduceError) as caught:
        await producer.produce("orders", b"v")
    error = caught.value
    assert (type(error), error.code, error.retriable, error.maybe_written) == outcome
    assert (error.topic, error.partition, error.fatal) == ("orders", 0, False)
    await producer.close(timeout=0)


@pytest.mark.asyncio
async def test_a_refusal_of_the_clients_says_if_it_may_be_retried(dekaf_broker: Broker) -> None:
    def fails(value: object) -> bytes:
        raise ZeroDivisionError(value)

    judged: dict[type[ProduceError], tuple[bool, bool]] = {}

    async def judge(producer: Producer[Any, Any], *message: Any, **more: Any) -> None:
        with pytest.raises(ProduceError) as caught:
            await producer.produce(*message, **more)
        judged[type(caught.value)] = (caught.value.retriable, caught.value.maybe_written)

    servers = dekaf_broker.bootstrap_servers
    async with Producer(servers, max_request_size=1_000, value_serializer=None) as producer:
        await judge(producer, "orders", bytes(2_000))
        await judge(producer, "orders", b"v", partition=7)
    await judge(producer, "orders", b"v")
    async with Producer(servers, value_serializer=fails) as failing:
        await judge(failing, "orders", 1)
    dekaf_broker.faults.pause()
    waiting = Producer(servers)
    future = waiting.produce("orders", b"v")
    waiting.purge()
    purged = (await asyncio.gather(future, return_exceptions=True))[0]
    assert isinstance(purged, Purged)
    assert not purged.maybe_written
    await waiting.close(timeout=0)
    assert judged == {
        InvalidRecord: (False, False),
        UnknownPartition: (False, False),
        ProducerClosed: (False, False),
        SerializationError: (False, False),
    }
