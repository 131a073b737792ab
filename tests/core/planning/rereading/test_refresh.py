"""Rows that are due are read again by the page: all of them, with no more requests than pages are needed."""

from __future__ import annotations

from bisect import bisect_left

from hypothesis import given
from hypothesis import strategies as st

from connector.core.planning.rereading.refresh import DueStretch, windows_of_pages
from connector.core.time.intervals import Interval, Intervals

PAGE = 100


@st.composite
def files(draw):
    """Files in order of time, rows ascending in each, some of them due."""
    found, second = [], 0
    for _ in range(draw(st.integers(0, 6))):
        steps = draw(st.lists(st.sampled_from([0, 1, 7, 400]), max_size=250))
        created = []
        for step in steps:
            second += step
            created.append(second)
        chosen = draw(st.sets(st.integers(0, max(0, len(created) - 1)), max_size=8)) if created else set()
        found.append(
            DueStretch(len(created), created, [created[at] for at in sorted(chosen)])
            if chosen
            else DueStretch(len(created), created)
        )
        second += 1_000
    return found


def least_pages(stretches):
    """Blocks of a page, each begun at the first due row that is not in one yet: no cover by pages is smaller."""
    rows = [second for one in stretches for second in one.created]
    due = sorted({bisect_left(rows, second) for one in stretches for second in one.due})
    count, end = 0, -1
    for position in due:
        if position >= end:
            count, end = count + 1, position + PAGE
    return count


def pages_of(window, rows):
    held = bisect_left(rows, window.stop) - bisect_left(rows, window.start)
    return max(1, -(-held // PAGE))


@given(files())
def test_every_due_row_is_inside_and_nothing_is_listed_for_nothing(stretches):
    windows = windows_of_pages(stretches)
    due = [second for one in stretches for second in one.due]
    assert all(second in windows for second in due)
    assert all(any(second in window for second in due) for window in windows)


@given(files())
def test_as_many_pages_as_needed_and_no_more(stretches):
    rows = [second for one in stretches for second in one.created]
    largest = max((rows.count(second) for one in stretches for second in one.due), default=0)
    listed = sum(pages_of(window, rows) for window in windows_of_pages(stretches))
    if largest <= 1:
        assert listed == least_pages(stretches)
    else:
        assert listed <= 2 * least_pages(stretches) + largest // PAGE


def test_a_stretch_between_without_due_rows_counts_as_distance():
    first, last = DueStretch(2, [10, 20], [20]), DueStretch(2, [500, 600], [500])
    assert windows_of_pages([first, DueStretch(40), last]) == Intervals((Interval(20, 501),))
    assert windows_of_pages([first, DueStretch(400), last]) == Intervals((Interval(20, 21), Interval(500, 501)))


def test_nothing_due_is_nothing_to_list():
    assert not windows_of_pages([DueStretch(500), DueStretch(3, [1, 2, 3])])


def test_rows_of_stretches_before_count_as_distance_up_to_a_whole_page():
    first = DueStretch(60, tuple(range(60)), (59,))
    second = DueStretch(60, tuple(range(1_000, 1_060)), (1_038, 1_039, 1_040))
    assert windows_of_pages([first, second]) == Intervals.of([Interval(59, 1_041)])
    whole = DueStretch(120, tuple(range(1_000, 1_120)), (1_098, 1_099))
    assert windows_of_pages([first, whole]) == Intervals.of([Interval(59, 1_099), Interval(1_099, 1_100)])
    beyond = DueStretch(120, tuple(range(1_000, 1_120)), (1_097, 1_099))
    assert windows_of_pages([first, beyond]) == Intervals.of([Interval(59, 1_098), Interval(1_099, 1_100)])
