"""What is no time is refused with what to write instead, where that can be told."""

from __future__ import annotations

from datetime import date

import pytest

from connector.core.time.times import to_seconds
from connector.errors import UsageError

TODAY = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1_700_000_000_000, "milliseconds, and as seconds it is 1700000000"),
        ("1700000000123", "milliseconds, and as seconds it is 1700000000"),
        (1_700_000_000_000_000, "microseconds, and as seconds it is 1700000000"),
        ("1700000000123456789", "nanoseconds, and as seconds it is 1700000000"),
        (1_293_840_000_000, "milliseconds, and as seconds it is 1293840000"),  # of 2011
        (4_102_444_799_999, "milliseconds, and as seconds it is 4102444799"),  # of 2099
    ],
)
def test_a_number_that_says_a_moment_in_another_unit_is_told_in_seconds(value, hint):
    with pytest.raises(UsageError, match=f"lies outside 1970 to 9999: it looks like {hint}$"):
        to_seconds(value, name="since")


@pytest.mark.parametrize("value", [-1, 10**12, 1_293_839_999_999, 4_102_444_800_000, 10**30, "9" * 25])
def test_any_other_number_is_only_refused(value):
    with pytest.raises(UsageError, match=r"lies outside 1970 to 9999$"):
        to_seconds(value, name="since")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("-7d", "7 days ago is 2026-11-21"),
        ("7 days ago", "7 days ago is 2026-11-21"),
        ("2w", "14 days ago is 2026-11-14"),
        ("1 week ago", "7 days ago is 2026-11-21"),
        ("-999999d", "999,999 days ago is 1970-01-01"),
    ],
)
def test_days_that_count_back_are_told_as_a_date(value, said):
    with pytest.raises(UsageError, match=rf"is not a time: times are not relative, {said}; write 2026-01-31"):
        to_seconds(value, name="since", today=TODAY)


@pytest.mark.parametrize(("value", "today"), [("-7d", None), ("7 decades", TODAY), ("7h", TODAY), ("soon", TODAY)])
def test_nothing_is_told_of_what_is_not_understood(value, today):
    with pytest.raises(UsageError, match=r"is not a time: write 2026-01-31"):
        to_seconds(value, name="since", today=today)


@pytest.mark.parametrize(("value", "text"), [(20_260_205, "2026-02-05"), (202_602, "2026-02"), (2_026, "2026")])
def test_a_number_that_is_written_like_a_date_is_no_day_of_1970(value, text):
    with pytest.raises(UsageError, match=f"`until` {value} as a number is UTC seconds, 1970-.* UTC: write '{text}'"):
        to_seconds(value, name="until")
    assert to_seconds(text, name="until") > 1_293_840_000


@pytest.mark.parametrize("value", [0, 5, 2_010, 2_100, 20_261_301, 20_260_230, 202_613, 1_293_840_000, 1_767_225_600])
def test_any_other_number_is_seconds(value):
    assert to_seconds(value, name="until") == value
