"""What users of Kafka producers suffer from: forks, loops and threads, pickling.

Each test is named after a pain, as it should be with dekaf.
"""

import asyncio
import copy
import os
import pickle
import threading
from collections import Counter
from typing import Any

import pytest

from dekaf import (
    Acks,
    BrokerError,
    Headers,
    Message,
    PartitionInfo,
    ProduceError,
    Producer,
    ProducerConfig,
    RecordMetadata,
    SyncProducer,
    UnclaimedFailures,
)
from dekaf.testing import Broker
from tests.unit.blocking import close
from tests.unit.forks import in_child

BOUND = 60.0  # seconds; against hanging, and far below what a lost deadline would take

# -- a process that forks -------------------------------------------------------------------

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def stored(broker: Broker) -> list[str]:
    return sorted((record.value or b"").decode() for record in broker.records("orders"))


@needs_fork
def test_a_forked_worker_produces_and_its_parent_goes_on(dekaf_broker: Broker) -> None:
    """As servers and task queues do that load the application first. Messages are in flight.

    `test_fork.py` has what happens to sockets, and `tests/integration/test_process.py` the same
    for `produce`, inside of a loop, and for pools of workers.
    """
    told: Counter[str] = Counter()
    here = os.getpid()

    def tell(who: str) -> None:
        told[f"{who} told {'here' if os.getpid() == here else 'in the child'}"] += 1

    producer = SyncProducer(dekaf_broker.bootstrap_servers)
    producer.produce("orders", "before")
    dekaf_broker.faults.delay("produce", 0.2, times=1)
    for n in range(100):
        producer.send("orders", f"parent-{n}", on_delivery=lambda _, __: tell("parent"))

    def work() -> None:
        told.clear()
        assert producer.produce("orders", "child").topic == "orders"
        last = threading.Event()
        for n in range(100):
            producer.send("orders", f"child-{n}", on_delivery=lambda _, __: tell("child"))
        producer.send("orders", "child-last", on_delivery=lambda _, __: last.set())
        assert last.wait(BOUND)
        producer.close()
        assert told == {"child told in the child": 100}

    assert in_child(work) == 0
    last = threading.Event()
    producer.send("orders", "after", on_delivery=lambda _, __: last.set())
    assert last.wait(BOUND)
    producer.close()
    assert told == {"parent told here": 100}
    expected = [f"{who}-{n}" for who in ("parent", "child") for n in range(100)]
    assert stored(dekaf_broker) == sorted([*expected, "before", "child", "child-last", "after"])


@needs_fork
def test_a_forked_worker_with_a_loop_of_its_own(dekaf_broker: Broker) -> None:
    producer = Producer(dekaf_broker.bootstrap_servers)

    async def produce(who: str) -> None:
        await asyncio.gather(*[producer.produce("orders", f"{who}-{n}") for n in range(50)])

    asyncio.run(produce("before"))
    assert in_child(lambda: asyncio.run(produce("child"))) == 0
    asyncio.run(produce("after"))
    asyncio.run(producer.close())
    expected = [f"{who}-{n}" for who in ("before", "child", "after") for n in range(50)]
    assert stored(dekaf_broker) == sorted(expected)


# -- loops and threads ----------------------------------------------------------------------


