"""Concurrent HTTP requests with one connection each, like a proxy without keep-alive."""

import http.client
import threading
import time

from tests.kafka.ports import HOST

_THREADS = 8
_TIMEOUT = 30.0  # seconds for one reply
_PAUSE = 0.05  # before another try; a server that restarts says nothing when it listens
_TRIES = 20  # if the connection is refused, or closed without a reply


class Load:
    """Request `/0` to `/<count - 1>`; a number counts as answered once its reply is 200."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self._numbers = iter(range(count))
        self._guard = threading.Lock()
        self._ended = False
        self.answered = 0
        self.failed: list[str] = []
        self._threads = [threading.Thread(target=self._work) for _ in range(_THREADS)]

    @property
    def is_over(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Start no more requests, and wait for those in flight."""
        self._ended = True
        for thread in self._threads:
            if thread.ident is not None:  # a server that does not come up gets no request
                thread.join()

    def _work(self) -> None:
        while not self._ended:
            with self._guard:
                number = next(self._numbers, None)
            if number is None:
                return
            failure = self._request(number)
            with self._guard:
                if failure:
                    self.failed.append(failure)
                else:
                    self.answered += 1

    def _request(self, number: int) -> str:
        failure = ""
        for _ in range(_TRIES):
            try:
                return self._try(number)
            except (OSError, http.client.HTTPException) as error:
                failure = f"/{number}: {error!r}"
            if self._ended:
                break
            time.sleep(_PAUSE)
        return failure

    def _try(self, number: int) -> str:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=_TIMEOUT)
        try:
            connection.request("GET", f"/{number}", headers={"Connection": "close"})
            reply = connection.getresponse()
            reply.read()
            return "" if reply.status == http.HTTPStatus.OK else f"/{number}: {reply.status}"
        finally:
            connection.close()
