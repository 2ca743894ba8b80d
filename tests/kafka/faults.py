"""What a fault proxy does to the bytes that pass it, at this moment."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

# up: from client to broker; down: from broker to client.
Direction = Literal["up", "down"]
DIRECTIONS: tuple[Direction, Direction] = ("up", "down")

_PIECES_PER_SECOND = 20


@dataclass(slots=True)
class Way:
    """One direction, of all connections together."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    passed: int = 0  # bytes so far
    cut_at: int | None = None
    flip_at: int | None = None
    flip_in: bytes | None = None

    def __post_init__(self) -> None:
        self.gate.set()

    def spoil(self, data: bytes) -> tuple[bytes, bool]:
        """Return the bytes to pass on, and whether the connection ends with them."""
        after = self.passed + len(data)
        if self.flip_in is not None and self.flip_in in data:
            self.flip_at, self.flip_in = self.passed + data.index(self.flip_in), None
        if self.flip_at is not None and self.flip_at < after:
            spoilt = bytearray(data)
            spoilt[self.flip_at - self.passed] ^= 0x10
            data, self.flip_at = bytes(spoilt), None
        ends = self.cut_at is not None and self.cut_at <= after
        if self.cut_at is not None and ends:
            data, self.cut_at = data[: self.cut_at - self.passed], None
        self.passed += len(data)
        return data, ends


@dataclass(slots=True)
class Faults:
    ways: dict[Direction, Way] = field(default_factory=lambda: {d: Way() for d in DIRECTIONS})
    delay: float = 0.0  # seconds, each way
    rate: float | None = None  # bytes per second, each way and connection
    refuse: bool = False

    def pieces(self, data: bytes) -> list[bytes]:
        size = max(1, int(self.rate / _PIECES_PER_SECOND)) if self.rate else len(data) or 1
        return [data[at : at + size] for at in range(0, len(data), size)]

    def heal(self) -> None:
        self.delay, self.rate, self.refuse = 0.0, None, False
        for way in self.ways.values():
            way.cut_at = way.flip_at = way.flip_in = None
            way.gate.set()
