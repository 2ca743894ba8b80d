"""uWSGI: with and without threads, loaded before or after the fork.

SIGTERM has to stop it, which by default reloads it. Its workers live for a minute at least, if
nothing else is said.
"""

import shutil
from collections.abc import Sequence

from tests.kafka.ports import HOST
from tests.workers.model import Model, Site

_COMMON = ("--master", "--need-app", "--die-on-term", "--processes", "2")
_VARIANTS = (
    ("--enable-threads",),
    ("--enable-threads", "--lazy-apps"),
    ("--threads", "4"),
    ("--threads", "4", "--lazy-apps"),
    (),
    ("--lazy-apps",),
)


def _missing() -> str:
    if shutil.which("uwsgi"):
        return ""
    return "apt install uwsgi uwsgi-plugin-python3"


def _model(options: Sequence[str]) -> Model:
    def command(site: Site) -> Sequence[str]:
        recycling = ["--max-requests", str(site.recycle), "--min-worker-lifetime", "0"]
        application = ["--module", "tests.workers.applications.wsgi"]
        address = ["--http-socket", f"{HOST}:{site.port}"]
        return ["uwsgi", "--plugin", "python3", *address, *application, *_COMMON, *recycling, *options]

    return Model(
        server="uWSGI",
        options=" ".join(options) or "(no threads)",
        command=command,
        stops=("after", "during", "reload"),
        missing=_missing(),
    )


MODELS = tuple(_model(options) for options in _VARIANTS)
