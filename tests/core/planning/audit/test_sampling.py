"""Which windows are asked again: within the budget, and around everything that is missing."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connector.core.planning.audit.sampling import (
    GAPS_FOR_ONE,
    MARK,
    MOST_GAPS,
    SHARED,
    TILE,
    Gap,
    RowProfile,
    choose,
    gaps_within,
)
from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY

START = 1_767_225_600
EVERYTHING = Intervals.span(0, START + 1_000 * DAY)


def profile_of(created, sizes=(1_000,)):
    """A profile fed in parts of these sizes, in turn."""
    profile, at, turn = RowProfile(), 0, 0
    while at < len(created):
        size = sizes[turn % len(sizes)]
        profile.add(created[at : at + size])
        at, turn = at + size, turn + 1
    return profile


def draws(seed=1):
    return random.Random(seed).randrange


def shopping(days, rows_a_day, seed=1):
    """Rows by day and hour, as people buy: nights are quiet."""
    chance = random.Random(seed)
    hours = [9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 7, 2]
    return sorted(
        START + day * DAY + chance.choice(hours) * 3600 + chance.randrange(3600)
        for day in range(days)
        for _ in range(rows_a_day)
    )


def without(created, start, stop):
    return [second for second in created if not start <= second < stop]


def rows_in(created, windows):
    return sum(any(window.start <= second < window.stop for window in windows) for second in created)


@given(st.lists(st.integers(0, 50_000), max_size=300).map(sorted), st.lists(st.integers(1, 70), min_size=1))
def test_a_profile_does_not_depend_on_how_rows_arrive(created, sizes):
    whole, parts = profile_of(created), profile_of(created, sizes)
    assert (whole.rows, whole.first, whole.last) == (parts.rows, parts.first, parts.last)
    assert list(whole.marks) == list(parts.marks) == created[::MARK]


@given(st.lists(st.integers(START, START + 60 * DAY), min_size=1, max_size=200).map(sorted))
def test_every_gap_is_empty_and_every_empty_day_is_in_one(created):
    gaps = profile_of(created).gaps()
    for gap in gaps:
        assert not any(gap.start <= second < gap.stop for second in created)
        assert gap.before == sum(second < gap.start for second in created)
    busy = {second // DAY for second in created}
    for day in range(min(busy), max(busy)):
        inside = any(gap.start <= day * DAY and (day + 1) * DAY <= gap.stop for gap in gaps)
        assert inside == (day not in busy)


@given(
    st.lists(st.integers(START, START + 40 * DAY), max_size=600).map(sorted),
    st.one_of(st.none(), st.integers(0, 8)),
    st.integers(0, 99),
    st.lists(st.tuples(st.integers(0, 45 * DAY), st.integers(1, 20 * DAY)), min_size=1, max_size=4),
)
def test_windows_are_disjoint_covered_and_no_more_than_the_budget(created, budget, seed, stretches):
    covered = Intervals.of(Interval(START + at, START + at + length) for at, length in stretches)
    choice = choose(profile_of(created), covered, budget=budget, draw=draws(seed))
    chosen = Intervals.of(choice.windows)
    assert sum(window.seconds for window in choice.windows) == chosen.seconds
    assert chosen.minus(covered) == Intervals()
    if choice.everything:
        assert chosen == covered
    else:
        assert budget is not None
        assert len(chosen.parts) <= (GAPS_FOR_ONE + 1) * budget + len(covered.parts)


@given(st.integers(0, 10_000), st.integers(1, 58), st.integers(1, 40))
def test_a_day_that_is_gone_is_asked_for_whatever_is_drawn(seed, day, rows_a_day):
    created = without(shopping(60, rows_a_day), START + day * DAY, START + (day + 1) * DAY)
    choice = choose(profile_of(created), EVERYTHING, budget=3, draw=draws(seed))
    asked = Intervals.of(choice.windows)
    assert asked.covers(Interval(START + day * DAY, START + (day + 1) * DAY))
    assert asked.covers(Interval(0, created[0]))
    assert asked.covers(Interval(created[-1] + 1, EVERYTHING.parts[-1].stop))


@pytest.mark.parametrize("rows_a_day", [200, 1_000])
def test_three_hours_that_are_gone_from_a_busy_day_are_among_the_first_gaps(rows_a_day):
    start = START + 20 * DAY + 12 * 3600
    created = without(shopping(40, rows_a_day), start, start + 3 * 3600)
    choice = choose(profile_of(created), EVERYTHING, budget=20, draw=draws())
    assert not choice.everything
    assert Intervals.of(choice.windows).covers(Interval(start, start + 3 * 3600))


def test_a_small_account_is_asked_for_altogether():
    created = shopping(100, 10)
    choice = choose(profile_of(created), EVERYTHING, budget=20, draw=draws())
    assert choice.everything
    assert Intervals.of(choice.windows) == EVERYTHING


def test_an_account_with_as_many_empty_stretches_as_pages_is_asked_for_altogether():
    created = sorted(START + day * 2 * DAY + second for day in range(60) for second in range(91))
    choice = choose(profile_of(created), EVERYTHING, budget=7, draw=draws())
    assert choice.everything


def test_a_large_account_is_asked_for_little_and_differently_by_another_seed():
    created = shopping(200, 400)
    profile = profile_of(created)
    one, same, other = (choose(profile, EVERYTHING, budget=20, draw=draws(seed)) for seed in (1, 1, 2))
    assert one == same != other
    assert 20 * 3 * MARK <= rows_in(created, one.windows) <= 60 * 100
    assert one.gaps_asked >= 2


def test_of_a_bounded_time_as_much_is_asked_as_of_all_time():
    created = shopping(400, 400)
    profile = profile_of(created)
    month = Intervals.span(START + 100 * DAY, START + 130 * DAY)
    choice = choose(profile, month, budget=20, draw=draws())
    assert not choice.everything
    assert len(choice.windows) >= 30
    week = Intervals.span(START + 100 * DAY, START + 107 * DAY)
    assert choose(profile, week, budget=20, draw=draws()).everything


def test_gaps_close_together_share_a_page():
    """Three empty days with a few rows between them: one window."""
    busy = [START + at * 600 for at in range(144 * 30)]
    quiet = [START + 30 * DAY + day * 2 * DAY for day in range(1, 4)]
    busy_again = [START + 40 * DAY + at * 600 for at in range(144 * 30)]
    choice = choose(profile_of([*busy, *quiet, *busy_again]), EVERYTHING, budget=1, draw=draws())
    stretch = Interval(busy[-1] + 1, busy_again[0])
    assert any(window.start <= stretch.start and stretch.stop <= window.stop for window in choice.windows)


def test_an_account_without_rows_is_one_window():
    covered = Intervals.span(0, START)
    assert choose(RowProfile(), covered, budget=20, draw=draws()).windows == covered.parts
    assert choose(RowProfile(), Intervals(), budget=20, draw=draws()).windows == ()


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=80))
def test_rows_out_of_order_do_no_harm(created):
    profile = profile_of(created, (7,))
    assert profile.rows == len(created)
    assert list(profile.marks) == sorted(profile.marks)
    assume(profile.gaps())
    assert all(gap.start < gap.stop for gap in profile.gaps())


def test_the_expected_rows_of_a_gap_are_those_of_the_same_hours_on_other_days():
    created = shopping(40, 200)
    noon, night = (START + 20 * DAY + hour * 3600 for hour in (12, 3))
    profile = profile_of(without(created, noon, noon + 3 * 3600))
    gaps = [Gap(start, start + 3 * 3600, 0) for start in (noon, night)]
    assert 25 < profile.expected(gaps[0]) < 50
    assert profile.expected(gaps[1]) < 15


def test_hours_that_end_with_the_last_row_are_known_and_later_ones_are_not():
    created = [START + 60 * number for number in range(3 * DAY // 60)]
    profile = profile_of(created)
    length = 2 * 3_600
    to_the_last = Gap(profile.last - DAY - length, profile.last - DAY, 0)
    later = Gap(profile.last - DAY - length + 1, profile.last - DAY + 1, 0)
    after, before = (profile.rank(profile.last + by) - profile.rank(profile.last - length + by) for by in (0, -2 * DAY))
    assert profile.foreseen(to_the_last) == (after + before) / 2
    assert profile.foreseen(later) == profile.rank(later.stop - DAY) - profile.rank(later.start - DAY)


def test_the_rank_of_a_second_is_told_between_marks_as_if_rows_came_evenly():
    profile = profile_of([START + 10 * number for number in range(4 * MARK + 1)])
    assert profile.rank(START - 1) == 0
    assert profile.rank(START) == 0
    assert profile.rank(START + 10 * MARK) == MARK
    assert profile.rank(START + 5 * MARK) == MARK / 2
    assert profile.rank(START + 25 * MARK) == 2.5 * MARK
    assert profile.rank(START + 40 * MARK) == profile.rank(START + 10**9) == 4 * MARK
    assert RowProfile().rank(START) == 0


def test_before_the_first_row_and_after_the_last_are_gaps_and_all_of_time_without_rows():
    covered = Intervals.span(START - 100, START + 1_000)
    profile = profile_of([START, START + 1])
    assert gaps_within(profile, covered) == [
        Gap(START - 100, START, 0),
        Gap(START + 2, START + 1_000, 2),
    ]
    assert gaps_within(RowProfile(), covered) == [Gap(START - 100, START + 1_000, 0)]
    assert gaps_within(RowProfile(), Intervals.span(0, 5)) == [Gap(0, 5, 0)]
    assert gaps_within(profile_of([0, 1]), Intervals.span(0, 5)) == [Gap(2, 5, 2)]


@given(st.integers(0, 99), st.integers(2, 40))
def test_windows_drawn_by_chance_lie_between_the_first_row_and_the_last_and_hold_a_second_at_least(seed, many):
    created = [START + 97 * number for number in range(many * MARK)]
    choice = choose(profile_of(created), EVERYTHING, budget=2, draw=draws(seed))
    for window in choice.windows:
        assert window.start < window.stop
    assert len(choice.windows) <= 2 + 2 * GAPS_FOR_ONE or choice.everything


def test_as_many_windows_are_drawn_as_there_are_requests_for():
    created = [START + 977 * number for number in range(400 * MARK)]
    covered = Intervals.span(START, created[-1] + 1)
    for budget in (1, 3, 8):
        choice = choose(profile_of(created), covered, budget=budget, draw=draws(budget))
        assert not choice.everything
        assert len(choice.windows) - choice.gaps_asked <= budget
        assert len(choice.windows) >= budget


def test_of_gaps_shorter_than_a_day_the_most_unusual_are_remembered():
    created, second = [], START
    for number in range(MOST_GAPS + 1_000):
        created += [second + step for step in range(10)]
        second += 10 + (5_000 if number % 100 == 50 else 100)
    profile = profile_of(created)
    lengths = [gap.stop - gap.start for gap in profile.gaps() if not gap.has_a_day]
    assert len(lengths) == MOST_GAPS
    assert sum(length > 1_000 for length in lengths) == len([n for n in range(MOST_GAPS + 1_000) if n % 100 == 50])


@given(st.integers(0, 999))
def test_everything_is_cut_into_windows_that_cover_each_second_once(seed):
    created = [START + 31 * number for number in range(3 * TILE)]
    covered = Intervals.span(START - 50, created[-1] + 50)
    choice = choose(profile_of(created), covered, budget=None, draw=draws(seed))
    assert choice.everything
    assert Intervals.of(choice.windows) == covered
    assert sum(window.seconds for window in choice.windows) == covered.seconds
    inner = [window.stop for window in choice.windows[:-1]]
    for place, cut in enumerate(inner):  # about so many rows each, cut between two rows drawn by chance
        assert abs(cut - (START + 31 * (TILE // 2 + place * TILE))) <= 31 * 2 * MARK


def test_hours_that_begin_with_the_first_row_are_known_and_earlier_ones_are_not():
    busy = [START + 10 * number for number in range(3_600)]  # the first hours have more rows than any later ones
    profile = profile_of(sorted([*busy, *(START + 60 * number for number in range(3 * DAY // 60))]))
    length = 2 * 3_600
    from_the_first = Gap(profile.first + DAY, profile.first + DAY + length, 0)
    earlier = Gap(from_the_first.start - 1, from_the_first.stop - 1, 0)
    before, after = (
        profile.rank(profile.first + by + length) - profile.rank(profile.first + by) for by in (0, 2 * DAY)
    )
    assert profile.foreseen(from_the_first) == (before + after) / 2
    assert profile.foreseen(earlier) == profile.rank(earlier.stop + DAY) - profile.rank(earlier.start + DAY)


@pytest.mark.parametrize(("draw", "beyond"), [(lambda _: 0, 0), (lambda most: most - 1, 59)])
def test_a_window_around_a_gap_ends_less_than_a_minute_beyond_it(draw, beyond):
    created = without(shopping(60, 400), START + 20 * DAY, START + 21 * DAY)
    choice = choose(profile_of(created), EVERYTHING, budget=3, draw=draw)
    start = max(second for second in created if second < START + 20 * DAY) + 1
    stop = min(second for second in created if second >= START + 21 * DAY)
    assert Interval(start - beyond, stop + beyond) in choice.windows


EVEN = [START + 97 * number for number in range(400 * MARK + 1)]
MARKS = EVEN[::MARK]


@pytest.mark.parametrize(
    ("draw", "window"),
    [(lambda _: 0, Interval(MARKS[2], MARKS[6] + 1)), (lambda most: most - 1, Interval(MARKS[-5], MARKS[-1] + 1))],
    ids=["the first there is", "the last"],
)
def test_a_window_drawn_by_chance_spans_four_marks_between_the_first_row_and_the_last(draw, window):
    choice = choose(profile_of(EVEN), Intervals.span(MARKS[2], EVEN[-1] + 1), budget=1, draw=draw)
    assert (choice.windows, choice.everything, choice.gaps) == ((window,), False, 0)


@pytest.mark.parametrize(("draw", "later"), [(lambda _: 0, 0), (lambda most: most - 1, 1)])
def test_everything_is_cut_in_the_middle_of_the_first_window_and_then_each_so_many_rows(draw, later):
    covered = Intervals.span(START - 5, EVEN[-1] + 5)
    choice = choose(profile_of(EVEN), covered, budget=None, draw=draw)
    step = TILE // MARK
    cuts = [MARKS[at + later] for at in range(step // 2, len(MARKS) - 1, step)]
    assert [one.stop for one in choice.windows] == [*cuts, EVEN[-1] + 5]
    assert choice.everything
    assert choice.gaps == choice.gaps_asked >= 2  # before the first row and after the last


@pytest.mark.parametrize(("rows", "shared"), [(SHARED, True), (SHARED + 1, False)])
def test_empty_days_with_less_than_a_page_between_them_are_one_window(rows, shared):
    first = [START + 600 * number for number in range(4_000)]
    between = [first[-1] + 3 * DAY + 600 * number for number in range(rows)]
    last = [between[-1] + 3 * DAY + 600 * number for number in range(4_000)]
    covered = Intervals.span(first[2 * MARK], last[-1] + 1)
    choice = choose(profile_of([*first, *between, *last]), covered, budget=1, draw=lambda _: 0)
    gaps = [Interval(first[-1] + 1, between[0]), Interval(between[-1] + 1, last[0])]
    asked = [one for one in choice.windows if one.start >= first[-1]]
    assert asked == ([Interval(gaps[0].start, gaps[1].stop)] if shared else gaps)
    assert (choice.gaps, choice.gaps_asked) == (2, 2)


@pytest.mark.parametrize(
    ("start", "stop", "whole"),
    [
        (0, DAY, True),
        (0, DAY - 1, False),
        (1, 2 * DAY, True),
        (1, 2 * DAY - 1, False),
        (DAY, 2 * DAY, True),
        (-5, DAY, True),
    ],
)
def test_a_gap_has_a_day_where_one_lies_in_it_from_midnight_to_midnight(start, stop, whole):
    assert Gap(start, stop, 0).has_a_day is whole
