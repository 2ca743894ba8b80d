"""Celery: each pool, with recycling if the pool supports it, on a filesystem broker."""

import subprocess
from collections.abc import Sequence

from tests.workers.model import Model, Site, without_cluster

_APPLICATION = "tests.workers.applications.tasks"
_POOLS = {"prefork": True, "gevent": False, "eventlet": False, "threads": False, "solo": False}
_PATIENCE = 60.0


def _prepare(site: Site) -> None:
    (site.directory / "queue").mkdir()
    command = [str(site.python), "-m", "tests.workers.applications.enqueue", str(site.count)]
    done = subprocess.run(
        command,
        env=site.environment,
        cwd=site.directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if done.returncode:
        raise RuntimeError(f"enqueueing failed: {done.stderr[-500:]}")


def _model(pool: str, *, recycled: bool) -> Model:
    def command(site: Site) -> Sequence[str]:
        recycling = ["--max-tasks-per-child", str(site.recycle)] if recycled else []
        worker = [str(site.python), "-m", "celery", "-A", _APPLICATION, "worker"]
        return [*worker, "-c", "2", "-P", pool, "-l", "INFO", *recycling]

    return Model(
        server="Celery",
        options=f"-P {pool}{' --max-tasks-per-child' if recycled else ''}",
        command=command,
        work="queue",
        prepare=_prepare,
    )


MODELS = (
    *(_model(pool, recycled=False) for pool in _POOLS),
    *(_model(pool, recycled=True) for pool, recycles in _POOLS.items() if recycles),
    without_cluster(_model("prefork", recycled=True)),
)
