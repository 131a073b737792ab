"""Single steps of the frontier: what is read again, by whom it is borne out, and what goes first."""

from __future__ import annotations

from math import ceil

import pytest

from connector.core.planning.absence.absence import TRIES, Doubt
from connector.core.planning.windows.frontier import Frontier
from connector.core.planning.windows.probes import ProbeWindows
from connector.core.planning.windows.walk import Tuning
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME

NOW = 10_000


def doubting(**facts) -> Frontier:
    """A frontier whose only answer said that there is nothing, where a row a second was to be expected."""
    frontier = Frontier(Intervals.span(0, NOW), wary=True, usual=1.0, present=NOW, **facts)
    frontier.advance(frontier.open(1.0), rows=[], has_more=False, width=1.0)
    return frontier


def read(frontier: Frontier, *rows: int, has_more: bool = False, width: float = 1.0):
    """Have the next window answered by one page."""
    walk = frontier.open(width)
    frontier.advance(walk, rows=list(rows), has_more=has_more, width=width)
    return walk


def test_a_witness_that_denies_what_was_shown_is_dropped_so_often_and_another_is_heard():
    frontier = doubting()
    frontier.absence.refuted = 1  # once a claim was found wrong, every end is asked about
    for tries in range(TRIES - 1):
        witness = frontier.open(1.0)
        assert witness.doubted.tries == tries
        assert frontier.ask_again(witness)
        assert (witness.done, frontier.walks, frontier.incomplete) == (True, (), Intervals.span(0, NOW))
    last = frontier.open(1.0)
    assert not frontier.ask_again(last)
    assert frontier.walks == (last,)


def test_a_walk_that_is_no_witness_is_not_asked_again_nor_refuted():
    frontier = Frontier(Intervals.span(0, NOW))
    walk = frontier.open(1.0)
    assert not frontier.ask_again(walk)
    with pytest.raises(ValueError, match="not a witness"):
        frontier.refute(walk, [5])
    assert frontier.walks == (walk,)


def test_what_a_witness_shows_is_read_again_by_windows_that_meet_in_the_middle_of_it():
    frontier = doubting()
    witness = frontier.open(1.0)
    assert frontier.refute(witness, [9_000, 8_990, 8_980]) == Interval(0, NOW)
    assert (witness.done, frontier.absence.refuted, frontier.incomplete) == (True, 1, Intervals.span(0, NOW))
    newest = frontier.open(1.0)
    assert newest.window == Interval(8_990, NOW)
    assert newest.planned == pytest.approx(3 / 21)  # as dense as what was shown
    frontier.advance(newest, rows=[9_000, 8_990], has_more=False, width=1.0)
    assert frontier.open(1.0).window == Interval(0, 8_990)


def test_rows_of_one_second_that_a_witness_shows_are_as_dense_as_they_are_many():
    frontier = doubting()
    frontier.refute(frontier.open(1.0), [NOW - 1] * 5)
    assert frontier.open(1.0).planned == pytest.approx(5)


def test_seconds_are_read_again_that_were_received_and_those_to_come_are_left_to_whoever_brings_them():
    frontier = Frontier(Intervals.of([Interval(0, 100), Interval(200, 300)]))
    assert frontier.left_again == Intervals()
    read(frontier, 290)
    frontier.reopen(Interval(50, 250))
    assert frontier.reopened == frontier.left_again == Intervals.span(200, 250)
    assert frontier.incomplete == Intervals.of([Interval(0, 100), Interval(200, 250)])
    again = read(frontier, 210)
    assert again.window == Interval(200, 250)
    assert (frontier.left_again, frontier.reopened) == (Intervals(), Intervals.span(200, 250))
    walk = frontier.open(1.0)
    frontier.reopen(Interval(0, 50))  # it is being walked
    assert frontier.left_again == Intervals()
    frontier.advance(walk, rows=[], has_more=False, width=1.0)
    assert frontier.done


def test_what_is_in_doubt_is_not_sure_to_come_and_is_read_again_by_itself():
    frontier = doubting()
    assert (frontier.pool_stop, frontier.open_stop) == (NOW, 0)
    frontier.reopen(Interval(5, 9))
    assert frontier.reopened == Intervals.span(5, 9)
    assert (frontier.pool_stop, frontier.open_stop) == (NOW, 9)


