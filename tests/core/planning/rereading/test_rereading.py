"""What is read again where the lake has lost it, and what becomes of parked rows that are lost."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from connector.core.planning.coverage.parking import (
    due_parked,
    parked_keys,
    parked_of,
    setting_aside,
    with_parked,
    without_parked,
)
from connector.core.planning.coverage.plan import Plan
from connector.core.planning.rereading.rereading import affordable, forgetting, leaving, reread, rereading
from connector.core.state.data_file import DataFile, ParkedFile, with_changes
from connector.core.state.partition import Granularity, partition_of
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY, AccountId

DAYS = [Interval(day * DAY, (day + 1) * DAY) for day in range(6)]


def file_of(day: int, rows: int = 1, **more) -> DataFile:
    first = day * DAY + 60
    label = partition_of(first, Granularity.DAY).label
    return DataFile(f"x/account=acct_1/{label}/part-0.parquet", rows, 9, f"{day}" * 64, first, first + 9, **more)


def state_of(covered: Intervals, *files: DataFile, **facts) -> TableState:
    named = MappingProxyType({one.path: one for one in files})
    return TableState(AccountId("acct_1"), "parquet", Granularity.DAY, covered, files=named, **facts)


@pytest.mark.parametrize(
    ("rows", "requests", "chosen", "cost"),
    [
        ([1, 99, 100], 4, [2, 1, 0], 4),
        ([1, 99, 100], 3, [2, 1], 3),
        ([1, 199, 99], 2, [2, 0], 2),
        ([1, 1, 1], 0, [], 0),
        ([1, 1, 1], 0.5, [], 0),
        ([250], 3, [0], 3),
        ([250], 2.9, [], 0),
    ],
)
def test_of_lost_files_the_newest_are_read_again_that_requests_are_there_for(rows, requests, chosen, cost):
    lost = [file_of(day, number) for day, number in enumerate(rows)]
    assert affordable(lost, requests) == ([lost[day] for day in chosen], cost)


def test_a_lost_files_partition_is_read_again_and_rows_of_it_that_were_not_covered():
    covered = Intervals.span(0, DAY + 65)
    kept, again = reread(state_of(covered, file_of(0), file_of(1)), [file_of(1)])
    assert kept.covered == Intervals((DAYS[0],))
    assert again == Intervals.span(DAY, DAY + 70)
    assert len(kept.files) == 2


def test_a_file_is_forgotten_only_as_it_is_given():
    state = state_of(Intervals(), file_of(0), file_of(1))
    assert list(forgetting(state, [file_of(1)]).files) == [file_of(0).path]
    other = with_changes(file_of(1), sha256="a" * 64)
    assert forgetting(state, [other, file_of(3)]) is state


def test_partitions_that_are_left_alone_are_in_no_part_of_a_plan():
    left = file_of(1)
    work = Plan(
        Intervals.span(0, 3 * DAY),
        Intervals.span(DAY + 5, 2 * DAY + 5),
        refreshes=(file_of(0).path, left.path),
        in_part=(DAYS[0], DAYS[1]),
    )
    found = leaving(work, [left], Granularity.DAY)
    assert found.todo == Intervals.of([DAYS[0], DAYS[2]])
    assert found.refresh == Intervals.span(2 * DAY, 2 * DAY + 5)
    assert (found.refreshes, found.in_part) == ((file_of(0).path,), (DAYS[0],))


def test_what_a_partition_lacks_is_read_with_its_rest_and_visible_ones_wait():
    asked = Intervals.span(0, 3 * DAY)
    state = state_of(Intervals((DAYS[0], DAYS[2])), file_of(0), file_of(1), file_of(2), asked=asked)
    lacking = Intervals.span(DAY + 5, DAY + 9)
    work = rereading(state, lacking, read_before=asked)
    assert work.todo == Intervals((DAYS[1],))
    assert (work.in_part, work.read_before) == ((DAYS[1],), asked)


# Parked rows ----------------------------------------------------------------------------------------------------------


def parked_of_day(day: int, number: int, *within: tuple[int, int], **more) -> ParkedFile:
    return ParkedFile(with_changes(file_of(day, **more), path=f"parked/{number:08d}"), f"run_{number}", within)


def test_parked_files_of_a_partition_are_told_in_the_order_in_which_they_were_parked():
    first, second, other = parked_of_day(0, 1), parked_of_day(0, 2), parked_of_day(1, 3)
    state = with_parked(state_of(Intervals()), [second, other, first])
    assert parked_of(state, partition_of(0, Granularity.DAY)) == (first, second)
    assert {key.start for key in parked_keys(state)} == {0, DAY}
    assert set(without_parked(state, [first.path]).parked) == {second.path, other.path}


def test_what_other_runs_take_up_is_set_aside_and_stays_recorded():
    first, second = parked_of_day(0, 1), parked_of_day(1, 2)
    state = with_parked(state_of(Intervals()), [first, second])
    found = setting_aside(state, lambda one: one.run == "run_2")
    assert (list(found.parked), list(found.aside)) == ([first.path], [second.path])
    assert setting_aside(found, lambda _: False) is found
    both = setting_aside(found, lambda _: True)
    assert (set(both.parked), set(both.aside)) == (set(), {first.path, second.path})


@pytest.mark.parametrize(("now", "due"), [(99, []), (100, [Interval(70, 80)])])
def test_parked_rows_whose_status_may_have_changed_are_read_again(now, due):
    pending = parked_of_day(0, 1, pending_created=(70, 79), pending_from=100)
    state = with_parked(state_of(Intervals()), [pending, parked_of_day(1, 2)])
    assert due_parked(state, now) == due
    without = replace(state, parked=MappingProxyType({}))
    assert due_parked(without, now) == []
