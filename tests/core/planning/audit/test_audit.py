"""What of the past is asked about again, and what the answers say."""

from __future__ import annotations

import random
from bisect import bisect_left
from dataclasses import replace
from math import ceil
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.api.allocation import AUDITS_IN_HAND, MONTH, Savings, allocation
from connector.core.planning.audit import audit, suspects
from connector.core.planning.audit.sampling import SHARED
from connector.core.state.audited import Audits, Suspect
from connector.core.state.data_file import with_changes
from connector.core.state.partition import Granularity
from connector.core.state.table_state import TableState
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY, AccountId
from tests.support.audited_states import START, file_of, granularities, parts, state_of, state_with
from tests.support.states import with_files

days = st.dictionaries(st.integers(0, 80), st.integers(1, 300), max_size=40)


@given(days, parts, granularities)
def test_stretches_are_all_that_is_covered_once_and_take_a_page_or_a_partition(rows, covered, granularity):
    state = state_of(rows, covered, granularity)
    found = audit.stretches(state)
    assert Intervals.of(one.bounds for one in found) == covered
    assert sum(one.bounds.seconds for one in found) == covered.seconds
    assert [one.bounds for one in found] == sorted(one.bounds for one in found)
    for one in found:
        assert one.rows <= SHARED or len(one.files) == 1
        for file in one.files:
            assert suspects.lies_in(file, state, one.bounds)
    pages = sum(max(1, ceil(one.rows / SHARED)) for one in found)
    assert audit.round_of(state) == audit.Round(pages, pages, 0)


def created_of(stretch):
    """Seconds of a stretch's rows, spread evenly between the first and the last of each file."""
    return [
        file.first_created + place * (file.last_created - file.first_created) // max(1, file.rows - 1)
        for file in stretch.files
        for place in range(file.rows)
    ]


def answered(target, created):
    """A target, once a page of these rows spoke of it."""
    inside = [second for second in created if second in target.seconds][::-1]
    listed = [(second, "txn") for second in inside[:100]]
    return replace(target, seconds=audit.seen_of(target.seconds, listed, has_more=len(inside) > 100))


@given(days, parts, st.integers(0, 60), st.integers(0, 99))
def test_no_more_is_chosen_than_there_are_requests_and_nothing_twice(rows, covered, requests, seed):
    first = covered.parts[0]
    waiting = (Suspect(first.start, first.stop, 500), Suspect(START - 9 * DAY, START - 8 * DAY, 400))
    state = state_of(rows, covered, audits=Audits(suspects=waiting))
    chosen = audit.choose(state, requests, random.Random(seed).randrange, created_of)
    assert len(chosen) <= requests
    pages = [one.seconds for one in chosen if one.suspect is None]
    assert Intervals.of(pages).seconds == sum(one.seconds for one in pages)
    assert [one.suspect for one in chosen if one.suspect] in ([], [waiting[0]])  # the other is not covered any more
    if len(chosen) < requests:
        assert Intervals.of(pages) == covered
        assert len(pages) == len(chosen) - 1


@settings(max_examples=60, deadline=None)
@given(days, parts, granularities, st.integers(0, 20), st.lists(st.integers(1, 7), min_size=1), st.integers(0, 99))
def test_every_second_of_covered_time_is_asked_about_once_within_the_round_that_status_shows(
    rows, covered, granularity, gaps, a_run, seed
):
    part = covered.parts[0]
    waiting = tuple(Suspect(part.start + at, part.start + at + 1, 99) for at in range(min(gaps, part.seconds)))
    state = state_of(rows, covered, granularity, Audits(suspects=waiting))
    shown = audit.round_of(state).pages + len(waiting)
    draw, now, asked, spent = random.Random(seed).randrange, START + 400 * DAY, Intervals(), 0
    while asked != covered:
        now += DAY
        newer = file_of(now, 150, granularity)  # time goes on, and is covered: it waits its turn
        state = with_files(state, [newer] if newer.path not in state.files else [], Intervals.span(now, now + 1))
        requests = min(a_run[spent % len(a_run)], shown - spent)
        targets = audit.choose(state, requests, draw, created_of)
        for page in (Intervals((one.seconds,)) for one in targets if one.suspect is None):  # in turn
            assert asked == covered or not asked.both(page)
            asked = asked.union(covered.both(page))
        state = audit.witnessed(state, targets, now=now)
        assert targets
        spent += len(targets)
    assert spent <= shown


