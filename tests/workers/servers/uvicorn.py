"""uvicorn: the async Producer as a module global, closed by the lifespan or not at all."""

from collections.abc import Sequence

from tests.kafka.ports import HOST
from tests.workers.model import Model, Site

_KILLED = "uvicorn re-raises SIGTERM, which ends the process without atexit; close in the lifespan"


def _model(application: str, *options: str, recycled: bool = False) -> Model:
    def command(site: Site) -> Sequence[str]:
        recycling = ["--limit-max-requests", str(site.recycle)] if recycled else []
        return [
            *(str(site.python), "-m", "uvicorn", f"tests.workers.applications.asgi:{application}"),
            *("--host", HOST, "--port", str(site.port), "--no-access-log", *options, *recycling),
        ]

    shown = [*options, *(["--limit-max-requests"] if recycled else [])]
    how = "lifespan" if application == "application" else "never closed"
    return Model(
        server="uvicorn",
        options=f"{' '.join(shown) or '(one process)'}, {how}",
        command=command,
        # After its shutdown uvicorn re-raises the signal with the default handler.
        exit_codes=(0, -15),
        known="" if application == "application" else _KILLED,
    )


def _touch(site: Site) -> None:
    (site.directory / "touched.py").write_text("# changed\n")


def _reloading() -> Model:
    def command(site: Site) -> Sequence[str]:
        return [
            *(str(site.python), "-m", "uvicorn", "tests.workers.applications.asgi:application"),
            *("--host", HOST, "--port", str(site.port), "--no-access-log"),
            *("--reload", "--reload-dir", str(site.directory)),
        ]

    return Model(
        server="uvicorn",
        options="--reload, lifespan",
        command=command,
        prepare=lambda site: (site.directory / "touched.py").touch(),
        reload=_touch,
        stops=("reload",),
        exit_codes=(0, -15),
    )


MODELS = (
    _model("application"),
    _model("application", "--workers", "2"),
    _model("application", "--workers", "2", recycled=True),
    _reloading(),
    _model("unclosed"),
    _model("unclosed", "--workers", "2"),
    _model("unclosed", "--workers", "2", recycled=True),
)
