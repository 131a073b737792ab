"""Gaps in which rows were to be expected: all that is covered is looked at once, in bounded bits."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.planning.audit import suspects
from connector.core.planning.audit.sampling import RowProfile
from connector.core.state.audited import Audits, Suspect
from connector.core.state.data_file import with_changes
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY
from tests.support.audited_states import START, file_of, granularities, parts, state_of, state_with
from tests.support.examples import examples


@settings(max_examples=examples(30))
@given(st.dictionaries(st.integers(0, 80), st.integers(1, 60_000), max_size=40), parts, granularities)
def test_everything_covered_is_looked_at_once_in_bounded_bits(rows, covered, granularity):
    state = state_of(rows, covered, granularity)
    for _ in range(200):
        regions = suspects.to_look_at(state)
        if not regions:
            break
        for region in regions:
            assert covered.covers(region)
            assert not state.audits.looked.touching(region)
            wider = suspects.around(state, region)
            assert wider.start <= region.start < region.stop <= wider.stop
            state = replace(state, audits=suspects.looked_at(state.audits, region, ()))
    assert state.audits.looked == covered


def business(seed, hours=24 * 30, a_day=480):
    chance = random.Random(seed)
    return sorted(
        START + hour * 3_600 + chance.randrange(3_600)
        for hour in range(hours)
        for _ in range(a_day // 12 if 8 <= hour % 24 < 20 else 2)
    )


def test_a_silent_hour_of_business_is_suspect_and_a_silent_night_is_not():
    created = business(5)
    day, night = START + 20 * DAY + 11 * 3_600, START + 22 * DAY + 2 * 3_600
    left = [one for one in created if not (day <= one < day + 3_600 or night <= one < night + 3_600)]
    rows = {}
    for one in left:
        rows.setdefault((one - START) // DAY, []).append(one)
    state = state_of({one: len(some) for one, some in rows.items()}, Intervals.span(0, START + 30 * DAY))
    profile = RowProfile()
    profile.add(left)
    found = suspects.suspects_in(state, profile, Interval(START + DAY, START + 29 * DAY))
    assert found[0].start - 1 in left
    assert found[0].start <= day + 60
    assert found[0].stop >= day + 3_540
    assert 25 <= found[0].expected <= 60
    assert not any(one.start < night + 1_800 < one.stop for one in found)


def test_of_very_many_gaps_the_most_expected_wait():
    found = [Suspect(START + number, START + number + 1, number) for number in range(500)]
    audits = suspects.looked_at(Audits(suspects=tuple(found[:250])), Interval(START, START + DAY), found[250:])
    assert [one.expected for one in audits.suspects] == list(range(499, 499 - suspects.QUEUE, -1))


def test_so_many_rows_are_looked_at_the_newest_first():
    half = suspects.LOOKED_AT // 2
    files = [file_of(START + day * DAY, half) for day in range(6)]
    whole = Intervals.span(START, START + 6 * DAY)
    assert suspects.to_look_at(state_with(*files, covered=whole)) == [Interval(START + 3 * DAY, START + 6 * DAY)]
    fewer = [with_changes(one, rows=half + 1) for one in files]
    assert suspects.to_look_at(state_with(*fewer, covered=whole)) == [Interval(START + 4 * DAY, START + 6 * DAY)]
    two = Intervals.of([Interval(START + 60, START + DAY), Interval(START + 5 * DAY, START + 6 * DAY)])
    assert suspects.to_look_at(state_with(*files, covered=two)) == [two.parts[1], two.parts[0]]
    assert suspects.to_look_at(state_with(covered=two)) == [two.parts[1], two.parts[0]]
    late = Intervals.of([Interval(START, START + DAY), Interval(START + 3 * DAY + 60, START + 6 * DAY)])
    assert suspects.to_look_at(state_with(*files, covered=late)) == [late.parts[1]]


@pytest.mark.parametrize(
    ("rows", "margin"),
    [(2 * suspects.LOOKED_AT // 15, 7), (2 * suspects.LOOKED_AT // 15 + 1, 1), (suspects.LOOKED_AT, 0)],
)
def test_around_a_region_a_week_is_looked_at_or_a_day_or_nothing_as_rows_allow(rows, margin):
    files = [file_of(START + day * DAY, rows) for day in range(15)]
    state = state_with(*files, covered=Intervals.span(START, START + 15 * DAY))
    region = Interval(START + 7 * DAY, START + 8 * DAY)
    wide = Interval(region.start - margin * DAY, region.stop + margin * DAY)
    assert suspects.around(state, region) == wide
    assert suspects.around(state_with(covered=Intervals()), Interval(5, 9)) == Interval(0, 9 + 7 * DAY)


@pytest.mark.parametrize(("more", "margin"), [(0, 7 * DAY), (1, 0)])
def test_a_week_around_a_region_is_looked_at_up_to_just_as_many_rows_as_is_not_too_much(more, margin):
    full = file_of(START + 7 * DAY, 2 * suspects.LOOKED_AT + more)
    region = Interval(START + 7 * DAY, START + 8 * DAY)
    wide = Interval(region.start - margin, region.stop + margin)
    assert suspects.around(state_with(full, covered=Intervals((region,))), region) == wide


BUSY = Interval(START, START + 46 * 3_600)


LENGTH = 25 * 3_600


def gaps_after(rows, covered):
    """The gaps found between busy time of so many rows, evenly, and a row that comes so much later."""
    file = with_changes(file_of(START, rows), last_created=BUSY.stop - 1)
    profile = RowProfile()
    profile.add([*range(BUSY.start, BUSY.stop, 3_600), BUSY.stop - 1, BUSY.stop + LENGTH])
    return suspects.suspects_in(state_with(file, covered=covered), profile, covered.parts[0])


def test_in_a_gap_of_more_than_a_day_whose_hours_nobody_knows_as_much_is_expected_as_beside_it():
    known = Intervals.span(START, BUSY.stop + LENGTH)
    gap = Suspect(BUSY.stop, BUSY.stop + LENGTH, LENGTH)
    assert gaps_after(BUSY.seconds, known) == [gap]  # a row a second
    further = Intervals.span(START, BUSY.stop + LENGTH + 1)  # and after it none
    assert gaps_after(BUSY.seconds, further) == [replace(gap, expected=LENGTH // 2)]


def test_of_rows_that_end_within_the_time_beside_a_gap_none_is_counted_twice():
    after = BUSY.stop + LENGTH
    before = with_changes(file_of(START, BUSY.seconds), last_created=BUSY.stop - 1)
    few = with_changes(file_of(after, 600), last_created=after + 59)
    profile = RowProfile()
    profile.add([*range(BUSY.start, BUSY.stop, 3_600), BUSY.stop - 1, after, after + 59])
    whole = Intervals.span(START, after + LENGTH)
    found = suspects.suspects_in(state_with(before, few, covered=whole), profile, whole.parts[0])
    assert Suspect(BUSY.stop, after, (LENGTH + 600) // 2) in found


@pytest.mark.parametrize(("expected", "waits"), [(suspects.EXPECTED, True), (suspects.EXPECTED - 1, False)])
def test_a_gap_waits_from_so_many_expected_rows_on(expected, waits):
    rows = -(-expected * BUSY.seconds // LENGTH)
    found = gaps_after(rows, Intervals.span(START, BUSY.stop + LENGTH))
    assert [one.expected for one in found] == [expected] * waits
