"""What other libraries make of the process: threads that are greenlets, and ends without `atexit`.

None of them is imported here: who uses one has it imported.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Start: TypeAlias = Callable[[Callable[[], object], tuple[()]], object]

__all__ = ["drain_with_workers", "start_thread"]


def start_thread(serve: Callable[[], object], name: str) -> None:
    """Run something in a thread of the system, also where `threading` makes greenlets.

    A greenlet would hold up all the others whenever it sleeps, for it sleeps in the core.
    """
    try:
        if start := _native_start():
            start(serve, ())
        else:
            threading.Thread(target=serve, name=name, daemon=True).start()
    except RuntimeError as error:
        raise RuntimeError(
            f"dekaf cannot start: {error}; it needs two threads: see the limits of the process "
            "(ulimit -u) and of its container"
        ) from error


def _native_start() -> Start | None:
    """Give `_thread.start_new_thread` as it was before gevent or eventlet replaced it."""
    gevent: Any = sys.modules.get("gevent.monkey")
    if gevent is not None and gevent.is_object_patched("threading", "_start_new_thread"):
        return cast("Start", gevent.get_original("_thread", "start_new_thread"))
    eventlet: Any = sys.modules.get("eventlet.patcher")
    if eventlet is not None and eventlet.is_monkey_patched("thread"):
        return cast("Start", eventlet.original("_thread").start_new_thread)
    return None


def drain_with_workers(drain: Callable[[], object]) -> None:
    """Call `drain` at the end of this process if it is one that ends without `atexit`.

    Children of `multiprocessing` and of billiard run only the finalizers of `multiprocessing`.
    Workers of Celery's pool do not run these either, but send a signal of Celery's.
    """
    if _is_importing_main():
        # A child of a fork server imports the main module before it becomes the child, which
        # discards the finalizers that were registered until then.
        from multiprocessing.util import register_after_fork  # noqa: PLC0415 - it is imported there

        # The first argument is only referenced weakly, so it has to outlive the import.
        register_after_fork(sys.modules[__name__], lambda _: _finalize_with(drain))
    if not (_is_child("multiprocessing.process") or _is_child("billiard.process")):
        return
    _finalize_with(drain)
    celery: Any = sys.modules.get("celery.signals")
    if celery is not None:

        def end(**_: object) -> None:
            drain()

        celery.worker_process_shutdown.connect(end, weak=False)


def _finalize_with(drain: Callable[[], object]) -> None:
    from multiprocessing.util import Finalize  # noqa: PLC0415 - it is imported there

    Finalize(None, drain, exitpriority=0)


def _is_importing_main() -> bool:
    process: Any = sys.modules.get("multiprocessing.process")
    return process is not None and getattr(process.current_process(), "_inheriting", False)


def _is_child(module: str) -> bool:
    process: Any = sys.modules.get(module)
    return process is not None and process.current_process()._parent_pid is not None  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - parent_process() misses a billiard's
