"""How two things compare that were measured in pairs: the median of the ratios, and its interval.

The interval is that of the sign test. It assumes nothing about how the ratios are distributed, so
a disturbed pair moves it no more than any other pair.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
FEWEST = 6
"""Pairs: five may all lie on one side of the median by a chance of more than 5 %."""


@dataclass(frozen=True)
class Ratio:
    """A median, and the bounds between which the true median lies with a confidence of 95 %."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, ratios: Sequence[float]) -> "Ratio":
        if len(ratios) < FEWEST:
            raise ValueError(f"{len(ratios)} pairs have no interval: at least {FEWEST} are needed")
        ordered = sorted(ratios)
        outside = left_out(len(ordered))
        return cls(statistics.median(ordered), ordered[outside], ordered[-1 - outside])


def left_out(count: int) -> int:
    """Return how many of `count` ordered values lie below the interval, and as many above.

    Each value is below the true median with a probability of one half. So the probability that
    at most k of them are is that of at most k heads in `count` tosses of a coin.
    """
    outside, below = 0, 1 / 2**count
    while (below := below + math.comb(count, outside + 1) / 2**count) <= (1 - CONFIDENCE) / 2:
        outside += 1
    return outside
