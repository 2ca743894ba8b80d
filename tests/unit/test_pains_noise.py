"""What users of Kafka producers suffer from: names of settings, noise, stray exceptions.

Each test is named after a pain, as it should be with dekaf.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from dekaf import (
    ConfigError,
    ProduceError,
    Producer,
    ProducerConfig,
    RecordMetadata,
    SyncProducer,
    UnclaimedFailures,
)
from dekaf.testing import Broker
from tests.unit.peers import closed_port
from tests.unit.programs import run

BOUND = 60.0  # seconds; against hanging, and far below what a lost deadline would take

# -- the name of a setting ------------------------------------------------------------------


def by_keyword(kind: Any, name: str) -> object:
    return kind("a:1", **{name: 1})


DOORS: list[Callable[[str], object]] = [
    lambda name: by_keyword(Producer, name),
    lambda name: by_keyword(SyncProducer, name),
    lambda name: by_keyword(ProducerConfig, name),
    lambda name: ProducerConfig.from_properties({"bootstrap.servers": "a:1", name: 1}),
    lambda name: ProducerConfig("a:1").replace(**{name: 1}),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("lingr_ms", "linger_ms"),
        ("linger", "linger_ms"),
        ("batchsize", "batch_size"),
        ("delivery_timeout", "delivery_timeout_ms"),
        ("max_inflight", "max_in_flight"),
        ("buffer_memroy", "buffer_memory"),
    ],
)
def test_a_misspelt_setting_is_corrected(
    door: Callable[[str], object], typo: str, meant: str
) -> None:
    """When the producer is made, before anything is connected to."""
    with pytest.raises(ConfigError, match=f"did you mean '{meant}'"):
        door(typo)


@pytest.mark.parametrize(
    "properties",
    [
        {"bootstrap.servers": "a:1", "linger.ms": "7", "compression.type": "lz4"},
        {"bootstrap_servers": "a:1", "linger_ms": 7, "compression_type": "lz4"},
        {"metadata.broker.list": "a:1", "queue.buffering.max.ms": 7, "compression.codec": "lz4"},
        {"bootstrap_servers": "a:1", "linger_ms": 7, "compression": "lz4"},
    ],
    ids=["the Java client's", "with underscores", "librdkafka's", "dekaf's"],
)
def test_other_clients_names_are_known(properties: dict[str, object]) -> None:
    """`test_properties.py` has them all."""
    config = ProducerConfig.from_properties(properties)
    assert config == ProducerConfig("a:1", linger_ms=7, compression="lz4")


def test_a_number_that_is_too_large_is_repeated_as_it_was_given() -> None:
    with pytest.raises(ConfigError, match=r"batch_size=1000000000000 is out of range: 1 to 2147"):
        Producer("a:1", batch_size=10**12)


# -- noise ----------------------------------------------------------------------------------

NOISE = """
import asyncio, sys
from dekaf import DekafError, Producer, SyncProducer, UnclaimedFailures
from dekaf.testing import Broker

async def main():
    with Broker() as broker:
        producer = Producer(
            broker.bootstrap_servers, metadata_timeout_ms=300, linger_ms=0,
            request_timeout_ms=300, delivery_timeout_ms=600, on_error=lambda error: 1 / 0,
        )
        await producer.produce("orders", b"v")
        for _ in range(5):
            broker.faults.drop_connections()
            await producer.produce("orders", b"v")
        broker.faults.fail("produce", "INVALID_RECORD", times=None)
        for _ in range(1000):
            producer.send("orders", b"v")
            producer.produce("orders", b"v")
        producer.send("orders", b"v", on_delivery=lambda metadata, error: 1 / 0)
        try:
            await producer.flush()
        except UnclaimedFailures as unclaimed:
            print(unclaimed.count)
    producer.send("orders", b"v")
    await asyncio.wait({producer.produce("orders", b"v")})
    try:
        await producer.close()
    except UnclaimedFailures as unclaimed:
        print(unclaimed.count)
    try:
        await Producer(sys.argv[1], metadata_timeout_ms=300).start()
    except DekafError as error:
        print(type(error).__name__)

