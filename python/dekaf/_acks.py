"""Who must have stored a message before it counts as delivered."""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal, TypeAlias

from dekaf._errors import ConfigError

__all__ = ["Acks", "AcksLike", "to_acks"]


class Acks(Enum):
    """Who must have stored a message before it counts as delivered; the values are Kafka's."""

    ALL = -1
    """Every replica in sync: nothing that was acknowledged is lost with one broker."""
    LEADER = 1
    """The partition's leader: what it acknowledged last is lost if it fails."""
    NONE = 0
    """Nobody: a message counts as delivered when it is sent, and has no offset (-1)."""

    def __repr__(self) -> str:
        return f"Acks.{self.name}"


AcksLike: TypeAlias = Acks | Literal["all", "leader", "none", -1, 1, 0]
"""What the setting takes."""

_BY_NAME: Final = {acks.name.lower(): acks for acks in Acks}
_BY_NUMBER: Final = {acks.value: acks for acks in Acks}


def to_acks(value: object) -> Acks:
    """Read the setting; `True` is no number here, though Python has it so."""
    found = None
    if isinstance(value, Acks):
        return value
    if isinstance(value, str):
        found = _BY_NAME.get(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        found = _BY_NUMBER.get(value)
    if found is None:
        raise ConfigError(
            f'acks={value!r} is not allowed: use Acks.ALL, Acks.LEADER or Acks.NONE, or "all", '
            '"leader", "none", or -1, 1, 0'
        )
    return found
