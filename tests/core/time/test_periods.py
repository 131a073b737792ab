from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.time.periods import PeriodChoice, as_date, period_of, start_of_day
from connector.errors import UsageError

NAMES = sorted(name for name in zoneinfo.available_timezones() if not name.startswith(("posix", "right", "local")))
zones = st.sampled_from(NAMES).map(ZoneInfo)


def month(text, zone="UTC"):
    return period_of(PeriodChoice(month=text), zone, ZoneInfo(zone), now=0)


@given(zones, st.integers(1970, 2040), st.integers(1, 12))
def test_months_of_any_zone_follow_each_other_and_begin_where_the_clocks_first_show_them(clocks, year, number):
    first = period_of(PeriodChoice(month=f"{year}-{number:02d}"), "Z", clocks, now=0)
    following = date(year + number // 12, number % 12 + 1, 1)
    second = period_of(PeriodChoice(month=f"{following:%Y-%m}"), "Z", clocks, now=0)
    assert first.bounds.stop == second.bounds.start
    assert second.day_of(second.bounds.start) >= following
    before = second.local(second.bounds.start - 1)
    assert before.date() < following
    assert (before + timedelta(seconds=1)).astimezone(UTC) == second.local(second.bounds.start).astimezone(UTC)


@given(zones, st.dates(date(1971, 1, 1), date(2040, 1, 1)))
def test_a_day_begins_at_the_first_second_the_clocks_show_it_or_what_they_show_instead(clocks, day):
    start = start_of_day(day, clocks)
    shown = [datetime.fromtimestamp(second, UTC).astimezone(clocks).date() for second in (start - 1, start)]
    assert shown[0] < day <= shown[1]


@pytest.mark.parametrize(
    ("zone", "text", "hours"),
    [
        ("Europe/Paris", "2026-10", 745),
        ("Europe/Paris", "2026-03", 743),
        ("America/New_York", "2026-11", 721),
        ("Australia/Lord_Howe", "2026-04", 720.5),
        ("Pacific/Apia", "2011-12", 720),
        ("Asia/Kolkata", "2026-02", 672),
    ],
)
def test_daylight_saving_and_skipped_days_are_in_the_length_of_a_month(zone, text, hours):
    assert month(text, zone).bounds.seconds == hours * 3600


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"month": "last-month"}, "2025-12"),
        ({"month": "this month"}, "2026-01"),
        ({"quarter": "Last_Quarter"}, "2025-Q4"),
        ({"quarter": "this-quarter"}, "2026-Q1"),
        ({"year": "last-year"}, "2025"),
        ({"year": "this-year"}, "2026"),
    ],
)
def test_periods_are_named_by_the_day_that_it_is_in_their_zone(asked, name):
    new_year = int(datetime(2025, 12, 31, 23, 30, tzinfo=UTC).timestamp())  # half an hour into the year in Paris
    assert period_of(PeriodChoice(**asked), "Europe/Paris", ZoneInfo("Europe/Paris"), now=new_year).name == name


def test_a_word_names_only_what_it_is_asked_for_as():
    for asked in ({"month": "last-year"}, {"year": "last-month"}, {"month": "next-month"}, {"quarter": "last"}):
        with pytest.raises(UsageError, match="is not a"):
            period_of(PeriodChoice(**asked), "UTC", UTC, now=0)


def test_a_local_month_touches_other_utc_days():
    period = month("2026-10", "Europe/Paris")
    assert datetime.fromtimestamp(period.bounds.start, UTC).isoformat() == "2026-09-30T22:00:00+00:00"
    assert datetime.fromtimestamp(period.bounds.stop, UTC).isoformat() == "2026-10-31T23:00:00+00:00"
    assert period.last_day == date(2026, 10, 31)