asyncio.run(main())
"""


def test_who_wants_no_log_has_none() -> None:
    """Whatever goes wrong."""
    hush = "import logging\n"
    # The loop's own exception handler writes to asyncio's log, which is the user's as well.
    for name in ("dekaf", "asyncio"):
        hush += f"logging.getLogger({name!r}).addHandler(logging.NullHandler())\n"
    stdout, stderr = run(hush + NOISE, closed_port())
    assert stdout.splitlines() == ["2000", "1", "BrokerUnreachable"]
    assert stderr == ""


@pytest.mark.asyncio
async def test_a_thousand_failures_are_no_thousand_lines(
    dekaf_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    async with Producer(dekaf_broker.bootstrap_servers, batch_size=100) as producer:
        dekaf_broker.faults.fail("produce", "INVALID_RECORD", times=None)
        for _ in range(1_000):
            producer.send("orders", bytes(50))
        with pytest.raises(UnclaimedFailures) as caught:
            await producer.flush()
    assert caught.value.count == 1_000
    lines = [record for record in caplog.records if record.name == "dekaf"]
    assert 1 <= len(lines) < 50, "every few seconds, and there are some hundred batches"
    assert {line.levelname for line in lines} == {"ERROR"}


@pytest.mark.asyncio
async def test_an_idle_connection_that_ends_is_no_news(
    dekaf_broker: Broker, dekaf_producer: Producer, caplog: pytest.LogCaptureFixture
) -> None:
    """Brokers close what is idle; the next message connects again, without a warning."""
    with caplog.at_level(logging.DEBUG + 1):
        for n in range(3):
            assert (await dekaf_producer.produce("orders", b"v")).offset == n
            dekaf_broker.faults.drop_connections()
    assert [record for record in caplog.records if record.name.startswith("dekaf")] == []


# -- a callback that raises -----------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("is_async", [False, True])
async def test_a_callback_that_raises_harms_nobody(
    dekaf_broker: Broker, caplog: pytest.LogCaptureFixture, is_async: bool
) -> None:
    raised = [ZeroDivisionError(f"of the user's: {n}") for n in range(3)]
    handled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: handled.append(context))
    told: list[RecordMetadata | None] = []

    async def raises_later(error: Exception) -> None:
        raise error

    def raises(error: Exception, *_: object) -> Any:
        if is_async:
            return raises_later(error)
        raise error

    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        # In one batch: before it, between and behind are others.
        for error in raised:
            producer.send("orders", b"v", on_delivery=lambda md, _: told.append(md))
            producer.send("orders", b"v", on_delivery=partial(raises, error))
        future = producer.produce("orders", b"v")
        await producer.flush()
        assert (await future).offset == 6
    await asyncio.sleep(0)
    assert [metadata and metadata.offset for metadata in told] == [0, 2, 4]
    assert [context["exception"] for context in handled] == raised
    logged = [record.exc_info for record in caplog.records if record.name == "dekaf"]
    assert [info and info[1] for info in logged] == raised


def test_a_callback_that_raises_in_a_thread_harms_nobody(
    dekaf_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even one that means to end the program: it is not its thread to end."""
    raised = [ZeroDivisionError("of the user's"), SystemExit("of the user's"), KeyboardInterrupt()]
    told: list[RecordMetadata | None] = []
    last = threading.Event()

    def raises(error: BaseException, *_: object) -> None:
        raise error

    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        for error in raised:
            producer.send("orders", b"v", on_delivery=partial(raises, error))
            producer.send("orders", b"v", on_delivery=lambda md, _: told.append(md))
        producer.flush()
        assert producer.produce("orders", b"v").offset == 6
        producer.send("orders", b"v", on_delivery=lambda _, __: last.set())
    assert last.wait(BOUND)
    assert [metadata and metadata.offset for metadata in told] == [1, 3, 5]
    logged = [record.exc_info for record in caplog.records if record.name == "dekaf"]
    assert [info and info[1] for info in logged] == raised


@pytest.mark.asyncio
async def test_an_error_handler_that_raises_harms_nobody(
    dekaf_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    raised = ZeroDivisionError("of the user's")
    handled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: handled.append(context))

    def on_error(_: ProduceError) -> None:
        raise raised

    async with Producer(dekaf_broker.bootstrap_servers, on_error=on_error) as producer:
        dekaf_broker.faults.fail("produce", "INVALID_RECORD")
        producer.send("orders", b"refused")
        with pytest.raises(UnclaimedFailures):
            await producer.flush()
        await producer.produce("orders", b"v")
    assert [context["exception"] for context in handled] == [raised]
    logged = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert logged == [raised]
