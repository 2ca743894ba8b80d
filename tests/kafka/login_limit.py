"""A proxy that refuses logins, as brokers of Amazon MSK do to clients that connect too often."""

import contextlib
import socket
import struct
import threading
from collections.abc import Mapping
from io import BufferedIOBase
from socketserver import StreamRequestHandler, ThreadingTCPServer
from types import TracebackType
from typing import Self

from tests.kafka.ports import HOST

WORDS = "Too many connects"

_AUTHENTICATE = 36
_FLEXIBLE = 2  # the first version of it with lengths as varints, and with tags
_FAILED = 58
_HEAD = struct.Struct(">hhi")  # API key, version, correlation id


class LoginLimit:
    """LoginLimit(cluster.routes("SASL_PLAINTEXT_PROXIED")): as for `FaultProxy`."""

    def __init__(self, routes: Mapping[int, int]) -> None:
        self.refused = 0
        self._to_refuse = 0
        self._guard = threading.Lock()
        self._clients: set[socket.socket] = set()
        self._servers = [
            _Server((HOST, front), self._handler(back)) for front, back in routes.items()
        ]
        self._threads = [
            threading.Thread(target=it.serve_forever, args=(0.01,)) for it in self._servers
        ]

    def refuse(self, logins: int) -> None:
        """Refuse so many logins from now on, and let in those after them."""
        with self._guard:
            self._to_refuse = logins

    def cut(self) -> None:
        """End every connection."""
        with self._guard:
            for client in self._clients:
                _end(client)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in self._servers:
            server.shutdown()
        self.cut()
        for server, thread in zip(self._servers, self._threads, strict=True):
            thread.join()
            server.server_close()  # waits for the handlers

    def _handler(self, back: int) -> type[StreamRequestHandler]:
        this = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                with this._guard:
                    this._clients.add(self.request)
                try:
                    with contextlib.suppress(OSError):  # of a client or a broker that has gone
                        this._serve(self.rfile, self.request, back)
                finally:
                    with this._guard:
                        this._clients.discard(self.request)

        return Handler

    def _serve(self, requests: BufferedIOBase, client: socket.socket, back: int) -> None:
        with socket.create_connection((HOST, back)) as broker:
            answers = threading.Thread(target=_copy, args=(broker, client))
            answers.start()
            try:
                while frame := _read(requests):
                    if self._refuses(frame):
                        client.sendall(_refusal(frame))
                        break
                    broker.sendall(struct.pack(">i", len(frame)) + frame)
            finally:
                _end(broker)
                answers.join()

    def _refuses(self, frame: bytes) -> bool:
        with self._guard:
            refuses = _HEAD.unpack_from(frame)[0] == _AUTHENTICATE and self._to_refuse > 0
            if refuses:
                self._to_refuse -= 1
                self.refused += 1
            return refuses


class _Server(ThreadingTCPServer):
    allow_reuse_address = True


def _read(requests: BufferedIOBase) -> bytes:
    """Return the next request, or nothing at the end."""
    head = requests.read(4)
    return requests.read(struct.unpack(">i", head)[0]) if len(head) == 4 else b""


def _refusal(frame: bytes) -> bytes:
    """Return the answer to SaslAuthenticate: an error, its words, no bytes and no lifetime."""
    _, version, correlation = _HEAD.unpack_from(frame)
    words = WORDS.encode()
    if version >= _FLEXIBLE:
        body = struct.pack(">ibh", correlation, 0, _FAILED)
        body += bytes([len(words) + 1]) + words + b"\x01" + bytes(8) + b"\0"
    else:
        body = struct.pack(">ihh", correlation, _FAILED, len(words)) + words + bytes(4)
        body += bytes(8) if version > 0 else b""
    return struct.pack(">i", len(body)) + body


def _copy(broker: socket.socket, client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := broker.recv(65536):
            client.sendall(data)
    _end(client)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
