"""Which jobs make a comparison: every client in every scenario that it has something for."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from benches.peers.clients import CLIENTS
from benches.peers.job import Job
from benches.peers.scenarios import SCENARIOS

NAMES = (*SCENARIOS, "import")

PACE = {
    "dekaf": 4_000_000,
    "dekaf-sync": 4_000_000,
    "confluent": 1_000_000,
    "confluent-seldom-polled": 1_000_000,
    "confluent-futures": 200_000,
    "confluent-futures-batched": 200_000,
    "confluent-aio": 200_000,
    "confluent-aio-flushed": 200_000,
    "aiokafka": 150_000,
    "kafka-python": 40_000,
    "faststream-dekaf": 200_000,
    "faststream-aiokafka": 50_000,
    "faststream-confluent": 40_000,
    "java": 3_000_000,
    "drive": 20_000_000,
    "drive-encoding": 10_000_000,
    "noop": 5_000_000,
    "noop-async": 3_000_000,
}
"""About how many messages of 100 bytes a client sends in a second, so that a run lasts as long."""

# What is sent in one go takes as long as it takes; other scenarios end by the clock.
ENDLESS = 100_000_000
OPEN_LOOP_SECONDS = 10

# What librdkafka takes where nobody says how much, and is quickest with.
LARGE_BATCH = 1_000_000

# What a message of 1 KiB costs, in those of 100 bytes, and one that is compressed.
LARGE, COMPRESSED = 4, 2


def jobs(
    clients: Collection[str], scenarios: Collection[str], loops: Collection[str]
) -> Iterator[Job]:
    """List the jobs in the order in which one round of a comparison makes them."""
    for scenario in scenarios:
        for client in clients:
            measured = CLIENTS[client]
            if not measured.can(scenario):
                continue
            is_async = getattr(measured, "is_async", False)
            for loop in loops if is_async and scenario != "import" else ["asyncio"]:
                job = Job(client=client, scenario=scenario, loop=loop)
                yield from variants(job, PACE[client])


def variants(job: Job, pace: int) -> Iterator[Job]:
    """Make the rows of a scenario."""
    match job.scenario:
        case "send":
            yield replace(job, messages=pace)
            yield replace(job, messages=pace // LARGE, size=1024)
            yield replace(job, messages=pace // LARGE, size=1024, batch_size=LARGE_BATCH)
            for codec in CLIENTS[job.client].codecs:
                messages = pace // LARGE // COMPRESSED
                yield replace(job, messages=messages, size=1024, compression=codec)
        case "send_cb":
            yield replace(job, messages=pace)
        case "many_partitions":
            yield replace(job, messages=pace // 2, partitions=100)
            yield replace(job, messages=pace // 4, partitions=1000)
        case "open_loop":
            yield replace(job, messages=OPEN_LOOP_SECONDS * job.rate)
        case _:
            yield replace(job, messages=ENDLESS)


def connecting(client: str, brokers: int) -> Job:
    """Make the job of connecting to so many brokers, each of which leads one partition."""
    return Job(client=client, scenario="connect", partitions=brokers, messages=brokers)


def tiny(client: str, scenario: str) -> Job:
    """Make the least that shows whether a client and a scenario fit each other."""
    job = Job(client=client, scenario=scenario, warm_up=200, seconds=1.0, repeats=1)
    match scenario:
        case "open_loop":
            return replace(job, rate=500, messages=100)
        case "await_one":
            return replace(job, messages=50)
        case "gather" | "produce_then_await" | "batch":
            return replace(job, messages=2000, at_once=1000)
        case _:
            return replace(job, messages=2000)
