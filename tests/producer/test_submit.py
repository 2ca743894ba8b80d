"""`SyncProducer.submit`: futures for any thread."""

import asyncio
import gc
import logging
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, as_completed, wait
from queue import SimpleQueue
from typing import Any

import pytest

from dekaf import (
    InvalidRecord,
    Message,
    ProducerClosed,
    RecordMetadata,
    SyncProducer,
    UnclaimedFailures,
)
from dekaf.testing import Broker

TOO_LARGE = b"x" * 2_000_000
PATIENCE = 30.0


def test_futures_bring_metadata_in_order(dekaf_broker: Broker) -> None:
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        futures = [producer.submit("orders", f"{n}", key="k") for n in range(100)]
        futures.append(producer.submit(Message("orders", "last", key="k")))
        assert [future.result(PATIENCE).offset for future in futures] == list(range(101))
        assert set(as_completed(futures, PATIENCE)) == set(futures)
    assert isinstance(futures[0].result(), RecordMetadata)


def test_a_flush_completes_them(dekaf_broker: Broker) -> None:
    with SyncProducer(dekaf_broker.bootstrap_servers, linger_ms=60_000) as producer:
        futures = [producer.submit("orders", b"v") for _ in range(10)]
        assert not any(future.done() for future in futures)
        producer.flush()
        assert all(future.done() for future in futures)


def test_a_failure_is_its_exception(dekaf_broker: Broker) -> None:
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        futures = [producer.submit("orders", value) for value in (b"fits", TOO_LARGE)]
        wait(futures, PATIENCE, FIRST_EXCEPTION)
        with pytest.raises(InvalidRecord, match="max_request_size"):
            futures[1].result(PATIENCE)
        assert futures[0].result(PATIENCE).topic == "orders"


def test_callbacks_run_though_nobody_holds_the_future(dekaf_broker: Broker) -> None:
    told: SimpleQueue[BaseException | None] = SimpleQueue()
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        for value in (b"fits", TOO_LARGE):
            future = producer.submit("orders", value)
            future.add_done_callback(lambda future: told.put(future.exception()))
            del future
        # The one that is too large fails at once.
        assert isinstance(told.get(timeout=PATIENCE), InvalidRecord)
        assert told.get(timeout=PATIENCE) is None


def test_a_failure_that_nobody_waits_for_is_told(dekaf_broker: Broker) -> None:
    producer = SyncProducer(dekaf_broker.bootstrap_servers, linger_ms=60_000)
    producer.submit("orders", b"v", partition=99)
    with pytest.raises(UnclaimedFailures, match="1 message failed"):
        producer.close()


def test_a_failure_that_nobody_asks_for_is_logged(
    dekaf_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        future = producer.submit("orders", TOO_LARGE)
        wait([future], PATIENCE)
        with caplog.at_level(logging.ERROR, "dekaf"):
            del future
            gc.collect()
    assert "its future was dropped unread" in caplog.text
    assert "max_request_size" in caplog.text


def test_it_is_too_late_to_cancel(dekaf_broker: Broker) -> None:
    with SyncProducer(dekaf_broker.bootstrap_servers, linger_ms=60_000) as producer:
        future = producer.submit("orders", b"v")
        assert not future.cancel()
        producer.flush()
        assert future.result().offset == 0


def test_a_loop_may_wait_for_them(dekaf_broker: Broker) -> None:
    """The dispatcher completes them, so a loop's thread can even block on one."""

    async def main() -> None:
        futures = [producer.submit("orders", f"{n}") for n in range(10)]
        awaited = await asyncio.gather(*map(asyncio.wrap_future, futures))
        assert [metadata.offset for metadata in awaited] == list(range(10))
        assert producer.submit("orders", b"blocking").result(PATIENCE).offset == 10

    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        asyncio.run(main())


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda producer: producer.submit(), "topic"),
        (lambda producer: producer.submit("orders", b"v", b"key"), "key="),
        (lambda producer: producer.submit("orders", b"v", on_delivery=print), "on_delivery"),
        (lambda producer: producer.submit("orders", object()), "value must be"),
    ],
)
def test_misuse_is_named(
    dekaf_broker: Broker, call: Callable[[SyncProducer[Any, Any]], object], complaint: str
) -> None:
    with (
        SyncProducer(dekaf_broker.bootstrap_servers) as producer,
        pytest.raises(TypeError, match=complaint),
    ):
        call(producer)


def test_a_closed_producer_refuses(dekaf_broker: Broker) -> None:
    producer = SyncProducer(dekaf_broker.bootstrap_servers)
    producer.close()
    with pytest.raises(ProducerClosed):
        producer.submit("orders", b"v")
