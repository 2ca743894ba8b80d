"""One measurement, in this process: a job on the command line, its figures on standard output.

Both are JSON, the figures one line of it.

    python -m benches.peers.measure '{"client": "dekaf", "scenario": "send", "security": {}, …}'
"""

import asyncio
import json
import sys
from collections.abc import Coroutine
from dataclasses import asdict
from typing import Any

from benches.peers.client import Client, Program
from benches.peers.clients import CLIENTS
from benches.peers.connecting import connect
from benches.peers.importing import measure_import
from benches.peers.job import Job
from benches.peers.meter import Meter
from benches.peers.scenarios import SCENARIOS, all_of


def main() -> None:
    job = Job.parse(sys.argv[1])
    client = CLIENTS[job.client]
    print(json.dumps(asdict(job) | measure(client, job)), flush=True)


def measure(client: type[Any], job: Job) -> dict[str, Any]:
    if issubclass(client, Program):
        return client().run(job)
    if job.scenario == "import":
        return measure_import(client, job)
    done = connect(client(job), job) if job.scenario == "connect" else play(client(job), job)
    if not client.is_async:
        return without_a_loop(done)
    if job.loop == "uvloop":
        import uvloop

        return uvloop.run(done)
    return asyncio.run(done)


async def play(client: Client, job: Job) -> dict[str, Any]:
    meter = Meter(job.stats)
    await all_of(client.open())
    said = await SCENARIOS[job.scenario](client, job, meter)
    await all_of(client.close())
    return meter.figures(said["messages"], job.size) | said | {"errors": client.errors}


def without_a_loop(played: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """Run what never waits for a loop: a client that blocks must not see one."""
    try:
        played.send(None)
    except StopIteration as stop:
        done: dict[str, Any] = stop.value
        return done
    raise RuntimeError("a client that blocks has waited for an event loop")


if __name__ == "__main__":
    main()
