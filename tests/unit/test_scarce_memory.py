"""A process that has no memory left, or no thread: what finds none is refused, and nothing else."""

import pytest

from dekaf.testing import Broker
from tests.unit.programs import run

SCARCE = """
import asyncio, resource, sys
from dekaf import ProduceError, Producer, SyncProducer

servers = sys.argv[1]
MIB = 1 << 20
large = bytes(80 * MIB)
settings = {"max_request_size": 100 * MIB, "buffer_memory": 300 * MIB}

def shorten():
    with open("/proc/self/statm") as sizes:
        now = int(sizes.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + 40 * MIB, resource.RLIM_INFINITY))

def refused(error):
    assert isinstance(error, ProduceError), error
    assert "no memory for a message of 838" in str(error), error
    assert error.retriable and not error.fatal
"""
BLOCKING = """
with SyncProducer(servers, **settings) as producer:
    producer.produce("orders", b"before")
    shorten()
    for call in (producer.produce, producer.send):
        try:
            call("orders", large)
        except MemoryError as error:
            refused(error)
        else:
            raise SystemExit("there was memory")
        producer.produce("orders", b"between")
    producer.send("orders", b"after")
assert producer.metrics().records.failed == 0
"""
AWAITED = """
async def main():
    async with Producer(servers, **settings) as producer:
        await producer.produce("orders", b"before")
        shorten()
        for call in (producer.produce, producer.send):
            try:
                future = call("orders", large)
                if future is not None:
                    await future
            except MemoryError as error:
                refused(error)
            else:
                raise SystemExit("there was memory")
            await producer.produce("orders", b"between")
        producer.send("orders", b"after")

asyncio.run(main())
"""


@pytest.mark.parametrize("program", [BLOCKING, AWAITED], ids=["blocking", "awaited"])
def test_a_message_that_finds_no_memory_is_refused_alone(
    dekaf_broker: Broker, program: str
) -> None:
    run(SCARCE + program, dekaf_broker.bootstrap_servers)
    stored = [record.value for record in dekaf_broker.records("orders")]
    assert stored == [b"before", b"between", b"between", b"after"]


def test_a_process_that_may_have_no_more_threads(dekaf_broker: Broker) -> None:
    """It is told what is missing, and works as soon as it is there."""
    script = """
import os, resource, sys
from dekaf import SyncProducer
if os.getuid() == 0:
    os.setuid(65534)  # there is no limit for root
_, most = resource.getrlimit(resource.RLIMIT_NPROC)
with_none = SyncProducer(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NPROC, (0, most))
try:
    with_none.produce("orders", b"v")
except (OSError, RuntimeError) as error:
    print(error)
resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
with_none.produce("orders", b"v")
"""
    stdout, stderr = run(script, dekaf_broker.bootstrap_servers)
    assert stderr == ""
    assert "dekaf cannot start: " in stdout
    assert "ulimit -u" in stdout
