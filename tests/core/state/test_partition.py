"""Every second lies in exactly one partition."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.core.state.partition import (
    Granularity,
    checked_account,
    in_order_of_time,
    partition_folder,
    partition_named,
    partition_of,
    partitions_in,
    shares,
)
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY, AccountId
from connector.errors import ProtocolError

seconds = st.integers(0, END_OF_TIME - 1)
granularities = st.sampled_from(Granularity)

LEAP_DAY = 951_782_400  # 2000-02-29
NO_LEAP_DAY = 4_107_456_000 + 86_400  # 2100-02-28, in a year that has no 29th


def calendar_bounds(second: int, granularity: Granularity) -> tuple[int, int]:
    """The same, by walking the calendar."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    day = moment.replace(hour=0, minute=0, second=0)
    start = {"day": day, "month": day.replace(day=1), "year": day.replace(month=1, day=1)}[granularity.value]
    stop = start + timedelta(days={"day": 1, "month": 28, "year": 365}[granularity.value])
    name = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}[granularity.value]
    while f"{stop:{name}}" == f"{start:{name}}":
        stop += timedelta(days=1)
    return int(start.timestamp()), int(stop.timestamp())


@given(st.integers(0, END_OF_TIME - 366 * DAY - 1), granularities)
@example(LEAP_DAY, Granularity.DAY)
@example(LEAP_DAY + DAY - 1, Granularity.MONTH)
@example(LEAP_DAY, Granularity.YEAR)
@example(NO_LEAP_DAY, Granularity.MONTH)
@example(NO_LEAP_DAY + DAY, Granularity.MONTH)
@example(0, Granularity.YEAR)
def test_a_partition_has_the_calendars_bounds(second, granularity):
    key = partition_of(second, granularity)
    assert (key.start, key.stop) == calendar_bounds(second, granularity)
    assert second in key.bounds


@given(seconds, granularities)
@example(END_OF_TIME - 1, Granularity.DAY)
@example(END_OF_TIME - 1, Granularity.MONTH)
@example(END_OF_TIME - 1, Granularity.YEAR)
def test_all_seconds_of_a_partition_name_the_same_one_and_its_neighbours_another(second, granularity):
    key = partition_of(second, granularity)
    assert partition_of(key.start, granularity) == key == partition_of(key.stop - 1, granularity)
    if key.start:
        assert partition_of(key.start - 1, granularity).stop == key.start
    if key.stop < END_OF_TIME:
        assert partition_of(key.stop, granularity).start == key.stop


@given(seconds, st.integers(1, 800 * DAY), granularities)
def test_partitions_of_bounds_join_end_to_end_and_cover_them(start, length, granularity):
    bounds = Interval(start, min(start + length, END_OF_TIME))
    keys = list(partitions_in(bounds, granularity))
    assert keys[0].start <= bounds.start < keys[0].stop
    assert keys[-1].start < bounds.stop <= keys[-1].stop
    assert all(one.stop == next_.start for one, next_ in pairwise(keys))
    assert len({key.label for key in keys}) == len(keys)


@given(seconds, seconds, granularities)
def test_labels_sort_as_time_does(one, other, granularity):
    first, last = sorted((one, other))
    assert partition_of(first, granularity).label <= partition_of(last, granularity).label


@pytest.mark.parametrize(
    ("granularity", "label"),
    [
        (Granularity.DAY, "created_date=2026-01-31"),
        (Granularity.MONTH, "created_month=2026-01"),
        (Granularity.YEAR, "created_year=2026"),
    ],
)
def test_labels_are_hive_columns_readers_know(granularity, label):
    key = partition_of(1_769_860_800 + 5, granularity)
    assert key.label == label
    assert partition_folder("balance_transactions", AccountId("acct_1"), key) == (
        f"balance_transactions/account=acct_1/{label}"
    )


@pytest.mark.parametrize("account", ["acct_1AbC_9", "default"])
def test_an_account_of_the_documented_form_becomes_a_folder(account):
    assert checked_account(account) == account


@pytest.mark.parametrize(
    "account",
    [
        "",
        "acct_",
        "../acct_1",
        "acct_1/..",
        "acct_1\n",
        "acct_é",
        "Default",
        "acct_1=2",
        "acct_1 ",
        "acct_" + "a" * 201,
    ],
)
def test_an_account_that_could_leave_its_folder_is_refused(account):
    with pytest.raises(ProtocolError, match="cannot become a folder"):
        checked_account(account)


@given(seconds, granularities)
def test_a_partition_is_found_by_its_label(second, granularity):
    key = partition_of(second, granularity)
    assert partition_named(key.label, granularity) == key


@pytest.mark.parametrize(("granularity", "value"), [("day", "1970-01-01"), ("month", "1970-01"), ("year", "1970")])
def test_the_first_partition_of_all_has_a_label_and_none_before_it(granularity, value):
    partition = Granularity(granularity)
    assert partition_named(f"{partition.column}={value}", partition).start == 0
    before = {"day": "1969-12-31", "month": "1969-12", "year": "1969"}[granularity]
    assert partition_named(f"{partition.column}={before}", partition) is None


@pytest.mark.parametrize(
    "label",
    [
        "created_date=2026-02-30",
        "created_date=2026-1-3",
        "created_month=2026-01",
        "created_date",
        "created_date=",
        "x",
        "created_date=2026-01-01T00",
        "created_date=2026-01",
        "CREATED_DATE=2026-01-01",
    ],
)
def test_what_is_no_label_of_a_partition_finds_none(label):
    assert partition_named(label, Granularity.DAY) is None


@given(st.lists(st.integers(0, 3 * 366 * DAY), min_size=1, max_size=50).map(sorted), granularities)
def test_rows_are_shared_out_to_their_partitions_each_once(created, granularity):
    found = list(shares(created, granularity))
    assert [place for _, start, stop in found for place in range(start, stop)] == list(range(len(created)))
    for key, start, stop in found:
        assert start < stop
        assert {partition_of(second, granularity) for second in created[start:stop]} == {key}
    assert [key for key, *_ in found] == in_order_of_time({key for key, *_ in found})
    assert list(shares([], granularity)) == []
