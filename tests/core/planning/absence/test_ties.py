"""Rows of one second at a page's end: an order that differs is noticed, and what may have been parted counted again."""

from __future__ import annotations

import pytest

from connector.core.api.page import StrictOrder
from connector.core.planning.absence.ties import COUNTS, DENSE, EVERY, MOST_COUNTS, SHARE, Ties
from connector.core.planning.windows.walk import Density, Walk
from connector.core.time.intervals import Interval
from tests.support.fakes import NOW, row


def rows_of(*numbers: int):
    return [row(number, NOW) for number in numbers]


def ids(*numbers: int):
    return {one["id"] for one in rows_of(*numbers)}


@pytest.mark.parametrize(
    ("shown", "shows_all", "unstable"),
    [
        ((1, 2), True, set()),
        ((1, 2, 3), True, set()),
        ((2, 1, 3), True, set()),  # the end of the page lies behind both, whichever comes first
        ((1, 3, 2), True, {NOW}),
        ((3, 1, 2), True, {NOW}),
        ((1, 3, 4), False, {NOW}),  # a second longer than the page begins with what came first
        ((1,), False, set()),  # a page shorter than what is known says nothing
    ],
)
def test_a_second_asked_for_again_by_time_tells_whether_its_order_has_changed(shown, shows_all, unstable):
    ties = Ties()
    assert ties.repeated(NOW, ids(1, 2), rows_of(*shown)) == shows_all
    assert ties.unstable == unstable


def test_seconds_that_a_page_parted_are_counted_again_a_few_times():
    ties = Ties()
    counted = [ties.worth_counting(NOW - n, ids(n), parted=True) for n in range(20)]
    assert counted == [True] * COUNTS + [False] * (20 - COUNTS)
    assert not Ties().worth_counting(NOW, ids(1), parted=False)


def test_once_an_order_was_seen_to_differ_every_end_is_counted_again_the_earlier_ones_as_well():
    ties = Ties()
    for number in range(5):
        ties.worth_counting(NOW - number, ids(number), parted=False)
    ties.unstable.add(NOW)
    assert ties.worth_counting(NOW - 9, ids(9), parted=False)
    assert [second for second, _ in ties.ends()] == [NOW - number for number in range(5)]
    assert list(ties.ends()) == []


def test_rows_that_only_the_second_count_brings_show_that_the_order_is_not_stable():
    ties = Ties()
    ties.count(NOW)
    ties.counted(rows_of(1))
    assert ties.unstable == {NOW}
    other = Ties()
    other.count(NOW - 1)
    other.counted(rows_of(1))
    assert other.unstable == set()


def test_a_second_is_counted_once_more_so_many_times_and_then_given_up():
    ties = Ties()
    assert [ties.count(NOW) for _ in range(MOST_COUNTS + 2)] == [True] * MOST_COUNTS + [False] * 2
    assert ties.count(NOW - 1)


def walk_of(density: float, pages: int) -> Walk:
    walk = Walk(Interval(0, NOW), 0, NOW, Density(0.9, density * 1_000, 1_000))
    walk.pages = pages
    return walk


def test_where_rows_are_dense_every_third_page_is_asked_for_by_time_and_all_once_the_order_was_seen_to_differ():
    ties, begun = Ties(), StrictOrder(Interval(0, NOW), oldest=NOW - 1)
    pages = range(1, 8)
    assert [ties.go_by_time(walk_of(DENSE, page), begun) for page in pages] == [page % EVERY == 0 for page in pages]
    assert not any(ties.go_by_time(walk_of(DENSE * 0.9, page), begun) for page in pages)
    ties.unstable.add(NOW)
    assert all(ties.go_by_time(walk_of(0.0, page), begun) for page in pages)
    assert not ties.go_by_time(walk_of(0.0, 3), StrictOrder(Interval(0, NOW)))  # nothing to go on from


def test_a_page_by_cursor_that_shows_the_cursors_second_again_is_a_repeat():
    order = StrictOrder(Interval(0, NOW + 1), oldest=NOW, ties=ids(1, 2))
    assert Ties.is_repeat(Ties(), order, rows_of(2, 3))
    assert not Ties().is_repeat(order, rows_of(3))
    assert not Ties().is_repeat(StrictOrder(Interval(0, NOW + 1)), rows_of(1))


def test_the_more_pages_there_are_the_more_seconds_are_counted_once_more():
    ties, order = Ties(), StrictOrder(Interval(0, NOW))
    for _ in range(4_000):
        ties.go_by_time(walk_of(0.0, 1), order)
    counted = [ties.worth_counting(NOW - n, ids(n), parted=True) for n in range(40)]
    assert sum(counted) == COUNTS + SHARE * 4_000
