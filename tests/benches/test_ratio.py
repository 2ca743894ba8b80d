"""The median of paired ratios, and the interval that a guard of speed rests on."""

import itertools
import math

import pytest

from benches.peers.ratio import FEWEST, Ratio, left_out


@pytest.mark.parametrize(
    ("pairs", "outside"), [(6, 0), (8, 0), (9, 1), (12, 2), (15, 3), (17, 4), (20, 5), (30, 9)]
)
def test_the_interval_is_that_of_the_sign_test(pairs: int, outside: int) -> None:
    # As printed in tables of the sign test, two-sided, at 5 %.
    assert left_out(pairs) == outside


@pytest.mark.parametrize("pairs", range(FEWEST, 13))
def test_the_interval_holds_the_median_in_19_of_20_cases(pairs: int) -> None:
    # Each value lies on either side of the true median, here 0. Every case is tried.
    cases = itertools.product([-1.0, 1.0], repeat=pairs)
    found = [Ratio.of(case) for case in cases]
    share = sum(ratio.low <= 0 <= ratio.high for ratio in found) / len(found)
    assert share >= 0.95
    # One value fewer on each side would be too few.
    left = left_out(pairs) + 1
    misses = 2 * sum(math.comb(pairs, heads) for heads in range(left + 1)) / 2**pairs
    assert 1 - misses < 0.95


def test_the_order_of_pairs_does_not_matter() -> None:
    ratios = [1.04, 0.97, 1.0, 0.99, 1.02, 1.01, 0.98, 1.03, 0.96]
    assert Ratio.of(ratios) == Ratio.of(sorted(ratios)) == Ratio(1.0, 0.97, 1.03)


def test_disturbed_pairs_do_not_move_the_interval_far() -> None:
    ratios = [1.0] * 12
    assert Ratio.of([*ratios, 0.1, 0.2, 9.0]) == Ratio(1.0, 1.0, 1.0)


def test_too_few_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="5 pairs have no interval: at least 6 are needed"):
        Ratio.of([1.0] * 5)
