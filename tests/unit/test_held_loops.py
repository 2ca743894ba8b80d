"""A `SyncProducer` on the thread of a running event loop: it works, and says what that costs."""

import pytest

from dekaf.testing import Broker
from tests.unit.programs import run

CALLS = {
    "block": "with SyncProducer(servers): pass",
    "produce": "SyncProducer(servers).produce('orders', b'v')",
    "produce_all": "SyncProducer(servers).produce_all('orders', [b'v'])",
}
WARNING = (
    "a SyncProducer waits in the thread of a running event loop, which stands still meanwhile; "
    "use dekaf.Producer there, and await it\n"
)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_it_is_said_once(dekaf_broker: Broker, call: str) -> None:
    script = f"""
import asyncio, sys
from dekaf import SyncProducer
servers = sys.argv[1]

async def main():
    {call}
    {call}

asyncio.run(main())
"""
    assert run(script, dekaf_broker.bootstrap_servers) == ("", WARNING)


def test_other_threads_may_wait(dekaf_broker: Broker) -> None:
    script = """
import asyncio, sys
from dekaf import SyncProducer

async def main(producer):
    await asyncio.to_thread(producer.produce, "orders", b"v")
    producer.send("orders", b"v")

with SyncProducer(sys.argv[1]) as producer:
    asyncio.run(main(producer))
"""
    assert run(script, dekaf_broker.bootstrap_servers) == ("", "")
