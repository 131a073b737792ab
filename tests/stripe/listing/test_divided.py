"""A second of many pages is read by several cursors at once, whatever a filter or a cursor answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.api.page import Page
from connector.core.time.intervals import Intervals
from connector.errors import InvalidRequestError, ProtocolError
from tests.stripe.listing.scanning import wary
from tests.support.examples import examples
from tests.support.fakes import NOW, FakeStripe, rows_at

if TYPE_CHECKING:
    from connector.core.api.page import Row
    from connector.core.time.intervals import Interval

pytestmark = pytest.mark.anyio
FILTERS = ("type", "currency")
HOT = NOW - 5


def typed(counts: list[tuple[int, int]], *, every: int, shuffle: int | None = None) -> list[Row]:
    """Rows `(age, count)`, of which one in `every` is a fee."""
    rows = rows_at([NOW - age for age, count in counts for _ in range(count)], shuffle=shuffle)
    return [
        {**row, "type": "charge" if number % every else "fee", "currency": "eur"} for number, row in enumerate(rows)
    ]


@dataclass
class Rounds(FakeStripe):
    """Answers all that is in flight at once: counts how many times it did, where each answer takes as long."""

    filters: tuple[str, ...] = FILTERS
    rounds: int = 0
    _due: asyncio.Event | None = None

    async def page(self, window, place, *, urgency):
        if self._due is None:
            self._due = asyncio.Event()
            asyncio.get_running_loop().create_task(self._answer(self._due))
        await self._due.wait()
        return await super().page(window, place, urgency=urgency)

    async def _answer(self, due: asyncio.Event) -> None:
        for _ in range(40):
            await asyncio.sleep(0)
        self.rounds += 1
        self._due = None
        due.set()


async def read(source: FakeStripe, rows: list[Row]) -> None:
    """Read everything, and see that each row came once."""
    got, scan = await wary(source, Intervals.span(NOW - 100, NOW + 1))
    assert sorted(got) == sorted(row["id"] for row in rows)
    assert not scan.second_answers.unstable_ties


async def costs(rows: list[Row], **options) -> tuple[int, int, int]:
    """Return how many answers came one after the other, how many requests it took, and how many were filtered."""
    source = Rounds(rows, wide=1.0, **options)
    await read(source, rows)
    return source.rounds, len(source.asked), sum(place.only is not None for place in source.places)


PLAIN = {"rounds": 108, "requests": 207}
"""What 10,000 rows of one second, and some around, took where only the reading upwards had its pages at once."""


@pytest.mark.parametrize(("every", "rounds", "requests"), [(100, 0.35, 1.08), (25, 0.50, 1.08), (10**9, 0.60, 1.02)])
async def test_a_second_of_many_pages_takes_a_fraction_of_the_time_and_few_requests_more(every, rounds, requests):
    """By rows of a type that one in a hundred has, or one in 25; from both ends where all rows are alike."""
    took = await costs(typed([(1, 30), (5, 10_000), (9, 50)], every=every))
    assert took[0] <= rounds * PLAIN["rounds"]
    assert took[1] <= requests * PLAIN["requests"]


@pytest.mark.parametrize("every", [100, 10**9])
async def test_several_seconds_next_to_each_other_are_each_divided(every):
    rows = typed([(age, 1_500) for age in range(4)], every=every)
    source = Rounds(rows, wide=1.0)
    await read(source, rows)
    assert source.rounds <= 78  # and 96 where nothing is read ahead: the last second is read by a witness, too
    assert len(source.asked) <= 1.08 * 156


async def test_a_second_of_a_few_pages_is_asked_for_as_ever():
    rows = typed([(1, 30), (5, 380), (9, 50)], every=100)
    source = Rounds(rows, wide=1.0)
    await read(source, rows)
    assert not [place for place in source.places if place.only]


@pytest.mark.parametrize("below", [0, 1, 30])
async def test_nothing_below_the_second_in_its_window_or_at_all(below):
    rows = typed([(5, 2_000), (500, below)], every=10**9)
    source = Rounds(rows, wide=1.0)
    got, _ = await wary(source, Intervals.span(HOT, NOW + 1))
    assert sorted(got) == sorted(row["id"] for row in rows if row["created"] == HOT)


async def test_a_list_without_filters_is_read_from_both_ends():
    took = await costs(typed([(1, 30), (5, 3_000), (9, 50)], every=50), filters=())
    assert took[2] == 0
    assert took[0] < 28


@pytest.mark.parametrize("every", [100, 10**9])
@pytest.mark.parametrize("size", [200_000, 1 << 20])
async def test_what_is_kept_at_once_is_bounded_and_reading_goes_on_below_it(every, size):
    def weigh(page: Page, _number: int, _window: Interval, _cursor: str | None) -> Page:
        return replace(page, bytes=size)

    rows = typed([(1, 30), (5, 6_000), (9, 50)], every=every)
    source = Rounds(rows, wide=1.0, spoil=weigh)
    await read(source, rows)
    assert len(source.asked) < 145  # 123 where nothing is read ahead


@dataclass
class Liar(FakeStripe):
    """Answers what it likes where a filter is asked for."""

    filters: tuple[str, ...] = FILTERS
    lies: list[tuple[list[int], bool] | str] = field(default_factory=list)

    def answer(self, window: Interval, starting_after, ending_before=None, only=None) -> Page:
        if only is None:
            return super().answer(window, starting_after, ending_before)
        lie = self.lies.pop(0) if self.lies else ([], False)
        if isinstance(lie, str):
            raise {"refused": InvalidRequestError("no such filter", status=400), "broken": ProtocolError("no list")}[
                lie
            ]
        shown = [self.rows[at] if at < len(self.rows) else {"id": f"txn_no{at}", "created": HOT} for at in lie[0]]
        return Page(shown[: self.size], lie[1])


LIES = st.one_of(
    st.sampled_from(["refused", "broken"]),
    st.tuples(st.lists(st.integers(0, 130), max_size=12), st.booleans()),
    st.tuples(st.lists(st.integers(0, 130), max_size=12, unique=True).map(sorted), st.booleans()),
)


@settings(deadline=None, max_examples=examples(200))
@given(
    counts=st.lists(st.tuples(st.integers(3, 8), st.integers(0, 90)), max_size=3),
    size=st.integers(3, 9),
    lies=st.lists(LIES, max_size=6),
    seed=st.integers(0, 2**32),
)
def test_whatever_a_filter_answers_every_row_comes_once(counts, size, lies, seed):
    rows = typed([*counts, (5, 40)], every=13, shuffle=seed)
    honest, liar = FakeStripe(rows, size=size, seed=seed), Liar(rows, size=size, seed=seed, lies=list(lies))
    asyncio.run(read(honest, rows))
    asyncio.run(read(liar, rows))


@pytest.mark.parametrize("lie", ["refused", "broken", ([], True), ([7, 300], True), ([350, 60, 200], True)])
async def test_a_filter_that_is_of_no_use_costs_a_handful_of_requests(lie):
    rows = typed([(1, 30), (5, 1_000), (9, 50)], every=100)
    source = Liar(rows, lies=[lie])
    await read(source, rows)
    assert len(source.asked) < 45


@dataclass
class LiarInRounds(Rounds, Liar):
    """Both: answers all that is in flight at once, and what it likes where a filter is asked for."""


@pytest.mark.parametrize("lie", ["refused", "broken"])
async def test_where_a_filtered_list_cannot_be_read_a_second_is_read_from_both_ends(lie):
    rows = typed([(1, 30), (5, 3_000), (9, 50)], every=50)
    source = LiarInRounds(rows, wide=1.0, lies=[lie])
    await read(source, rows)
    assert source.rounds < 28
