"""Rows of one second: their order is Stripe's to choose, and every one comes once, or an error."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.core.api.page import ids_of
from connector.core.planning.windows.frontier import Frontier
from connector.core.planning.windows.walk import Tuning
from connector.core.time.intervals import Interval, Intervals
from connector.errors import ProtocolError
from connector.stripe.listing.place import Place
from connector.stripe.listing.scan import Scan
from tests.stripe.listing.scanning import scanned, wary
from tests.support.examples import examples, slow_but
from tests.support.fakes import NOW, FakeStripe, rows_at

if TYPE_CHECKING:
    from connector.core.api.page import Page
    from connector.stripe.listing.scan import Received

pytestmark = pytest.mark.anyio


@dataclass
class MovingTies(FakeStripe):
    """A server that orders the rows of one second anew for every request."""

    def answer(self, window: Interval, starting_after: str | None, ending_before: str | None = None) -> Page:
        self._chance.shuffle(self.rows)
        self.rows.sort(key=lambda row: -row["created"])
        return super().answer(window, starting_after, ending_before)


@settings(deadline=None, max_examples=examples(150))
@given(
    seconds=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 4)), max_size=40),
    size=st.integers(5, 12),
    seed=st.integers(0, 2**32),
)
@example(seconds=[(0, 4), (1, 4), (23, 4), (24, 3)], size=5, seed=0)  # a second to be counted that is in doubt as well
def test_where_the_order_of_ties_moves_every_row_comes_once_as_long_as_a_second_fits_a_page(seconds, size, seed):
    together = Counter({NOW - age: 0 for age, _ in seconds})
    for age, count in seconds:
        together[NOW - age] = min(together[NOW - age] + count, 4)
    rows = rows_at(together.elements())
    expected = sorted(row["id"] for row in rows)
    got, scan = asyncio.run(wary(MovingTies(rows, size=size, seed=seed), Intervals.span(NOW - 70, NOW + 1)))
    assert len(got) == len(set(got))
    if scan.second_answers.unstable_ties:
        assert sorted(got) == expected


@pytest.mark.parametrize("documented", [0, 1])
async def test_pages_that_were_decoded_in_different_ways_are_put_together_where_a_second_is_read_by_itself(documented):
    """As where one page of a crowded second has a field that nobody knows, and the next has none."""
    rows = rows_at([NOW] * 60 + [NOW - 9])
    missed = rows[30]["id"]
    kinds: set[bool] = set()

    def spoil(page: Page, number: int, _window: Interval, cursor: str | None) -> Page:
        rows = [row for row in page.rows if row["id"] != missed] if cursor else page.rows
        return replace(page, rows=[SimpleNamespace(**row) for row in rows] if number % 2 == documented else rows)

    got: list[str] = []

    async def receive(page: Received) -> None:
        kinds.update(isinstance(row, dict) for row in page.rows)
        got.extend(ids_of(page.rows))
        await asyncio.sleep(0)

    frontier = Frontier(Intervals.span(NOW - 9, NOW + 1), tuning=Tuning(page_size=25, first=2), wary=True)
    await Scan(FakeStripe(rows, size=25, spoil=spoil), frontier, receive).run()
    assert sorted(got) == sorted(row["id"] for row in rows)
    assert kinds == {False, True}


@pytest.mark.parametrize("seed", slow_but(range(5), range(20)))
async def test_moving_ties_of_a_dense_account_are_noticed_and_lose_nothing(seed):
    rows = rows_at(NOW - n // 3 for n in range(1_500))
    expected = sorted(row["id"] for row in rows)
    got, scan = await wary(MovingTies(rows, size=25, seed=seed), Intervals.span(NOW - 600, NOW + 1))
    assert sorted(got) == expected
    assert scan.second_answers.unstable_ties


async def test_a_second_of_several_pages_is_read_from_its_other_end_as_well():
    rows = rows_at([NOW] * 60 + [NOW - 9])
    dropped = rows[30]["id"]

    def spoil(page: Page, _number: int, _window: Interval, cursor: str | None) -> Page:
        return replace(page, rows=[row for row in page.rows if row["id"] != dropped]) if cursor else page

    source = FakeStripe(rows, size=25, spoil=spoil)
    got, scan = await wary(source, Intervals.span(NOW - 9, NOW + 1))
    assert sorted(got) == sorted(row["id"] for row in rows)
    assert scan.second_answers.unstable_ties == 1
    assert any(place.ending_before for place in source.places)


@dataclass
class NewOrderEachList(FakeStripe):
    """A server that orders the rows of each list anew, and keeps to that as a cursor goes on."""

    def answer(self, window: Interval, starting_after: str | None, ending_before: str | None = None) -> Page:
        if starting_after is None and ending_before is None:
            inside = [row for row in self.rows if row["created"] in window]
            self._chance.shuffle(inside)
            others = [row for row in self.rows if row["created"] not in window]
            self.rows = sorted([*others, *inside], key=lambda row: -row["created"])
        return super().answer(window, starting_after, ending_before)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [4, 9, 20])
@pytest.mark.parametrize("seed", range(3))
async def test_a_second_longer_than_a_page_is_read_whole_where_its_order_moves_between_two_lists(size, count, seed):
    rows = rows_at([NOW] * count + [NOW - 40] * 2)
    got, _ = await wary(NewOrderEachList(rows, size=size, wide=1.0, seed=seed), Intervals.span(NOW - 70, NOW + 1))
    assert sorted(got) == sorted(row["id"] for row in rows)


@pytest.mark.parametrize("seed", range(20))
async def test_a_second_longer_than_a_page_whose_order_moves_at_each_answer_is_an_error_not_a_hole(seed):
    source = MovingTies(rows_at([NOW] * 30 + [NOW - 9]), size=5, seed=seed)
    with pytest.raises(ProtocolError, match=r"another order at each answer|came twice"):
        await wary(source, Intervals.span(NOW - 9, NOW + 1))
    assert len(source.asked) < 80


async def test_a_row_of_a_long_second_that_no_second_reading_shows_is_an_error():
    def spoil(page: Page, _number: int, window: Interval, _cursor: str | None) -> Page:
        return replace(page, rows=page.rows[1:]) if window.stop - window.start == 1 else page

    source = FakeStripe(rows_at([NOW] * 60 + [NOW - 9]), size=25, spoil=spoil)
    with pytest.raises(ProtocolError, match="another order at each answer"):
        await wary(source, Intervals.span(NOW - 9, NOW + 1))
    assert len(source.asked) < 25


async def test_a_second_of_many_pages_is_read_down_and_up_once_and_not_asked_for_by_time_in_between():
    source = FakeStripe(rows_at([NOW] * 950), wide=1.0)
    got, _ = await wary(source, Intervals.span(NOW, NOW + 1))
    assert len(got) == 950
    assert [seconds for (seconds, _), place in zip(source.asked, source.places, strict=True) if place == Place()] == [
        Interval(NOW, NOW + 1),
        Interval(0, NOW),  # for a row to read upwards from
    ]
    assert len(source.asked) == 21


async def test_a_second_of_many_pages_is_read_up_by_pages_at_once_in_a_fraction_of_the_time_down():
    source = FakeStripe(rows_at([NOW - 9] * 2 + [NOW - 5] * 950 + [NOW - 1] * 2), wide=1.0)
    got, scan = await wary(source, Intervals.span(NOW - 9, NOW + 1))
    assert len(got) == 954
    assert not scan.second_answers.unstable_ties
    up = [place.ending_before for place in source.places if place.ending_before]
    assert len(up) == len(set(up)) == 13  # ten at once, and before that three of the first reading, its lower half
    assert source.most_flying >= 5


@pytest.mark.parametrize(("each", "share"), slow_but([(7, 1.04)], [(1, 1.01), (2, 1.02), (7, 1.04)]))
async def test_stable_ties_cost_few_requests_more_and_are_not_called_unstable(each, share):
    rows = rows_at(NOW - n // each for n in range(9_000))
    source = FakeStripe(rows, wide=1.0)
    got, scan = await wary(source, Intervals.span(NOW - 9_000, NOW + 1))
    assert len(got) == 9_000
    assert scan.second_answers.unstable_ties == 0
    plain = FakeStripe(rows, wide=1.0)
    await scanned(plain, Intervals.span(NOW - 9_000, NOW + 1))
    assert len(source.asked) <= share * len(plain.asked) + 3
