"""What a follower knows of an account, and which seconds it reads next."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.planning.follow import LONGEST_WAIT, MOST_ROWS, Stride, Tail, wait_after_failure
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME
from connector.errors import ConfigError
from tests.support.fakes import row, rows_at

OPEN = Interval(100, END_OF_TIME)


def test_new_rows_come_oldest_first_and_only_once():
    tail = Tail(100)
    rows = rows_at([130, 110, 120, 110])
    new = tail.arrived(rows, OPEN)
    assert [(one["created"], one["id"]) for one in new] == sorted((one["created"], one["id"]) for one in rows)
    tail.deliver(new)
    assert tail.arrived([row(9, 105), *rows], OPEN) == [row(9, 105)]


def test_what_was_not_delivered_is_new_again():
    tail = Tail(100)
    new = tail.arrived(rows_at([110, 120]), OPEN)
    tail.deliver(new[:1])
    assert tail.arrived(rows_at([110, 120]), OPEN) == new[1:]


def test_what_was_listed_before_following_began_is_not_new_but_what_comes_late_is():
    tail = Tail(100, begins=120)
    assert tail.arrived([row(1, 110), row(2, 125)], OPEN) == [row(2, 125)]
    assert tail.arrived([row(1, 110), row(3, 111)], OPEN) == [row(3, 111)]


def test_beginning_lasts_until_the_newest_rows_were_read_too():
    tail = Tail(100, begins=120)
    assert tail.arrived([row(1, 105)], Interval(100, 110)) == []
    assert tail.arrived([row(2, 115), row(3, 130)], Interval(110, END_OF_TIME)) == [row(3, 130)]


def test_only_what_may_be_listed_again_is_remembered():
    tail = Tail(100)
    tail.deliver(rows_at(range(100, 200)))
    tail.settle(190)
    assert (tail.floor, len(tail.seen)) == (190, 10)
    tail.settle(150)
    assert tail.floor == 190


@given(
    floor=st.integers(0, 2_000_000_000),
    begins=st.integers(0, 2_000_000_000),
    seen=st.dictionaries(st.text(max_size=30), st.integers(0, 2_000_000_000)),
)
def test_a_tail_survives_json(floor, begins, seen):
    tail = Tail(floor, begins, seen)
    assert Tail.from_document(json.loads(json.dumps(tail.to_document()))) == tail


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"floor": "1", "begins": 0, "seen": {}},
        {"floor": 1, "begins": None, "seen": {}},
        {"floor": 1, "begins": 0, "seen": ["txn_1"]},
        {"floor": 1, "begins": 0, "seen": {"txn_1": None}},
        {"floor": True, "begins": 0, "seen": {}},
    ],
)
def test_what_no_follower_wrote_is_refused(document):
    with pytest.raises(ConfigError):
        Tail.from_document(document)


@given(
    floor=st.integers(0, 10_000_000),
    behind=st.integers(-1_000, 100_000_000),
    counts=st.lists(st.integers(0, 3 * MOST_ROWS), min_size=1, max_size=30),
)
def test_windows_advance_without_a_hole_and_never_past_what_is_settled_but_for_the_last(floor, behind, counts):
    settled, stride = floor + behind, Stride()
    for rows in counts:
        window = stride.window(floor, settled)
        assert window.start == floor
        assert window.stop == END_OF_TIME or window.stop <= settled
        if rows > stride.most(window, settled):
            shorter = stride.too_long(window)
            assert shorter.window(floor, settled).stop < window.stop
            stride = shorter
            continue
        stride = stride.after(window, rows)
        if window.stop == END_OF_TIME:
            return
        floor = window.stop


def test_an_empty_past_is_crossed_in_a_few_windows():
    floor, settled, stride, count = 0, 1_800_000_000, Stride(), 0
    while (window := stride.window(floor, settled)).stop < END_OF_TIME:
        stride, floor, count = stride.after(window, 0), window.stop, count + 1
    assert count < 12


def test_a_second_and_the_newest_rows_are_read_however_many_they_are():
    assert Stride(1).most(Interval(5, 6), 100) == inf
    assert Stride().most(Interval(100, END_OF_TIME), 100) == inf
    assert Stride().most(Interval(5, 100), 100) == MOST_ROWS


@given(failures=st.integers(1, 10_000), jitter=st.floats(0, 0.999))
def test_a_failing_look_is_tried_again_for_ever_and_at_least_every_five_minutes(failures, jitter):
    wait = wait_after_failure(failures, jitter=jitter)
    assert 1.0 <= wait <= LONGEST_WAIT
    assert wait <= wait_after_failure(failures + 1, jitter=jitter)


def test_waits_after_failures_double_from_a_second_and_are_spread_over_their_upper_half():
    assert [wait_after_failure(failures, jitter=1.0) for failures in (1, 2, 3, 4)] == [1.0, 2.0, 4.0, 8.0]
    assert [wait_after_failure(failures, jitter=0.0) for failures in (1, 2, 3, 4)] == [1.0, 1.0, 2.0, 4.0]
    assert wait_after_failure(99, jitter=1.0) == LONGEST_WAIT


def test_all_that_is_left_is_read_at_once_when_little_is_behind_unless_it_is_crowded():
    begins = Tail(1_000)
    stride = Stride(seconds=600)
    for settled in (900, 1_000, 1_600):
        assert stride.window(begins.floor, settled).stop == END_OF_TIME
    assert stride.window(begins.floor, 1_601) == Interval(1_000, 1_600)
    crowded = replace(stride, crowded=True)
    assert crowded.window(begins.floor, 1_000).stop == END_OF_TIME
    assert crowded.window(begins.floor, 1_500) == Interval(1_000, 1_500)


def test_a_slice_gets_shorter_by_an_eighth_and_longer_by_four_once_it_has_few_rows_beyond_where_it_held_too_many():
    shorter = Stride(800).too_long(Interval(0, 800))
    assert shorter == Stride(100, edge=800)
    assert Stride(9).too_long(Interval(3, 10)) == Stride(1, edge=10)
    few = MOST_ROWS // 8
    assert shorter.after(Interval(700, 799), 0) == shorter
    assert shorter.after(Interval(700, 800), few) == shorter
    assert shorter.after(Interval(700, 800), few - 1) == Stride(400, edge=800)
    assert Stride(END_OF_TIME).after(Interval(0, 800), 0).seconds == END_OF_TIME
    newest = Interval(700, END_OF_TIME)
    assert shorter.too_long(newest) == replace(shorter, crowded=True)
    assert replace(shorter, crowded=True).after(newest, 5) == shorter
    assert Stride().most(Interval(5, 7), 100) == MOST_ROWS
    assert Stride().most(Interval(99, END_OF_TIME), 100) == MOST_ROWS
