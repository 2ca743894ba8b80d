"""What batch calls refuse at once, return, and raise: against the broker in the box."""

import asyncio
import copy
import gc
import io
import pickle
import threading
import weakref
from collections import deque
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import pytest

from dekaf import (
    BatchResult,
    BrokerError,
    DekafError,
    InvalidRecord,
    Message,
    ProduceError,
    ProduceErrorGroup,
    Producer,
    ProducerClosed,
    RecordMetadata,
    SyncProducer,
    UnknownPartition,
)
from dekaf.testing import Broker
from tests.unit.programs import run

Results = BatchResult[RecordMetadata | ProduceError]


@pytest.fixture
def producer(dekaf_broker: Broker) -> Any:
    dekaf_broker.create_topic("orders")
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        yield producer


TOO_LARGE = b"x" * 2_000_000
MIXED: list[Any] = [b"0", TOO_LARGE, b"2", object(), Message(value=b"4", partition=9), b"5"]
KINDS = [RecordMetadata, InvalidRecord, RecordMetadata, InvalidRecord, UnknownPartition]


def mixed(producer: Any) -> Results:
    results: Results = producer.produce_all("orders", MIXED, return_exceptions=True)
    return results


def group_of(producer: Any) -> ProduceErrorGroup:
    with pytest.raises(ProduceErrorGroup) as caught:
        producer.produce_all("orders", MIXED)
    return caught.value


# -- refused at once --------------------------------------------------------------------------


class Async:
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"v"


class Subscripted:
    def __getitem__(self, _: int) -> bytes:
        raise IndexError


REFUSED: list[tuple[Any, str]] = [
    ("text", "is str, which is one value and not many"),
    (b"bytes", "is bytes, which is one value"),
    (bytearray(b"bytes"), "is bytearray, which is one value"),
    (memoryview(b"bytes"), "is memoryview, which is one value"),
    (Message("orders", b"v"), "is a Message, not many"),
    ({"k": b"v"}, r"is a mapping: .*\.items\(\)"),
    (Async(), "is iterated with async for"),
    (None, "must be iterable, such as a list, not NoneType"),
    (7, "must be iterable, such as a list, not int"),
    (Broker, "must be iterable"),
]


@pytest.mark.parametrize(("source", "why"), REFUSED, ids=lambda it: type(it).__name__)
def test_what_is_not_many_is_refused(producer: Any, source: Any, why: str) -> None:
    with pytest.raises(TypeError, match=f"items {why}"):
        producer.produce_all("orders", source)
    with pytest.raises(TypeError, match=f"items {why}"):
        producer.topic("orders").produce_all(source)
    with pytest.raises(TypeError, match=f"source {why}"):
        producer.stream(source, topic="orders")
    with pytest.raises(TypeError, match=f"source {why}"):
        producer.topic("orders").stream(source)
    if not isinstance(source, str):
        with pytest.raises(TypeError, match=f"messages {why}"):
            producer.produce_all(source)
    assert producer.metrics().records.handed_over == 0


@pytest.mark.asyncio
@pytest.mark.parametrize(("source", "why"), REFUSED, ids=lambda it: type(it).__name__)
async def test_what_is_not_many_is_refused_on_a_loop(
    dekaf_broker: Broker, source: Any, why: str
) -> None:
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        with pytest.raises(TypeError, match=f"items {why}"):
            await producer.produce_all("orders", source)
        with pytest.raises(TypeError, match=f"items {why}"):
            await producer.topic("orders").produce_all(source)
        if isinstance(source, Async):
            assert len([each async for each in producer.stream(source, topic="orders")]) == 1
        else:
            with pytest.raises(TypeError, match=f"source {why}"):
                producer.stream(source, topic="orders")
            with pytest.raises(TypeError, match=f"source {why}"):
                producer.topic("orders").stream(source)


