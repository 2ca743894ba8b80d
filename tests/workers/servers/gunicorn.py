"""gunicorn: each worker class, with and without --preload."""

from collections.abc import Sequence

from tests.kafka.ports import HOST
from tests.workers.model import Model, Site, without_cluster

_CLASSES = {
    "sync": (),
    "gthread": ("--threads", "4"),
    "gevent": (),
}


def _model(worker_class: str, *, preload: bool) -> Model:
    options = ["-k", worker_class, *_CLASSES[worker_class], *(["--preload"] if preload else [])]

    def command(site: Site) -> Sequence[str]:
        recycling = ["--max-requests", str(site.recycle), "--max-requests-jitter", "10"]
        return [
            *(str(site.python), "-m", "gunicorn", "tests.workers.applications.wsgi:application"),
            *(
                "--no-control-socket",
                "--workers",
                "2",
                "--bind",
                f"{HOST}:{site.port}",
                *recycling,
                *options,
            ),
        ]

    return Model(
        server="gunicorn",
        options=" ".join(options),
        command=command,
        stops=("after", "during", "reload"),
    )


MODELS = (
    *(_model(name, preload=preload) for name in _CLASSES for preload in (False, True)),
    *(without_cluster(_model(name, preload=False)) for name in _CLASSES),
)
