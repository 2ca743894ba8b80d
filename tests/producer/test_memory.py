"""Memory: ten million messages leave nothing behind, and a full buffer holds what it says."""

import json
import subprocess
import sys

import pytest

from tests.kafka import Cluster, FaultProxy, TopicFactory

PREAMBLE = """
import asyncio, gc, json, sys
from dekaf import Producer, SyncProducer, UnclaimedFailures

servers, topic = sys.argv[1:]

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
"""

TEN_MILLION = """
ROUNDS, EACH = 100, 100_000
told = [0, 0]

def count(metadata, error):
    told[error is not None] += 1

samples = []
with SyncProducer(servers, metadata_timeout_ms=1_000) as producer:
    failed = 0
    for _ in range(ROUNDS):
        for n in range(EACH):
            kind = n % 100
            if kind == 0:
                producer.send(topic, b"a message that has a callback", on_delivery=count)
            elif kind == 1:
                producer.send(topic, b"and one that fails", partition=99, on_delivery=count)
            elif kind == 2:
                producer.send(topic, b"which nobody hears of", partition=99)
            else:
                producer.send(topic, b"a message of some thirty bytes", key=b"key")
        try:
            producer.flush()
        except UnclaimedFailures as unclaimed:
            failed += unclaimed.count
        gc.collect()
        samples.append(resident())
print(json.dumps({"told": told, "failed": failed, "samples": samples}))
"""

TIGHT_LOOP = """
MEMORY, VALUE = 4 << 20, b"x" * 1_000
COUNT = 10 * MEMORY // len(VALUE)

async def on_the_loop():
    async with Producer(servers, buffer_memory=MEMORY, send_block_ms=10_000) as producer:
        await producer.produce(topic, VALUE)
        return measured(producer)

def off_the_loop():
    with SyncProducer(servers, buffer_memory=MEMORY) as producer:
        producer.produce(topic, VALUE)
        return measured(producer)

def measured(producer):
    before, most, used = resident(), 0, 0
    for n in range(COUNT):
        producer.send(topic, VALUE)
        if n % 100 == 0:
            most = max(most, resident())
            used = max(used, producer.metrics().pending.memory_used)
    return {"grown": most - before, "used": used, "memory": MEMORY, "count": COUNT}

print(json.dumps([asyncio.run(on_the_loop()), off_the_loop()]))
"""


def run(script: str, servers: str, topic: str) -> object:
    # Some of what they produce fails, which the log would say.
    hush = "import logging\nlogging.getLogger('dekaf').addHandler(logging.NullHandler())\n"
    command = [sys.executable, "-W", "error", "-c", hush + PREAMBLE + script, servers, topic]
    found = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert found.returncode == 0, found.stderr
    assert found.stderr == ""
    return json.loads(found.stdout)


@pytest.mark.slow
@pytest.mark.timeout(1_000)
def test_ten_million_messages_leave_nothing_behind(kafka: Cluster, topic: TopicFactory) -> None:
    found = run(TEN_MILLION, kafka.bootstrap(), topic(kafka, partitions=4))
    assert isinstance(found, dict)
    assert found["told"] == [100_000, 100_000]
    assert found["failed"] == 100_000
    # What grows once, while it becomes warm, is no leak; what grows with the messages is. How much
    # the allocator keeps of a full buffer goes up and down: the least of many samples does not.
    warm = found["samples"][20:]
    early, late = min(warm[:40]), min(warm[40:])
    print(f"resident, the least of 40 flushes: {early >> 10} KiB early, {late >> 10} KiB late")  # noqa: T201 - the figure
    assert late - early < 4 << 20, found["samples"]


def test_a_buffer_holds_no_more_than_it_says(
    kafka: Cluster, proxy: FaultProxy, topic: TopicFactory
) -> None:
    """Ten times the buffer, in a loop that never stops, to a broker that is slow and lives."""
    name = topic(kafka)
    proxy.slow_down(rate=8_000_000)
    both = run(TIGHT_LOOP, kafka.bootstrap("PROXIED"), name)
    assert isinstance(both, list)
    for found in both:
        assert found["used"] <= found["memory"]
        # Sealed requests are written from the very memory that is counted; beside it there is
        # what frames, sockets and allocators take.
        margin = 8 << 20
        assert found["grown"] < found["memory"] + margin, found
