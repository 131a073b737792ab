"""What a run reads: asked, less covered, and what is due."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.core.planning.coverage.parking import distrusting
from connector.core.planning.coverage.plan import (
    RECENTLY,
    REFRESH_AGAIN,
    asked_since,
    concluded,
    pieces,
    plan,
    touched_files,
    usual_density,
)
from connector.core.planning.coverage.whole import Reading
from connector.core.planning.rereading.rereading import completing, uncovered
from connector.core.state.data_file import DataFile, ParkedFile, parked_seconds, with_changes
from connector.core.state.partition import Granularity, partition_of, partitions_in
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY, AccountId

START = 1_767_225_600
WHOLE = Interval(0, END_OF_TIME)

days = st.integers(0, 9)
stretches = st.tuples(st.integers(0, 9 * DAY), st.integers(1, 3 * DAY)).map(
    lambda pair: Interval(START + pair[0], START + pair[0] + pair[1])
)
coverage = st.lists(stretches, max_size=5).map(Intervals.of)


def file_of(day: int, *, pending_from: int | None = None) -> DataFile:
    key = partition_of(START + day * DAY, Granularity.DAY)
    path = f"balance_transactions/account=acct_1/{key.label}/part-0.parquet"
    first = key.start + 60
    pending = None if pending_from is None else (first, first + 1)
    count = int(pending is not None)
    return DataFile(path, 3, 900, "0" * 64, first, first + 1, {"usd": 5}, count, pending_from, pending)


def state_of(covered: Intervals, *files: DataFile, **facts) -> TableState:
    named = MappingProxyType({file.path: file for file in files})
    return TableState(AccountId("acct_1"), "parquet", Granularity.DAY, covered, files=named, **facts)


def test_a_new_lake_reads_all_that_is_asked_for():
    assert plan(None, WHOLE, now=START).todo == Intervals((WHOLE,))


def test_files_whose_due_rows_are_not_all_read_again_are_not_taken_for_asked():
    file, now = file_of(0, pending_from=START), START + DAY
    asked_for = Intervals.span(file.first_created, file.first_created + 1)
    assert plan(state_of(asked_for, file), WHOLE, now=now).refreshes == (file.path,)
    assert plan(state_of(Intervals(), file), WHOLE, now=now).refreshes == ()
    later = Interval(file.first_created + 1, END_OF_TIME)
    assert plan(state_of(asked_for, file), later, now=now).refreshes == ()


@given(coverage, stretches)
def test_without_pending_rows_a_run_reads_exactly_what_is_not_covered(covered, asked):
    work = plan(state_of(covered), asked, now=START)
    assert work.todo == Intervals((asked,)).minus(covered)
    assert not work.refresh


@given(coverage, stretches, st.dictionaries(days, st.integers(START, START + 20 * DAY), max_size=5), st.integers(0, 20))
def test_stretches_with_due_rows_are_read_again_where_they_were_covered_and_asked_for(covered, asked, pending, later):
    now = START + later * DAY
    files = [file_of(day, pending_from=available_on) for day, available_on in pending.items()]
    work = plan(state_of(covered, *files), asked, now=now)
    due = Intervals.of(
        Interval(START + day * DAY + 60, START + day * DAY + 62) for day, moment in pending.items() if moment <= now
    )
    assert work.refresh == due.both(covered).within(asked)
    assert work.todo == Intervals((asked,)).minus(covered).union(work.refresh)


@given(coverage, stretches, st.dictionaries(days, st.integers(START, START + 20 * DAY), max_size=5), st.integers(0, 20))
def test_with_all_due_they_are_read_again_wherever_they_are_and_nothing_else_besides(covered, asked, pending, later):
    now = START + later * DAY
    files = [file_of(day, pending_from=available_on) for day, available_on in pending.items()]
    work = plan(state_of(covered, *files), asked, now=now, all_due=True)
    due = Intervals.of(
        Interval(START + day * DAY + 60, START + day * DAY + 62) for day, moment in pending.items() if moment <= now
    )
    assert work.refresh == due.both(covered)
    assert work.todo == Intervals((asked,)).minus(covered).union(work.refresh)


def test_a_file_is_asked_about_when_a_row_became_due_since_it_was_last_read_and_else_now_and_then():
    covered = Intervals.span(START, START + 2 * DAY)
    lake = state_of(covered, file_of(0, pending_from=START + DAY), file_of(1, pending_from=START + 2 * DAY))
    first, second = lake.files.values()
    assert asked_since(first, START + DAY) == -1
    work = plan(lake, WHOLE, now=START + DAY)
    assert work.refreshes == (first.path,)
    lake = concluded(lake, work, read_until=START + DAY, now=START + DAY)
    assert lake.read_until == START + DAY
    assert asked_since(lake.files[first.path], START + DAY + REFRESH_AGAIN - 1) == START + DAY
    assert asked_since(lake.files[first.path], START + DAY + REFRESH_AGAIN) == -1
    assert asked_since(lake.files[second.path], START + DAY + 1) == -1


@given(coverage, stretches)
def test_a_full_refresh_reads_all_that_is_asked_for(covered, asked):
    assert plan(state_of(covered), asked, now=START, full_refresh=True).todo == Intervals((asked,))


@given(coverage.filter(bool), st.integers(0, 5 * DAY))
def test_what_was_read_but_not_settled_counts_as_read_before(covered, further):
    end = covered.parts[-1].stop
    work = plan(state_of(covered, read_until=end + further), WHOLE, now=START)
    assert work.read_before == covered.union(Intervals.span(end, end + further))


def test_a_lake_that_covers_nothing_has_read_nothing_before():
    assert not plan(state_of(Intervals(), read_until=START), WHOLE, now=START).read_before


@given(st.sets(days, min_size=1), stretches)
def test_files_touched_are_those_whose_partition_shares_a_second(present, part):
    files = [file_of(day) for day in present]
    touched = touched_files(state_of(Intervals(), *files), Intervals((part,)))
    expected = {day for day in present if START + day * DAY < part.stop and part.start < START + (day + 1) * DAY}
    assert {file.path for file in touched} == {file_of(day).path for day in expected}


@given(coverage, st.sets(days), st.sets(days))
def test_a_distrusted_file_takes_its_whole_partitions_coverage_with_it_and_stays_recorded(covered, present, distrusted):
    state = state_of(covered, *(file_of(day) for day in present | distrusted))
    left = uncovered(state, [file_of(day) for day in distrusted])
    lost = Intervals.of(Interval(START + day * DAY, START + (day + 1) * DAY) for day in distrusted)
    assert left.covered == covered.minus(lost)
    assert replace(left, covered=covered) == state


@given(coverage.filter(bool), st.integers(1, 12), st.sampled_from(Granularity))
def test_pieces_are_all_of_the_work_once_and_no_two_share_a_file(todo, count, granularity):
    found = pieces(todo, count, granularity)
    assert not todo.minus(Intervals.of(found))
    assert all(piece.start in todo and piece.stop - 1 in todo for piece in found)
    assert sum(piece.seconds for piece in found) == Intervals.of(found).seconds
    owners: dict[int, set[Interval]] = {}
    for piece in found:
        for second in (piece.start, piece.stop - 1):
            owners.setdefault(partition_of(second, granularity).start, set()).add(piece)
    shared = {start: those for start, those in owners.items() if len(those) > 1}
    assert not shared, f"partitions written by two pieces: {shared}"
    assert len(found) <= count


@given(coverage.filter(bool), st.integers(1, 12), st.dictionaries(days, st.integers(0, 1_000), max_size=10))
def test_pieces_by_rows_are_none_of_them_heavier_than_its_share_and_a_day_more(todo, count, rows):
    def weigh(interval):
        return rows.get((interval.start - START) // DAY, 0)

    found = pieces(todo, count, Granularity.DAY, weigh=weigh)
    assert not todo.minus(Intervals.of(found))
    assert len(found) <= count
    days_of = {key.start for part in todo for key in partitions_in(part, Granularity.DAY)}
    heavy = {start: rows.get((start - START) // DAY, 0) for start in days_of}
    weights = [
        sum(weight for start, weight in heavy.items() if piece.start < start + DAY and start < piece.stop)
        for piece in found
    ]
    total, heaviest = sum(weights), max(heavy.values())
    assert max(weights) <= total / count + heaviest


@given(coverage, coverage, stretches, st.sets(days, max_size=5), st.integers(0, 10))
def test_a_run_completes_every_partition_that_it_touches_or_that_is_visible_in_part_before_it(
    covered, ever, asked, present, later
):
    now, settle = START + later * DAY, 600
    lake = replace(state_of(covered, *map(file_of, present)), asked=ever)
    work = plan(lake, asked, now=now, settle=settle)
    reading = Reading(ever.union(Intervals((asked,))), covered.union(work.todo), now - settle)
    touched = {partition_of(one, Granularity.DAY).bounds for part in work.todo for one in (part.start, part.stop - 1)}
    assert all(reading.is_whole(bounds) for bounds in (*work.in_part, *touched))
    newest = max((part.stop for part in work.todo), default=0)
    visible = {partition_of(START + day * DAY, Granularity.DAY).bounds for day in present}
    assert not [one for one in visible - set(work.in_part) if one.stop < newest and not reading.is_whole(one)]
    assert Intervals((asked,)).minus(covered).minus(work.todo) == Intervals()


@given(coverage, st.sets(days, max_size=5))
def test_seconds_of_parked_rows_are_not_read_again_and_their_partition_is_completed(covered, present):
    parked = {}
    for day in present:
        file = file_of(day)
        one = ParkedFile(file, "run").answering(Intervals.span(file.first_created, file.first_created + 100))
        parked[one.path] = one
    lake = replace(state_of(covered), asked=Intervals((WHOLE,)), parked=MappingProxyType(parked))
    work = plan(lake, Interval(START - 9 * DAY, START - 8 * DAY), now=START + 20 * DAY)
    seconds = parked_seconds(parked.values())
    assert not work.todo.both(seconds.minus(covered))
    for one in parked.values():
        bounds = one.key(Granularity.DAY).bounds
        assert covered.union(work.todo).union(seconds).covers(bounds)


def test_a_visible_partition_whose_rest_is_parked_is_waited_for_by_what_is_newer():
    file = file_of(3)
    parked = ParkedFile(file, "run").answering(Intervals.span(file.first_created, file.first_created + 100))
    day = partition_of(START + 3 * DAY, Granularity.DAY).bounds
    rest = parked_seconds([parked])
    lake = replace(
        state_of(Intervals.span(0, START + 6 * DAY).minus(rest), file_of(2), file_of(3)),
        asked=Intervals((WHOLE,)),
        parked=MappingProxyType({parked.path: parked}),
    )
    assert plan(lake, WHOLE, now=START + 7 * DAY).in_part == (day,)
    nothing_newer = replace(lake, covered=Intervals((WHOLE,)).minus(rest))
    assert plan(nothing_newer, WHOLE, now=START + 7 * DAY).in_part == ()
    not_visible = replace(lake, files=MappingProxyType({file_of(2).path: file_of(2)}))
    assert plan(not_visible, WHOLE, now=START + 7 * DAY).in_part == ()


def test_a_visible_partition_waits_for_nothing_that_has_not_settled():
    day = partition_of(START, Granularity.DAY).bounds
    lake = replace(state_of(Intervals.span(0, day.stop - 600), file_of(0)), asked=Intervals((WHOLE,)))
    assert plan(lake, WHOLE, now=day.stop, settle=600).in_part == ()
    assert plan(lake, WHOLE, now=day.stop + 1, settle=600).in_part == (day,)


@given(coverage)
def test_the_rest_of_what_is_touched_makes_it_whole(part):
    lake = replace(state_of(Intervals()), asked=Intervals((WHOLE,)))
    whole = completing(lake, part)
    assert whole == Intervals.of(key.bounds for one in part for key in partitions_in(one, Granularity.DAY))


def test_the_days_of_parked_rows_that_are_due_are_read_again():
    file = file_of(1, pending_from=START + 3 * DAY)
    one = ParkedFile(file, "run").answering(Intervals.span(START + DAY, START + 2 * DAY))
    lake = replace(state_of(Intervals()), asked=Intervals((WHOLE,)), parked=MappingProxyType({one.path: one}))
    asked = Interval(START + 5 * DAY, START + 6 * DAY)
    assert plan(lake, asked, now=START + 3 * DAY - 1).todo == Intervals((asked,))
    due = Intervals.span(file.first_created, file.first_created + 2)
    assert plan(lake, asked, now=START + 3 * DAY).todo == due.union(Intervals((asked,)))


def test_what_other_parked_files_hold_of_lost_seconds_is_read_again():
    first, second = (ParkedFile(replace_path(file_of(1), name), "run") for name in ("a", "b"))
    first = first.answering(Intervals.span(START, START + 100))
    second = second.answering(Intervals.span(START + 50, START + 200))
    lake = replace(state_of(Intervals()), parked=MappingProxyType({one.path: one for one in (first, second)}))
    (left,) = distrusting(lake, [first]).parked.values()
    assert left.seconds == Intervals.span(START + 100, START + 200)


def replace_path(file: DataFile, path: str) -> DataFile:
    return with_changes(file, path=path)


def test_the_usual_density_is_that_of_the_rows_of_the_newest_four_weeks():
    assert usual_density(None) is None
    assert usual_density(state_of(Intervals())) == 0.0
    newest, days = START + 40 * DAY, [file_of(day) for day in range(40)]  # three rows a day
    assert usual_density(state_of(Intervals.span(START, newest), *days)) == 3 * 28 / RECENTLY
    to_come = Intervals.of([Interval(START, newest), Interval(newest + DAY, END_OF_TIME)])  # known to be empty
    assert usual_density(state_of(to_come, *days)) == 3 * 28 / RECENTLY
    half = Intervals.span(newest - RECENTLY // 2, newest)
    assert usual_density(state_of(half, *days[26:])) == 3 * 14 / (RECENTLY // 2)


def partition_file(start: int, stop: int, rows: int) -> DataFile:
    """A file whose rows lie evenly in `[start, stop)`."""
    path = f"balance_transactions/account=acct_1/created_month={start}/part-0.parquet"
    return DataFile(path, rows, 900, "0" * 64, start, stop - 1, {"usd": 5})


@given(st.lists(st.integers(START, START + 400 * DAY), max_size=8, unique=True), st.integers(0, 400))
def test_the_usual_density_of_an_even_lake_is_the_same_however_much_time_one_file_holds(cuts, days):
    stop = START + 400 * DAY
    edges = [START, *sorted(cut // 100 * 100 for cut in cuts), stop, stop + days * DAY]
    files = [partition_file(*ends, (ends[1] - ends[0]) // 100) for ends in pairwise(edges) if ends[0] < ends[1]]
    lake = state_of(Intervals.span(START, edges[-1]), *files)
    assert usual_density(lake) == pytest.approx(1 / 100)


def test_the_usual_density_heeds_the_part_of_a_longer_file_that_is_new():
    before, newest = partition_file(START, START + 31 * DAY, 31_000), START + 32 * DAY
    after = partition_file(START + 31 * DAY, newest, 1_000)
    assert usual_density(state_of(Intervals.span(START, newest), before, after)) == pytest.approx(1_000 / DAY)
    old = partition_file(START, newest - RECENTLY, 1_000)
    assert usual_density(state_of(Intervals.span(START, newest), old)) == 0.0


def test_rows_that_stay_pending_are_asked_for_again_after_six_hours():
    assert (REFRESH_AGAIN, RECENTLY) == (6 * 60 * 60, 28 * DAY)  # as docs/limits-and-guarantees.md has it


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 12])
def test_pieces_of_days_that_weigh_the_same_are_as_long_as_each_other(count):
    todo = Intervals.span(START, START + 12 * DAY)
    cut = pieces(todo, count, Granularity.DAY, weigh=lambda _: 1.0)
    assert [piece.seconds for piece in cut] == [12 // count * DAY] * count


@example([1.0, 1.0, 0.0], 2)
@example([0.0, 0.0], 3)
@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 90.0]), min_size=1, max_size=12), st.integers(1, 6))
def test_there_are_no_more_pieces_than_asked_for_whatever_they_weigh(weights, count):
    todo = Intervals.span(START, START + len(weights) * DAY)
    cut = pieces(todo, count, Granularity.DAY, weigh=lambda day: weights[(day.start - START) // DAY])
    assert 1 <= len(cut) <= count
    assert [piece.start for piece in cut[1:]] == [piece.stop for piece in cut[:-1]]
    assert (cut[0].start, cut[-1].stop) == (START, START + len(weights) * DAY)


def test_no_work_has_no_pieces():
    assert pieces(Intervals(), 3, Granularity.DAY) == []


def test_pieces_by_rows_are_even_however_few_rows_are_expected():
    todo = Intervals.span(START, START + 4 * DAY)
    found = pieces(todo, 2, Granularity.DAY, weigh=lambda _: 0.1)
    assert found == [Interval(START, START + 2 * DAY), Interval(START + 2 * DAY, START + 4 * DAY)]
