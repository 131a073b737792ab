"""How many rows are left, and how long the next window should be: steps of the estimate, one at a time."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.planning.windows.estimate import Estimate
from connector.core.planning.windows.probes import ProbeWindows
from connector.core.planning.windows.walk import Density, Tuning, Walk
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME

TUNING = Tuning()
SIZE = TUNING.page_size


def estimate(**facts) -> Estimate:
    start = facts.pop("likely_start", 0)
    found = Estimate(TUNING, start, facts.pop("first", 0))
    for name, value in facts.items():
        setattr(found, name, value)
    return found


def walk(start: int, stop: int, *, rows: float = 0.0, seconds: float = 0.0, **facts) -> Walk:
    found = Walk(Interval(start, stop), start, stop, Density(0.5, rows, seconds))
    for name, value in facts.items():
        setattr(found, name, value)
    return found


def test_nothing_is_known_before_the_first_page():
    fresh = estimate()
    assert (fresh.pages, fresh.rows, fresh.newest, fresh.left) == (0, 0, 0, inf)
    assert fresh.most_open(9.0) == TUNING.slow_start


def test_a_page_adds_its_rows_and_stretches_the_time_that_rows_are_known_of():
    one, found = walk(0, 1_000), estimate()
    found.note(one, [900, 700, 500], before=1_000, lowest=500)
    found.note(one, [400], before=500, lowest=400)
    found.note(one, [], before=400, lowest=0)
    assert (found.pages, found.rows, found.newest, found.oldest) == (3, 4, 900, 400)
    early = estimate()
    early.note(walk(0, 1_000), [900, 500], before=1_000, lowest=500)
    assert early.density.value == 2 / 500
    hinted = estimate(likely_start=600)  # no row is expected before, so the page says nothing of that time
    hinted.note(walk(0, 1_000), [900], before=1_000, lowest=500)
    assert hinted.density.value == 1 / 400
    hinted = estimate(likely_start=200)
    hinted.note(walk(0, 1_000), [900], before=1_000, lowest=100)
    assert hinted.density.value == 1 / 800
    nothing = estimate()
    nothing.note(walk(0, 1_000), [5], before=5, lowest=5)  # a second at least
    assert nothing.density.seconds == 1


def test_a_density_is_that_of_its_first_page_also_where_that_has_no_row():
    density = Density(0.5)
    density.add(0, 100)
    assert (density.seconds, density.value) == (100, 0)
    density.add(1, 100)
    assert density.value == 1 / 100  # a row after none begins afresh


def test_what_is_left_is_looked_at_after_each_page_at_first_and_seldom_later():
    for pages in range(1, estimate().SETTLED + 1):
        assert estimate(pages=pages).is_due
    later = [pages for pages in range(201, 241) if estimate(pages=pages).is_due]
    assert later == [208, 216, 224, 232, 240]


def test_the_density_of_all_time_is_learnt_from_walks_all_over_it():
    walks = [walk(0, 1_000, rows=50, seconds=500), walk(5_000, 6_000, done=True)]
    walks[0].rows, walks[1].rows = 100, 300
    found = estimate(newest=10_000)
    found.learn(walks)
    left = 50 / 500 * 1_000
    assert found.density.value == pytest.approx((100 + left + 300) / 2_000)
    quiet = estimate(newest=5_499)  # nothing is expected after the newest row
    quiet.learn([walk(5_000, 6_000, done=True, rows=0.0)])
    assert quiet.density.value == 0
    quiet.learn([walk(5_000, 6_000, done=True)])
    late = walk(5_000, 6_000, done=True)
    late.rows = 100
    quiet.learn([late])
    assert quiet.density.value == pytest.approx(100 / 500)


def test_what_is_left_is_infinite_only_where_nothing_is_known_of_something():
    parts, walks = [Interval(0, 1_000)], [walk(1_000, 2_000, rows=SIZE, seconds=100)]
    found = estimate()
    found.look_ahead(parts, [])
    assert found.left == inf
    found.look_ahead([], walks)
    assert found.left == inf
    found.look_ahead([], [])
    assert found.left == 0
    found.density = Density(0.95, rows=SIZE, seconds=500)
    found.look_ahead(parts, walks)
    assert found.left == pytest.approx(2 + 10)


def test_a_walk_has_half_a_page_left_at_least():
    assert estimate().pages_left(walk(0, 1_000)) == 0.5
    assert estimate().pages_left(walk(0, 1_000, rows=1, seconds=1_000)) == 0.5
    assert estimate().pages_left(walk(0, 1_000, rows=SIZE, seconds=100)) == pytest.approx(10)
    assert estimate(likely_start=400).pages_left(walk(0, 1_000, rows=SIZE, seconds=100)) == pytest.approx(6)


def test_so_many_walks_are_open_as_the_pace_has_room_for_once_it_is_known_where_rows_begin():
    long = {"likely_start": 1_000, "newest": 1_000 + TUNING.short}
    assert estimate(**long).most_open(10.0) == TUNING.most_open * 10 + 1
    assert estimate(**long).most_open(1.0) == 1.0
    assert estimate(**long).most_open(0.5) == 1.0
    assert estimate(first=1_000, newest=1_000 + TUNING.short).most_open(10.0) == TUNING.most_open * 10 + 1
    short = estimate(likely_start=1_000, newest=999 + TUNING.short)
    assert short.most_open(10.0) == TUNING.slow_start
    for _ in range(3):
        short.note(walk(0, 1_000), [500], before=1_000, lowest=500)
        short.note(walk(0, 1_000), [], before=1_000, lowest=500)
    assert short.most_open(10.0) == 2 * 3  # two for each page that had rows
    assert short.most_open(1.0) == 1.0


def test_windows_are_long_while_one_request_at_a_time_is_all_there_is_and_shrink_towards_the_end():
    assert estimate(left=3.0).target(1.0) == TUNING.longest
    assert estimate(left=10_000.0, pages=0).target(10.0) == TUNING.first  # a window hides as much as it is long
    assert estimate(left=10_000.0, pages=100).target(10.0) == TUNING.first + 10
    assert estimate(left=10_000.0, pages=1_000).target(10.0) == TUNING.longest
    assert estimate(left=130.0, pages=0).target(10.0) == pytest.approx(130 / (TUNING.share * 10 + 1))
    assert estimate(left=1.0, pages=0).target(10.0) == TUNING.shortest
    assert estimate(left=1.0, pages=240).target(10.0) == 240 / 80
    assert estimate(left=1.0, pages=4_000).target(10.0) == TUNING.last


def dense(value: float, **facts) -> Estimate:
    return estimate(density=Density(0.95, rows=value * 1_000, seconds=1_000), **facts)


def test_a_window_of_about_so_many_pages_is_carved_off_the_newest_end():
    part = Interval(0, 10_000)
    assert dense(0.1).carve(part, 40.0) == 0  # ten pages: all of it
    assert dense(0.1).carve(part, 5.0) == 5_000  # few pieces are made equal
    assert dense(0.1).carve(part, 4.0) == 5_000
    assert dense(0.1).carve(part, 3.0) == 10_000 - ceil(10_000 / 3)
    assert dense(0.1).carve(part, 2.0) == 8_000  # of more, each has what was wanted
    assert dense(0.1, likely_start=5_000).carve(part, 1.0) == 9_000
    assert dense(0.1, likely_start=5_000).carve(part, 5.0) == 0  # with what is before the first row expected
    assert dense(1_000.0).carve(Interval(0, 10), 1.0) == 9  # a second at least


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.floats(1e-6, 10), st.floats(1, 40), st.integers(0, 2 * 10**6))
def test_wherever_it_is_carved_the_window_lies_in_the_part(start, length, density, target, hint):
    part = Interval(start, start + length)
    assert part.start <= dense(density, likely_start=hint).carve(part, target) < part.stop


def test_the_first_second_where_a_row_is_expected_lies_in_the_part():
    found = estimate(likely_start=50)
    assert found.likely_start_in(0, 100) == 50
    assert found.likely_start_in(60, 100) == 60
    assert found.likely_start_in(0, 20) == 19


def test_probe_windows_far_down_cover_the_oldest_end_at_ages_that_grow_by_a_factor():
    probes = ProbeWindows()
    left = probes.cut(Interval(0, 9_000), top=10_000, begin=0, count=3)
    ages = [1_000 * 10 ** (step / 4) for step in (1, 2, 3)]
    edges = [0, *(10_000 - int(age) for age in reversed(ages)), 9_000]
    assert [(one.start, one.stop) for one in reversed(probes.to_open)] == list(pairwise(edges[:-1]))
    assert (left.start, left.stop) == (edges[-2], 9_000)
    assert not probes.answered
    probes.to_open.clear()
    assert probes.answered
    probes.walks = [walk(0, 5, pages=1), walk(5, 9)]
    assert not probes.answered
    probes.walks[1].pages = 1
    assert probes.answered


def test_probe_windows_of_a_part_at_the_top_begin_with_an_age_of_a_second():
    probes = ProbeWindows()
    left = probes.cut(Interval(0, 100), top=100, begin=0, count=2)
    assert left.stop == 100
    assert {*range(100)} == {second for one in [*probes.to_open, left] for second in range(one.start, one.stop)}


def test_above_the_newest_row_that_came_nothing_is_expected_however_long_that_void_is():
    found = estimate(newest=9_999, density=Density(0.95, 1_000.0, 10_000.0))  # a row in ten seconds
    bounded, unbounded, above = Interval(0, 10_000), Interval(0, END_OF_TIME), Interval(10_000, END_OF_TIME)
    assert found.pages_in([unbounded]) == found.pages_in([bounded]) == 10.0
    assert found.pages_in([above]) < 0.01
    assert found.carve(unbounded, 2.0) == found.carve(bounded, 2.0) == 8_000
    assert found.carve(unbounded, 4.0) == found.carve(bounded, 4.0)  # in equal parts
    assert found.carve(above, 2.0) == found.carve(Interval(20_000, END_OF_TIME), 2.0 / SIZE) - 10_000 == 10_000
    open_end = walk(9_000, END_OF_TIME, rows=100, seconds=1_000)
    assert found.pages_left(open_end) == found.pages_left(walk(9_000, 10_000, rows=100, seconds=1_000)) == 1.0
    assert found.pages_left(walk(20_000, END_OF_TIME, rows=100, seconds=1_000)) == 0.5


def test_before_a_row_came_all_of_the_time_counts():
    found = estimate(density=Density(0.95, 1_000.0, 10_000.0))
    assert found.pages_in([Interval(0, 10_000)]) == 10.0
    assert found.carve(Interval(0, 10_000), 2.0) == 8_000
