"""How long producers fall silent when a leader fails: dekaf beside librdkafka, `make failover`.

Both keep to their default settings (librdkafka with acks=all and idempotence, as dekaf has) and
hand a record over every 10 ms, to the same partition of the same cluster, of which a new leader
is elected about 2 s after the old one fell silent. What is told is the longest time between two
acknowledgements.
"""

import argparse
import asyncio
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import confluent_kafka

from dekaf import Producer
from tests.kafka import Cluster, MissingToolError, Plan, wait_until

PAUSE = 0.01  # seconds between two records
WARM = 200  # records acknowledged before anything happens, and after all is well again
PATIENCE = 180.0  # seconds until the slowest of all is back


class Pulse:
    """When one producer's records were acknowledged."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.failed: list[object] = []
        self.over = False

    def settle(self, error: object) -> None:
        if error is None:
            self.times.append(time.monotonic())
        else:
            self.failed.append(error)

    @property
    def silence(self) -> float:
        return max(b - a for a, b in zip(self.times[WARM:], self.times[WARM + 1 :], strict=False))


def ours(bootstrap: str, topic: str, pulse: Pulse) -> None:
    async def main() -> None:
        async with Producer(bootstrap) as producer:
            while not pulse.over:
                future = producer.produce(topic, b"v")
                future.add_done_callback(lambda done: pulse.settle(done.exception()))
                await asyncio.sleep(PAUSE)

    asyncio.run(main())


def theirs(bootstrap: str, topic: str, pulse: Pulse) -> None:
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": bootstrap,
            "acks": "all",
            "enable.idempotence": True,
            "log_level": 0,
        }
    )
    while not pulse.over:
        producer.produce(topic, b"v", on_delivery=lambda error, _: pulse.settle(error))
        producer.poll(PAUSE)
    producer.flush()


@dataclass(frozen=True)
class Failure:
    what: str
    strike: Callable[[Cluster, int], None]
    heal: Callable[[Cluster, int], None]


def failures(hang: float) -> list[Failure]:
    def pause(kafka: Cluster, leader: int) -> None:
        kafka.pause(leader)
        time.sleep(hang)

    return [
        Failure(f"hangs for {hang:g} s (SIGSTOP)", pause, Cluster.resume),
        Failure("dies (SIGKILL)", Cluster.kill, Cluster.restart),
        Failure("ends (SIGTERM)", Cluster.stop, Cluster.restart),
    ]


def measure(kafka: Cluster, failure: Failure) -> dict[str, Pulse]:
    topic = kafka.new_topic()
    leader = kafka.leader(topic)
    pulses = {"dekaf": Pulse(), "librdkafka": Pulse()}
    threads = [
        threading.Thread(target=load, args=(kafka.bootstrap(), topic, pulse), daemon=True)
        for load, pulse in zip((ours, theirs), pulses.values(), strict=True)
    ]

    def until_both_have_more(count: int, what: str) -> None:
        before = {name: len(pulse.times) for name, pulse in pulses.items()}
        wait_until(
            lambda: all(len(pulse.times) >= before[name] + count for name, pulse in pulses.items()),
            what=what,
            timeout=PATIENCE,
        )

    for thread in threads:
        thread.start()
    until_both_have_more(2 * WARM, "both producers are warm")
    failure.strike(kafka, leader)
    failure.heal(kafka, leader)
    until_both_have_more(WARM, "both producers are back")
    for pulse in pulses.values():
        pulse.over = True
    for thread in threads:
        thread.join(PATIENCE)
    kafka.heal()
    return pulses


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.failover", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hang", type=float, default=20.0, help="seconds, %(default)g if not said")
    options = parser.parse_args()
    print("The longest time between two acknowledgements, in seconds, when a leader")
    with Cluster(Plan(brokers=3, controllers="separate")) as kafka:
        for failure in failures(options.hang):
            for _ in range(options.rounds):
                pulses = measure(kafka, failure)
                figures = [
                    f"{name} {pulse.silence:5.2f}"
                    + (f" ({len(pulse.failed)} failed)" if pulse.failed else "")
                    for name, pulse in pulses.items()
                ]
                print(f"  {failure.what:30} {'   '.join(figures)}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except MissingToolError as error:
        sys.exit(str(error))
