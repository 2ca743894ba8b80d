"""multiprocessing: each start method with Process, Pool and ProcessPoolExecutor."""

from collections.abc import Sequence

from tests.workers.model import Model, Site, without_cluster


def _model(kind: str, name: str, method: str) -> Model:
    def command(site: Site) -> Sequence[str]:
        program = [str(site.python), "-m", "tests.workers.applications.children"]
        return [*program, kind, method, str(site.count), str(site.recycle)]

    return Model(server="multiprocessing", options=f"{method}: {name}", command=command, work="own")


_METHODS = ("fork", "spawn", "forkserver")

MODELS = (
    *(
        _model(kind, name, method)
        for method in _METHODS
        for kind, name in (
            ("process", "Process"),
            ("pool", "Pool(maxtasksperchild)"),
            ("executor", "ProcessPoolExecutor"),
        )
    ),
    *(without_cluster(_model("process", "Process", method)) for method in _METHODS),
)