def test_seconds_that_others_wait_for_are_opened_before_the_newest_once_the_list_proves_long():
    awaited = Intervals.of([Interval(0, 9), Interval(500, 900)])
    frontier = Frontier(Intervals.span(0, 20_000), likely_start=1, first=awaited)
    first = frontier.open(4.0)
    assert first.window == Interval(0, 20_000)
    frontier.advance(first, rows=[19_999 - second for second in range(100)], has_more=True, width=4.0)
    opened = [frontier.open(4.0) for _ in range(3)]
    assert [one.window for one in opened[:2]] == list(reversed(awaited.parts))
    assert opened[2].window.stop == first.floor
    assert frontier.incomplete == Intervals.span(0, 20_000)


def test_where_it_is_left_all_that_was_not_received_is_to_be_read():
    frontier = Frontier(Intervals.span(0, 1_000), likely_start=1)
    walk = read(frontier, *range(999, 899, -1), has_more=True)
    assert frontier.read == Intervals()
    frontier.abandon()
    assert (walk.done, frontier.walks, frontier.pool_stop) == (True, (), 901)
    assert frontier.read == Intervals.span(901, 1_000)
    assert read(frontier).window == Interval(0, 901)  # rows of one second may be on two pages
    assert frontier.done


# How windows are cut --------------------------------------------------------------------------------------------------


def begun(start: int, stop: int, *, width: float, page_size: int = 100, **facts):
    """A frontier whose first page had a row each second."""
    frontier = Frontier(Intervals.span(start, stop), tuning=Tuning(page_size=page_size), **facts)
    walk = read(frontier, *range(stop - 1, stop - 1 - page_size, -1), has_more=True, width=width)
    return frontier, walk


def test_a_walk_that_has_more_than_its_share_gives_back_what_is_beyond_it():
    frontier, walk = begun(0, 100_000, width=4.0, likely_start=1)
    target = Tuning().first + 1 / 10
    assert walk.floor == 99_901 - ceil(target * 100)
    _, alone = begun(0, 100_000, width=1.0, likely_start=1)
    assert alone.floor == 0  # one request at a time is all there is
    assert frontier.incomplete == Intervals.span(0, 100_000)


def test_where_one_request_at_a_time_is_all_there_is_a_walk_gives_back_once_it_has_brought_so_much():
    frontier, walk = begun(0, 10**7, width=1.0, likely_start=1)
    for page in range(2, Tuning().proven + 1):
        assert (walk.pages, walk.floor) == (page - 1, 0)
        newest = walk.unread - 2
        frontier.advance(walk, rows=range(newest, newest - 100, -1), has_more=True, width=1.0)
    assert walk.floor == walk.unread - ceil(Tuning().longest * 100 / walk.density.value)


def test_the_first_page_of_a_long_list_has_windows_opened_far_down_the_oldest_first():
    frontier, walk = begun(0, 100_000, width=4.0, likely_start=1)
    probes = ProbeWindows()
    left = probes.cut(Interval(0, walk.floor), top=walk.unread, begin=1, count=Tuning().probes)
    assert frontier.open_stop == left.stop == walk.floor
    opened = [frontier.open(4.0) for _ in range(Tuning().slow_start - 1)]
    assert [one.window for one in opened] == probes.to_open[::-1][: len(opened)]
    assert {one.planned for one in opened} == {0.0}  # how dense rows are there is what they are to tell
    assert frontier.open(4.0) is None  # so many are open before more is known


