"""What it costs a client to connect to every broker of a cluster, and to log in.

One message goes to each of the job's partitions, and each partition has a leader of its own, so
all connections are open when all messages are acknowledged. Importing the client is not counted.
"""

from typing import Any

from benches.peers.client import Client
from benches.peers.job import Job
from benches.peers.meter import Meter
from benches.peers.payloads import feed, payloads
from benches.peers.scenarios import all_of


async def connect(client: Client, job: Job) -> dict[str, Any]:
    values = payloads(job.size)
    exec(client.importing, {})  # noqa: S102 - a client's own statement
    meter = Meter(job.stats)
    with meter:
        await all_of(client.open())
        await all_of(client.send_to_partitions(job.topic, feed(values, job.messages)))
    await all_of(client.close())
    figures = meter.figures(job.messages, job.size)
    # What a message costs is not the question here.
    said = {name: figure for name, figure in figures.items() if "_per_" not in name}
    return said | {"cpu_ms": round(figures["cpu_s"] * 1000, 1), "errors": client.errors}
