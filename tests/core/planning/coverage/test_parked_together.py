"""Rows that other runs have parked are taken up where a partition is whole with them, and only there."""

from __future__ import annotations

from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from connector.core.planning.coverage.parked_together import rejoined, whole_together
from connector.core.planning.coverage.whole import Reading
from connector.core.state.data_file import DataFile, ParkedFile
from connector.core.state.partition import Granularity, partition_of
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY, AccountId

START = 1_767_225_600
ACCOUNT = AccountId("acct_1Plan")
HALF = DAY // 2

halves = st.sets(st.integers(0, 11))
days = st.sets(st.integers(0, 5))


def seconds_of(chosen):
    return Intervals.of(Interval(START + one * HALF, START + (one + 1) * HALF) for one in chosen)


def file_at(path, second):
    return DataFile(path, rows=1, bytes=1, sha256="0" * 64, first_created=second, last_created=second)


def parked_half(half):
    second = START + half * HALF
    path = f"_stripe_balance/parked/{half}.arrow"
    return path, ParkedFile(file_at(path, second), "other").answering(seconds_of([half]))


def visible(day):
    second = START + day * DAY
    path = f"balance_transactions/account={ACCOUNT}/{partition_of(second, Granularity.DAY).label}/part-0.parquet"
    return path, file_at(path, second)


def half_days(day):
    return {2 * day, 2 * day + 1}


@given(read=halves, aside=halves, mine=halves, shown=days)
def test_they_are_those_with_parked_rows_that_are_whole_together_before_the_oldest_visible_one_in_part(
    read, aside, mine, shown
):
    aside -= mine
    read |= mine  # what a run has parked it has read
    state = TableState(
        ACCOUNT,
        "parquet",
        Granularity.DAY,
        files=MappingProxyType(dict(map(visible, shown))),
        parked=MappingProxyType(dict(map(parked_half, mine))),
        aside=MappingProxyType(dict(map(parked_half, aside))),
    )
    reading = Reading(seconds_of(range(12)), seconds_of(read))
    in_part = {day for day in shown if not half_days(day) <= read | aside}
    expected = {
        day
        for day in range(6)
        if half_days(day) <= read | aside
        and ((half_days(day) & aside and not half_days(day) <= read) or half_days(day) & mine)
        and day < min(in_part, default=6)
    }
    keys = whole_together(state, reading)
    assert {key.start for key in keys} == {START + day * DAY for day in expected}
    joined = rejoined(state, keys)
    assert {**joined.parked, **joined.aside} == {**state.parked, **state.aside}
    assert {one.key(Granularity.DAY) for one in joined.parked.values()} >= keys
    assert not {one.key(Granularity.DAY) for one in joined.aside.values()} & keys
