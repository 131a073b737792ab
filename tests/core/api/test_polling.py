"""How often to ask again for something that comes by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.api.polling import poll_after


def waits(most, jitters):
    """Every wait until the time is up."""
    waited, found = 0.0, []
    while (delay := poll_after(len(found) + 1, waited=waited, most=most, jitter=next(jitters))) is not None:
        found.append(delay)
        waited += delay
    return found


@given(st.floats(0, 10_000_000), st.randoms(use_true_random=False))
def test_all_waits_together_are_the_time_there_is_and_few(most, random):
    found = waits(most, iter(random.random, None))
    assert sum(found) == pytest.approx(most)
    assert all(one > 0 for one in found)
    assert len(found) <= 250


def test_waits_grow_until_they_are_long():
    found = waits(600, iter(lambda: 0.99, None))
    assert found[:4] == pytest.approx([1, 2, 4, 8], rel=0.01)
    assert max(found) <= 30


def test_no_time_means_no_second_question():
    assert poll_after(1, waited=0.0, most=0.0, jitter=0.5) is None