def test_a_page_that_does_not_reach_as_far_as_it_was_to_is_gone_on_with_from_there():
    state = state_of({0: 300}, Intervals.span(START, START + DAY))
    busy = [START + place for place in range(90)] + [START + 500] * 250
    asked = []
    while not any(file.witnessed for file in state.files.values()):
        (target,) = audit.choose(state, 1, random.Random(1).randrange, lambda _: busy)
        asked.append(answered(target, busy).seconds)
        state = audit.witnessed(state, [answered(target, busy)], now=START + 2 * DAY)
        assert len(asked) < 9
    assert Intervals.of(asked) == state.covered
    assert state.audits.asked == Intervals()


def test_a_file_has_a_new_time_once_all_its_covered_seconds_were_asked_about():
    covered = Intervals.of([Interval(START, START + 3_600), Interval(START + 7_200, START + DAY)])
    state = state_of({0: 300}, covered)
    (path,) = state.files
    asked = Intervals()
    while not state.files[path].witnessed:
        assert asked != covered
        (target,) = audit.choose(state, 1, random.Random(1).randrange, created_of)
        asked = asked.union(Intervals((target.seconds,)))
        state = audit.witnessed(state, [target], now=START + 2 * DAY)
    assert asked == covered
    assert state.audits.asked == Intervals()


