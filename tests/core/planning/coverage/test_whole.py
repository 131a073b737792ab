"""A partition is whole when all that was asked for of it, and is settled, has been read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.core.planning.coverage.whole import Reading, may_become_visible
from connector.core.state.partition import Granularity, partition_of
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY

LAST = 60

spans = st.tuples(st.integers(0, LAST - 1), st.integers(1, 20)).map(lambda one: Interval(one[0], sum(one)))
sets = st.lists(spans, max_size=4).map(Intervals.of)
readings = st.builds(Reading, asked=sets, read=sets, settled=st.integers(0, LAST + 25))


@given(readings, spans)
def test_a_partition_is_whole_when_each_second_asked_for_and_settled_was_read(reading, bounds):
    seconds = range(bounds.start, bounds.stop)
    lacking = [one for one in seconds if one in reading.asked and one < reading.settled and one not in reading.read]
    assert reading.is_whole(bounds) is not bool(lacking)
    assert [one for one in seconds if one in reading.unread_of(bounds)] == lacking
    assert reading.in_part([bounds]) == ([bounds] if lacking else [])


@given(readings, spans, sets)
def test_reading_more_never_makes_a_partition_less_whole_and_its_rest_makes_it_whole(reading, bounds, more):
    further = Reading(reading.asked, reading.read.union(more), reading.settled)
    assert further.is_whole(bounds) or not reading.is_whole(bounds)
    complete = Reading(reading.asked, reading.read.union(reading.rest_of(bounds)), LAST + 100)
    assert complete.is_whole(bounds)


@given(st.sets(st.integers(0, 30)), st.none() | st.integers(0, 30))
def test_nothing_newer_than_a_partition_in_part_becomes_visible_and_the_oldest_comes_first(days, first):
    staged = [partition_of(day * DAY, Granularity.DAY) for day in days]
    in_part = None if first is None else first * DAY
    visible, waiting = may_become_visible(staged, in_part)
    assert sorted([*visible, *waiting]) == sorted(staged)
    assert [key.start for key in visible] == sorted(key.start for key in visible)
    assert all(in_part is None or key.start <= in_part for key in visible)
    assert all(in_part is not None and key.start > in_part for key in waiting)


def test_before_anything_is_settled_nothing_is_unread():
    asked = Intervals.span(0, 10)
    assert Reading(asked, Intervals(), 0).unread == Intervals()
    assert Reading(asked, Intervals(), 1).unread == Intervals.span(0, 1)
    assert Reading(asked, Intervals(), 10).unread == asked
    assert Reading(asked, Intervals.span(0, 9), 10).unread == Intervals.span(9, 10)
