"""Expanding what a lake has already: when it may, what is bare then, and what is read again next."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.planning.coverage.plan import plan
from connector.core.planning.rereading.backfill import can_take_up, next_bare, taking_up, unlinked_words
from connector.core.planning.rereading.rereading import affordable, forgetting, leaving, reread
from connector.core.state.data_file import DataFile, ParkedFile, with_changes
from connector.core.state.partition import Granularity, partition_of
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY, AccountId

START = 1_767_225_600
EVER = Interval(START, START + 100 * DAY)


def file_of(day: int, rows: int = 150) -> DataFile:
    key = partition_of(START + day * DAY, Granularity.DAY)
    path = f"balance_transactions/account=acct_1/{key.label}/part-0.parquet"
    return DataFile(path, rows, 900, "0" * 64, key.start + 3_600, key.start + 7_200)


def span(*days: tuple[int, int]) -> Intervals:
    return Intervals.of(Interval(START + first * DAY, START + last * DAY) for first, last in days)


def state_of(covered: Intervals, *files: DataFile, bare: Intervals | None = None) -> TableState:
    named = MappingProxyType({file.path: file for file in files})
    given = covered if bare is None else bare
    return TableState(AccountId("acct_1"), "parquet", Granularity.DAY, covered, files=named, bare=given)


# Choices --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "asked", "may"),
    [
        ({}, {"expand": ["source"]}, True),
        ({"expand": ["source"]}, {"expand": ["source"], "source_columns": 1}, True),
        ({"omit": ["x"]}, {"omit": ["x"], "expand": ["source"]}, True),
        ({}, {}, False),
        ({"expand": ["source"]}, {"expand": ["source"]}, False),
        ({"expand": ["source"]}, {}, False),
        ({"expand": ["source"]}, {"expand": ["other"]}, False),
        ({"omit": ["x"]}, {"expand": ["source"]}, False),
        ({}, {"omit": ["x"], "expand": ["source"]}, False),
        ({"source_columns": 1}, {"expand": ["source"]}, False),
    ],
)
def test_a_lake_takes_up_what_adds_to_it_and_changes_nothing_else(there, asked, may):
    assert can_take_up(there, asked) is may


def test_a_lake_that_could_link_more_says_how():
    words = unlinked_words("my lake", [{}, {"expand": []}])
    assert "`stripe-balance sync 'my lake' --expand source --backfill`" in words
    assert unlinked_words("lake", []) == ""
    assert unlinked_words("lake", [{}, {"expand": ["source"]}]) == ""
    assert unlinked_words("lake", [{}, {"omit": ["source"]}]) == ""
    assert unlinked_words("lake", [{"hash": ["source"]}]) == ""
    assert unlinked_words("lake", [{"omit": ["description"], "hash": ["x"]}])


def test_what_a_lake_has_when_it_takes_more_up_is_bare_and_what_is_parked_is_let_go():
    parked = ParkedFile(file_of(3), "r")
    state = replace(state_of(span((0, 2)), file_of(0), bare=Intervals()), parked={"p": parked}, aside={"q": parked})
    found = taking_up(state, {"expand": ["source"]})
    assert found.bare == span((0, 2))
    assert dict(found.options) == {"expand": ["source"]}
    assert (dict(found.parked), dict(found.aside)) == ({}, {})
    assert found.files == state.files
    assert not taking_up(state_of(span((0, 2)), bare=Intervals()), {}).bare


# What is read again next ----------------------------------------------------------------------------------------------


def test_the_newest_whole_partitions_that_requests_allow_are_read_again():
    files = [file_of(day) for day in range(5)]  # two requests each
    found, spent = next_bare(state_of(span((0, 5)), *files), EVER, 5)
    assert (found, spent) == (span((3, 5)), 4)
    assert next_bare(state_of(span((0, 5)), *files), EVER, 100) == (span((0, 5)), 10)
    assert next_bare(state_of(span((0, 5)), *files, bare=span((0, 3))), EVER, 3) == (span((2, 3)), 2)


def test_nothing_is_left_where_nothing_is_bare_asked_for_covered_or_affordable():
    files = [file_of(day) for day in range(5)]
    nothing = (Intervals(), 0.0)
    assert next_bare(state_of(span((0, 5)), *files, bare=Intervals()), EVER, 9) == nothing
    assert next_bare(state_of(span((0, 5)), *files), Interval(START + 50 * DAY, START + 60 * DAY), 9) == nothing
    assert next_bare(state_of(Intervals(), *files, bare=span((0, 5))), EVER, 9) == nothing
    assert next_bare(state_of(span((0, 5)), *files), EVER, 0.5) == nothing


def test_partitions_that_follow_each_other_are_one_stretch_and_others_are_not():
    files = [file_of(day) for day in (0, 1, 2, 4, 9)]
    found, _ = next_bare(state_of(span((0, 10)), *files, bare=span((0, 1), (2, 3), (9, 10))), EVER, 99)
    assert found == span((0, 1), (2, 3), (9, 10))
    empty_between, _ = next_bare(state_of(span((0, 10)), file_of(4), file_of(9)), EVER, 99)
    assert empty_between == span((4, 10))  # a request for the gap alone would cost more than its rows


def test_of_a_partition_larger_than_what_there_is_its_end_is_read():
    one = file_of(0, rows=1_900)  # twenty requests
    state = state_of(span((0, 1)), one)
    found, spent = next_bare(state, EVER, 5)
    assert spent == 5
    assert found.parts[-1].stop == one.last_created + 1
    assert found.seconds == int(3_601 * 5 / 20)
    least, _ = next_bare(state_of(span((0, 1)), file_of(0, rows=10**9)), EVER, 1)
    assert least.seconds == 1
    whole, _ = next_bare(state, Interval(one.first_created, one.first_created + 1), 19.9)
    assert whole.seconds == 1


# Lost files -----------------------------------------------------------------------------------------------------------


def test_the_newest_lost_files_are_read_again_as_far_as_requests_go():
    files = [file_of(day, rows) for day, rows in ((0, 99), (1, 100), (2, 500), (3, 1))]
    assert affordable(files, 4) == ([files[3], files[1], files[0]], 4)
    assert affordable(files, 9) == ([files[3], files[2], files[1]], 9)
    assert affordable(files, 10) == ([files[3], files[2], files[1], files[0]], 10)
    assert affordable(files, 0) == ([], 0)
    assert affordable([], 9) == ([], 0)


def test_a_lost_file_stays_named_while_its_partition_and_what_it_held_are_read_again():
    lost, kept = file_of(1), file_of(2)
    beyond = state_of(span((0, 1), (2, 3)), lost, kept)
    state, seconds = reread(beyond, [lost])
    assert state.files == beyond.files
    assert state.covered == span((0, 1), (2, 3))
    assert seconds == Intervals((lost.span,))  # rows of time that was not covered yet
    state, seconds = reread(state_of(span((0, 3)), lost, kept), [lost])
    assert (state.covered, seconds) == (span((0, 1), (2, 3)), span((1, 2)))
    assert reread(state_of(span((0, 3)), kept), [])[1] == Intervals()


def test_a_file_is_forgotten_only_as_it_was_given():
    lost, kept = file_of(1), file_of(2)
    state = state_of(span((0, 3)), lost, kept)
    assert forgetting(state, [lost]).files.keys() == {kept.path}
    assert forgetting(state, [lost]).covered == state.covered
    assert forgetting(state, [with_changes(lost, sha256="1" * 64), file_of(3)]) is state


@given(st.sets(st.integers(0, 9), max_size=4), st.sets(st.integers(0, 9), min_size=1, max_size=5))
def test_what_is_left_alone_is_neither_read_nor_refreshed_nor_waited_for(left, days):
    files = {day: file_of(day) for day in {*left, *days}}
    work = plan(state_of(span((2, 4)), *files.values()), EVER, now=START + 50 * DAY)
    some = tuple(files[day].path for day in sorted(days))
    parts = tuple(partition_of(START + day * DAY, Granularity.DAY).bounds for day in sorted(days))
    work = replace(work, refreshes=some, refresh=span(*((day, day + 1) for day in days)), in_part=parts)
    found = leaving(work, [files[day] for day in left], Granularity.DAY)
    gone = span(*((day, day + 1) for day in left))
    assert found.todo == work.todo.minus(gone)
    assert found.refresh == work.refresh.minus(gone)
    assert found.refreshes == tuple(files[day].path for day in sorted(days - left))
    assert found.in_part == tuple(one for one in parts if not gone.touching(one))