def test_arguments_out_of_place(producer: Any) -> None:
    with pytest.raises(TypeError, match=r"items are missing: write produce_all\('orders', items\)"):
        producer.produce_all("orders")
    for topic in (b"orders", None, ["orders"], Message("orders")):
        with pytest.raises(TypeError, match="topic must be str, not"):
            producer.produce_all(topic, [b"v"])
    with pytest.raises(ValueError, match="topic is empty"):
        producer.produce_all("", [b"v"])
    with pytest.raises(ValueError, match="topic is empty"):
        producer.topic("")
    with pytest.raises(TypeError, match="topic must be str"):
        producer.topic(7)
    with pytest.raises(TypeError, match="positional argument"):
        producer.produce_all("orders", [b"v"], "key")
    with pytest.raises(TypeError):
        producer.produce_all()
    with pytest.raises(TypeError, match="return_exception"):
        producer.produce_all("orders", [b"v"], return_exception=True)
    with pytest.raises(ValueError, match="naive"):
        producer.publish_batch(b"v", topic="orders", timestamp=datetime(2020, 1, 1))  # noqa: DTZ001
    with pytest.raises(TypeError, match="headers must be"):
        producer.publish_batch(b"v", topic="orders", headers="a=b")
    with pytest.raises(TypeError, match="partition must be int"):
        producer.publish_batch(b"v", topic="orders", partition="0")
    assert producer.metrics().records.handed_over == 0


def test_a_closed_producer_is_no_group(dekaf_broker: Broker) -> None:
    closed = SyncProducer(dekaf_broker.bootstrap_servers)
    bound = closed.topic("orders")
    closed.close()
    for call in (
        lambda: closed.produce_all("orders", [b"v"]),
        lambda: closed.produce_all("orders", []),
        lambda: closed.produce_all([Message("orders", b"v")], return_exceptions=True),
        lambda: closed.publish_batch("v", topic="orders"),
        lambda: bound.produce_all([b"v"]),
        lambda: bound.produce(b"v"),
        lambda: bound.send(b"v"),
        lambda: list(closed.stream([b"v"], topic="orders")),
        lambda: list(bound.stream([b"v"], return_exceptions=True)),
    ):
        with pytest.raises(ProducerClosed, match="create another one"):
            call()


@pytest.mark.asyncio
async def test_a_closed_producer_is_no_group_on_a_loop(dekaf_broker: Broker) -> None:
    closed = Producer(dekaf_broker.bootstrap_servers)
    bound = closed.topic("orders")
    await closed.close()
    for call in (
        closed.produce_all("orders", [b"v"]),
        closed.produce_all("orders", []),
        closed.publish_batch("v", topic="orders"),
        bound.produce_all([b"v"], return_exceptions=True),
        anext(closed.stream([b"v"], topic="orders")),
    ):
        with pytest.raises(ProducerClosed, match="create another one"):
            await call
    with pytest.raises(ProducerClosed):
        bound.produce(b"v")


@pytest.mark.asyncio
async def test_a_call_without_a_loop_sends_nothing(dekaf_broker: Broker) -> None:
    """As with `produce`: somebody who steps a coroutine by hand is told where to go."""
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        await producer.produce("orders", b"first")
        errors: list[BaseException] = []

        def step() -> None:
            for call in (
                producer.produce_all("orders", [b"v"]),
                producer.publish_batch(b"v", topic="orders"),
                producer.topic("orders").produce_all([b"v"]),
            ):
                try:
                    call.send(None)
                except RuntimeError as error:
                    errors.append(error)

        thread = threading.Thread(target=step)
        thread.start()
        thread.join()
        assert len(errors) == 3
        assert all("needs a running event loop" in str(error) for error in errors)
        await producer.flush()
    assert [record.value for record in dekaf_broker.records("orders")] == [b"first"]


@pytest.mark.asyncio
async def test_a_collection_that_others_change(dekaf_broker: Broker) -> None:
    """It is listed as it is when the call begins: no generator has to be listed at one go."""
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        queue = deque([b"v"] * 300_000)
        cache = dict.fromkeys(range(300_000), b"v")

        async def change() -> None:
            for n in range(10_000_000):
                queue.append(b"w")
                cache[-n] = b"w"
                await asyncio.sleep(0)

        changing = asyncio.create_task(change())
        sources: list[Any] = [queue, cache.values()]
        for source in sources:
            results = await producer.produce_all("orders", source, return_exceptions=True)
            assert len(results) >= 300_000
        changing.cancel()


# -- a sequence -------------------------------------------------------------------------------


