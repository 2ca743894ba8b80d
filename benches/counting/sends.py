"""What `send` costs the thread that calls it, from Python through an installed wheel."""

import subprocess
from pathlib import Path

from benches.counting.callgrind import ENVIRONMENT, count
from benches.counting.comparison import Count, Counts
from benches.counting.sending import WAYS
from benches.peers.null_broker import ROOT, NullBroker

PARTITIONS = 12
MESSAGES = 100_000


def count_sends(python: Path) -> Counts:
    """Count each way to send: with messages and without, of which the difference is taken."""
    with NullBroker() as broker:
        counts: Counts = {}
        for way in WAYS:
            program = [python, "-m", "benches.counting.sending", way]
            sending = [*program, broker.bootstrap, broker.topic(PARTITIONS)]
            # Python keeps what it compiles at a first import: that may not count in one of the two.
            subprocess.run([*sending, "0"], check=True, cwd=ROOT, env=ENVIRONMENT)
            before, _ = count([*sending, "0"])
            after, _ = count([*sending, str(MESSAGES)])
            counts[way] = Count((after - before) / MESSAGES, "message")
        return counts
