"""What the two producers say and check alike."""

from __future__ import annotations

import warnings
from math import isinf
from typing import TYPE_CHECKING, NamedTuple

from dekaf._arguments import check_flag, check_seconds
from dekaf._core import take_unclaimed
from dekaf._errors import UnclaimedFailures

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dekaf._core import ProducerCore

__all__ = [
    "PartitionInfo",
    "check_purge",
    "check_timeout",
    "describe",
    "end_block",
    "partitions_of",
    "patience",
    "raise_unclaimed",
    "warn_unclosed",
]


class PartitionInfo(NamedTuple):
    """One partition of a topic."""

    topic: str
    """The topic."""
    partition: int
    """The partition's number."""
    leader: int | None
    """The id of the broker that leads it; `None` while there is none."""


def partitions_of(topic: str, leaders: Sequence[int | None]) -> list[PartitionInfo]:
    """Name the partitions of a topic."""
    return [PartitionInfo(topic, number, leader) for number, leader in enumerate(leaders)]


def check_purge(*, in_queue: bool, in_flight: bool) -> None:
    """Take what a purge drops, and refuse one that drops nothing."""
    check_flag("in_queue", in_queue)
    check_flag("in_flight", in_flight)
    if not (in_queue or in_flight):
        raise ValueError(
            "purge(in_queue=False, in_flight=False) drops nothing; leave out one of them"
        )


def check_timeout(timeout: float | None) -> float | None:
    """Take seconds; `None` and infinity are for as long as it takes."""
    if timeout is None:
        return None
    check_seconds("timeout", timeout)
    return None if isinf(timeout) else timeout


def patience(
    producer: ProducerCore[Any, Any], exc_type: type[BaseException] | None
) -> float | None:
    """Say how long the end of a block waits: not for ever if somebody wants it to end."""
    if exc_type is not None and not issubclass(exc_type, Exception):
        # KeyboardInterrupt, SystemExit, CancelledError, GeneratorExit.
        return producer.config.exit_timeout_ms / 1_000
    return None


def raise_unclaimed(producer: ProducerCore[Any, Any]) -> None:
    """Tell of the messages that failed and whose fate nobody waited for, once."""
    count, failures = take_unclaimed(producer)
    if count:
        raise UnclaimedFailures(count, failures)


def end_block(failed: UnclaimedFailures, exc: BaseException | None) -> None:
    """Raise what nobody waited for, or add it to what the block has raised."""
    if exc is None:
        raise failed
    exc.add_note(f"dekaf: {failed}")


def warn_unclosed(producer: ProducerCore[Any, Any], count: int) -> None:
    """Warn of a producer that was dropped while it was delivering."""
    messages = "1 message is" if count == 1 else f"{count} messages are"
    warnings.warn(
        f"{producer!r} was dropped unclosed while {messages} on the way; use it in a with block, "
        "or call close()",
        ResourceWarning,
        stacklevel=3,
        source=producer,
    )


def describe(producer: ProducerCore[Any, Any]) -> str:
    """Show where a producer leads to, and whether it is closed."""
    state = " closed" if producer.closed else ""
    return f"<{type(producer).__name__} {producer.config.bootstrap_servers}{state}>"
