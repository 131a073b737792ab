"""Rows that came already are left out where seconds are asked about more than once; gaps, and what is not trusted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core.planning.absence.delivered import Delivered
from connector.core.planning.audit.sampling import RowProfile
from connector.core.planning.audit.suspects import around, suspects_in, to_look_at
from connector.core.state.data_file import DataFile, with_changes
from connector.core.state.partition import Granularity
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY, AccountId


def row(number: int, second: int) -> dict:
    return {"id": f"txn_{number}", "created": second}


def test_rows_are_left_out_once_they_were_passed_on_at_a_second_that_is_asked_about_again():
    delivered = Delivered()
    rows = [row(1, 9), row(2, 9), row(3, 8)]
    assert delivered.new(rows) == rows
    delivered.add(9, [hash("txn_1")])
    assert delivered.has(9, "txn_1")
    assert not delivered.has(9, "txn_2")
    assert not delivered.has(8, "txn_1")
    assert delivered.new(rows) == rows[1:]
    assert delivered.new(rows) == rows[2:]  # the second one counts as passed on now; of other seconds nothing is noted
    assert delivered.new([row(3, 8)]) == [row(3, 8)]
    assert delivered.new([]) == []


def test_what_is_noted_of_a_second_adds_up():
    delivered = Delivered()
    delivered.add(9, [hash("txn_1")])
    delivered.add(9, [hash("txn_2")])
    assert delivered.new([row(1, 9), row(2, 9), row(3, 9)]) == [row(3, 9)]


# Where gaps are looked for --------------------------------------------------------------------------------------------

START = 1_767_225_600


def file_of(day: int, rows: int) -> DataFile:
    first = START + day * DAY
    label = Granularity.DAY
    path = f"balance_transactions/account=acct_1/{label.column}=x{day}/part-0.parquet"
    return DataFile(path, rows, 9, "0" * 64, first + 60, first + 120)


def state_of(*rows: int, looked: Intervals | None = None) -> TableState:
    files = {one.path: one for one in (file_of(day, count) for day, count in enumerate(rows))}
    covered = Intervals.span(START, START + len(rows) * DAY)
    state = TableState(AccountId("acct_1"), "parquet", Granularity.DAY, covered, files=files)
    if looked is None:
        return state
    return replace(state, audits=replace(state.audits, looked=looked))


def days(first: int, last: int) -> Interval:
    return Interval(START + first * DAY, START + last * DAY)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ((10, 10, 10), [days(0, 3)]),
        ((50_000, 50_000, 50_000), [days(0, 3)]),
        ((50_000, 50_000, 50_000, 50_000), [days(1, 4)]),
        ((1, 100_001), [days(1, 2)]),
        ((1, 1, 100_000), [days(1, 3)]),
    ],
)
def test_the_newest_time_with_about_as_many_rows_as_a_run_looks_at_is_looked_at(rows, found):
    assert to_look_at(state_of(*rows)) == found


def test_what_was_looked_at_is_not_looked_at_again():
    looked = Intervals((days(1, 2),))
    assert to_look_at(state_of(5, 5, 5, looked=looked)) == [days(2, 3), days(0, 1)]
    assert to_look_at(state_of(5, 5, 200_000, looked=looked)) == [days(2, 3)]
    assert to_look_at(state_of(5, looked=Intervals((days(0, 9),)))) == []


def test_as_much_time_around_a_region_is_asked_as_does_not_hold_too_many_rows():
    few = state_of(*([10] * 30))
    assert around(few, days(10, 11)) == days(3, 18)
    many = state_of(*([60_000] * 30))
    assert around(many, days(10, 11)) == days(9, 12)
    dense = state_of(*([90_000] * 30))
    assert around(dense, days(10, 11)) == days(10, 11)
    assert around(few, Interval(5, 9)) == Interval(0, 9 + 7 * DAY)


def test_in_a_gap_longer_than_what_is_known_by_its_hours_as_many_rows_are_expected_as_beside_it():
    files = {one.path: one for one in (busy(0), busy(9))}
    covered = Intervals.span(START, START + 10 * DAY)
    state = TableState(AccountId("acct_1"), "parquet", Granularity.DAY, covered, files=files)
    profile = RowProfile()
    profile.add([START + 60 * number for number in range(1_440)])
    profile.add([START + 9 * DAY + 60 * number for number in range(1_440)])
    (gap,) = suspects_in(state, profile, Interval(START, START + 10 * DAY))
    assert (gap.start, gap.stop) == (START + DAY - 59, START + 9 * DAY)
    assert gap.expected == 1_440


def test_in_a_gap_of_hours_that_no_other_day_is_known_of_nothing_is_expected():
    covered = Intervals.span(START, START + DAY)
    file = busy(0)
    state = TableState(AccountId("acct_1"), "parquet", Granularity.DAY, covered, files={file.path: file})
    profile = RowProfile()
    profile.add([START + number for number in range(0, DAY, 60) if not 30_000 < number < 50_000])
    assert profile.gaps()
    assert suspects_in(state, profile, Interval(START, START + DAY)) == []


def busy(day: int) -> DataFile:
    """A day with a row a minute."""
    return with_changes(
        file_of(day, 1_440), first_created=START + day * DAY, last_created=START + day * DAY + 60 * 1_439
    )
