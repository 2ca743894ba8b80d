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
    """A future that logs its failure if nobody reads it.

    It runs from the start: a message that was handed over is delivered, and `cancel` is too late.
    """

    _is_read: bool = False
    """Whether its outcome was read."""

    def __init__(self) -> None:
        super().__init__()
        self.set_running_or_notify_cancel()

    def result(self, timeout: float | None = None) -> RecordMetadata:
        if (error := self.exception(timeout)) is not None:
            try:
                raise error
            finally:
                # The traceback that it gets here refers to this frame.
                del self, error
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        error = super().exception(timeout)
        self._is_read = True
        return error

    def __del__(self) -> None:
        if not self._is_read and self.done() and (error := super().exception(0)) is not None:
            _log.error("a message failed, and its future was dropped unread: %s", error)
