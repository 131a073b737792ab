"""When an end is believed, and when it is asked about again: by expectation, so that it costs next to nothing."""

from __future__ import annotations

import random
from dataclasses import replace
from math import inf
from statistics import mean

import pytest

from connector.core.planning.absence.absence import FEW as FEW_ROWS
from connector.core.planning.absence.absence import SMALL, Absence, Doubt
from connector.core.planning.windows.frontier import Frontier
from connector.core.planning.windows.walk import Density, Walk
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY
from tests.benchmarks.absence import FEW, cost_of, hidden_by, hidden_by_one
from tests.benchmarks.simulate import NOW, SHAPES, business, launch, simulate
from tests.support.examples import slow_but

SHAPES_AND_HINTS = [(shape, hint) for shape in SHAPES for hint in ("right", "none")]
SOME = [(shape, hint) for number, (shape, hint) in enumerate(SHAPES_AND_HINTS) if number % 16 in {1, 10}]
"""Of the shapes, some; with the hint and without by turns."""

each_shape = pytest.mark.parametrize(("shape", "hint"), slow_but(SOME, SHAPES_AND_HINTS))


def start_of(shape, hint: str) -> int:
    return NOW - SHAPES[shape] if hint == "right" else 0


@each_shape
def test_witnesses_cost_an_honest_server_one_request_in_a_hundred_at_most(shape, hint):
    assert cost_of(shape, 100_000, start_of(shape, hint), seeds=2).requests <= 0.01


@each_shape
@pytest.mark.parametrize("rows", [0, 1, 60, 600, 900])
def test_an_account_of_fewer_than_a_thousand_rows_costs_one_witness_at_most(shape, hint, rows):
    for seed in range(3):
        created = shape(random.Random(seed), rows)
        outcome = simulate(created, likely_start=start_of(shape, hint), seed=seed, wary=True)
        assert outcome.absence.confirmed <= 1
        assert outcome.hidden == 0


@pytest.mark.parametrize("lie", ["nothing", "end"])
@pytest.mark.parametrize("shape", slow_but(list(SHAPES)[6:7], SHAPES))
def test_what_a_lying_server_hides_is_less_than_a_page_where_it_was_thousands(lie, shape):
    before, after = (hidden_by(lie, shape, 50_000, start_of(shape, "none"), wary=wary) for wary in (False, True))
    assert after <= 100
    assert before >= 20 * after


@pytest.mark.parametrize("shape", slow_but([launch], [business, launch]))
def test_one_answer_cut_short_of_a_few_thousand_rows_hides_next_to_nothing_whichever_it_is(shape):
    hidden = hidden_by_one(shape, FEW, start_of(shape, "none"), wary=True, seeds=1)
    assert hidden[-1] <= 50
    assert mean(hidden) < 2


def walk(window: Interval, *, rows: int = 0, oldest: int | None = None, density: float = 0.0) -> Walk:
    seen = Density(memory=0.9, rows=density * 1_000, seconds=1_000.0)
    return Walk(window, floor=window.start, unread=window.stop, density=seen, rows=rows, oldest=oldest)


def weighed(absence: Absence, one: Walk, *, likely_start: int = 0, newest: int = NOW, is_full: bool = False):
    return absence.weigh(one, likely_start=likely_start, newest=newest, is_full=is_full)


HOUR = Interval(NOW - 3_600, NOW)


@pytest.mark.parametrize(("usual", "doubted"), [(100 / 3_600, True), (99 / 3_600, False), (0.0, False)])
def test_a_window_without_rows_is_doubted_from_a_hundred_expected_on(usual, doubted):
    doubt = weighed(Absence(wary=True, page_size=100, usual=usual), walk(HOUR))
    assert (doubt is not None) == doubted
    if doubt:
        assert (doubt.seconds, doubt.void, doubt.sure) == (HOUR, True, True)


@pytest.mark.parametrize(("rows", "sure"), [(120, True), (140, False)])
def test_a_window_that_ends_with_less_than_a_quarter_is_surely_doubted_from_its_last_row_down(rows, sure):
    absence = Absence(wary=True, page_size=100, usual=500 / 3_600)
    doubt = weighed(absence, walk(HOUR, rows=rows, oldest=NOW - 600))
    assert doubt.sure == sure
    assert doubt.seconds == Interval(NOW - 3_600, NOW - 599)
    assert not doubt.void


