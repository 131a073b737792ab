"""Amounts and times as people write them."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import connector
from connector.core.ledger import money
from connector.core.time import times
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME, interval_of, to_seconds
from connector.errors import UsageError
from connector.sandbox.core import economy


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (0, "usd", "0.00 USD"),
        (-5, "usd", "-0.05 USD"),
        (123_450, "eur", "1,234.50 EUR"),
        (-123_450, "EUR", "-1,234.50 EUR"),
        (500, "jpy", "500 JPY"),
        (1_234, "kwd", "1.234 KWD"),
        (2**63 - 1, "usd", "92,233,720,368,547,758.07 USD"),
        (7, "xyz", "0.07 XYZ"),
        (380_000, "ugx", "3,800.00 UGX"),  # 380000 was charged as 3,800 shillings
        (500, "isk", "5.00 ISK"),
        (500, "mga", "500 MGA"),
    ],
)
def test_amounts_are_shown_with_their_currencys_decimals(amount, currency, text):
    assert money.to_text(amount, currency) == text


SPECIAL = [code for codes in economy.ISO_EXPONENTS.values() for code in codes.split()] + [*economy.DEPARTURES]
NOT_STRIPES = {"clf", "iqd", "lyd", "uyi", "uyw"}
"""Currencies of ISO 4217 that Stripe does not have."""


@pytest.mark.parametrize("currency", sorted({*SPECIAL, "usd", "eur", "huf", "twd", "try"} - NOT_STRIPES))
def test_two_sources_agree_on_the_decimals_of_the_api(currency):
    assert 10 ** connector.decimals(currency) == economy.minor_units(currency)
    assert connector.decimals(currency.upper()) == connector.decimals(currency)


def test_a_currency_that_is_not_text_is_refused():
    with pytest.raises(UsageError, match="ISO code"):
        connector.decimals(None)


@given(st.integers(), st.sampled_from(["usd", "jpy", "kwd", "eur", "xof", "bhd"]))
def test_an_amount_shown_keeps_every_digit(amount, currency):
    number, code = money.to_text(amount, currency).split(" ")
    digits = number.replace(",", "").replace(".", "")
    assert int(digits) == amount
    assert code == currency.upper()
    assert len(number.partition(".")[2]) == money.decimals(currency)


@pytest.mark.parametrize(
    ("given_", "seconds"),
    [
        (0, 0),
        (1_767_225_600, 1_767_225_600),
        ("1767225600", 1_767_225_600),
        ("999999999", 999_999_999),  # of September 2001: eight digits are a date, nine are seconds
        ("2026-01-01", 1_767_225_600),
        (" 2026-01-01 ", 1_767_225_600),
        ("20260101", 1_767_225_600),
        ("2026-01-01T00:00:00Z", 1_767_225_600),
        ("2026-01", 1_767_225_600),
        ("2026", 1_767_225_600),
        ("2026-01-01 01:00+01:00", 1_767_225_600),
        (date(2026, 1, 1), 1_767_225_600),
        (datetime(2026, 1, 1, tzinfo=UTC), 1_767_225_600),
        (datetime(2026, 1, 1), 1_767_225_600),  # noqa: DTZ001 - without a zone it is UTC
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), 1_767_225_600),
        ("9999-12-31", END_OF_TIME - 86_400),
        (np.int64(1_767_225_600), 1_767_225_600),  # what pandas and numpy give of a column of seconds
        (np.uint32(1_767_225_600), 1_767_225_600),
        (pd.Timestamp("2026-01-01 01:00", tz="Etc/GMT-1"), 1_767_225_600),
    ],
)
def test_times_people_write_become_utc_seconds(given_, seconds):
    assert to_seconds(given_, name="--since") == seconds


@pytest.mark.parametrize(
    "given_",
    [
        "",
        "yesterday",  # of no known day
        "2026-13",
        "2026-00",
        "26-01",
        "last-day",
        "2026-13-01",
        "2026-02-30",
        "31.01.2026",
        "1e9",
        "-5",
        -1,
        END_OF_TIME + 1,
        True,
        "1969-12-31",
        "2026-01-01T00:00:00.9Z",
        None,
        1.5,
        np.float64(1_767_225_600),
        np.bool_(True),  # noqa: FBT003 - one of the values
        np.datetime64("2026-01-01"),
        np.array([1_767_225_600, 1]),
    ],
)
def test_what_is_no_time_in_whole_seconds_is_refused_by_the_name_the_reader_knows(given_):
    with pytest.raises(UsageError, match="`since`"):
        to_seconds(given_, name="since")


def test_without_ends_it_is_all_of_time():
    assert interval_of(None, None) == Interval(0, END_OF_TIME)
    assert interval_of(None, 1) == Interval(0, 1)
    assert interval_of(END_OF_TIME - 1, None) == Interval(END_OF_TIME - 1, END_OF_TIME)


@pytest.mark.parametrize(("since", "until"), [(5, 5), (6, 5), (END_OF_TIME, None), (None, 0)])
def test_ends_with_nothing_between_them_are_refused(since, until):
    with pytest.raises(UsageError, match="must be later than"):
        interval_of(since, until)


@given(st.integers(0, END_OF_TIME - 1))
def test_a_second_survives_its_text(second):
    assert to_seconds(times.to_text(second), name="x") == second
    assert to_seconds(second, name="x") == second


def test_the_newest_of_no_rows_is_no_time():
    newest = pd.Series([], dtype="datetime64[us, UTC]").max()
    with pytest.raises(UsageError, match="`since` must be a time, not NaT"):
        to_seconds(newest, name="since")


def test_a_fraction_of_a_second_is_refused_rather_than_cut_off():
    with pytest.raises(UsageError, match="fraction of a second"):
        to_seconds("2026-01-01T00:00:00.900Z", name="since")


days = st.dates(date(1971, 1, 1), date(9999, 12, 31))
DAY = 86_400


@given(days)
def test_a_month_and_a_year_are_their_first_second_whatever_the_day(day):
    assert to_seconds(f"{day:%Y-%m}", name="x") == to_seconds(day.replace(day=1), name="x")
    assert to_seconds(f"{day:%Y}", name="x") == to_seconds(day.replace(month=1, day=1), name="x")


@given(days)
def test_two_words_in_a_row_are_the_whole_time_that_the_first_names(today):
    def between(first, second):
        found = interval_of(first, second, today=today)
        return found.start, (found.stop - found.start) // DAY

    now = to_seconds(today, name="x")
    assert between("yesterday", "today") == (now - DAY, 1)
    start, week = between("last-week", "this-week")
    assert (week, datetime.fromtimestamp(start, UTC).weekday()) == (7, 0)
    start, month = between("last-month", "this-month")
    first = datetime.fromtimestamp(start, UTC)
    assert (first.day, month) == (1, calendar.monthrange(first.year, first.month)[1])
    start, year = between("last-year", "this-year")
    first = datetime.fromtimestamp(start, UTC)
    assert (first.year, first.month, first.day) == (today.year - 1, 1, 1)
    assert year == 365 + calendar.isleap(first.year)
    for word in ("this-week", "this-month", "this-year"):
        assert now - 366 * DAY < to_seconds(word, name="x", today=today) <= now


@given(
    days, st.sampled_from(times.WORDS), st.sampled_from([" ", "  ", "_", "-"]), st.sampled_from([str.upper, str.title])
)
def test_words_are_understood_however_they_are_written(today, word, gap, case):
    written = case(word.replace("-", gap))
    assert to_seconds(f" {written} ", name="x", today=today) == to_seconds(word, name="x", today=today)


@given(st.text(max_size=12), days)
def test_any_text_is_a_time_or_refused_by_name(text, today):
    try:
        assert 0 <= to_seconds(text, name="since", today=today) <= END_OF_TIME
    except UsageError as error:
        assert str(error).startswith("`since`")  # noqa: PT017 - either is right
