"""An HTTP server in place of a cloud's services, and an environment that leads nowhere else."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

__all__ = ["HANG", "Reply", "Service", "leave_clouds", "serve"]

HANG = -1
_VARIABLES = ("AWS_", "GOOGLE_", "GCE_", "CLOUDSDK_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@dataclass
class Reply:
    """What the server answers. The status `HANG` is no answer."""

    body: bytes | str = b""
    status: int = 200


@dataclass
class Request:
    """What the server was asked. The names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Service:
    """A server. `replies` are by method and path, without the query."""

    port: int = 0
    replies: dict[str, Reply] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    end: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def asked(self) -> list[str]:
        return [f"{each.method} {each.path}" for each in self.requests]


@contextmanager
def serve() -> Iterator[Service]:
    """Serve on a free port until the block ends."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            service.requests.append(Request(self.command, self.path, headers, body))
            key = f"{self.command} {self.path.partition('?')[0]}"
            reply = service.replies.get(key, Reply("no such path", 404))
            if reply.status == HANG:
                service.end.wait()
                return
            data = reply.body.encode() if isinstance(reply.body, str) else reply.body
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(data)))
            if 300 <= reply.status < 400:
                self.send_header("Location", f"{service.url}/elsewhere")
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - names of http.server

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - likewise
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing: a client that has read enough resets the connection."""

    server = Server(("127.0.0.1", 0), Handler)
    service.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        service.end.set()
        server.shutdown()
        thread.join()
        server.server_close()


def leave_clouds(monkeypatch: pytest.MonkeyPatch, home: Path, service: Service) -> None:
    """Leave no trace of this machine's credentials, and lead every request to the service."""
    for name in list(os.environ):
        if name.startswith(_VARIABLES) or name.lower() in _PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", service.url)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"{service.url}/imds")
    monkeypatch.setenv("GCE_METADATA_HOST", service.host)