@pytest.mark.parametrize(
    ("zone", "day", "shown"),
    [
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T01:00:00-02:00"),
        ("Asia/Beirut", date(2026, 3, 29), "2026-03-29T01:00:00+03:00"),
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-31T00:00:00+14:00"),
        ("America/Toronto", date(1919, 3, 31), "1919-03-31T00:30:00-04:00"),
        ("America/Havana", date(2026, 11, 1), "2026-11-01T00:00:00-04:00"),
        ("Africa/Monrovia", date(1972, 1, 7), "1972-01-07T00:44:30+00:00"),
    ],
)
def test_a_midnight_that_is_skipped_or_comes_twice_is_the_first_second_of_the_day(zone, day, shown):
    clocks = ZoneInfo(zone)
    assert datetime.fromtimestamp(start_of_day(day, clocks), UTC).astimezone(clocks).isoformat() == shown


def test_quarters_years_and_ends_of_ones_own():
    paris = ZoneInfo("Europe/Paris")

    def period(**asked):
        return period_of(PeriodChoice(**asked), "Europe/Paris", paris, now=1_800_000_000)

    assert period(quarter="2026-Q4").bounds.start == month("2026-10", "Europe/Paris").bounds.start
    assert period(quarter="2026q4").name == "2026-Q4"
    assert period(year=2026).bounds.stop == period(quarter="2026-Q4").bounds.stop
    assert period(year="2026").name == "2026"
    assert period(since="2026-10-01", until="2026-11-01").bounds == month("2026-10", "Europe/Paris").bounds
    assert period(since="2026-10-01T00:00:00Z").bounds.start == month("2026-10").bounds.start
    assert period(since=date(2026, 10, 1)).bounds.start == month("2026-10", "Europe/Paris").bounds.start
    assert period(since=datetime(2026, 10, 1, tzinfo=UTC)).bounds.start == month("2026-10").bounds.start
    assert period(since="20261001").bounds.start == month("2026-10", "Europe/Paris").bounds.start
    assert period(since=1_790_000_000).bounds.stop == 1_800_000_000
    assert period(since="1970-01-01").bounds.start == 0
    assert period(since="2026-10", until="2026-11").bounds == month("2026-10", "Europe/Paris").bounds


def test_words_go_by_the_day_that_it_is_in_the_zone():
    paris = ZoneInfo("Europe/Paris")
    now = int(datetime(2026, 10, 31, 23, 30, tzinfo=UTC).timestamp())  # half past midnight in November there
    asked = PeriodChoice(since="last-month", until="this-month")
    assert period_of(asked, "Europe/Paris", paris, now=now).bounds == month("2026-10", "Europe/Paris").bounds
    assert period_of(asked, "UTC", UTC, now=now).bounds == month("2026-09").bounds


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"until": "2026-10-01"},
        {"month": "2026-10", "year": "2026"},
        {"month": "2026-10", "since": "2026-10-01"},
        {"month": "2026-13"},
        {"month": "2026-1"},
        {"month": "10-2026"},
        {"quarter": "2026-Q5"},
        {"year": "26"},
        {"year": "9999"},
        {"month": "1969-12"},
        {"since": "someday"},
        {"since": "2026-10-02", "until": "2026-10-01"},
        {"since": "2026-10-01", "until": "2026-10-01"},
        {"since": "2026-10-01", "until": "253402300800"},
        {"since": "2026-10-01", "until": "9999-01-02"},
    ],
)
def test_what_is_no_period_is_refused(asked):
    with pytest.raises(UsageError):
        period_of(PeriodChoice(**asked), "UTC", UTC, now=1_800_000_000)


def test_a_date_of_stripes_is_that_day_in_every_zone():
    midnight = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp())
    for zone in ("UTC", "America/Los_Angeles", "Pacific/Auckland"):
        clocks = ZoneInfo(zone)
        assert datetime.fromtimestamp(as_date(midnight, clocks), UTC).astimezone(clocks).date() == date(2026, 10, 1)
    assert as_date(midnight + 60, ZoneInfo("America/Los_Angeles")) == midnight + 60


def test_a_period_ends_on_the_day_of_its_last_second():
    found = month("2026-10", "America/New_York")
    assert found.last_day == date(2026, 10, 31)
    asked = PeriodChoice(since="2026-10-01T00:00:00", until="2026-10-02T00:00:01")
    second = period_of(asked, "UTC", ZoneInfo("UTC"), now=0)
    assert second.last_day == date(2026, 10, 2)
    assert found.is_named
    assert not second.is_named
