"""What a test expects to find in a topic, and what it is told where that is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from dekaf._arguments import check_mapping, check_number, check_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import EllipsisType

    from dekaf.testing import StoredRecord

__all__ = ["Content", "Expected"]

Content: TypeAlias = "bytes | str | Callable[[bytes | None], bool] | None"
"""What a key or a value is to be: text is UTF-8; a function says whether it will do."""

_SHOWN = 10  # records in a complaint
_MOST_PARTITIONS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Expected:
    """Parts of a record; what is `...` or `None` by default may be anything."""

    value: Content | EllipsisType = ...
    key: Content | EllipsisType = ...
    headers: Mapping[str, bytes | str | None] | None = None
    partition: int | None = None

    def __post_init__(self) -> None:
        for name, content in (("value", self.value), ("key", self.key)):
            if content is not ... and not callable(content):
                _check_content(name, content)
        check_mapping("headers", self.headers, '{"trace-id": "a1"}')
        for name, content in (self.headers or {}).items():
            check_text("a header's name", name)
            _check_content(f"headers[{name!r}]", content)
        check_number("partition", self.partition, 0, _MOST_PARTITIONS, optional=True)

    def fits(self, record: StoredRecord) -> bool:
        """Say whether a record has all that is expected."""
        return (
            _fits(self.value, record.value)
            and _fits(self.key, record.key)
            and self.partition in {None, record.partition}
            and all(
                (name, _as_bytes(content)) in record.headers
                for name, content in (self.headers or {}).items()
            )
        )

    def complaint(
        self,
        topic: str,
        stored: Sequence[StoredRecord],
        found: Sequence[StoredRecord],
        times: int | None,
    ) -> str:
        """Say what was found in place of what was expected."""
        noun = "record" if len(found) == 1 else "records"
        verb = "was" if len(found) == 1 else "were"
        published = f"published to {topic!r}"
        if times is None:
            head = f"no record{self._described()} was {published}"
        else:
            head = f"{len(found)} {noun}{self._described()} {verb} {published}, not {times}"
        if not stored:
            return f"{head}: it has no records"
        shown = "".join(f"\n  {record}" for record in stored[-_SHOWN:])
        rest = len(stored) - _SHOWN
        return f"{head}; there are:{f' {rest} more, and' if rest > 0 else ''}{shown}"

    def _described(self) -> str:
        parts = [
            f"{name}={content!r}"
            for name, content in (("value", self.value), ("key", self.key))
            if content is not ...
        ]
        if self.headers:
            parts.append(f"headers={dict(self.headers)!r}")
        if self.partition is not None:
            parts.append(f"partition={self.partition}")
        return f" with {', '.join(parts)}" if parts else ""


def _check_content(name: str, content: object) -> None:
    if content is not None and not isinstance(content, str | bytes | bytearray | memoryview):
        kind = type(content).__name__
        raise TypeError(f"{name} must be bytes, str, or None, not {kind}: no record holds that")


def _fits(expected: Content | EllipsisType, actual: bytes | None) -> bool:
    if expected is ...:
        return True
    if callable(expected):
        return bool(expected(actual))
    return _as_bytes(expected) == actual


def _as_bytes(content: bytes | str | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content