@pytest.mark.parametrize(("oldest", "doubted"), [(NOW - 1_700, True), (NOW - 1_900, False)])
def test_what_a_walk_showed_is_not_made_thinner_by_the_void_that_its_end_claims(oldest, doubted):
    diluted = walk(HOUR, rows=1_000, oldest=oldest, density=0.1)
    assert (weighed(Absence(wary=True, page_size=100), diluted) is not None) == doubted


def after_gaps(seconds: int, page_size: int = 100) -> Absence:
    """What has seen two pages of a row in ten seconds, each with one gap of so many seconds."""
    absence, one = Absence(wary=True, page_size=page_size), walk(HOUR, density=0.1)
    for top in (NOW, NOW - 1_000 - seconds):
        rows = [top - 10 * place - seconds * (place > 50) for place in range(100)]
        absence.saw_gaps(one, rows)
        one.oldest = rows[-1]
    return absence


@pytest.mark.parametrize(("gap", "doubted"), [(100, True), (300, True), (900, False)])
def test_an_end_before_more_expected_rows_than_any_gap_was_to_hold_is_doubted(gap, doubted):
    ended = walk(HOUR, rows=280, oldest=NOW - 3_600 + 400, density=0.1)
    doubt = weighed(after_gaps(gap), ended)
    assert (doubt is not None) == doubted
    if doubt:
        assert (doubt.unseen, doubt.expected) == (True, pytest.approx(40, abs=2))


def test_a_gap_where_rows_are_dense_on_one_side_only_is_the_beginning_of_a_quieter_time():
    absence, one = Absence(wary=True, page_size=100), walk(HOUR, density=10.0)
    for rows in (
        [NOW - place for place in range(100)],
        [NOW - 5_000 * place for place in range(1, 100)],
        [NOW - 10**6],
    ):
        absence.saw_gaps(one, rows)
        one.oldest, one.density = rows[-1], Density(memory=0.9, rows=len(rows), seconds=max(1, rows[0] - rows[-1]))
    assert absence.widest < 10


def test_what_only_the_gaps_speak_against_lapses_once_a_wider_gap_was_seen_and_costs_a_few_rows_nothing():
    absence = after_gaps(100)
    doubt = weighed(absence, walk(HOUR, rows=280, oldest=NOW - 3_200, density=0.1))
    absence.add(doubt)
    assert absence.next(lambda _: True, pages=2, rows=299, alone=False) is None
    absence.widest = 50.0
    assert absence.next(lambda _: True, pages=30, rows=3_000, alone=False) is None
    assert absence.doubts == []
    absence.widest = 20.0
    absence.add(doubt)
    assert absence.next(lambda _: True, pages=30, rows=3_000, alone=False) == doubt


@pytest.mark.parametrize(("shown", "doubted"), [(4, True), (5, False)])
def test_a_few_rows_of_its_own_tell_better_how_dense_a_window_is_than_what_it_was_planned_for(shown, doubted):
    planned = walk(HOUR, rows=shown, oldest=NOW - 3_100)
    planned.planned = 1.0
    assert (weighed(Absence(wary=True, page_size=100), planned) is not None) == doubted


