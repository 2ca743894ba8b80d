"""Processes of a cluster are started, signalled and reaped; none outlives its tests."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kafka import Node, wait_until

_LONG = ["/bin/sleep", "600"]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(1, "broker", tmp_path / "node-1", {})
    yield node
    node.end()


def test_a_paused_node_can_be_stopped(node: Node) -> None:
    node.spawn(_LONG)
    node.pause()
    node.stop()
    assert not node.paused
    assert not node.started


def test_what_does_not_run_cannot_be_signalled(node: Node) -> None:
    with pytest.raises(RuntimeError, match="<node 1: broker> does not run"):
        node.kill()
    node.spawn(_LONG)
    with pytest.raises(RuntimeError, match="runs already"):
        node.spawn(_LONG)


def test_a_node_that_ends_by_itself_says_what_it_logged(node: Node) -> None:
    node.spawn(["/bin/sh", "-c", "echo no space left"])

    def reported() -> bool:
        try:
            node.check()
        except RuntimeError as error:
            return "no space left" in str(error)
        return False

    wait_until(reported, what="the end is noticed")


def test_a_node_outlives_the_thread_that_asked_for_it(node: Node) -> None:
    asking = threading.Thread(target=node.spawn, args=(_LONG,))
    asking.start()
    asking.join()
    pid = node.pid
    wait_until(lambda: _command(pid).startswith("/bin/sleep"), what="it runs")
    node.check()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_no_node_outlives_its_tests(tmp_path: Path) -> None:
    script = (
        "import pathlib, signal, sys\n"
        "from tests.kafka import Node\n"
        "node = Node(1, 'broker', pathlib.Path(sys.argv[1]), {})\n"
        "node.spawn(['/bin/sleep', '600'])\n"
        "print(node.pid, flush=True)\n"
        "signal.pause()\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout is not None
        pid = int(tests.stdout.readline())
        wait_until(lambda: _command(pid).startswith("/bin/sleep"), what="it runs")
        tests.send_signal(signal.SIGKILL)
    wait_until(lambda: not _command(pid), what="it is gone")


def _command(pid: int) -> str:
    """Say what a process runs: nothing if there is none, or only its exit status."""
    done = subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "" if "<defunct>" in done.stdout else done.stdout


def test_a_leash_runs_nothing_for_a_parent_that_has_ended(tmp_path: Path) -> None:
    leash = Path(__file__).parents[1] / "kafka" / "leash.py"
    made = tmp_path / "made"
    stranger = str(os.getpid() + 1)
    done = subprocess.run(
        [sys.executable, str(leash), stranger, "/bin/touch", str(made)],
        capture_output=True,
        text=True,
        check=False,
    )
    if sys.platform == "linux":
        assert done.returncode == 1
        assert not made.exists()
