"""What clients are asked to do, and which part of it is measured: each is warm before."""

import inspect
import time
from array import array
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from benches.peers.client import Client, Done
from benches.peers.job import Job
from benches.peers.meter import Meter, percentiles
from benches.peers.open_loop import open_loop
from benches.peers.payloads import feed, payloads

Scenario = Callable[[Client, Job, Meter], Awaitable[dict[str, Any]]]

LISTS = 4  # that differ, in turn
WARM_UP_AWAITED = 200  # messages, where each is waited for


async def all_of(done: Done) -> None:
    """Wait for a client's method, whether it blocked or is to be awaited."""
    if inspect.isawaitable(done):
        await done


async def send(client: Client, job: Job, meter: Meter) -> dict[str, Any]:
    values = payloads(job.size)
    await all_of(client.send(job.topic, feed(values, job.warm_up)))
    with meter:
        await all_of(client.send(job.topic, feed(values, job.messages)))
    held = (client.handed_over - meter.began) / job.messages
    return {"messages": job.messages, "held_us": round(held * 1e6, 3)}


async def send_cb(client: Client, job: Job, meter: Meter) -> dict[str, Any]:
    values = payloads(job.size)
    await all_of(client.send_with_callback(job.topic, feed(values, job.warm_up)))
    client.delivered = 0
    with meter:
        await all_of(client.send_with_callback(job.topic, feed(values, job.messages)))
    # A callback that has not been called when all is said to be over is an error, too.
    client.errors += job.messages - client.delivered
    return {"messages": job.messages}


async def many_partitions(client: Client, job: Job, meter: Meter) -> dict[str, Any]:
    values = payloads(job.size)
    warm_up = max(job.warm_up, job.partitions)
    await all_of(client.send_to_partitions(job.topic, feed(values, warm_up)))
    with meter:
        await all_of(client.send_to_partitions(job.topic, feed(values, job.messages)))
    return {"messages": job.messages}


async def await_one(client: Client, job: Job, meter: Meter) -> dict[str, Any]:
    values = payloads(job.size)
    produce, clock = client.produce_one, time.perf_counter
    for value in feed(values, min(WARM_UP_AWAITED, job.warm_up, job.messages // 10 + 1)):
        await all_of(produce(job.topic, value))
    # As small as can be: who is faster has more of them, and they count as memory.
    times = array("d")
    with meter:
        for value in feed(values, job.messages):
            began = clock()
            done = produce(job.topic, value)
            if client.is_async:
                await done  # type: ignore[misc] # it is no None
            now = clock()
            times.append(now - began)
            if now - meter.began > job.seconds:
                break
    return {"messages": len(times), **percentiles(times)}


async def gather(client: Client, job: Job, meter: Meter) -> dict[str, Any]:
    return await rounds(client.gather, job, meter)


async def produce_then_await(client: Client, job: Job, meter: Meter) -> dict[str, Any]:
    return await rounds(client.produce_then_await, job, meter)


async def batch(client: Client, job: Job, meter: Meter) -> dict[str, Any]:
    return await rounds(client.send_batch, job, meter)


async def rounds(
    produce: Callable[[str, Sequence[bytes]], Done], job: Job, meter: Meter
) -> dict[str, Any]:
    """One list after another, each when the one before is acknowledged."""
    values = payloads(job.size)
    lists = [list(feed(values[first:] + values[:first], job.at_once)) for first in range(LISTS)]
    await all_of(produce(job.topic, lists[0]))
    times: list[float] = []
    with meter:
        while len(times) * job.at_once < job.messages and meter.elapsed() < job.seconds:
            began = time.perf_counter()
            await all_of(produce(job.topic, lists[len(times) % LISTS]))
            times.append(time.perf_counter() - began)
    return {"messages": len(times) * job.at_once, **percentiles(times, "round_")}


SCENARIOS: dict[str, Scenario] = {
    "send": send,
    "send_cb": send_cb,
    "await_one": await_one,
    "gather": gather,
    "produce_then_await": produce_then_await,
    "batch": batch,
    "open_loop": open_loop,
    "many_partitions": many_partitions,
}
"""`import` is none of them: it is measured from outside."""
