"""Where an account's rows lie, by some pages asked for at once: about equal windows, for few requests."""

from __future__ import annotations

import random
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.api.page_size import PAGE_SIZE
from connector.core.planning.coverage.plan import pieces
from connector.core.planning.survey.expected import BURST
from connector.core.planning.survey.profile import DensityProfile
from connector.core.planning.survey.survey import LEAST, MOST, PAGES_A_PROBE, DensitySurvey
from connector.core.state.partition import Granularity
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY, WEEK
from connector.sandbox.core.shapes import moments
from tests.support.examples import slow_but

START = 1_672_531_200
"""2023-01-01."""


def surveyed(rows, interval):
    """Ask the way Stripe answers, newest first and a page at a time; return the survey and its rounds."""
    rows, survey, rounds = sorted(rows), DensitySurvey(interval), []
    while stops := survey.next_stops():
        rounds.append(stops)
        assert len(rounds) <= MOST + 1, "it goes on asking"
        for stop in stops:
            assert interval.start < stop <= interval.stop
            within = rows[bisect_left(rows, interval.start) : bisect_left(rows, stop)]
            survey.take(stop, within[::-1][:PAGE_SIZE], more=len(within) > PAGE_SIZE)
    return survey, rounds


intervals = st.tuples(st.integers(0, 10**9), st.integers(1, 10**9)).map(lambda two: Interval(two[0], two[0] + two[1]))


@given(intervals, st.data())
def test_it_never_asks_for_more_than_a_few_pages_nor_twice_for_one_whatever_lies_there(interval, data):
    second = st.integers(interval.start, interval.stop - 1)
    rows = [one for one in data.draw(st.lists(second, max_size=20)) for _ in range(30)]
    survey, rounds = surveyed(rows, interval)
    asked = [stop for stops in rounds for stop in stops]
    assert survey.asked == len(asked) <= MOST + 1
    assert len(set(asked[1:])) == len(asked[1:])
    assert all(density >= 0 for _, density in survey.points())
    assert DensityProfile.of(survey.points()).known == bool(rows)


@given(intervals, st.data())
def test_what_fits_a_page_takes_one(interval, data):
    rows = data.draw(st.lists(st.integers(interval.start, interval.stop - 1), max_size=PAGE_SIZE))
    survey, rounds = surveyed(rows, interval)
    assert rounds == [(interval.stop,)]
    newest = max(rows, default=interval.start)
    assert DensityProfile.of(survey.points()).rows(Interval(newest + 1, interval.stop + DAY)) == 0.0


SHAPES = {"steady": 1.15, "growth": 1.15, "seasonal": 1.2, "dead": 1.2, "launch": 1.5}
"""The largest window, in parts of an even one; what comes in a burst or on a few days, no page shows."""


@pytest.mark.parametrize("shape", slow_but(["growth", "seasonal"], list(SHAPES)))
@pytest.mark.parametrize(("rows", "days"), slow_but([(50_000, 730)], [(50_000, 730), (200_000, 730), (200_000, 1_826)]))
def test_windows_are_about_equal_though_rows_follow_the_hours_and_the_days_of_a_week(shape, rows, days):
    interval = Interval(START, START + (days + 3) * DAY)
    created = list(moments(shape, rows, (START, START + days * DAY), random.Random(5)))
    survey, rounds = surveyed(created, interval)
    profile = DensityProfile.of(survey.points())
    windows = pieces(Intervals((interval,)), 4, Granularity.DAY, weigh=profile.rows)
    found = [bisect_left(created, one.stop) - bisect_left(created, one.start) for one in windows]
    assert max(found) * 4 / rows <= SHAPES[shape], found
    assert len(rounds) <= 8  # round trips: what is asked at once takes the time of one
    assert survey.asked <= 1 + max(LEAST, rows // PAGE_SIZE // PAGES_A_PROBE, MOST)


def test_a_day_is_known_by_pages_of_all_its_hours_and_compared_with_the_same_day_of_a_week():
    interval = Interval(START, START + 728 * DAY)
    created = list(moments("steady", 300_000, (interval.start, interval.stop), random.Random(1)))
    _, (_, *rounds) = surveyed(created, interval)
    stops = [stop for some in rounds for stop in some]
    newest = created[-1] + 1
    assert {(newest - stop) % DAY for stop in stops} == {0, DAY // 3, 2 * DAY // 3}
    assert {(newest - stop) % WEEK // DAY for stop in stops} == {0}
    assert len(rounds) <= 4


def test_a_few_pages_are_all_that_a_small_account_is_worth():
    rows = [START + 10_000 * number for number in range(1_000)]
    survey, _ = surveyed(rows, Interval(START, rows[-1] + DAY))
    assert survey.asked <= 1 + LEAST


def test_after_the_newest_page_it_asks_at_ages_that_double_and_then_where_the_density_changes_most():
    survey = DensitySurvey(Interval(0, 40 * DAY))
    survey.take(40 * DAY, [30 * DAY, 27 * DAY, 24 * DAY], more=True)
    assert survey.next_stops() == (21 * DAY, 18 * DAY, 12 * DAY, DAY)
    for stop, seconds in ((21 * DAY, DAY), (18 * DAY, DAY), (12 * DAY, 600), (DAY, 600)):
        survey.take(stop, [stop - 1, stop - seconds], more=True)
    assert survey.next_stops() == (15 * DAY - DAY // 2,)
    assert survey.asked == LEAST


def test_an_account_that_has_been_quiet_for_long_is_as_dense_before_as_its_newest_page():
    survey = DensitySurvey(Interval(0, 900_000))
    survey.take(900_000, [50_000, 46_000, 40_001], more=True)
    profile = DensityProfile.of(survey.points())
    assert profile.density(45_000) == 0.0003
    assert profile.rows(Interval(50_001, 900_000)) == 0.0


def test_rows_of_one_moment_do_not_make_all_that_was_before_as_dense():
    survey = DensitySurvey(Interval(0, 900_000))
    survey.take(900_000, [50_000, 50_000, 50_000], more=True)
    assert DensityProfile.of(survey.points()).density(40_000) == 3 / BURST


def test_before_an_empty_page_there_is_nothing():
    survey, _ = surveyed(
        [START + 500 * DAY + number * 3_600 for number in range(2_000)], Interval(0, START + 600 * DAY)
    )
    profile = DensityProfile.of(survey.points())
    assert profile.rows(Interval(0, START)) < 0.05 * profile.rows(Interval(0, START + 600 * DAY))
