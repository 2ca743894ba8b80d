"""The user's code forks where dekaf calls it: the child has what it makes itself, and ends."""

import os

import pytest

from dekaf.testing import Broker
from tests.unit.programs import run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

# Since 3.12 Python warns that a fork beside threads is dangerous. It is: that is tested.
HEAD = """
import os, signal, sys, threading, warnings
from dekaf import SyncProducer
warnings.simplefilter("ignore", DeprecationWarning)
servers = sys.argv[1]
other = SyncProducer(servers)
other.produce("orders", b"before")
pids = []

def fork(then=lambda: None):
    if pids:
        return
    pids.append(os.fork())
    if pids == [0]:
        # Whatever goes wrong in the child, it does not wait for ever.
        signal.alarm(30)
        other.send("orders", b"child", on_delivery=lambda metadata, error: None)
        then()

def call(function, *arguments):
    # It forks, and raises in the child.
    try:
        function(*arguments)
    except RuntimeError as error:
        assert pids == [0] and "before the process was forked" in str(error), error
        other.flush()
        os._exit(0)

def in_thread(run):
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
"""
TAIL = "print(os.waitstatus_to_exitcode(os.waitpid(pids[0], 0)[1]))\n"

FORKS = {
    # The dispatcher's thread, which is all that the child has.
    "on_delivery": """
def told(metadata, error):
    fork()
with SyncProducer(servers, linger_ms=60_000) as producer:
    for _ in range(3):
        producer.send("orders", b"parent", on_delivery=told)
    producer.flush()
""",
    "on_delivery that exits": """
with SyncProducer(servers, linger_ms=60_000) as producer:
    for _ in range(3):
        producer.send("orders", b"parent", on_delivery=lambda *_: fork(then=sys.exit))
    producer.flush()
""",
    "partitioner on the dispatcher's thread": """
def choose(key, partitions):
    fork(then=sys.exit)
    return 0
with SyncProducer(servers, partitioner=choose) as producer:
    # The topic is unknown yet: the partitioner is asked later.
    for _ in range(3):
        producer.send("orders", b"parent")
""",
    # The child is left with a thread that Python does not take for the main one.
    "thread": """
in_thread(fork)
with SyncProducer(servers) as producer:
    for _ in range(3):
        producer.send("orders", b"parent")
""",
    "serializer of many": """
def serialize(value):
    fork()
    return value
with SyncProducer(servers, value_serializer=serialize) as producer:
    call(producer.produce_all, "orders", [b"parent"] * 3)
""",
    "partitioner in the call": """
def choose(key, partitions):
    fork()
    return 0
with SyncProducer(servers, partitioner=choose) as producer:
    producer.partitions("orders")
    call(producer.produce, "orders", b"parent")
    for _ in range(2):
        producer.produce("orders", b"parent")
""",
}


@pytest.mark.parametrize("where", FORKS)
def test_the_child_ends_and_delivers(dekaf_broker: Broker, where: str) -> None:
    stdout, stderr = run(HEAD + FORKS[where] + TAIL, dekaf_broker.bootstrap_servers)
    assert stdout == "0\n"
    # What the child's callback raises to leave is logged there.
    assert "SystemExit" in stderr if where == "on_delivery that exits" else stderr == ""
    stored = sorted(record.value or b"" for record in dekaf_broker.records("orders"))
    assert stored == [b"before", b"child", b"parent", b"parent", b"parent"]


def test_a_thread_that_has_forked_counts_what_is_lost() -> None:
    script = """
def run():
    fork()
    if pids == [0]:
        lost.send("orders", b"child")
lost = SyncProducer("127.0.0.1:1", exit_timeout_ms=100)
in_thread(run)
"""
    with Broker() as broker:
        stdout, stderr = run(HEAD + script + TAIL, broker.bootstrap_servers)
    assert stdout == "0\n"
    *warnings, line = stderr.splitlines()
    assert line.startswith("dekaf: 1 message was not delivered before the thread of the forked")
    assert all("cannot be reached" in warning for warning in warnings)


def test_a_callback_that_sends_again_keeps_no_child_alive(dekaf_broker: Broker) -> None:
    """It finds the producer closed and the dispatcher about to end."""
    script = """
def again(metadata, error):
    lost.send("orders", b"again", on_delivery=again)
def run():
    fork()
    if pids == [0]:
        lost.send("orders", b"child", on_delivery=again)
lost = SyncProducer("127.0.0.1:1", exit_timeout_ms=100)
in_thread(run)
"""
    stdout, _ = run(HEAD + script + TAIL, dekaf_broker.bootstrap_servers)
    assert stdout == "0\n"


def test_a_producer_is_first_used_in_another_thread_of_the_child(dekaf_broker: Broker) -> None:
    script = """
def use():
    with warnings.catch_warnings(action="ignore"):
        threading.Thread(target=SyncProducer(servers).send, args=("orders", b"other")).start()
def run():
    fork(then=use)
in_thread(run)
"""
    stdout, _ = run(HEAD + script + TAIL, dekaf_broker.bootstrap_servers)
    assert stdout == "0\n"


def test_a_signals_handler_forks_while_a_call_waits(dekaf_broker: Broker) -> None:
    # The call still waits when the signal comes.
    dekaf_broker.faults.delay("produce", 1.0)
    script = """
signal.signal(signal.SIGALRM, lambda *_: fork())
with SyncProducer(servers) as producer:
    producer.send("orders", b"parent")
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    call(producer.flush)
"""
    assert run(HEAD + script + TAIL, dekaf_broker.bootstrap_servers) == ("0\n", "")


def test_nothing_is_imported_by_the_first_message(dekaf_broker: Broker) -> None:
    """A child that another thread forks meanwhile would wait for that import for ever."""
    script = """
import sys
from dekaf import SyncProducer
with SyncProducer(sys.argv[1]) as producer:
    before = set(sys.modules)
    producer.send("orders", b"v", on_delivery=lambda *_: None)
    producer.submit("orders", b"v", key="k", headers={"name": "v"}).result()
    producer.produce("orders", b"v")
    producer.produce_all("orders", [b"v"])
    producer.flush()
    print(sorted(set(sys.modules) - before))
"""
    assert run(script, dekaf_broker.bootstrap_servers) == ("[]\n", "")
