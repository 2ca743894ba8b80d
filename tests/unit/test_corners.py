"""Where Python is sharp: locks, finalizers, signals, forks and ends, around a producer."""

import asyncio
import gc
import signal
import threading
import time
import weakref
from typing import Any

import pytest

from dekaf import (
    Producer,
    ProducerClosed,
    SyncProducer,
    UnclaimedFailures,
)
from dekaf.testing import Broker
from tests.unit.programs import run

HEAD = """
import asyncio, logging, os, signal, sys, threading, time
from dekaf import Producer, SyncProducer, UnclaimedFailures
from dekaf.testing import Broker
"""


def test_many_threads_meet_a_closed_producer(dekaf_broker: Broker) -> None:
    """Each makes an exception, in Python, and none stands in another's way."""
    producer = SyncProducer(dekaf_broker.bootstrap_servers)
    refused: list[int] = []

    def send() -> None:
        mine = 0
        while mine < 2_000:
            try:
                producer.send("orders", b"v")
            except ProducerClosed:
                mine += 1
        refused.append(mine)

    threads = [threading.Thread(target=send, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    producer.close()
    for thread in threads:
        thread.join(30)
    assert refused == [2_000] * 8


def test_a_finalizer_may_use_a_producer() -> None:
    """Also that of a function which only a producer that has ended still held."""
    script = """
class Handler:
    def __call__(self, error): pass
    def __del__(self):
        other.send("orders", b"from a finalizer")

with Broker() as broker:
    other = SyncProducer(broker.bootstrap_servers)
    first = SyncProducer(broker.bootstrap_servers, on_error=Handler())
    first.produce("orders", b"v")
    first.close()
    del first
    SyncProducer(broker.bootstrap_servers).produce("orders", b"w")
    other.close()
    print(len(broker.records("orders")))
"""
    assert run(HEAD + script) == ("3\n", "")


def test_a_closed_pipe_kills_no_producer() -> None:
    """Command line tools like to die of SIGPIPE; a broker that hangs up is no reason."""
    script = """
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
# Every broker may be out of reach for a moment, which the log says.
logging.getLogger("dekaf").addHandler(logging.NullHandler())
with Broker() as broker:
    with SyncProducer(broker.bootstrap_servers, retry_backoff_ms=1) as producer:
        for n in range(200):
            producer.send("orders", str(n) * 1000)
            if n % 20 == 0:
                broker.faults.drop_connections()
        producer.flush()
    print(len(broker.records("orders")))
"""
    assert run(HEAD + script) == ("200\n", "")


def test_lingering_batches_make_room(dekaf_broker: Broker) -> None:
    """Many partitions, each with a batch that waits for more, and no room for more."""
    dekaf_broker.create_topic("wide", partitions=50)
    with SyncProducer(
        dekaf_broker.bootstrap_servers,
        linger_ms=60_000,
        delivery_timeout_ms=120_000,
        buffer_memory=100_000,
        max_block_ms=20_000,
    ) as producer:
        for n in range(3_000):
            producer.send("wide", b"x" * 100, key=str(n))
    assert len(dekaf_broker.records("wide")) == 3_000


@pytest.mark.asyncio
async def test_a_partitioner_is_asked_while_send_waits(dekaf_broker: Broker) -> None:
    """The loop waits for room, and is the one whose messages have to be placed."""
    dekaf_broker.create_topic("new", partitions=2)
    async with Producer(
        dekaf_broker.bootstrap_servers,
        buffer_memory=50_000,
        partitioner=lambda _, partitions: partitions - 1,
    ) as producer:
        for _ in range(2_000):
            producer.send("new", b"x" * 100)
    assert {record.partition for record in dekaf_broker.records("new")} == {1}


def test_a_partitioner_is_asked_while_another_loop_stands_still(dekaf_broker: Broker) -> None:
    producer = Producer(dekaf_broker.bootstrap_servers, partitioner=lambda *_: 0)
    with asyncio.Runner() as still:
        still.run(producer.start())

        async def main() -> None:
            await asyncio.wait_for(producer.produce("orders", b"v"), 30)
            await producer.close()

        thread = threading.Thread(target=asyncio.run, args=[main()])
        thread.start()
        thread.join(60)
    assert len(dekaf_broker.records("orders")) == 1


class Interrupted(Exception):
    pass


def interrupt(*_: object) -> None:
    raise Interrupted


def test_an_interrupted_wait_leaves_its_failure_to_the_flush(dekaf_broker: Broker) -> None:
    producer = SyncProducer(
        dekaf_broker.bootstrap_servers, delivery_timeout_ms=600, request_timeout_ms=500, linger_ms=0
    )
    producer.produce("orders", b"first")
    dekaf_broker.faults.pause()
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Interrupted):
            producer.produce("orders", b"second")
    finally:
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(UnclaimedFailures, match="1 message failed"):
        producer.flush()
    dekaf_broker.faults.resume()
    producer.close()


def test_a_child_leaves_its_parents_loop_alone() -> None:
    """Both go on with the loop that ran before the fork; callbacks are told in the parent."""
    script = """
def main(broker):
    told = []
    producer = Producer(broker.bootstrap_servers)
    loop = asyncio.new_event_loop()

    async def send():
        await producer.start()
        for n in range(3):
            producer.send("orders", b"v", on_delivery=lambda *_: told.append(os.getpid()))

    loop.run_until_complete(send())
    while len(broker.records("orders")) < 3:
        time.sleep(0.001)
    child = os.fork()
    if child == 0:
        loop.run_until_complete(asyncio.sleep(0.2))
        os._exit(len(told))
    print("in the child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    loop.run_until_complete(producer.close())
    print("in the parent", len(told))
    loop.close()

with Broker() as broker:
    main(broker)
"""
    assert run(HEAD + script) == ("in the child 0\nin the parent 3\n", "")


def test_more_callbacks_than_the_end_has_time_for() -> None:
    script = """
def slow(*_):
    for _ in range(20_000):
        pass

broker = Broker().start()
producer = SyncProducer(broker.bootstrap_servers, exit_timeout_ms=100)
for _ in range(20_000):
    producer.send("orders", b"v", on_delivery=slow)
"""
    for _ in range(3):
        stdout, _ = run(HEAD + script)
        assert stdout == ""


def test_what_starts_when_all_is_over_is_refused() -> None:
    script = """
import atexit
def late():
    try:
        SyncProducer("127.0.0.1:1").send("orders", b"v")
    except RuntimeError as error:
        print(error)
"""
    # The first to register is the last to run.
    register = "import atexit\natexit.register(lambda: late())\n"
    stdout, stderr = run(register + HEAD + script)
    assert "what is produced now would be lost" in stdout
    assert stderr == ""


@pytest.mark.parametrize("closed", [True, False])
def test_a_producer_lets_go_of_what_leads_back_to_it(dekaf_broker: Broker, closed: bool) -> None:
    """One that is dropped without being closed still delivers what it has."""

    class App:
        def __init__(self) -> None:
            self.producer = SyncProducer(
                dekaf_broker.bootstrap_servers, on_error=self.failed, partitioner=self.choose
            )

        def failed(self, error: BaseException) -> None: ...

        def choose(self, _: bytes | None, partitions: int) -> int:
            return partitions - 1

    app: Any = App()
    app.producer.produce("orders", b"v")
    app.producer.send("orders", b"last")
    if closed:
        app.producer.close()
    seen = weakref.ref(app)
    del app
    gc.collect()
    assert seen() is None
    dekaf_broker.assert_published("orders", value=b"last", timeout=30)


@pytest.mark.asyncio
async def test_a_flush_of_nothing_needs_no_time(dekaf_broker: Broker) -> None:
    async with Producer(dekaf_broker.bootstrap_servers) as producer:
        await producer.flush(timeout=0)
        await producer.produce("orders", b"v")
        await producer.flush(timeout=0)


def test_a_callback_that_wants_a_lock_of_who_flushes(dekaf_broker: Broker) -> None:
    """It gets it in the end: a flush without a limit waits no longer than an exit."""
    lock = threading.Lock()
    told: list[int] = []

    def on_delivery(*_: object) -> None:
        with lock:
            told.append(1)

    producer = SyncProducer(dekaf_broker.bootstrap_servers, exit_timeout_ms=100)
    with lock:
        producer.send("orders", b"v", on_delivery=on_delivery)
        producer.flush()
        assert not told
    producer.close(30)
    assert told == [1]


def test_ctrl_c_in_a_partitioner_is_no_mistake_of_a_record(dekaf_broker: Broker) -> None:
    def choose(_: bytes | None, __: int) -> int:
        raise KeyboardInterrupt

    with SyncProducer(dekaf_broker.bootstrap_servers, partitioner=choose) as producer:
        dekaf_broker.create_topic("orders")
        producer.partitions("orders")
        before = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            producer.produce("orders", b"v")
        assert time.monotonic() - before < 60


def test_ctrl_c_at_the_end_still_counts_what_is_lost() -> None:
    script = """
def interrupt():
    broker_is_away.wait()
    os.kill(os.getpid(), signal.SIGINT)

broker_is_away = threading.Event()
producer = SyncProducer("127.0.0.1:1", exit_timeout_ms=30_000)
producer.send("orders", b"v")
threading.Thread(target=interrupt, daemon=True).start()
import atexit
atexit.register(broker_is_away.set)
"""
    _, stderr = run(HEAD + script)
    assert (
        "\ndekaf: 1 message was not delivered before the interpreter ended: the cluster" in stderr
    )
    assert stderr.rstrip().endswith("KeyboardInterrupt:")
