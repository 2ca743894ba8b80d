"""The future of `SyncProducer.submit`."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dekaf._core import RecordMetadata

__all__ = ["Promise"]

_log: Final = logging.getLogger("dekaf")


class Promise(Future["RecordMetadata"]):
    """One that does not keep a failure to itself that nobody asks for.

    It runs from the start: a message that was handed over is delivered, and `cancel` is too late.
    """

    _asked: bool

    def __init__(self) -> None:
        super().__init__()
        self._asked = False
        self.set_running_or_notify_cancel()

    def result(self, timeout: float | None = None) -> RecordMetadata:
        try:
            return super().result(timeout)
        finally:
            self._asked = self.done()

    def exception(self, timeout: float | None = None) -> BaseException | None:
        try:
            return super().exception(timeout)
        finally:
            self._asked = self.done()

    def __del__(self) -> None:
        if not self._asked and self.done() and (error := super().exception(0)) is not None:
            _log.error("a message failed whose future nobody asked: %s", error)
