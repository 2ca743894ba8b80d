"""The threads of the core take no signal: handlers may wait for what only another thread can do."""

import signal
import sys
from pathlib import Path

import pytest

from dekaf import SyncProducer
from dekaf.testing import Broker

TASKS = Path("/proc/self/task")
OURS = ("dekaf", "dekaf-broker")
FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE}


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the masks of threads")
def test_no_signal_is_delivered_to_them(dekaf_broker: Broker) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with SyncProducer(dekaf_broker.bootstrap_servers, compression="zstd") as producer:
        producer.produce("orders", b"v")
        seen: set[str] = set()
        for task in TASKS.iterdir():
            name = (task / "comm").read_text().strip()
            if name in OURS:
                seen.add(name)
                blocked = blocked_by((task / "status").read_text())
                assert {signal.SIGTERM, signal.SIGINT, signal.SIGPIPE, signal.SIGCHLD} <= blocked
                assert not FAULTS & blocked
        assert seen == set(OURS)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def blocked_by(status: str) -> set[int]:
    line = next(line for line in status.splitlines() if line.startswith("SigBlk:"))
    mask = int(line.split()[1], 16)
    return {number + 1 for number in range(64) if mask >> number & 1}
