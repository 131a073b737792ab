"""Each day from the first to today has one status."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.state.calendar import calendar_of, complete_up_to, gaps_of
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY
from tests.support.examples import examples

SECONDS = st.integers(0, 12 * DAY)
SETS = st.lists(st.tuples(SECONDS, SECONDS).filter(lambda one: one[0] < one[1]), max_size=5).map(
    lambda pairs: Intervals.of(Interval(*pair) for pair in pairs)
)
DAYS = st.sets(st.integers(0, 12).map(lambda day: day * DAY))
NOTHING = Intervals()


def days(stretches):
    return {start: one.status for one in stretches for start in range(one.start, one.stop, DAY)}


@settings(max_examples=examples(200))
@given(
    covered=SETS,
    parked=SETS,
    first=SECONDS,
    now=SECONDS,
    pending=DAYS,
    damaged=DAYS,
)
def test_every_day_is_there_once_and_complete_only_if_all_of_it_is_here(covered, parked, first, now, pending, damaged):
    found = calendar_of(covered, first=first, now=now, parked=parked, pending=pending, damaged=damaged)
    starts = [start for one in found for start in range(one.start, one.stop, DAY)]
    assert starts == list(range(first - first % DAY, now + 1, DAY))
    assert all(one.status != other.status for one, other in pairwise(found))
    for start, status in days(found).items():
        whole = covered.covers(Interval(max(first, start), start + DAY))
        if start in damaged:
            assert status == "damaged"
        elif now < start + DAY:
            assert status == "running"
        elif whole:
            assert status == ("pending" if start in pending else "complete")
        else:
            assert status == ("parked" if parked.touching(Interval(start, start + DAY)) else "not_covered")


@given(asked=SETS, covered=SETS, first=SECONDS)
def test_up_to_where_it_is_complete_all_that_was_asked_for_is_covered(asked, covered, first):
    asked = asked.union(covered)  # what is covered was asked for
    gaps = gaps_of(asked, covered, first=first)
    assert not gaps.both(covered)
    upto = complete_up_to(asked, covered, first=first)
    if upto is not None and upto > first:
        assert not asked.within(Interval(first, upto)).minus(covered)


def test_what_nobody_has_read_yet_is_no_gap_and_what_was_skipped_is():
    covered = Intervals.of([Interval(0, DAY), Interval(2 * DAY, 3 * DAY)])
    assert gaps_of(Intervals.span(0, 9 * DAY), covered, first=0) == Intervals.span(DAY, 2 * DAY)
    assert gaps_of(covered, covered, first=0) == NOTHING
    assert complete_up_to(Intervals.span(0, 9 * DAY), covered, first=0) == DAY
    assert complete_up_to(covered, covered, first=0) == 3 * DAY
    assert complete_up_to(Intervals.span(0, DAY), NOTHING, first=0) is None


def test_a_day_is_whole_from_its_first_second_to_its_last():
    def statuses(covered, **more):
        said = {"first": 0, "now": 3 * DAY, "parked": NOTHING, "pending": (), "damaged": ()} | more
        return [one for _, one in sorted(days(calendar_of(covered, **said)).items())]

    assert statuses(Intervals.span(0, 2 * DAY)) == ["complete", "complete", "not_covered", "running"]
    assert statuses(Intervals.span(0, 2 * DAY - 1)) == ["complete", "not_covered", "not_covered", "running"]
    assert statuses(Intervals.span(1, 2 * DAY)) == ["not_covered", "complete", "not_covered", "running"]
    assert statuses(Intervals.span(1, 2 * DAY), first=1) == ["complete", "complete", "not_covered", "running"]
    assert statuses(Intervals.span(2 * DAY, 3 * DAY), first=DAY) == ["not_covered", "complete", "running"]
    assert statuses(Intervals.span(0, 3 * DAY), now=3 * DAY - 1) == ["complete", "complete", "running"]
    last = Intervals.span(3 * DAY - 1, 3 * DAY)
    assert statuses(NOTHING, parked=last) == ["not_covered", "not_covered", "parked", "running"]
    assert statuses(Intervals.span(0, 3 * DAY), pending={DAY}) == ["complete", "pending", "complete", "running"]
    assert statuses(Intervals.span(0, 3 * DAY), damaged={DAY}) == ["complete", "damaged", "complete", "running"]


def test_a_stretch_has_so_many_days():
    (first, rest) = calendar_of(
        Intervals.span(0, DAY), first=0, now=3 * DAY - 1, parked=NOTHING, pending=(0,), damaged=()
    )[:2]
    assert (first.days, rest.days, rest.start, rest.stop) == (1, 1, DAY, 2 * DAY)


def test_before_the_first_second_nothing_is_lacking():
    covered = Intervals.span(DAY, 2 * DAY)
    everything = Intervals.span(0, 9 * DAY)
    assert gaps_of(everything, covered, first=DAY) == NOTHING
    assert gaps_of(everything, covered, first=DAY - 1) == Intervals.span(DAY - 1, DAY)
    assert gaps_of(everything, covered, first=2 * DAY) == NOTHING
    assert gaps_of(everything, covered, first=-5) == Intervals.span(0, DAY)
    assert complete_up_to(everything, covered, first=DAY) == 2 * DAY
    assert complete_up_to(everything, covered, first=2 * DAY) is None
    assert complete_up_to(everything, covered, first=0) is None