@pytest.mark.parametrize("rows", [10, 50, 99])
def test_a_first_answer_that_calls_a_busy_day_the_whole_account_is_asked_about_again(rows):
    frontier = Frontier(Intervals.span(0, END_OF_TIME), NOW - 100 * DAY, wary=True, usual=None, present=NOW)
    first = frontier.open(1.0)
    created = sorted((NOW - 60 - second * DAY // rows for second in range(rows)), reverse=True)
    frontier.advance(first, rows=created, has_more=False, width=1.0)
    assert frontier.open(1.0).doubted is not None


@pytest.mark.parametrize("rows", [1, 7, 99])
def test_a_first_answer_of_a_few_rows_from_years_ago_is_not_the_whole_account_by_its_silence_since(rows):
    frontier = Frontier(Intervals.span(0, END_OF_TIME), NOW - 5 * 365 * DAY, wary=True, usual=None, present=NOW)
    created = [NOW - 4 * 365 * DAY - second * DAY // rows for second in range(rows)]
    frontier.advance(frontier.open(1.0), rows=created, has_more=False, width=1.0)
    assert frontier.open(1.0).doubted is not None


def test_a_first_answer_of_rows_all_over_an_accounts_life_is_believed():
    frontier = Frontier(Intervals.span(0, END_OF_TIME), NOW - 100 * DAY, wary=True, usual=None, present=NOW)
    frontier.advance(frontier.open(1.0), rows=[NOW - age * DAY for age in range(1, 100)], has_more=False, width=1.0)
    assert frontier.done


def test_a_full_page_that_is_called_the_last_is_doubted_whatever_is_expected():
    doubt = weighed(Absence(wary=True, page_size=100), walk(HOUR, rows=100, oldest=NOW - 3_500), is_full=True)
    assert doubt is not None


def test_before_the_account_was_made_and_after_the_present_nothing_is_expected():
    absence = Absence(wary=True, page_size=100, usual=1.0, present=NOW)
    assert weighed(absence, walk(Interval(0, NOW - 3_600)), likely_start=NOW - 3_610) is None
    assert weighed(absence, walk(Interval(NOW - 60, END_OF_TIME)), newest=0) is None
    assert weighed(absence, walk(Interval(NOW - 600, END_OF_TIME)), newest=0) is not None


def test_nobody_is_doubted_where_that_was_not_asked_for():
    assert weighed(Absence(wary=False, page_size=100, usual=None), walk(HOUR), newest=0) is None


def test_voids_that_touch_are_asked_about_together():
    absence = Absence(wary=True, page_size=100)
    absence.add(Doubt(Interval(100, 200), 150, sure=True, void=True))
    absence.add(Doubt(Interval(300, 400), 150, sure=True, void=False))
    absence.add(Doubt(Interval(200, 300), 150, sure=True, void=True))
    assert [(one.seconds, one.void, one.expected) for one in absence.doubts] == [(Interval(100, 400), False, 450)]


def test_what_a_witness_passed_over_on_its_way_to_the_next_row_needs_no_other():
    absence = Absence(wary=True, page_size=100, usual=1.0)
    absence.add(Doubt(Interval(100, 200), 150, sure=True, void=True))
    absence.add(Doubt(Interval(10, 50), 150, sure=True, void=True))
    absence.heard(Doubt(Interval(300, 400), 150, sure=True, void=True), below=90)
    assert [one.seconds for one in absence.doubts] == [Interval(10, 50)]
    assert weighed(absence, walk(Interval(91, 300))) is None
    assert weighed(absence, walk(Interval(200, 400))).expected == 100  # what lies above it was not passed over
    assert weighed(absence, walk(Interval(0, 191))) is None  # 91 seconds are left of it


def test_seconds_in_doubt_are_not_complete_until_a_witness_was_heard():
    frontier = Frontier(Intervals.span(0, 10_000), wary=True, usual=1.0, present=10_000)
    first = frontier.open(1.0)
    frontier.advance(first, rows=[], has_more=False, width=1.0)
    assert first.done
    assert not frontier.done
    assert frontier.incomplete == Intervals.span(0, 10_000)
    witness = frontier.open(1.0)
    assert witness.window != first.window
    assert witness.doubted is not None
    frontier.advance(witness, rows=[], has_more=False, width=1.0)
    assert frontier.done
    assert frontier.is_complete(Interval(0, 10_000))


def test_abandoned_in_doubt_the_seconds_are_read_another_time():
    frontier = Frontier(Intervals.span(0, 10_000), wary=True, usual=1.0, present=10_000)
    frontier.advance(frontier.open(1.0), rows=[], has_more=False, width=1.0)
    frontier.abandon()
    assert frontier.incomplete == Intervals.span(0, 10_000)


# Which doubts are worth a witness, and when ---------------------------------------------------------------------------


def doubt(start: int, stop: int, expected: float = 150, **facts) -> Doubt:
    return Doubt(Interval(start, stop), expected, **{"sure": False, "void": False, **facts})


def asked(absence: Absence, *, pages: int = 0, rows: int = SMALL, alone: bool = False, complete=True) -> Doubt | None:
    return absence.next(lambda _: complete, pages=pages, rows=rows, alone=alone)


def doubting(*doubts: Doubt, **facts) -> Absence:
    found = Absence(wary=True, page_size=100, **facts)
    for one in doubts:
        found.add(one)
    return found


@pytest.mark.parametrize(
    ("start", "tries", "lower"), [(0, 0, 1), (1, 0, 0), (500, 0, 0), (2, 2, 3), (3, 2, 2), (500, 2, 2)]
)
def test_a_witness_is_asked_by_another_boundary_than_any_before(start, tries, lower):
    assert doubt(start, 1_000, tries=tries).asked_by() == Interval(lower, 1_000)


def test_seconds_too_few_for_another_boundary_are_asked_by_their_own():
    assert doubt(0, 1).asked_by() == Interval(0, 1)
    assert doubt(0, 2).asked_by() == Interval(1, 2)
    assert doubt(1, 2, tries=2).asked_by() == Interval(1, 2)


def test_of_a_small_account_one_end_is_asked_about_once_nothing_else_is_under_way():
    absence = doubting(doubt(100, 200), doubt(300, 400, 120))
    few = {"rows": SMALL - 1, "pages": 10}
    assert asked(absence, **few) is None
    assert len(absence.doubts) == 2
    assert asked(absence, **few, alone=True).seconds == Interval(300, 400)  # the newest, whatever is expected
    assert asked(absence, **few, alone=True) is None
    assert absence.doubts == []  # the other is believed


def test_ends_that_contradict_their_own_walk_alone_get_a_share_of_the_pages_and_others_as_many_as_there_are():
    absence = doubting(*(doubt(number * 100, number * 100 + 50) for number in range(4)))
    assert asked(absence, pages=0).seconds == Interval(300, 350)
    assert asked(absence, pages=0) is None
    assert asked(absence, pages=1).seconds == Interval(200, 250)
    assert asked(absence, pages=200) is None
    assert asked(absence, pages=201).seconds == Interval(100, 150)
    sure = doubting(*(doubt(number * 100, number * 100 + 50, sure=True) for number in range(3)))
    assert all(asked(sure, pages=0) for _ in range(3))
    unseen = doubting(doubt(100, 200, 30, unseen=True), doubt(300, 400, 30, unseen=True))
    assert asked(unseen, rows=FEW_ROWS - 1) is None
    assert [asked(unseen).seconds.start for _ in range(2)] == [300, 100]


def test_an_answer_that_contradicts_itself_is_asked_about_always_and_counts_for_none():
    absence = doubting(doubt(100, 200, inf), doubt(300, 400), doubt(500, 600))
    assert asked(absence, rows=1).seconds == Interval(100, 200)
    assert asked(absence).seconds == Interval(500, 600)
    assert asked(absence) is None


def test_once_a_claim_was_found_wrong_every_end_is_asked_about():
    absence = doubting(doubt(100, 200, 500), doubt(300, 400, 120), doubt(500, 600, 20, unseen=True), refuted=1)
    found = [asked(absence, rows=1) for _ in range(3)]
    assert [one.expected for one in found] == [500, 120, 20]  # the most expected first


def test_of_many_rows_the_end_with_most_rows_expected_is_asked_about_first():
    absence = doubting(
        doubt(100, 200, 500, sure=True), doubt(300, 400, 120, sure=True), doubt(500, 600, 120, sure=True)
    )
    assert [asked(absence).seconds.start for _ in range(3)] == [100, 500, 300]


def test_a_void_waits_until_what_is_above_it_was_read():
    seen = []

    def is_complete(seconds):
        seen.append(seconds)
        return False

    absence = doubting(doubt(100, 200, sure=True, void=True))
    assert absence.next(is_complete, pages=0, rows=SMALL, alone=False) is None
    assert seen == [Interval(200, 201)]
    assert absence.next(is_complete, pages=0, rows=SMALL, alone=True) is not None
    assert asked(doubting(doubt(100, 200, sure=True)), complete=False) is not None
    assert asked(doubting(doubt(100, 200, sure=True, void=True)), complete=True) is not None


def test_voids_that_were_denied_or_do_not_touch_are_asked_about_by_themselves():
    below, above = doubt(100, 200, void=True), doubt(200, 300, 30, sure=True, void=True)
    assert doubting(below, above).doubts == [Doubt(Interval(100, 300), 180, sure=True, void=True)]
    assert doubting(above, below).doubts == [Doubt(Interval(100, 300), 180, sure=True, void=True)]
    for one, other in (
        (below, replace(above, tries=1)),
        (replace(below, tries=1), above),
        (replace(below, void=False), above),
        (below, doubt(201, 300, void=True)),
    ):
        assert doubting(other, one).doubts == [one, other]
    unseen = replace(below, unseen=True)
    assert not replace(above, unseen=True).with_void_below(below).unseen
    assert not above.with_void_below(unseen).unseen
    assert replace(above, unseen=True).with_void_below(unseen).unseen
    assert not replace(above, sure=False).with_void_below(below).sure
    assert replace(above, sure=False).with_void_below(replace(below, sure=True)).sure


def test_a_witness_that_knows_of_none_older_bears_out_what_it_asked_for():
    absence = doubting(doubt(100, 200), doubt(0, 50), usual=1.0)
    absence.heard(doubt(300, 400), below=None)
    assert absence.doubts == []
    assert absence.confirmed == 1
    assert weighed(absence, walk(Interval(0, 250))).expected == 250  # no rows followed each other there


def test_how_dense_rows_were_stays_known_over_a_void():
    absence = Absence(wary=True, page_size=100)
    absence.saw(1.0)
    absence.saw(0.0)
    assert weighed(absence, walk(HOUR)).expected == 3_600


# How many rows are to be expected -------------------------------------------------------------------------------------


def expecting(usual: float = 0.0, **facts) -> Absence:
    return Absence(wary=True, page_size=100, usual=usual, **facts)


def test_rows_are_expected_from_the_accounts_beginning_up_to_the_newest_known_time():
    window = walk(Interval(NOW - 600, END_OF_TIME))
    assert weighed(expecting(1.0), window, newest=NOW - 1) == Doubt(window.window, 600, sure=True, void=True)
    assert weighed(expecting(1.0), window, newest=NOW - 1, likely_start=NOW - 500).expected == 500
    assert weighed(expecting(1.0, present=NOW + 100), window, newest=NOW - 1).expected == 700
    assert weighed(expecting(1.0, present=NOW - 100), window, newest=NOW - 1).expected == 600
    assert weighed(expecting(1.0, present=NOW), window, newest=0).expected == 600


@pytest.mark.parametrize(("rows", "expected"), [(4, 501), (5, 501 * 4 * 5 / 100)])
def test_what_others_say_counts_up_to_four_times_what_a_walk_of_a_few_rows_has_shown(rows, expected):
    one = walk(Interval(NOW - 600, NOW), rows=rows, oldest=NOW - 100)
    found = weighed(expecting(1.0), one, newest=NOW - 1)
    assert found == Doubt(Interval(NOW - 600, NOW - 99), pytest.approx(expected), sure=True, void=False)


@pytest.mark.parametrize(("start", "doubted"), [(NOW - 199, False), (NOW - 200, True)])
def test_an_end_contradicts_its_walk_with_more_expected_beyond_it_than_came(start, doubted):
    found = weighed(expecting(), walk(Interval(start, NOW), rows=400, oldest=NOW - 100), newest=NOW - 1)
    assert (found is not None) == doubted
    if found:
        assert (found.expected, found.sure, found.unseen) == (404, False, False)


@pytest.mark.parametrize(("seconds", "doubted"), [(120, False), (121, True)])
def test_an_end_contradicts_others_with_less_than_a_quarter_of_what_was_expected(seconds, doubted):
    one = walk(Interval(NOW - 99 - seconds, NOW), rows=40, oldest=NOW - 100)
    found = weighed(expecting(1.0), one, newest=NOW - 1)
    assert (found is not None) == doubted
    if found:
        assert (found.expected, found.sure) == (121, True)


def test_what_was_planned_for_a_window_is_expected_where_it_is_more_than_came_lately():
    planned = walk(HOUR)
    planned.planned = 2.0
    absence = expecting()
    absence.saw(1.0)
    assert weighed(absence, planned).expected == 7_200
    assert weighed(absence, walk(HOUR)).expected == 3_600
    assert weighed(expecting(0.5), planned).expected == 7_200


def test_a_witness_speaks_of_what_lies_below_what_it_bore_out():
    one = walk(Interval(NOW - 3_600, NOW), rows=9, oldest=NOW - 10)
    one.doubted = doubt(NOW - 600, NOW)
    found = weighed(expecting(1.0), one, newest=NOW - 1)
    assert (found.seconds, found.expected) == (Interval(NOW - 3_600, NOW - 600), 3_000)
    one.floor = NOW - 600
    assert weighed(expecting(1.0), one, newest=NOW - 1) is None


def test_the_widest_gap_is_that_between_rows_of_the_quieter_side():
    absence, one = expecting(), walk(Interval(0, NOW))
    absence.saw_gaps(one, [])
    assert (absence.widest, one.gap) == (0.0, 0)
    absence.saw_gaps(one, [NOW - 10, NOW - 20, NOW - 60])
    assert (absence.widest, one.gap, one.before_gap) == (0.0, 40, 0.0)  # its older side is not known yet
    one.oldest, one.density = NOW - 60, Density(memory=0.9, rows=3, seconds=60)
    absence.saw_gaps(one, [NOW - 62, NOW - 70])
    assert absence.widest == pytest.approx(40 * 2 / 10)
    assert (one.gap, one.before_gap) == (8, 3 / 60)
