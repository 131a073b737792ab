"""Parts of a change, rounded: whole amounts that add up, the largest remainders up."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.ledger.changes import _percent, _whole
from connector.core.ledger.ledger import Sums

PARTS = st.lists(st.fractions(-1_000, 1_000, max_denominator=97), min_size=1, max_size=8)


@given(PARTS)
def test_rounded_parts_add_up_and_each_is_the_whole_number_below_or_above(parts):
    total = round(sum(parts))
    whole = _whole([*parts, total - sum(parts)], total)
    assert sum(whole) == total
    assert all(abs(one - part) < 1 for one, part in zip(whole, parts, strict=False))


def test_the_largest_remainders_are_rounded_up():
    assert _whole([Fraction(1, 10), Fraction(9, 10)], 1) == [0, 1]
    assert _whole([Fraction(-1, 10), Fraction(11, 10), Fraction(4, 10), Fraction(6, 10)], 2) == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(291, 10_000, "2.91%"), (5, 100_000, "0.01%"), (4, 100_000, "0.00%"), (-1, 8, "-12.50%"), (1, 1, "100.00%")],
)
def test_a_share_is_rounded_half_away_from_zero(part, whole, said):
    assert _percent(part, whole) == said
    assert _percent(abs(part), whole, signed=True).startswith("+")


@given(st.builds(Sums, *[st.integers(-(10**9), 10**9)] * 6))
def test_no_rows_add_nothing(some):
    assert Sums() + some == some + Sums() == some