def test_built_outside_a_loop_and_used_from_loops_and_threads_at_once() -> None:
    """Two loops and four threads; nothing is lost, and each finds its own order."""
    each = 500
    with Broker(partitions=1) as broker:
        producer = Producer(broker.bootstrap_servers)
        offsets: dict[str, list[int]] = {who: [] for who in ("a", "b", "c", "d", "e", "f")}
        at_once = threading.Barrier(len(offsets))

        async def in_a_loop(who: str) -> None:
            at_once.wait(BOUND)
            for start in range(0, each, 50):
                numbers = range(start, start + 50)
                futures = [producer.produce("orders", f"{who}-{n}") for n in numbers]
                offsets[who] += [metadata.offset for metadata in await asyncio.gather(*futures)]

        def in_a_thread(who: str) -> None:
            done = threading.Event()

            def on_delivery(metadata: RecordMetadata | None, error: ProduceError | None) -> None:
                assert metadata is not None, error
                offsets[who].append(metadata.offset)
                if len(offsets[who]) == each:
                    done.set()

            at_once.wait(BOUND)
            for n in range(each):
                producer.send("orders", f"{who}-{n}", on_delivery=on_delivery)
            assert done.wait(BOUND)

        loops = [lambda who: asyncio.run(in_a_loop(who))] * 2
        ways: list[Any] = [*loops, *[in_a_thread] * 4]
        threads = [
            threading.Thread(target=way, args=(who,))
            for who, way in zip(offsets, ways, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(BOUND)
        asyncio.run(producer.close())
        values = [(record.value or b"").decode() for record in broker.records("orders")]
    assert len(values) == each * len(offsets)
    for who, told in offsets.items():
        assert [values[offset] for offset in told] == [f"{who}-{n}" for n in range(each)]


def test_a_blocking_producer_is_shared_by_threads(dekaf_broker: Broker) -> None:
    found: list[int] = []

    def work() -> None:
        found.extend(producer.produce("orders", b"v").offset for _ in range(50))

    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(BOUND)
    assert sorted(found) == list(range(200))


# -- pickling -------------------------------------------------------------------------------

PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)


def again(what: Any, protocol: int = pickle.HIGHEST_PROTOCOL) -> Any:
    return pickle.loads(pickle.dumps(what, protocol))  # noqa: S301 - just made


def notice(error: ProduceError) -> None:
    """Do nothing; it pickles by its name."""


VALUES: list[Any] = [
    RecordMetadata("orders", 1, 2, 3),
    PartitionInfo("orders", 0, None),
    Message("orders", b"v"),
    Message(value={"a": 1}, key="k", headers=[("a", b"1")], partition=0, timestamp=5),
    Headers([("a", b"1"), ("a", None)]),
    Acks.LEADER,
    ProducerConfig("a:1", acks="leader", value_serializer="json", on_error=notice),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_pickle(value: Any, protocol: int) -> None:
    other = again(value, protocol)
    assert type(other) is type(value)
    assert other == value


@pytest.mark.asyncio
async def test_results_pickle(dekaf_broker: Broker, dekaf_producer: Producer) -> None:
    """As they come from a broker; `test_public_api.py` has every class of errors."""
    metadata = await dekaf_producer.produce("orders", b"v")
    assert again(metadata) == metadata
    dekaf_broker.faults.fail("produce", "INVALID_RECORD", times=2)
    with pytest.raises(BrokerError) as refused:
        await dekaf_producer.produce("orders", b"v")
    dekaf_producer.send("orders", b"v")
    with pytest.raises(UnclaimedFailures) as unclaimed:
        await dekaf_producer.flush()
    for error in (refused.value, unclaimed.value.failures[0], again(unclaimed.value).failures[0]):
        other = again(error)
        assert isinstance(error, BrokerError)
        assert (type(other), str(other), vars(other)) == (BrokerError, str(error), vars(error))
        assert other.code == "INVALID_RECORD"
    assert str(again(unclaimed.value)) == str(unclaimed.value)


@pytest.mark.parametrize("kind", [Producer, SyncProducer])
def test_a_producer_pickles_as_its_configuration(dekaf_broker: Broker, kind: Any) -> None:
    """Even while it is in use: what it has queued stays its own, and stays in this process."""
    producer = kind(dekaf_broker.bootstrap_servers, linger_ms=3, on_error=notice)
    producer.send("orders", b"its own")
    for other in (again(producer), copy.copy(producer), copy.deepcopy(producer)):
        assert type(other) is kind
        assert other is not producer
        assert other.config == producer.config
    close(producer)
    assert again(producer).closed is False
    other.send("orders", b"another's")
    close(other)
    assert stored(dekaf_broker) == ["another's", "its own"]


@pytest.mark.parametrize("setting", ["value_serializer", "on_error", "partitioner"])
def test_a_producer_that_cannot_be_pickled_says_why(setting: str) -> None:
    """A function without a name that another process could find it by."""
    settings: dict[str, Any] = {setting: lambda *_: None}
    producer = Producer("localhost:9092", **settings)
    with pytest.raises(TypeError, match=f"{setting}=.* cannot be pickled.*top level of a module"):
        pickle.dumps(producer)
    # Copies within a process need no names.
    assert copy.copy(producer.config) == copy.deepcopy(producer.config) == producer.config


def test_picklers_that_need_no_names_are_let_go_on() -> None:
    """They put functions into the pickle themselves; what they ask must not stand in their way."""
    config = ProducerConfig("localhost:9092", on_error=lambda _: None)
    asker: dict[str, Any] = {"__name__": "cloudpickle.cloudpickle", "config": config}
    exec("make, arguments, *_ = config.__reduce__()", asker)  # noqa: S102 - a pickler's stand-in
    assert asker["make"](*asker["arguments"]) == config