def test_a_round_asks_about_everything_before_it_asks_again():
    state = state_of(dict.fromkeys(range(30), 200), Intervals.span(START, START + 30 * DAY))
    draw = random.Random(3).randrange
    for step in range(90):
        assert audit.round_of(state).never == 90 - 3 * -(-step // 3)
        chosen = audit.choose(state, 1, draw, created_of)
        state = audit.witnessed(state, chosen, now=START + 40 * DAY + step)
    assert audit.round_of(state) == audit.Round(90, 0, START + 40 * DAY + 2)
    oldest = min(state.files.values(), key=lambda file: file.witnessed)
    (again,) = audit.choose(state, 1, draw, created_of)
    assert oldest.first_created in again.seconds


@given(st.integers(0, 10**6), st.floats(0.01, 100), st.floats(0, 50))
def test_a_share_of_the_requests_is_spent_one_at_least_and_fifty_at_most(requests, percent, in_hand):
    found = audit.requests_for(requests, percent=percent, in_hand=in_hand)
    assert 0 <= found <= min(50, in_hand)
    if in_hand >= 50:
        assert found == min(50, max(1, round(requests * percent / 100)))


@given(
    st.lists(st.tuples(st.integers(-DAY, 5 * DAY), st.integers(0, 50)), max_size=60),
    st.integers(0, 100_000),
)
def test_audits_take_no_more_than_a_tenth_of_the_allocation_of_any_30_days(steps, rows):
    now, savings = START, Savings(START)
    spent: list[tuple[int, int]] = []
    for later, wanted in steps:
        now += later
        savings = savings.grown(now, rows=rows)
        assert 0 <= savings.in_hand <= AUDITS_IN_HAND
        reads = audit.requests_for(10**6, percent=100, in_hand=min(wanted, savings.in_hand))
        savings = savings.spend(reads)
        spent.append((savings.at, reads))
    for at, _ in spent:
        assert sum(reads for when, reads in spent if at <= when < at + MONTH) <= allocation(rows) / 10


@given(parts, st.integers(0, 99), st.data())
def test_a_window_is_covered_and_holds_what_it_is_about(covered, seed, data):
    part = data.draw(st.sampled_from(covered.parts))
    start = data.draw(st.integers(part.start, part.stop - 1))
    stop = data.draw(st.integers(start + 1, part.stop))
    window = audit.window_around(covered, start, stop, random.Random(seed).randrange)
    assert covered.covers(window)
    assert window.start <= start < stop <= window.stop
    assert start - window.start < audit.JITTER > window.stop - stop
    assert window.seconds <= (stop - start) * (1 + 2 / audit.LITTLE)


@given(st.lists(st.integers(0, 3 * DAY - 1), max_size=400).map(sorted), st.integers(0, 3 * DAY), st.data())
def test_pages_are_all_of_some_seconds_once_and_part_no_second_in_two(seconds, start, data):
    stop = data.draw(st.integers(start + 1, 3 * DAY + 1))
    pages = audit.pages_within(Interval(start, stop), seconds)
    rows = [bisect_left(seconds, one.stop) - bisect_left(seconds, one.start) for one in pages]
    assert [pages[0].start, *(one.stop for one in pages)] == [*(one.start for one in pages), stop]
    ties = max((seconds.count(second) for second in set(seconds)), default=0)
    assert all(SHARED <= some < SHARED + ties for some in rows[:-1])
    assert 0 <= rows[-1] < SHARED + ties
    assert len(pages) <= max(1, ceil(sum(rows) / SHARED))


def lake_and_truth(data):
    """Rows there are, and those of them a lake has: all but those of some stretches."""
    seconds = sorted(data.draw(st.lists(st.integers(START, START + 5 * DAY - 1), min_size=1, max_size=250)))
    truth = [(second, f"txn_{place:03d}") for place, second in enumerate(seconds)]
    holes = data.draw(st.lists(st.tuples(st.integers(0, len(truth)), st.integers(1, 60)), max_size=2))
    lost = {place for start, length in holes for place in range(start, start + length)}
    held = [row for place, row in enumerate(truth) if place not in lost]
    return truth, held


def state_of_rows(held):
    by_day = {}
    for second, _ in held:
        by_day.setdefault(second // DAY, []).append(second)
    files = [
        with_changes(file_of(found[0], len(found)), first_created=found[0], last_created=found[-1])
        for found in by_day.values()
    ]
    return TableState(
        AccountId("acct_1"),
        "parquet",
        Granularity.DAY,
        Intervals.span(0, START + 5 * DAY),
        files=MappingProxyType({file.path: file for file in files}),
    )


@given(st.data())
def test_a_page_that_differs_names_what_is_missing_and_the_lakes_whole_gap_around_it(data):
    truth, held = lake_and_truth(data)
    state = state_of_rows(held)
    start = data.draw(st.integers(START - DAY, START + 5 * DAY - 1))
    window = Interval(start, data.draw(st.integers(start + 1, START + 6 * DAY)))
    inside = [row for row in truth if row[0] in window][::-1]
    listed, more = inside[:100], len(inside) > 100
    days_of_it = [row for row in held if window.start // DAY <= row[0] // DAY <= (window.stop - 1) // DAY]
    found = audit.compare(state, window, listed, days_of_it, has_more=more)
    missing = [row for row in listed if row not in held]
    assert (found is None) == (not missing)
    if found is None:
        return
    assert (found.missing, found.gone) == (tuple(name for _, name in missing), ())
    seconds = [second for second, _ in held]
    for second, _ in missing:
        before = max((one for one in seconds if one < second), default=0)
        after = min((one for one in seconds if one > second), default=START + 5 * DAY)
        assert found.again.covers(Interval(before, after))  # whatever else is missing there is read as well


@given(st.data())
def test_rows_that_a_page_does_not_show_are_named_as_far_as_the_page_goes(data):
    truth, _ = lake_and_truth(data)
    window = Interval(START, START + 5 * DAY)
    shown = [row for row in truth if data.draw(st.booleans())][::-1]
    more = data.draw(st.booleans())
    listed = shown[:100]
    found = audit.compare(state_of_rows(truth), window, listed, truth, has_more=more)
    last = listed[-1][0] if listed and more else 0
    gone = [row for row in truth if row not in listed and row[0] > last]
    assert (found.gone if found else ()) == tuple(name for _, name in gone)
    for second, _ in gone:
        assert second in found.again


@given(days, parts, parts)
def test_what_is_doubted_is_covered_no_more_and_known_to_be_lacking(rows, covered, doubts):
    state = state_of(rows, covered, audits=Audits(looked=covered, asked=covered))
    after = audit.doubted(state, doubts)
    assert after.covered == covered.minus(doubts)
    assert after.audits.lacking == covered.both(doubts)
    assert not after.audits.looked.both(doubts)
    assert after.audits.asked == covered


def test_a_page_speaks_of_the_seconds_above_its_last_row_where_there_is_more():
    asked = Interval(START, START + 100)
    listed = [(START + 50, "txn_b"), (START + 40, "txn_a")]
    assert audit.seen_of(asked, listed, has_more=True) == Interval(START + 41, START + 100)
    assert audit.seen_of(asked, listed, has_more=False) == asked
    assert audit.seen_of(asked, [], has_more=True) == asked
    assert audit.seen_of(asked, [(START + 99, "txn_a")], has_more=True) == Interval(START + 99, START + 100)
    assert audit.seen_of(asked, [(START - 9, "txn_a")], has_more=True) == asked


def test_what_is_read_again_is_the_lakes_gap_around_what_it_lacks_and_where_rows_are_gone():
    held = [(START + second, f"txn_{second:02d}") for second in (10, 20, 30, 40)]
    state, window = state_of_rows(held), Interval(START, START + 50)

    def compared(*listed, has_more=False):
        rows = [(START + second, f"txn_{second:02d}") for second in listed]
        return audit.compare(state, window, rows, held, has_more=has_more)

    assert compared(40, 30, 20, 10) is None
    lacking = compared(40, 30, 25, 20, 10)
    assert (lacking.missing, lacking.gone) == (("txn_25",), ())
    assert lacking.again == Intervals.span(START + 20, START + 31)
    assert compared(40, 30, 20, 10, 5).again == Intervals.span(0, START + 11)
    assert compared(45, 40, 30, 20, 10).again == Intervals.span(START + 40, END_OF_TIME)
    gone = compared(40, 10)
    assert (gone.missing, gone.gone) == ((), ("txn_20", "txn_30"))
    assert gone.again == Intervals.span(START + 20, START + 31)
    assert compared(40, 30, has_more=True) is None  # it did not speak of the others
    assert compared(40, 20, has_more=True).gone == ("txn_30",)


def test_a_second_that_has_rows_and_lacks_others_is_read_again_with_its_neighbours():
    held = [(START + 10, "txn_a"), (START + 20, "txn_b"), (START + 30, "txn_c")]
    window = Interval(START, START + 50)
    listed = [held[2], held[1], (START + 20, "txn_z"), held[0]]
    found = audit.compare(state_of_rows(held), window, listed, held, has_more=False)
    assert found.again == Intervals.span(START + 10, START + 31)


@pytest.mark.parametrize(("length", "beyond"), [(1, 0), (24, 0), (25, 1), (100, 4), (1_499, 59), (9_999, 59)])
def test_dense_seconds_get_little_around_them_and_others_up_to_a_minute(length, beyond):
    covered, start = Intervals.span(START, START + DAY), START + 9_000
    window = audit.window_around(covered, start, start + length, lambda most: most - 1)
    assert window == Interval(start - beyond, start + length + beyond)
    assert audit.window_around(covered, start, start + length, lambda _: 0) == Interval(start, start + length)
    whole = audit.window_around(covered, START, START + DAY, lambda most: most - 1)
    assert whole == covered.parts[0]


@pytest.mark.parametrize(("expected", "waits"), [(SHARED - 1, False), (SHARED, True)])
def test_an_account_with_a_gap_of_a_page_that_waits_keeps_its_turn(expected, waits):
    covered = Intervals.span(START, START + DAY)
    first, second = Suspect(START + 5, START + 9, 500), Suspect(START + 50, START + 90, expected)
    gone = Suspect(START - 9, START - 5, 900)  # it is not covered any more
    state = state_of({0: 10}, covered, audits=Audits(turn=7, suspects=(gone, first, second)))
    after = audit.witnessed(state, [audit.Target(Interval(first.start, first.stop), first)], now=99)
    assert (after.audits.suspects, after.audits.turn) == ((second,), 7 if waits else 99)
    assert after.audits.asked == Intervals()
    assert audit.witnessed(state, [], now=99) is state


def test_covered_time_without_any_file_has_a_time_of_its_own():
    covered = Intervals.span(START, START + DAY)
    state = state_of({}, covered, audits=Audits(silent=5))
    assert [(one.files, one.witnessed, one.since, one.pages) for one in audit.stretches(state)] == [((), 5, 5, 1)]
    after = audit.witnessed(state, [audit.Target(covered.parts[0])], now=99)
    assert (after.audits.silent, after.audits.asked) == (99, Intervals())
    half = audit.witnessed(state, [audit.Target(Interval(START, START + 60))], now=99)
    assert (half.audits.silent, half.audits.asked) == (5, Intervals.span(START, START + 60))
    assert audit.round_of(state) == audit.Round(1, 0, 5)
    assert audit.round_of(state_of({}, Intervals())) == audit.Round(0, 0, 0)


@pytest.mark.parametrize(("rows", "together"), [(SHARED // 2, True), (SHARED // 2 + 1, False)])
def test_partitions_share_a_page_that_fit_one(rows, together):
    state = state_of({0: rows, 1: SHARED - SHARED // 2}, Intervals.span(START, START + 2 * DAY))
    found = audit.stretches(state)
    assert [len(one.files) for one in found] == ([2] if together else [1, 1])
    assert found[-1].bounds.stop == START + 2 * DAY
    assert found[0].bounds == Interval(START, START + (2 if together else 1) * DAY)


def test_a_stretch_is_as_long_ago_as_its_file_that_was_witnessed_longest_ago():
    old, new = file_of(START, 10, witnessed=50), file_of(START + DAY, 10, witnessed=40)
    never = file_of(START + 2 * DAY, 10)
    (found,) = audit.stretches(state_with(old, new, covered=Intervals.span(START, START + 2 * DAY)))
    assert (found.witnessed, found.since, found.owners) == (40, 40, (old.path, new.path))
    (found,) = audit.stretches(state_with(old, never, covered=Intervals.span(START, START + 3 * DAY)))
    assert (found.witnessed, found.since) == (0, 50)
    (found,) = audit.stretches(state_with(never, covered=Intervals.span(START, START + 3 * DAY)))
    assert found.since == never.last_created


def test_a_row_just_above_the_last_one_of_a_full_page_should_have_been_on_it():
    held = [(START + 10, "txn_a"), (START + 11, "txn_b"), (START + 12, "txn_c")]
    window, listed = Interval(START, START + 50), [held[2], held[0]]
    found = audit.compare(state_of_rows(held), window, listed, held, has_more=True)
    assert (found.gone, found.again) == (("txn_b",), Intervals.span(START + 11, START + 12))
    outside = [*held, (START + 50, "txn_d"), (START - 1, "txn_0")]
    assert audit.compare(state_of_rows(held), window, held[::-1], sorted(outside), has_more=False) is None