@pytest.mark.parametrize(
    ("seconds", "width", "split"), [(20, 100.0, True), (19, 100.0, False), (20, 2.0, False), (21, 2.0, True)]
)
def test_a_walk_that_would_end_long_after_the_others_is_split_in_the_middle(seconds, width, split):
    frontier, walk = begun(100, 109 + seconds, width=1.0, page_size=10)
    assert frontier.expected_pages == seconds / 10
    older = frontier.open(width)
    if not split:
        assert older is None
        return
    assert older.window == Interval(100, 100 + seconds // 2)
    assert (walk.floor, older.planned) == (older.window.stop, 1.0)
    assert frontier.incomplete == Intervals.span(100, 109 + seconds)


def test_what_is_split_is_the_time_in_which_rows_are_expected():
    frontier, walk = begun(0, 1_000, width=1.0, page_size=10, likely_start=501)
    assert frontier.open(40.0).window == Interval(0, (501 + 991) // 2)
    assert walk.floor == (501 + 991) // 2


def test_a_walk_that_has_brought_no_page_yet_is_not_split():
    frontier = Frontier(Intervals.of([Interval(0, 1_000), Interval(2_000, 3_000)]), tuning=Tuning(page_size=10))
    read(frontier, *range(2_999, 1_999, -1))
    rest = frontier.open(1.0)
    assert rest.window == Interval(0, 1_000)
    assert frontier.open(40.0) is None
    frontier.advance(rest, rows=range(999, 989, -1), has_more=True, width=1.0)
    assert frontier.open(40.0).window == Interval(0, 495)


def test_where_one_request_at_a_time_is_all_there_is_nothing_is_opened_far_down():
    frontier = Frontier(Intervals.of([Interval(0, 10**6), Interval(4 * 10**6, 5 * 10**6)]))
    newest = read(frontier, *range(5 * 10**6 - 1, 5 * 10**6 - 4_000, -40), has_more=True)
    frontier.advance(newest, rows=[4 * 10**6], has_more=False, width=1.0)
    assert frontier.open(1.0).window.stop == 10**6


def test_a_second_witness_waits_until_the_windows_far_down_have_answered():
    frontier, walk = begun(0, 100_000, width=4.0, likely_start=1, wary=True)
    frontier.absence.refuted = 1  # so it is asked about, whatever else there is to read
    doubt = Doubt(Interval(99_950, 100_000), expected=500.0, sure=True, void=False)
    frontier.absence.add(doubt)
    assert frontier.open(4.0).window.stop < walk.floor
    assert frontier.absence.doubts == [doubt]


def test_how_dense_rows_are_is_told_by_the_last_pages():
    frontier, walk = begun(0, 10**6, width=1.0)
    for _ in range(30):
        newest = walk.unread - 1
        frontier.advance(walk, rows=range(newest, newest - 200, -2), has_more=True, width=1.0)
    assert walk.density.value == pytest.approx(0.5, rel=0.05)


def test_a_page_that_reaches_below_what_a_walk_answers_for_ends_it_there():
    frontier, walk = begun(0, 100_000, width=4.0, likely_start=1)
    walk.unread = walk.floor + 3
    rows = [walk.floor + 1, walk.floor, walk.floor - 1, walk.floor - 2]
    frontier.advance(walk, rows=rows, has_more=True, width=4.0)
    assert (walk.done, walk.rows, walk.oldest) == (True, 100 + 2, walk.floor)
    assert frontier.is_complete(Interval(walk.floor, 100_000))
    assert not frontier.is_complete(Interval(walk.floor - 1, walk.floor))


def test_what_a_witness_passes_over_on_its_way_to_the_next_row_is_not_asked_about():
    frontier = Frontier(Intervals.of([Interval(0, 100), Interval(200, NOW)]), wary=True, usual=1.0, present=NOW)
    assert read(frontier).window == Interval(200, NOW)
    frontier.absence.refuted = 1  # so it is asked about, whatever else there is to read
    witness = frontier.open(1.0)
    assert (witness.doubted.seconds, witness.floor) == (Interval(200, NOW), 200)
    frontier.advance(witness, rows=[50], has_more=False, width=1.0)
    assert frontier.incomplete == Intervals.span(0, 51)  # the row's own second may have more
    assert read(frontier, 50).window == Interval(0, 51)


def test_a_witness_that_goes_on_below_what_was_in_doubt_bears_it_out():
    frontier = Frontier(Intervals.of([Interval(0, 100), Interval(200, NOW)]), wary=True, usual=1.0, present=NOW)
    read(frontier)
    frontier.absence.refuted = 1
    witness = frontier.open(1.0)
    frontier.advance(witness, rows=[60, 50], has_more=True, width=1.0)
    assert (witness.done, frontier.absence.confirmed, frontier.absence.doubts) == (True, 1, [])
    assert frontier.incomplete == Intervals.span(0, 61)


@pytest.mark.parametrize("width", [1.0, 8.0])
def test_the_time_after_the_newest_row_is_read_again_with_the_rows_below_it(width):
    frontier = Frontier(Intervals.span(0, END_OF_TIME))
    read(frontier, *range(NOW, NOW - 100, -1), width=width)
    frontier.reopen(Interval(NOW - 50, END_OF_TIME))
    assert frontier.open(width).window == Interval(NOW - 50, END_OF_TIME)
    frontier.reopen(Interval(NOW - 90, NOW - 50))
    assert frontier.open(2.0).window == Interval(NOW - 90, NOW - 50)
