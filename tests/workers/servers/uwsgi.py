"""uWSGI: with and without threads, with and without --lazy-apps.

By default SIGTERM reloads uWSGI. With `--die-on-term` it stops, but kills workers during a request.
The hook below stops it gracefully.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.kafka.ports import HOST
from tests.workers.model import Model, Site, Stop

_COMMON = ("--master", "--need-app", "--processes", "2", "--disable-logging")
_GRACEFUL = ("--hook-master-start", "unix_signal:15 gracefully_kill_them_all")
# By default a worker lives for at least a minute. If the master receives SIGTERM while it delays a
# respawn, it never stops the new worker.
_AT_ONCE = ("--min-worker-lifetime", "0", "--forkbomb-delay", "0")
_VARIANTS = (
    ("--enable-threads",),
    ("--enable-threads", "--lazy-apps"),
    ("--threads", "4"),
    ("--threads", "4", "--lazy-apps"),
    (),
    ("--lazy-apps",),
)


def _program(python: Path) -> list[str]:
    """Prefer the pinned version: Debian 12 has 2.0.21, whose threaded workers hang at their end."""
    installed = python.with_name("uwsgi")
    if installed.exists():
        return [str(installed)]
    return ["uwsgi", "--plugin", "python3"] if shutil.which("uwsgi") else []


def _missing(python: Path) -> str:
    return "" if _program(python) else "apt install uwsgi uwsgi-plugin-python3"


def _model(
    *options: str,
    stopping: Sequence[str] = _GRACEFUL,
    stops: Sequence[Stop] = ("after", "during", "reload"),
) -> Model:
    def command(site: Site) -> Sequence[str]:
        recycling = ["--max-requests", str(site.recycle), *_AT_ONCE]
        application = ["--module", "tests.workers.applications.wsgi"]
        address = ["--http-socket", f"{HOST}:{site.port}"]
        program = [*_program(site.python), *address, *application, *_COMMON]
        return [*program, *stopping, *recycling, *options]

    shown = [*options, *(stopping if stopping is not _GRACEFUL else ())]
    return Model(
        server="uWSGI",
        options=" ".join(shown) or "(no threads)",
        command=command,
        stops=stops,
        missing=_missing,
        # The master ends without atexit, so a message that it sends itself is lost.
        environment={"WORKERS_AT_IMPORT": "start"},
    )


MODELS = (
    *(_model(*options) for options in _VARIANTS),
    # It kills workers that are busy with a request, without the end of the interpreter.
    _model("--enable-threads", stopping=("--die-on-term",), stops=("during",)),
)
