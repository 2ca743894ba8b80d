"""What leaves a `with` block takes along what the block has lost, and does not wait for ever."""

import asyncio
from typing import Any

import pytest

from dekaf import Producer, SyncProducer
from dekaf.testing import Broker

# Far longer than a test may take: the end of a block must not wait for it.
FAR_OFF: dict[str, Any] = {"delivery_timeout_ms": 600_000, "request_timeout_ms": 300_000}
SHORT: dict[str, Any] = {**FAR_OFF, "exit_timeout_ms": 200}


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_is_not_held_up(
    dekaf_broker: Broker, kind: type[BaseException]
) -> None:
    def main() -> None:
        with SyncProducer(servers(dekaf_broker), **SHORT) as producer:
            lose(dekaf_broker, producer)
            raise kind

    with pytest.raises(kind) as caught:
        main()
    assert_noted(caught.value)


def test_an_exception_says_what_was_lost_beside_it(dekaf_broker: Broker) -> None:
    dekaf_broker.create_topic("orders")

    def main() -> None:
        with SyncProducer(servers(dekaf_broker)) as producer:
            dekaf_broker.faults.fail("produce", "INVALID_RECORD", times=None)
            for n in range(3):
                producer.send("orders", b"%d" % n)
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine") as caught:
        main()
    [note] = caught.value.__notes__
    assert note.startswith("dekaf: 3 messages failed that nobody waited for; the first: ")
    assert "INVALID_RECORD" in note


@pytest.mark.asyncio
async def test_a_cancelled_block(dekaf_broker: Broker) -> None:
    """As asyncio makes of Ctrl-C, and as task groups and timeouts end their tasks."""
    lost = asyncio.Event()

    async def main() -> None:
        async with Producer(servers(dekaf_broker), **SHORT) as producer:
            lose(dekaf_broker, producer)
            lost.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(main())
    await lost.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert_noted(caught.value)


@pytest.mark.asyncio
async def test_a_block_that_times_out(dekaf_broker: Broker) -> None:
    async def main() -> None:
        async with asyncio.timeout(0.1), Producer(servers(dekaf_broker), **SHORT) as producer:
            lose(dekaf_broker, producer)
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError) as caught:
        await main()
    assert caught.value.__cause__ is not None
    assert_noted(caught.value.__cause__)


@pytest.mark.asyncio
async def test_nothing_is_added_where_nothing_was_lost(dekaf_broker: Broker) -> None:
    async def main() -> None:
        async with Producer(servers(dekaf_broker)) as producer:
            producer.send("orders", b"v")
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine") as caught:
        await main()
    assert not hasattr(caught.value, "__notes__")
    dekaf_broker.assert_published("orders", value=b"v", times=1)


def servers(broker: Broker) -> str:
    return broker.bootstrap_servers


def lose(broker: Broker, producer: Producer[Any, Any] | SyncProducer[Any, Any]) -> None:
    broker.faults.pause()
    for n in range(3):
        producer.send("orders", b"%d" % n)


def assert_noted(error: BaseException) -> None:
    [note] = error.__notes__
    assert note.startswith("dekaf: 3 messages failed that nobody waited for; the first: ")
    assert "closed before" in note
