"""Every client through every scenario, with a few messages: whether the comparison still works.

Over TLS, each client goes through one scenario, as encryption is the same in all of them. Nothing
is said of time. What fails is a scenario that breaks, and a broker that has not counted every
record, or was given a batch that is not what its checksum or its number says.
"""

import sys
from collections.abc import Collection, Iterator

from benches.peers.box import Box
from benches.peers.clients import CLIENTS
from benches.peers.job import Job
from benches.peers.null_broker import EncryptedNullBroker, NullBroker
from benches.peers.plan import connecting, tiny
from benches.peers.run import Broker, run

BROKERS = 3
"""To connect to."""


def smoke(clients: Collection[str], scenarios: Collection[str]) -> int:
    """Return how many have failed."""
    failed = passed = 0
    with NullBroker("--crc") as plain, EncryptedNullBroker("--crc") as tls, Box(BROKERS) as box:
        for client in clients:
            done = []
            for name, job, broker in tries(client, scenarios, plain, tls, box):
                if error := run(job, broker)["failed"]:
                    failed += 1
                    print(f"{client}, {name}: {error}", file=sys.stderr)
                else:
                    passed += 1
                    done.append(name)
            print(f"{client}: {', '.join(done)}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return failed


def tries(
    client: str, scenarios: Collection[str], plain: Broker, tls: Broker, box: Broker
) -> Iterator[tuple[str, Job, Broker]]:
    measured = CLIENTS[client]
    possible = [scenario for scenario in scenarios if measured.can(scenario)]
    for scenario in possible:
        yield scenario, tiny(client, scenario), plain
    if measured.encrypts and possible:
        yield f"{possible[0]} over TLS", tiny(client, possible[0]), tls
    if measured.can("connect"):
        yield "connect", connecting(client, BROKERS), box
