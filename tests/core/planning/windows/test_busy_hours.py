"""How busy hours are: counted from pages, told as weights, and used for what a walk has left."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.core.planning.windows.busy_hours import HOUR, HOURS, BusyHours
from connector.core.planning.windows.estimate import Estimate
from connector.core.planning.windows.walk import Density, Tuning, Walk
from connector.core.time.intervals import Interval
from connector.core.units import DAY, WEEK

MONDAY = 4 * DAY
"""Seconds from a Thursday to a Monday."""

NOON = 12 * HOUR


def weeks_of(rows_an_hour, *, weeks: int = 3, seed: int = 1) -> BusyHours:
    """What is learned of whole weeks, a page for each six hours; of each hour so many rows."""
    rng, hours = random.Random(seed), BusyHours()
    for start in range(0, weeks * WEEK, 6 * HOUR):
        rows = [
            hour * HOUR + rng.randrange(HOUR)
            for hour in range(start // HOUR, start // HOUR + 6)
            for _ in range(rows_an_hour(hour % HOURS))
        ]
        hours.saw(sorted(rows, reverse=True), start, start + 6 * HOUR)
    hours.learn()
    return hours


def by_day_and_night(hour: int) -> int:
    return 40 if 8 <= hour % 24 < 20 else 5


@example([HOUR], 0, 0)
@example([HOUR - 1, DAY - 1], 0, 0)
@given(st.lists(st.integers(0, DAY - 1), min_size=1, max_size=40), st.integers(0, 3 * WEEK), st.integers(0, HOUR))
def test_rows_and_seconds_are_counted_in_their_hours(offsets, start, spare):
    rows = sorted((start + offset for offset in offsets), reverse=True)
    stop = min(start + DAY, rows[0] + 1 + spare)
    hours = BusyHours()
    hours.saw(rows, start, stop)
    assert hours._rows == [sum(row // HOUR % HOURS == hour for row in rows) for hour in range(HOURS)]
    assert sum(hours._seconds) == stop - start
    assert all(hours._seconds[row // HOUR % HOURS] for row in rows)


def test_hours_of_the_day_and_days_of_the_week_have_weights_of_their_own():
    hours = weeks_of(lambda hour: 40 if 8 <= hour % 24 < 20 and hour // 24 != 2 else 5)  # of Thursday to Wednesday
    day, night = hours.weighted(NOON, NOON + HOUR) / HOUR, hours.weighted(0, HOUR) / HOUR
    saturday = hours.weighted(2 * DAY + NOON, 2 * DAY + NOON + HOUR) / HOUR
    assert day == pytest.approx(1.8, rel=0.15)
    assert 0.2 < night < 0.5
    assert saturday < 0.5 * day
    assert hours.weighted(0, WEEK) == pytest.approx(WEEK, rel=0.1)


@given(st.integers(0, 2 * WEEK), st.integers(0, 2 * WEEK), st.integers(0, 2 * WEEK))
def test_seconds_that_are_weighted_add_up(one, two, three):
    start, middle, stop = sorted((one, two, three))
    hours = EXAMPLE
    assert hours.weighted(start, middle) + hours.weighted(middle, stop) == pytest.approx(hours.weighted(start, stop))
    assert hours.weighted(start + WEEK, stop + WEEK) == pytest.approx(hours.weighted(start, stop), abs=1e-6)


EXAMPLE = weeks_of(by_day_and_night)


@given(st.integers(0, HOURS - 1), st.integers(0, HOUR), st.integers(0, HOUR))
def test_within_an_hour_each_second_weighs_the_same(hour, one, other):
    start, stop = (hour * HOUR + second for second in sorted((one, other)))
    whole = EXAMPLE.weighted(hour * HOUR, (hour + 1) * HOUR)
    assert EXAMPLE.weighted(start, stop) == pytest.approx(whole * (stop - start) / HOUR, abs=1e-6)


def weights_of(hours: BusyHours) -> list[list[float]]:
    """The weight of each hour, a list for each day."""
    each = [round(hours.weighted(hour * HOUR, (hour + 1) * HOUR) / HOUR, 9) for hour in range(HOURS)]
    return [each[first : first + 24] for first in range(0, HOURS, 24)]


@pytest.mark.parametrize("busy", [0, 11, 23])
def test_an_hour_that_is_busy_each_day_has_a_weight_of_its_own_and_all_others_share_one(busy):
    first, *others = weights_of(weeks_of(lambda hour: 3 if hour % 24 == busy else 1))
    assert all(day == first for day in others)
    assert {first[busy], first[busy - 1]} == set(first)
    assert first[busy - 1] < 1 < first[busy]


@pytest.mark.parametrize("busy", [0, 3, 6])
def test_a_day_that_is_busy_each_week_has_a_weight_of_its_own_and_all_others_share_one(busy):
    days = weights_of(weeks_of(lambda hour: 3 if hour // 24 == busy else 1))
    assert all(len(set(day)) == 1 for day in days)
    assert {days[busy][0], days[busy - 1][0]} == {day[0] for day in days}
    assert days[busy - 1][0] < 1 < days[busy][0]


def test_a_week_that_is_even_has_no_weights():
    hours = weeks_of(lambda _: 20)
    assert hours.known
    assert all(hours.weighted(hour * HOUR, (hour + 1) * HOUR) == pytest.approx(HOUR, rel=1e-9) for hour in range(HOURS))


def test_nothing_is_said_before_pages_have_shown_two_weeks():
    hours = weeks_of(by_day_and_night, weeks=1)
    assert not hours.known
    assert hours.weighted(DAY, 3 * DAY) == 2 * DAY
    assert weeks_of(by_day_and_night, weeks=2).known


def test_a_page_of_a_day_says_something_of_its_hours():
    hours = BusyHours()
    for day in range(14):
        hours.saw([day * DAY + NOON], day * DAY, (day + 1) * DAY)
    hours.learn()
    assert hours.known


def test_a_page_of_more_than_a_day_says_nothing_of_hours():
    hours = BusyHours()
    for day in range(40):
        hours.saw([day * DAY + NOON], day * DAY - 1, (day + 1) * DAY)
    hours.learn()
    assert not hours.known


def test_a_burst_says_little_of_its_weekday():
    hours = weeks_of(lambda _: 20)
    before = hours.weighted(MONDAY, MONDAY + DAY)
    for page in range(240):  # a Monday with ten times as many rows
        start = 3 * WEEK + MONDAY + page * DAY // 240
        hours.saw(sorted((start + row for row in range(20)), reverse=True), start, start + DAY // 240)
    hours.learn()
    assert before == pytest.approx(DAY)
    assert DAY < hours.weighted(MONDAY, MONDAY + DAY) < 2 * DAY


def test_what_a_walk_has_left_heeds_the_hours_that_it_comes_to():
    estimate, rows = Estimate(Tuning(), likely_start=0, first=0), 5.0
    walk = Walk(Interval(0, WEEK), floor=0, unread=20 * HOUR, density=Density(0.9, rows=100 * rows, seconds=6 * HOUR))
    evenly = estimate.pages_left(walk)
    estimate.hours, walk.left = EXAMPLE, None
    assert estimate.pages_left(walk) == pytest.approx(
        evenly * EXAMPLE.weighted(0, 20 * HOUR) / 20 / HOUR / 0.3, rel=0.4
    )
    assert estimate.pages_left(walk) > 1.5 * evenly  # from the night into the day


def test_what_a_walk_has_left_is_told_anew_once_it_has_read_on_or_given_back():
    estimate = Estimate(Tuning(), likely_start=0, first=0)
    walk = Walk(Interval(0, 1000), floor=0, unread=1000, density=Density(0.9, rows=1000.0, seconds=1000.0))
    assert estimate.pages_left(walk) == 10
    walk.floor = 500
    assert estimate.pages_left(walk) == 5
    walk.unread = 700
    assert estimate.pages_left(walk) == 2
    estimate.note(walk, [699] * 100, before=700, lowest=699)  # the same seconds are left, and much denser
    assert estimate.pages_left(walk) > 100


def test_patience_grows_with_a_long_list_to_one_page_more():
    estimate = Estimate(Tuning(patience=1, patient=1_000), likely_start=0, first=0)
    said = []
    for estimate.pages in (0, 500, 1_000, 10_000):
        said.append(estimate.patience())
    assert said == [1, 1.5, 2, 2]
