from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.core.kinds import DAY
from connector.sandbox.core.ledger import TIES
from connector.sandbox.core.shapes import SHAPES, moments
from connector.sandbox.http.limits import ALGORITHMS
from connector.sandbox.options import ALGORITHMS as OFFERED_ALGORITHMS
from connector.sandbox.options import SHAPES as OFFERED_SHAPES
from connector.sandbox.options import TIES as OFFERED_TIES

YEAR = (1_735_689_600, 1_767_225_600)


def drawn(shape, count=10_000, span=YEAR):
    return list(moments(shape, count, span, random.Random(1), hot=300))


@given(st.sampled_from(SHAPES), st.integers(0, 400), st.integers(0, 10**9), st.integers(1, 40 * DAY))
def test_moments_are_as_many_as_asked_ascending_and_inside_the_span(shape, count, start, length):
    found = drawn(shape, count, (start, start + length))
    assert len(found) == count
    assert found == sorted(found)
    assert all(start <= at < start + length for at in found)


def test_half_of_a_burst_is_in_one_day():
    assert Counter(at // DAY for at in drawn("burst")).most_common(1)[0][1] == pytest.approx(5_000, rel=0.01)


def test_a_launch_is_in_the_last_twentieth_and_a_dead_account_in_the_first_tenth():
    assert min(drawn("launch")) > YEAR[1] - 19 * DAY
    assert max(drawn("dead")) < YEAR[0] + 37 * DAY


def test_a_hot_second_holds_what_was_asked():
    assert Counter(drawn("second")).most_common(1)[0][1] >= 300


def test_growth_ends_far_busier_than_it_began():
    found = drawn("growth")
    assert sum(at > YEAR[1] - 30 * DAY for at in found) > 20 * sum(at < YEAR[0] + 30 * DAY for at in found)


def test_the_command_line_offers_what_there_is():
    assert (OFFERED_SHAPES, OFFERED_TIES, OFFERED_ALGORITHMS) == (SHAPES, TIES, ALGORITHMS)
