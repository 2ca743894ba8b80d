"""Send from child processes: `python -m tests.workers.applications.children --help`.

On SIGTERM the program starts no more work and joins its children.
"""

import argparse
import multiprocessing
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import BaseContext
from typing import Any

from tests.workers.applications.blocking import publish

_SHARE = 20  # tasks submitted to a pool at once

_stopped = False


def _stop(*_: Any) -> None:
    global _stopped  # noqa: PLW0603  (a signal handler has no other way to return a value)
    _stopped = True


def _shares(count: int, size: int) -> Iterator[range]:
    """Yield the numbers below `count` in ranges, until SIGTERM arrives."""
    for first in range(0, count, size):
        if _stopped:
            return
        yield range(first, min(first + size, count))


def _publish_all(numbers: Iterable[int]) -> None:
    for number in numbers:
        publish(number)


def run_processes(context: BaseContext, count: int, recycle: int) -> None:
    """Run two children at a time; each sends `recycle` messages."""
    children: list[Any] = []
    for numbers in _shares(count, recycle):
        child = context.Process(target=_publish_all, args=(numbers,))  # type: ignore[attr-defined]
        child.start()
        children.append(child)
        if len(children) >= 2:
            children[-2].join()
    for child in children:
        child.join()
        if child.exitcode:
            raise SystemExit(f"a child ended with {child.exitcode}")


def run_pool(context: BaseContext, count: int, recycle: int) -> None:
    """Replace each worker of a pool after `recycle` tasks, then close and join it."""
    pool = context.Pool(2, maxtasksperchild=recycle)
    for numbers in _shares(count, _SHARE):
        pool.map(publish, numbers, chunksize=1)
    pool.close()
    pool.join()


def run_executor(context: BaseContext, count: int, recycle: int) -> None:
    """Run a ProcessPoolExecutor, which cannot replace forked workers."""
    limit = None if context.get_start_method() == "fork" else recycle
    with ProcessPoolExecutor(2, mp_context=context, max_tasks_per_child=limit) as executor:
        for numbers in _shares(count, _SHARE):
            list(executor.map(publish, numbers))


KINDS = {"process": run_processes, "pool": run_pool, "executor": run_executor}


def main() -> None:
    """Run one kind of children with one start method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("method", choices=["fork", "spawn", "forkserver"])
    parser.add_argument("count", type=int)
    parser.add_argument("recycle", type=int)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    context = multiprocessing.get_context(options.method)
    KINDS[options.kind](context, options.count, options.recycle)


if __name__ == "__main__":
    main()