def test_a_result_is_a_sequence(producer: Any) -> None:
    results = producer.produce_all("orders", [(None, b"%d" % n) for n in range(5)])
    assert isinstance(results, Sequence)
    assert len(results) == 5
    assert bool(results)
    assert not producer.produce_all("orders", [])
    everything = list(results)
    assert [metadata.offset for metadata in everything] == [0, 1, 2, 3, 4]
    assert all(type(metadata) is RecordMetadata for metadata in everything)
    assert results[0] == everything[0]
    assert results[-1] == everything[-1]
    assert results[-5] == everything[0]
    assert results[True] == everything[1]
    for one in (5, -6, 2**62, -(2**62)):
        with pytest.raises(IndexError):
            results[one]
    for no_index in ("0", None, 1.0, (0, 1)):
        with pytest.raises(TypeError):
            results[no_index]  # type: ignore[call-overload]
    for part in (
        slice(None),
        slice(1, 3),
        slice(-2, None),
        slice(None, None, 2),
        slice(None, None, -1),
        slice(4, 0, -2),
        slice(3, 1),
        slice(100, 200),
        slice(-100, 100),
    ):
        assert list(results[part]) == everything[part]
    with pytest.raises(ValueError, match="zero"):
        results[::0]
    assert list(reversed(results)) == everything[::-1]
    assert [results.index(metadata) for metadata in everything] == [0, 1, 2, 3, 4]
    assert results.index(everything[-1], 2) == 4
    with pytest.raises(ValueError):  # noqa: PT011 - the text is Python's
        results.index(everything[0], 1)
    with pytest.raises(ValueError):  # noqa: PT011
        results.index("not there")
    assert results.count(everything[2]) == 1
    assert results.count(None) == 0
    assert everything[3] in results
    assert RecordMetadata("orders", 0, 99, 0) not in results
    match results:
        case [first, *_, last]:
            assert (first.offset, last.offset) == (0, 4)
        case _:
            pytest.fail("it is a sequence to match")
    first, *_ = results
    assert first == everything[0]
    iterator = iter(results)
    assert next(iterator) == everything[0]
    assert len(list(iterator)) == 4


def test_a_result_cannot_be_changed(producer: Any) -> None:
    results = mixed(producer)
    with pytest.raises(TypeError):
        results[0] = None  # type: ignore[index]
    with pytest.raises(TypeError):
        del results[0]  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        results.note = 1  # type: ignore[attr-defined]
    results.failed.clear()
    results.succeeded.clear()
    assert (len(results.failed), len(results.succeeded)) == (3, 3)


def test_equality_and_hash(producer: Any) -> None:
    one, two = (producer.produce_all("orders", [b"v", b"w"]) for _ in range(2))
    again = one
    assert one == again
    assert one != two
    assert one == BatchResult(list(one))
    assert one != list(one)
    assert BatchResult([]) == BatchResult([])
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_failures_are_always_the_same_objects(producer: Any) -> None:
    results = mixed(producer)
    assert [type(each) for each in results] == [*KINDS, RecordMetadata]
    for index in (1, 3, 4):
        assert results[index] is results[index]
        assert results[index] is results[index - len(MIXED)]
        assert results[index : index + 1][0] is results[index]
        assert results[index] in results
        assert results.index(results[index]) == index
    assert [error.index for error in results.failed] == [1, 3, 4]
    assert [a is b for a, b in zip(results.failed, results.failed, strict=True)] == [True] * 3
    assert [metadata.offset for metadata in results.succeeded] == [0, 1, 2]


