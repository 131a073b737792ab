"""A stream goes by the clock: batches touch, never overlap but by the lateness, and end where rows may still come."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.planning.survey.profile import DensityProfile
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME
from connector.errors import ConfigError
from connector.spark import offsets

ALL = Interval(0, END_OF_TIME)
moments = st.integers(0, 2_000_000_000)


@given(st.lists(moments, min_size=1, max_size=12), st.integers(0, 5_000), st.integers(0, 7_200), moments)
def test_batches_cover_every_settled_second_once_whatever_the_clock_does(clock, settle, lateness, since):
    within, start = Interval(since, END_OF_TIME), since
    read: list[Interval] = []
    for now in clock:
        end = offsets.latest(within, start, now=now, settle=settle)
        assert end >= start
        batch = offsets.batch(within, start, end, lateness=lateness)
        assert (batch is None) == (end == start)
        if batch is not None:
            assert batch.stop == end <= max(start, now - settle)
            assert batch.start == max(since, start - lateness)
            read.append(Interval(start, end))
        start = end
    assert all(one.stop == other.start for one, other in pairwise(read))


@pytest.mark.parametrize("since", [0, 5_000, 6_500, 9_000])
def test_a_stream_goes_on_where_it_was_whatever_since_says_by_now(since):
    batch = offsets.batch(Interval(since, END_OF_TIME), 5_000, 7_000, lateness=0)
    assert batch == Interval(5_000, 7_000)


def test_offsets_move_once_a_minute_however_often_they_are_asked_for():
    found = {offsets.latest(ALL, 0, now=1_800_000_000 + tenth / 10, settle=600) for tenth in range(1_200)}
    assert len(found) == 2
    assert all(one % 60 == 0 for one in found)


def test_a_stream_ends_where_it_was_told():
    assert offsets.latest(Interval(0, 1_000), 5, now=2_000_000, settle=0) == 1_000


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(1, 10_000), st.floats(0.0001, 10.0))
def test_a_reach_has_about_so_many_rows_and_always_goes_on(start, seconds, rows, density):
    within = Interval(start, start + seconds)
    profile = DensityProfile.of([(start, density), (start + seconds, 2 * density)])
    stop = offsets.reach(profile, within, rows)
    assert start < stop <= within.stop
    assert stop == start + 1 or profile.rows(Interval(start, stop)) <= rows * 1.0001
    assert stop == within.stop or profile.rows(Interval(start, stop + 1)) > rows * 0.9999


def test_where_nothing_is_known_a_reach_is_everything():
    assert offsets.reach(DensityProfile(), Interval(5, 50), 1) == 50


def test_offsets_of_another_source_are_refused():
    assert offsets.second_of(offsets.offset(7)) == 7
    with pytest.raises(ConfigError, match="no offset of this source"):
        offsets.second_of({"partition-1": 5})


def test_a_clock_that_is_ahead_of_stripes_leaves_out_no_rows_unsaid():
    offsets.refuse_future(100, now=100)
    with pytest.raises(ConfigError, match="ahead of Stripe's by more than `settle`"):
        offsets.refuse_future(101, now=100)
