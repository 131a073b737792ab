"""What a run is going to read, by a few pages: exact where they are all there is, near where rows come evenly."""

from __future__ import annotations

from bisect import bisect_left
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.api.page_size import PAGE_SIZE
from connector.core.planning.survey.expected import BURST, OVERHEAD, PROBES, CountSurvey, Expected, NewestPage
from connector.core.time.intervals import Interval

DAY = 86_400


def counted(created, interval, *, most=PROBES):
    """Ask the way Stripe answers: newest first, a page at a time."""
    rows, survey = sorted(created), CountSurvey(interval, most)
    for _ in range(most + 1):
        stops = survey.next_stops()
        if not stops:
            return survey.expected
        (stop,) = stops
        assert interval.start < stop <= interval.stop
        within = rows[bisect_left(rows, interval.start) : bisect_left(rows, stop)]
        survey.take(stop, within[::-1][:PAGE_SIZE], more=len(within) > PAGE_SIZE)
    raise AssertionError("it goes on asking")


intervals = st.tuples(st.integers(0, 10**9), st.integers(1, 10**9)).map(lambda two: Interval(two[0], two[0] + two[1]))


@given(intervals, st.data())
def test_what_fits_a_page_is_known_exactly_by_one_request(interval, data):
    second = st.integers(interval.start, interval.stop - 1)
    rows = data.draw(st.lists(second, max_size=PAGE_SIZE))
    assert counted(rows, interval) == Expected(len(rows), 1, 1, exact=True)


def test_a_full_page_that_is_all_there_is_takes_one_request_and_no_share_more():
    assert counted(range(PAGE_SIZE), Interval(0, DAY)) == Expected(PAGE_SIZE, 1, 1, exact=True)


@given(intervals, st.data())
def test_never_fewer_than_were_seen_and_never_many_requests_to_know(interval, data):
    second = st.integers(interval.start, interval.stop - 1)
    rows = [one for one in data.draw(st.lists(second, max_size=20)) for _ in range(30)]
    found = counted(rows, interval)
    assert 1 <= found.probes <= PROBES
    assert found.rows >= min(len(rows), PAGE_SIZE)
    assert found.requests >= found.rows // PAGE_SIZE
    if found.exact:
        assert found.rows == len(rows)


@given(st.integers(1_000, 200_000), st.integers(10, 2_000))
def test_rows_that_come_evenly_are_expected_within_a_few_in_a_hundred(count, days):
    interval = Interval(10**9, 10**9 + days * DAY)
    rows = [interval.start + (interval.seconds * n) // count for n in range(count)]
    found = counted(rows, interval)
    assert not found.exact
    assert found.rows == pytest.approx(count, rel=0.06)
    assert found.rows / PAGE_SIZE <= found.requests < found.rows / PAGE_SIZE * OVERHEAD + 1


@given(st.integers(1_000, 100_000))
def test_an_account_whose_beginning_is_not_known_is_found_by_halving(count):
    """A list that may go back to 1970, of an account of two years."""
    now, begun = 1_790_000_000, 1_790_000_000 - 730 * DAY
    rows = [begun + ((now - begun) * n) // count for n in range(count)]
    assert count / 2.5 <= counted(rows, Interval(0, now)).rows <= count * 2.5


def test_expectations_add_up():
    both = Expected(10, 1, 1) + Expected(1_000, 11, 6, exact=False)
    assert both == Expected(1_010, 12, 7, exact=False)


def test_between_two_pages_as_many_rows_a_second_are_expected_as_on_both_on_average():
    survey = CountSurvey(Interval(0, 1_000), PROBES)
    survey.take(1_000, range(999, 899, -1), more=True)  # a row a second, down to 900
    survey.take(400, range(398, 298, -2), more=True)  # one in two seconds, down to 300
    survey.take(100, [99, 75, 50], more=False)
    found = survey.expected
    ends = [100 / (1_000 - 900), 50 / (400 - 300), 3 / (100 - 50)]
    between = (900 - 400) * (ends[0] + ends[1]) / 2 + (300 - 100) * (ends[1] + ends[2]) / 2
    assert (found.rows, found.probes, found.exact) == (153 + round(between), 3, False)
    assert found.requests == ceil(found.rows / PAGE_SIZE * OVERHEAD)
    assert CountSurvey(Interval(0, 1_000), PROBES).expected == Expected(0, 1, 0)


def test_down_to_a_beginning_that_is_not_known_the_last_density_is_expected():
    survey = CountSurvey(Interval(0, 1_000), PROBES)
    survey.take(1_000, range(999, 899, -1), more=True)
    assert survey.expected.rows == 100 + 900
    survey.take(500, [], more=False)
    assert survey.expected.rows == 100 + (900 - 500) // 2


def test_a_page_of_one_second_is_as_dense_as_it_has_rows():
    probe = NewestPage(stop=100, rows=40, newest=99, oldest=99, more=True)
    assert (probe.density, probe.density_within) == (40, 40)
    assert NewestPage(stop=100, rows=40, newest=100, oldest=100, more=True).density == 40
    wide = NewestPage(stop=10_000, rows=100, newest=5_000, oldest=4_001, more=True)
    assert (wide.density, wide.density_within) == (100 / 5_999, 100 / 1_000)
    burst = NewestPage(stop=10_000, rows=100, newest=5_000, oldest=4_991, more=True)
    assert burst.density_within == 100 / BURST  # rows of one moment say nothing of the time around them
