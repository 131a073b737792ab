"""Single steps of the frontier: what is read again, by whom it is borne out, and what goes first."""

from __future__ import annotations

import pytest

from connector.core.planning.absence import TRIES
from connector.core.planning.frontier import Frontier
from connector.core.time.intervals import Interval, Intervals

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
