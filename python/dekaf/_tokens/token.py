"""A token, with what a login needs to know of it."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Token"]


class Token(NamedTuple):
    """A token, and what goes with it into a login."""

    value: str
    """The token itself, as the broker takes it."""
    expires_at: float | None = None
    """When it ends, in seconds since 1970; `None` is unknown."""
    extensions: tuple[tuple[str, str], ...] = ()
    """Names and values that are sent beside it, such as Confluent's `logicalCluster`."""

    def __repr__(self) -> str:
        names = "".join(f", {name}" for name, _ in self.extensions)
        return f"Token(***, expires_at={self.expires_at}{names})"
