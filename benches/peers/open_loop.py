"""Messages that come at their own rate, whether or not the client keeps up."""

import asyncio
import time
from typing import Any

from benches.peers.client import Client
from benches.peers.job import Job
from benches.peers.meter import Meter, percentiles
from benches.peers.payloads import feed, payloads

# A tick for every client alike: asyncio's timers are no finer, and uvloop would spin on shorter
# ones.
TICK = 0.001
WARM_UP = 20
PATIENCE = 30.0


async def open_loop(client: Client, job: Job, meter: Meter) -> dict[str, Any]:
    """Measure from the call, and from when it was due: a late call has kept its message waiting."""
    values = payloads(job.size)
    clock, produce = time.perf_counter, client.produce_one
    from_call: list[float] = []
    from_due: list[float] = []

    async def one(value: bytes, due: float) -> None:
        began = clock()
        try:
            await produce(job.topic, value)  # type: ignore[misc] # it is no None
        except Exception:  # noqa: BLE001 - whatever a client raises, the message has failed
            client.errors += 1
        now = clock()
        from_call.append(now - began)
        from_due.append(now - due)

    began = clock()
    for value in feed(values, WARM_UP):
        await asyncio.wait_for(produce(job.topic, value), PATIENCE)  # type: ignore[arg-type] # likewise
        if clock() - began > 1:
            break
    due = feed(values, job.messages)
    running: set[asyncio.Task[None]] = set()
    with meter:
        sent = 0
        while sent < job.messages:
            wanted = min(job.messages, int(meter.elapsed() * job.rate) + 1)
            while sent < wanted:
                task = asyncio.ensure_future(one(next(due), meter.began + sent / job.rate))
                running.add(task)
                task.add_done_callback(running.discard)
                sent += 1
            await asyncio.sleep(max(TICK, meter.began + sent / job.rate - clock()))
        while running:
            await asyncio.wait(set(running))
    return {
        "messages": job.messages,
        **percentiles(from_call, "call_"),
        **percentiles(from_due, "due_"),
    }
