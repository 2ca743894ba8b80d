"""A WSGI application: each request sends its number."""

from collections.abc import Callable, Iterable
from typing import Any

from tests.workers.applications.blocking import publish


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Send the number in the path `/<number>`, then reply."""
    publish(int(environ["PATH_INFO"].strip("/")))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
