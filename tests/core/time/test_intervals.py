"""Sets of seconds, held against Python's own sets."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.core.time.intervals import Interval, Intervals

parts = st.tuples(st.integers(0, 60), st.integers(1, 15)).map(lambda pair: Interval(pair[0], pair[0] + pair[1]))
lists = st.lists(parts, max_size=8)
sets = lists.map(Intervals.of)


def seconds_of(intervals) -> set[int]:
    return {second for part in intervals for second in range(part.start, part.stop)}


def is_canonical(intervals: Intervals) -> bool:
    """Sorted, disjoint, not even touching: one form for one set."""
    pairs = zip(intervals.parts, intervals.parts[1:], strict=False)
    return all(left.stop < right.start for left, right in pairs)


@given(lists)
def test_any_intervals_in_any_order_become_one_canonical_set(several):
    joined = Intervals.of(several)
    assert seconds_of(joined) == seconds_of(several)
    assert is_canonical(joined)
    assert Intervals.of(reversed(several)) == joined
    assert joined.seconds == len(seconds_of(several))


@given(sets, sets)
def test_union_difference_and_intersection_are_those_of_sets(one, other):
    for found, expected in (
        (one.union(other), seconds_of(one) | seconds_of(other)),
        (one.minus(other), seconds_of(one) - seconds_of(other)),
        (one.both(other), seconds_of(one) & seconds_of(other)),
    ):
        assert seconds_of(found) == expected
        assert is_canonical(found)
        assert bool(found) == bool(expected)


@given(sets, parts)
def test_asking_about_bounds_agrees_with_asking_about_each_second(one, bounds):
    inside = seconds_of([bounds])
    assert seconds_of(one.within(bounds)) == seconds_of(one) & inside
    assert one.covers(bounds) == (inside <= seconds_of(one))
    assert one.touching(bounds) == tuple(part for part in one if seconds_of([part]) & inside)


@given(sets, st.integers(-5, 80))
def test_membership_is_that_of_sets(one, second):
    assert (second in one) == (second in seconds_of(one))


@given(st.integers(-5, 5), st.integers(-5, 5))
def test_a_span_is_empty_unless_it_has_a_second(start, stop):
    assert seconds_of(Intervals.span(start, stop)) == set(range(start, stop))


@pytest.mark.parametrize("stop", [4, 5])
def test_an_empty_interval_is_refused(stop):
    with pytest.raises(ValueError, match="empty"):
        Interval(5, stop)


@given(parts, parts)
@example(Interval(0, 5), Interval(5, 9))
@example(Interval(5, 9), Interval(0, 5))
@example(Interval(0, 5), Interval(4, 9))
def test_two_overlap_where_they_share_a_second(one, other):
    assert one.overlaps(other) == bool(seconds_of([one]) & seconds_of([other]))
    assert one.seconds == len(seconds_of([one]))