def test_a_failure_is_the_same_object_for_many_threads(producer: Any) -> None:
    bad = [Message(value=b"v", partition=9)] * 500
    results = producer.produce_all("orders", bad, return_exceptions=True)
    seen: list[list[ProduceError]] = []
    threads = [threading.Thread(target=lambda: seen.append(list(results))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert all(a is b for each in seen for a, b in zip(each, seen[0], strict=True))


def test_repr(producer: Any) -> None:
    assert repr(mixed(producer)) == "<BatchResult of 6: 3 stored, 3 failed>"
    assert repr(producer.produce_all("orders", [])) == "<BatchResult of 0: 0 stored, 0 failed>"


def test_results_pickle(producer: Any) -> None:
    results = mixed(producer)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        other = pickle.loads(pickle.dumps(results, protocol))  # noqa: S301 - just made
        assert type(other) is BatchResult
        assert other.succeeded == results.succeeded
        assert [type(each) for each in other] == [type(each) for each in results]
        for mine, theirs in zip(other.failed, results.failed, strict=True):
            assert (str(mine), mine.index, mine.topic, mine.partition, mine.code) == (
                str(theirs),
                theirs.index,
                theirs.topic,
                theirs.partition,
                theirs.code,
            )
        assert other[1] is other[1]
        assert repr(other) == repr(results)
    assert list(copy.copy(results)) == list(results)
    assert copy.deepcopy(results).succeeded == results.succeeded


def test_results_may_be_made_by_hand() -> None:
    """Of a test's own: a mock that stands for a producer returns some."""
    metadata = RecordMetadata("orders", 0, 7, 1)
    error = BrokerError("no", topic="orders", index=1)
    results: Results = BatchResult([metadata, error])
    assert results[0] is metadata
    assert results.failed == [error]
    assert results.succeeded == [metadata]
    assert BatchResult[RecordMetadata]([metadata])[0] is metadata
    for no_list in ((metadata,), None, "text"):
        with pytest.raises(TypeError):
            BatchResult(no_list)  # type: ignore[arg-type]
    group = ProduceErrorGroup.of(results)
    assert group.failed == [error]


def test_results_outlive_their_producer(dekaf_broker: Broker) -> None:
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        results = mixed(producer)
    del producer
    gc.collect()
    assert [type(each) for each in results] == [*KINDS, RecordMetadata]
    assert results[0].topic == "orders"


# -- a group ----------------------------------------------------------------------------------


def test_a_group_says_what_became_of_everything(producer: Any) -> None:
    group = group_of(producer)
    assert isinstance(group, ExceptionGroup)
    assert isinstance(group, DekafError)
    assert str(group).startswith("3 of 6 messages failed; the first, at index 1: ")
    assert [type(error) for error in group.exceptions] == [
        InvalidRecord,
        InvalidRecord,
        UnknownPartition,
    ]
    assert [error.index for error in group.failed] == [1, 3, 4]
    assert [metadata.offset for metadata in group.succeeded] == [0, 1, 2]
    assert len(group.results) == 6
    again = [MIXED[error.index] for error in group.failed if error.index is not None]
    assert again == [TOO_LARGE, MIXED[3], MIXED[4]]


def test_a_group_is_retriable_if_all_of_it_is() -> None:
    def group(*errors: ProduceError) -> ProduceErrorGroup:
        return ProduceErrorGroup.of(BatchResult(list(errors)))

    again = BrokerError("again", retriable=True, index=0)
    never = BrokerError("never", fatal=True, index=0)
    doubt = BrokerError("doubt", retriable=True, maybe_written=True, index=0)
    seen = [
        (each.retriable, each.fatal, each.maybe_written)
        for each in (group(again), group(again, never), group(again, doubt), group(never, doubt))
    ]
    assert seen == [
        (True, False, False),
        (False, True, False),
        (True, False, True),
        (False, True, True),
    ]
    part = group(again, doubt, never).subgroup(lambda error: error is again)
    assert isinstance(part, ProduceErrorGroup)
    assert (part.retriable, part.fatal, part.maybe_written) == (True, False, False)


def test_parts_of_a_group_know_all_results(producer: Any) -> None:
    group = group_of(producer)
    group.add_note("noted")
    match, rest = group.split(UnknownPartition)
    assert isinstance(match, ProduceErrorGroup)
    assert isinstance(rest, ProduceErrorGroup)
    part = group.subgroup(lambda error: getattr(error, "code", "") == "MESSAGE_TOO_LARGE")
    assert isinstance(part, ProduceErrorGroup)
    derived = group.derive(group.failed[:1])
    for each, count in ((match, 1), (rest, 2), (part, 1), (derived, 1)):
        assert len(each.exceptions) == count
        assert each.results is group.results
        assert each.failed == group.failed
        assert each.succeeded == group.succeeded
        assert each.message == group.message
    for each in (match, rest, part):
        assert each.__notes__ == ["noted"]
        assert each.__traceback__ is group.__traceback__
    none, everything = group.split(BrokerError)
    assert none is None
    assert everything is not None
    assert everything.exceptions == group.exceptions
    assert group.subgroup(BrokerError) is None


def test_except_star(producer: Any) -> None:
    seen: list[Any] = []
    try:
        producer.produce_all("orders", MIXED)
    except* UnknownPartition as group:
        seen.append(group)
    except* ProduceError as group:
        seen.append(group)
    for part, kinds in zip(seen, [[UnknownPartition], [InvalidRecord] * 2], strict=True):
        assert isinstance(part, ProduceErrorGroup)
        assert [type(error) for error in part.exceptions] == kinds
        assert len(part.results) == 6


def test_what_except_star_leaves(producer: Any) -> None:
    """It goes on, with all results."""

    def catch_some() -> None:
        try:
            producer.produce_all("orders", MIXED)
        except* InvalidRecord:
            pass

    with pytest.raises(ProduceErrorGroup) as caught:
        catch_some()
    assert [type(error) for error in caught.value.exceptions] == [UnknownPartition]
    assert len(caught.value.results) == 6


def test_groups_pickle(producer: Any) -> None:
    group = group_of(producer)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        other = pickle.loads(pickle.dumps(group, protocol))  # noqa: S301 - just made
        assert type(other) is ProduceErrorGroup
        assert str(other) == str(group)
        assert other.succeeded == group.succeeded
        assert [error.index for error in other.failed] == [1, 3, 4]
        assert (other.retriable, other.fatal) == (group.retriable, group.fatal)
        # What is raised and what is in the results is one and the same there, too.
        assert all(a is b for a, b in zip(other.exceptions, other.failed, strict=True))
    assert str(copy.copy(group)) == str(group)
    match, _ = pickle.loads(pickle.dumps(group)).split(UnknownPartition)  # noqa: S301
    assert match is not None
    assert len(match.results) == 6


def test_a_group_that_crosses_processes() -> None:
    """Celery and multiprocessing hand failures over as pickles."""
    script = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from dekaf import ProduceErrorGroup, SyncProducer
from dekaf.testing import Broker

def work(servers):
    with SyncProducer(servers) as producer:
        producer.produce_all("orders", [b"0", b"x" * 2_000_000])

if __name__ == "__main__":
    with Broker() as broker, ProcessPoolExecutor(1, get_context("fork")) as pool:
        try:
            pool.submit(work, broker.bootstrap_servers).result()
        except ProduceErrorGroup as group:
            print(len(group.results), [error.index for error in group.failed])
"""
    assert run(script) == ("2 [1]\n", "")


# -- what is left behind ----------------------------------------------------------------------


def test_ctrl_c_ends_a_call_that_waits() -> None:
    """What waits for memory is un-sent; what was handed over is delivered."""
    script = """
import os, signal, threading, time
from dekaf import SyncProducer
from dekaf.testing import Broker

with Broker() as broker:
    producer = SyncProducer(broker.bootstrap_servers, buffer_memory=100_000, batch_size=10_000)
    producer.produce("orders", b"first")
    broker.faults.pause()

    def interrupt():
        while not producer.metrics().pending.waiting_for_memory:
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        producer.produce_all("orders", [b"%06d" % n + b"x" * 1_000 for n in range(1_000)])
    except KeyboardInterrupt:
        print("interrupted")
    thread.join()
    metrics = producer.metrics()
    assert metrics.pending.waiting_for_memory == 0 < metrics.records.unsent
    broker.faults.resume()
    producer.flush()
    values = [record.value for record in broker.records("orders")][1:]
    assert 50 < len(values) < 150
    assert [int(value[:6]) for value in values] == list(range(len(values)))
    producer.close()
"""
    assert run(script) == ("interrupted\n", "")


def test_ctrl_c_ends_a_call_that_is_not_answered() -> None:
    """Failures after that are told by the next flush."""
    script = """
import os, signal, threading, time
from dekaf import SyncProducer, UnclaimedFailures
from dekaf.testing import Broker

with Broker() as broker:
    producer = SyncProducer(
        broker.bootstrap_servers, delivery_timeout_ms=900, request_timeout_ms=800, linger_ms=0
    )
    producer.produce("orders", b"first")
    broker.faults.pause()

    def interrupt():
        while producer.metrics().records.handed_over < 11:
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        producer.produce_all("orders", [b"v"] * 10)
    except KeyboardInterrupt:
        print("interrupted")
    thread.join()
    try:
        producer.flush()
    except UnclaimedFailures as unclaimed:
        print(unclaimed.count, type(unclaimed.failures[0]).__name__)
    broker.faults.resume()
    producer.close()
"""
    stdout, _ = run(script)  # the failures are in the log, which nobody has set up
    assert stdout == "interrupted\n10 DeliveryTimeout\n"


def test_progress_leaves_stderr_usable() -> None:
    """One line for each call, where it is no terminal; everything is counted, failures too."""
    script = """
import asyncio, sys
from dekaf import Producer, SyncProducer
from dekaf.testing import Broker

async def main(servers):
    async with Producer(servers) as producer:
        await producer.produce_all("orders", [b"v"] * 3, progress=True)
        await producer.produce_all("orders", [object()] * 3, progress=True, return_exceptions=True)
        await producer.publish_batch("a", "b", topic="orders", progress=True)
        async for _ in producer.stream([b"v"] * 4, topic="orders", progress=True):
            pass

with Broker() as broker:
    asyncio.run(main(broker.bootstrap_servers))
    with SyncProducer(broker.bootstrap_servers) as producer:
        producer.produce_all("orders", [b"v"] * 3, progress=True)
        producer.produce_all("orders", [object()] * 3, progress=True, return_exceptions=True)
        producer.publish_batch("a", "b", topic="orders", progress=True)
        for _ in producer.stream([b"v"] * 4, topic="orders", progress=True):
            pass
        # It is decoration: where there is nobody to show it to, messages go on.
        sys.stderr.write("end")
        sys.stderr, stderr = None, sys.stderr
        producer.produce_all("orders", [b"v"] * 3, progress=True)
        sys.stderr = stderr
    print(len(broker.records("orders")))
"""
    stdout, stderr = run(script)
    assert stdout == "21\n"
    lines = [line.split(", ") for line in stderr.splitlines()]
    assert lines.pop() == ["end"]
    assert [line[0] for line in lines] == 2 * [
        "produce_all: 3/3",
        "produce_all: 3/3",
        "publish_batch: 2/2",
        "stream: 4",
    ]
    assert ["3 failed" in line for line in lines] == 2 * [False, True, False, False]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_drawn_on_a_terminal(producer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over and over on one line, of streams as of batches."""
    for call in (
        lambda: producer.produce_all("orders", [b"v"], progress=True),
        lambda: list(producer.stream([b"v"], topic="orders", progress=True)),
    ):
        terminal = Terminal()
        with monkeypatch.context() as patch:
            patch.setattr("sys.stderr", terminal)
            call()
        drawn = terminal.getvalue()
        assert drawn.startswith("\r")
        assert drawn.endswith("\n")
        assert drawn.count("\n") == 1


def test_nothing_is_kept_of_a_call(dekaf_broker: Broker) -> None:
    """Neither of what it was given nor of what it has returned."""

    class Value(bytearray):
        pass

    watched: list[weakref.ref[Any]] = []

    async def main() -> None:
        async with Producer(dekaf_broker.bootstrap_servers) as producer:
            for _ in range(3):
                items: list[Any] = [Value(b"v") for _ in range(100)]
                items += [Message(value=Value(b"v"), partition=9), object()]
                watched.extend(weakref.ref(each) for each in items if isinstance(each, Value))
                results = await producer.produce_all("orders", items, return_exceptions=True)
                watched.extend(weakref.ref(error) for error in results.failed)
                try:
                    await producer.produce_all("orders", items)
                except ProduceErrorGroup as group:
                    watched.append(weakref.ref(group))
                stream = producer.stream(items, topic="orders", return_exceptions=True)
                assert len([each async for each in stream]) == 102
                watched.append(weakref.ref(stream))
                del items, results, stream
            gc.collect()
            assert not [None for ref in watched if ref() is not None]

    asyncio.run(main())
    assert len(watched) > 300
