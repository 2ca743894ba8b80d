"""Every client through every scenario, with a few messages: whether the comparison still works.

Nothing is said of time. What fails is a scenario that breaks, and a broker that has not counted
every record, or was given a batch that is not what its checksum or its number says.
"""

import sys
from collections.abc import Collection

from benches.peers.clients import CLIENTS
from benches.peers.null_broker import NullBroker
from benches.peers.plan import tiny
from benches.peers.run import run


def smoke(clients: Collection[str], scenarios: Collection[str]) -> int:
    """Return how many have failed."""
    failed = passed = 0
    with NullBroker("--crc") as broker:
        for client in clients:
            done = []
            for scenario in scenarios:
                if not CLIENTS[client].can(scenario):
                    continue
                if error := run(tiny(client, scenario), broker)["failed"]:
                    failed += 1
                    print(f"{client}, {scenario}: {error}", file=sys.stderr)
                else:
                    passed += 1
                    done.append(scenario)
            print(f"{client}: {', '.join(done)}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return failed
