"""What users of Kafka producers suffer from: batches that lose parts, codecs that are missing.

Each test is named after a pain, as it should be with dekaf.
"""

import signal
import subprocess
import sys
from importlib.metadata import requires
from typing import Any

import pytest

from dekaf import InvalidRecord, Message, Producer, RecordMetadata, SyncProducer
from dekaf.testing import Broker
from tests.unit.programs import HEARS_CTRL_C

TOO_LARGE = b"x" * 2_000_000

# -- batches that lose parts, or headers ----------------------------------------------------


@pytest.mark.asyncio
async def test_each_of_many_has_its_outcome_in_order(dekaf_broker: Broker) -> None:
    dekaf_broker.create_topic("orders", partitions=5)
    values = [TOO_LARGE if n % 10 == 3 else b"%d" % n for n in range(100)]
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        results = await producer.produce_all("orders", values, return_exceptions=True)
    stored = {
        (record.partition, record.offset): record.value for record in dekaf_broker.records("orders")
    }
    assert len(results) == len(values)
    for value, result in zip(values, results, strict=True):
        if value == TOO_LARGE:
            assert isinstance(result, InvalidRecord)
        else:
            assert isinstance(result, RecordMetadata)
            assert stored.pop((result.partition, result.offset)) == value
    assert not stored


@pytest.mark.asyncio
async def test_a_bad_one_of_many_fails_alone_and_later_ones_are_well(dekaf_broker: Broker) -> None:
    """Elsewhere one bad timestamp makes every later flush fail."""
    bad: list[Message[Any, Any]] = [
        Message("orders", b"v", timestamp=-1),
        Message("orders", b"v", timestamp="now"),  # type: ignore[arg-type]
        Message("orders", b"v", headers={"n": 1}),  # type: ignore[arg-type]
        Message("orders", {"n": 1}),
        Message("orders", b"v", partition=99),
        Message(None, b"v"),
    ]
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        for one in bad:
            good = Message("orders", b"good")
            results = await producer.produce_all([good, one, good], return_exceptions=True)
            assert [isinstance(result, RecordMetadata) for result in results] == [True, False, True]
        await producer.flush()
        await producer.produce("orders", b"good")
    assert [record.value for record in dekaf_broker.records("orders")] == [b"good"] * 13


@pytest.mark.asyncio
async def test_batches_keep_headers_and_timestamps(dekaf_broker: Broker) -> None:
    """Elsewhere batch calls drop the ones and refuse the others."""
    message = Message(
        "orders", b"v", key=b"k", headers=[("a", b"1"), ("a", None)], timestamp=1_700_000_000_000
    )
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        await producer.produce_all([message])
        await producer.publish_batch(message)
        async for _ in producer.stream([message]):
            pass
    records = dekaf_broker.records("orders")
    assert len(records) == 3
    for record in records:
        assert (record.key, record.timestamp) == (b"k", 1_700_000_000_000)
        assert record.headers == (("a", b"1"), ("a", None))


def test_a_batch_takes_whatever_publishing_needs(dekaf_broker: Broker) -> None:
    """Empty ones, tombstones, and more than any buffer or batch limit holds."""
    with SyncProducer(dekaf_broker.bootstrap_servers, buffer_memory=2_000_000) as producer:
        assert len(producer.publish_batch(topic="orders")) == 0
        producer.publish_batch(None, "v", None, topic="orders")
        results = producer.publish_batch(*[b"x" * 1_000] * 5_000, topic="orders")
    assert [record.value for record in dekaf_broker.records("orders")][:3] == [None, b"v", None]
    assert [metadata.offset for metadata in results] == list(range(3, 5_003))


# -- codecs that have to be installed -------------------------------------------------------

CODECS = [
    ("none", None),
    ("snappy", None),
    ("lz4", None),
    *[("gzip", level) for level in (None, 1, 6, 9)],
    *[("zstd", level) for level in (None, -100, 1, 3, 22)],
]


@pytest.mark.parametrize(("codec", "level"), CODECS)
def test_every_codec_and_level_is_there(
    dekaf_broker: Broker, codec: Any, level: int | None
) -> None:
    """`tests/peers` has what other clients read of them."""
    needed = [need for need in requires("dekaf") or () if "extra ==" not in need]
    assert not needed
    values = [b"abc" * 1_000, b"", bytes(range(256))]
    with SyncProducer(
        dekaf_broker.bootstrap_servers,
        compression=codec,
        compression_level=level,
    ) as producer:
        producer.produce_all("orders", values)
        ratio = producer.metrics().batches.compression_ratio
    assert [record.value for record in dekaf_broker.records("orders")] == values
    assert (ratio is not None and ratio > 2) == (codec != "none")


# -- functions that are frozen between calls ------------------------------------------------

FROZEN = f"""{HEARS_CTRL_C}
import sys
from dekaf import SyncProducer

with SyncProducer(sys.argv[1]) as producer:
    producer.produce("orders", "before")
    print("ready", flush=True)
    sys.stdin.readline()
    producer.produce("orders", "after")
"""


def test_a_process_that_was_frozen_goes_on(dekaf_broker: Broker) -> None:
    """As a function in the cloud is: its connections end meanwhile, and it notices nothing."""
    command = [sys.executable, "-W", "error", "-c", FROZEN, dekaf_broker.bootstrap_servers]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as frozen:
        assert frozen.stdout is not None
        assert frozen.stdout.readline() == "ready\n"
        frozen.send_signal(signal.SIGSTOP)
        dekaf_broker.faults.drop_connections()
        frozen.send_signal(signal.SIGCONT)
        _, complaints = frozen.communicate("go on\n", timeout=60)
    assert (frozen.returncode, complaints) == (0, "")
    assert [record.value for record in dekaf_broker.records("orders")] == [b"before", b"after"]


def test_little_is_imported() -> None:
    """A cold start pays for what it needs: no notebook, no test broker's helpers, no JSON."""
    script = "import sys, dekaf; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"dekaf.testing", "dekaf._html", "html", "orjson", "IPython", "http"}
