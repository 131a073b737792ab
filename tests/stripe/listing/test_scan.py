"""A scan brings every row once, or ends with one error and publishes nothing of that window."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.api.page import Page, Row
from connector.core.planning.windows.frontier import Frontier
from connector.core.planning.windows.walk import Tuning
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.errors import ConnectorError, ProtocolError, ServerError
from connector.events import PageReceived
from connector.stripe.listing.events import ListEvents
from connector.stripe.listing.scan import Received, Scan
from tests.stripe.listing.scanning import EVERYTHING, ids, scanned, wary
from tests.support.examples import examples, slow_but
from tests.support.fakes import NOW, FakeStripe, rows_at, turns

pytestmark = pytest.mark.anyio
Spoiler = Callable[[Page, int, Interval, str | None], Page]

histories = st.lists(
    st.tuples(st.integers(0, 10**7), st.integers(1, 25), st.sampled_from([0, 0, 1, 60, 86_400])), max_size=10
).map(lambda several: [NOW - age - step * n for age, count, step in several for n in range(count)])


@settings(deadline=None, max_examples=examples(120))
@given(
    created=histories,
    ties=st.integers(0, 2**32),
    size=st.integers(1, 7),
    wide=st.sampled_from([1.0, 3.0, 30.0]),
    hint=st.sampled_from([0, NOW - 10**7]),
)
def test_every_id_comes_exactly_once_whatever_the_page_size_the_ties_and_the_width(created, ties, size, wide, hint):
    rows = rows_at(created, shuffle=ties)
    got = asyncio.run(scanned(FakeStripe(rows, size=size, wide=wide, seed=ties), hint=hint))
    assert sorted(ids(got)) == sorted(row["id"] for row in rows)


@settings(deadline=None, max_examples=examples(60))
@given(created=histories, bounds=st.tuples(st.integers(0, 10**7), st.integers(1, 10**7)), size=st.integers(1, 7))
def test_only_rows_of_the_seconds_asked_for_come(created, bounds, size):
    rows = rows_at(created)
    within = Intervals.span(NOW - sum(bounds), NOW - bounds[0])
    got = asyncio.run(scanned(FakeStripe(rows, size=size), within))
    assert sorted(ids(got)) == sorted(row["id"] for row in rows if row["created"] in within)


@settings(deadline=None, max_examples=examples(60))
@given(created=histories, ties=st.integers(0, 2**32), size=st.integers(1, 7))
def test_a_walks_pages_join_end_to_end(created, ties, size):
    got = asyncio.run(scanned(FakeStripe(rows_at(created), size=size, seed=ties)))
    for walk in {id(page.walk): page.walk for page in got}.values():
        pages = [page for page in got if page.walk is walk]
        assert pages[0].stop == walk.window.stop
        assert pages[-1].start == walk.floor
        assert all(before.start == after.stop for before, after in pairwise(pages))
        for page in pages:
            assert all(page.start - 1 <= row["created"] < page.stop for row in page.rows)


def quirky(rows: list[Row]) -> Spoiler:
    """A server that answers with nothing while rows of the cursor's own second are left."""
    created_of = {row["id"]: row["created"] for row in rows}

    def spoil(page: Page, _number: int, _window: Interval, cursor: str | None) -> Page:
        lost = cursor is not None and page.rows and page.rows[0]["created"] == created_of[cursor]
        return Page([], has_more=False, request_id="req_quirk") if lost else page

    return spoil


@settings(deadline=None, max_examples=examples(100))
@given(
    seconds=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 3)), max_size=15),
    ties=st.integers(0, 2**32),
    size=st.integers(8, 12),
)
def test_rows_lost_by_the_empty_page_quirk_are_fetched_by_timestamp_and_counted_once(seconds, ties, size):
    together = Counter({NOW - age: 0 for age, _ in seconds})
    for age, count in seconds:
        together[NOW - age] = min(together[NOW - age] + count, size - 1)
    rows = rows_at(together.elements(), shuffle=ties)
    source = FakeStripe(rows, size=size, wide=1.0 + ties % 5, seed=ties, spoil=quirky(rows))
    got = asyncio.run(scanned(source, Intervals.span(NOW - 50, NOW + 1)))
    assert sorted(ids(got)) == sorted(row["id"] for row in rows)


async def test_the_boundary_second_is_asked_for_again_once_by_time_without_a_cursor():
    rows = rows_at([NOW, NOW - 1, NOW - 2, NOW - 2, NOW - 3])
    source = FakeStripe(rows, size=3, wide=1.0, spoil=quirky(rows))
    got = await scanned(source, Intervals.span(NOW - 3, NOW + 1))
    assert ids(got) == [row["id"] for row in rows]
    assert (Interval(NOW - 3, NOW - 1), None) in source.asked
    assert len(source.asked) <= 4


def quirky_with_bounds(rows: list[Row]) -> Spoiler:
    """The same server, which is confused by a cursor only where the window has bounds."""
    lose = quirky(rows)

    def spoil(page: Page, number: int, window: Interval, cursor: str | None) -> Page:
        return page if window == Interval(0, END_OF_TIME) else lose(page, number, window, cursor)

    return spoil


@settings(deadline=None, max_examples=examples(100))
@given(
    seconds=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), max_size=8),
    ties=st.integers(0, 2**32),
    size=st.integers(2, 9),
)
def test_a_second_of_several_pages_is_followed_by_cursor_without_bounds_where_time_does_not_help(seconds, ties, size):
    rows = rows_at([NOW - age for age, count in seconds for _ in range(count)], shuffle=ties)
    source = FakeStripe(rows, size=size, wide=1.0 + ties % 5, seed=ties, spoil=quirky_with_bounds(rows))
    got = asyncio.run(scanned(source, Intervals.span(NOW - 30, NOW - 2)))
    assert sorted(ids(got)) == sorted(row["id"] for row in rows if NOW - 30 <= row["created"] < NOW - 2)


async def test_a_second_with_more_rows_than_the_server_shows_is_an_error_not_a_hole():
    rows = rows_at([NOW] * 7 + [NOW - 1])
    with pytest.raises(ProtocolError, match="empty page where more rows were promised"):
        await scanned(FakeStripe(rows, size=3, spoil=quirky(rows)))


@pytest.mark.parametrize("has_more", [True, False])
async def test_a_promise_that_stays_unkept_ends_the_window(has_more):
    rows = rows_at([NOW - n for n in range(20)])

    def spoil(page: Page, number: int, _window: Interval, cursor: str | None) -> Page:
        return Page([], has_more=has_more) if cursor else replace(page, rows=page.rows[:1])

    with pytest.raises(ProtocolError, match="empty page where more rows were promised") as caught:
        await scanned(FakeStripe(rows, size=5, spoil=spoil), Intervals.span(NOW - 50, NOW + 1))
    assert caught.value.window is not None


async def test_a_first_page_that_is_empty_and_promises_more_is_an_error():
    def spoil(page: Page, number: int, window: Interval, cursor: str | None) -> Page:
        return Page([], has_more=True)

    with pytest.raises(ProtocolError):
        await scanned(FakeStripe([], spoil=spoil))


async def test_an_empty_account_costs_one_request():
    source = FakeStripe([])
    got = await scanned(source)
    assert len(source.asked) == 1
    assert [page.rows for page in got] == [[]]


def reversed_rows(page: Page) -> Page:
    return replace(page, rows=page.rows[::-1])


def out_of_window(page: Page) -> Page:
    return replace(page, rows=[*page.rows[:-1], page.rows[-1] | {"created": 5}])


def stuck(page: Page) -> Page:
    return replace(page, rows=[page.rows[0], *page.rows[:-1]])


def without_id(page: Page) -> Page:
    return replace(page, rows=[{"created": NOW}])


@pytest.mark.parametrize("spoiler", [reversed_rows, out_of_window, stuck, without_id])
@pytest.mark.parametrize("k", [1, 4, 9])
async def test_a_breach_anywhere_ends_everything_with_one_bare_error_and_its_window(spoiler, k):
    def spoil(page: Page, number: int, window: Interval, cursor: str | None) -> Page:
        return spoiler(page) if number >= k and len(page.rows) > 2 else page

    source = FakeStripe(rows_at(NOW - 1_000 * n for n in range(200)), size=10, spoil=spoil)
    with pytest.raises(ConnectorError) as caught:
        await scanned(source, Intervals.span(NOW - 10**6, NOW + 1))
    assert type(caught.value) is ProtocolError
    start, stop = caught.value.window
    assert NOW - 10**6 <= start < stop <= NOW + 1
    assert source.flying == 0


async def test_the_first_of_many_errors_is_raised_by_itself():
    def spoil(page: Page, number: int, window: Interval, cursor: str | None) -> Page:
        if number < 6:
            return page
        raise ServerError("down", status=500)

    source = FakeStripe(rows_at(NOW - 1_000 * n for n in range(500)), size=10, spoil=spoil)
    with pytest.raises(ServerError) as caught:
        await scanned(source)
    assert caught.value.window is not None
    assert source.flying == 0


async def test_an_error_of_the_receiver_is_raised_by_itself():
    async def receive(got: Received) -> None:
        raise ConnectorError("disk full")

    source = FakeStripe(rows_at(NOW - n for n in range(300)))
    with pytest.raises(ConnectorError, match="disk full"):
        await Scan(source, Frontier(EVERYTHING), receive).run()


async def test_cancelling_a_scan_leaves_no_task():
    source = FakeStripe(rows_at(NOW - n for n in range(5_000)), size=5)
    before = asyncio.all_tasks()
    task = asyncio.create_task(scanned(source))
    await turns(5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() <= before
    assert source.flying == 0


# Ends that are asked about again --------------------------------------------------------------------------------------


def once(number: int, lie: Callable[[Page], Page]) -> Spoiler:
    def spoil(page: Page, count: int, _window: Interval, _cursor: str | None) -> Page:
        return lie(page) if count == number else page

    return spoil


def nothing(page: Page) -> Page:
    return replace(page, rows=[], has_more=False)


def the_end(page: Page) -> Page:
    return replace(page, has_more=False)


@pytest.mark.parametrize("lie", [nothing, the_end])
@pytest.mark.parametrize("number", slow_but(range(1, 80, 6), range(1, 80)))
async def test_a_single_false_end_hides_less_than_a_page_at_most(lie, number):
    rows = rows_at(NOW - 1_000 * n for n in range(1_500))
    source = FakeStripe(rows, size=25, seed=number, spoil=once(number, lie))
    got, scan = await wary(source, usual=None, present=NOW + 1, likely_start=NOW - 1_500_000)
    assert len(got) == len(set(got))
    assert len(rows) - len(got) < 25
    if len(got) < len(rows):
        assert scan.second_answers.contradicted == 0


async def test_a_witness_is_asked_on_a_connection_of_its_own_and_by_another_boundary():
    source = FakeStripe(rows_at(NOW - 1_000 * n for n in range(300)), size=25, spoil=once(1, nothing))
    got, scan = await wary(source, usual=None)
    assert len(got) == 300
    assert scan.second_answers.contradicted == 1
    (first, _), (second, _) = source.asked[:2]
    assert (source.places[0].fresh, source.places[1].fresh) == (False, True)
    assert first != second


async def test_an_account_that_is_empty_for_good_costs_two_requests():
    source = FakeStripe([])
    got, scan = await wary(source, usual=None)
    assert (got, len(source.asked), scan.second_answers.confirmed) == ([], 2, 1)


async def test_a_hundred_rows_of_one_second_cost_two_requests_where_nothing_contradicts():
    source = FakeStripe(rows_at([NOW] * 100))
    got, scan = await wary(source, usual=None)
    assert (len(got), len(source.asked)) == (100, 2)
    assert (scan.second_answers.confirmed, scan.second_answers.contradicted) == (1, 0)


async def test_where_a_lake_knows_that_nothing_is_usual_an_empty_answer_is_believed():
    source = FakeStripe([])
    await wary(source, usual=0.0)
    assert len(source.asked) == 1


async def test_a_witness_that_denies_what_the_first_answer_showed_is_not_believed_either():
    rows = rows_at(NOW - 1_000 * n for n in range(300))

    def spoil(page: Page, number: int, _window: Interval, _cursor: str | None) -> Page:
        return the_end(page) if number == 1 else nothing(page) if number == 2 else page

    source = FakeStripe(rows, size=25, wide=1.0, spoil=spoil)
    got, _ = await wary(source, usual=None)
    assert sorted(got) == sorted(row["id"] for row in rows)


async def test_witnesses_that_all_deny_what_was_shown_are_an_error_that_names_two_answers():
    rows = rows_at(NOW - 1_000 * n for n in range(300))

    def spoil(page: Page, number: int, _window: Interval, _cursor: str | None) -> Page:
        page = replace(page, request_id=f"req_{number}")
        return the_end(page) if number == 1 else nothing(page)

    with pytest.raises(ProtocolError, match=r"contradict each other.*req_4.*req_1") as caught:
        await wary(FakeStripe(rows, size=25, wide=1.0, spoil=spoil), usual=None)
    assert caught.value.exit_code == 65


async def test_what_narrower_windows_never_show_is_an_error_that_names_both_answers():
    rows = rows_at(NOW - 1_000 * n for n in range(600))
    hidden = Interval(NOW - 400_000, NOW - 300_000)

    def spoil(page: Page, number: int, window: Interval, _cursor: str | None) -> Page:
        page = replace(page, request_id=f"req_{number}")
        if window.start <= 1:
            return page
        rows = [row for row in page.rows if row["created"] not in hidden]
        return replace(page, rows=rows, has_more=page.has_more and bool(rows))

    source = FakeStripe(rows, size=25, spoil=spoil)
    with pytest.raises(ProtocolError, match=r"contradict each other.*req_\d+.*req_\d+"):
        await wary(source, Intervals((hidden,)), usual=1 / 1_000, present=NOW + 1)
    assert len(source.asked) < 60


# Connections ----------------------------------------------------------------------------------------------------------


async def test_windows_whose_answers_came_on_a_connection_that_is_distrusted_later_are_read_again():
    rows = rows_at(NOW - 1_000 * n for n in range(400))
    source = FakeStripe(rows, size=25)
    taken: Counter[str] = Counter()
    frontier = Frontier(EVERYTHING, tuning=Tuning(page_size=25, first=2))

    def spoil(page: Page, number: int, _window: Interval, _cursor: str | None) -> Page:
        if number == 12:
            source.distrusted.add(7)
        return replace(page, connection=7 if number % 2 and number < 12 else 8)

    async def receive(page: Received) -> None:
        taken.update(row["id"] for row in page.rows)

    source.spoil = spoil
    await Scan(source, frontier, receive, rereads=True).run()
    assert sorted(taken) == sorted(row["id"] for row in rows)
    assert frontier.reopened.seconds
    assert frontier.done


async def test_a_stream_that_cannot_read_again_ends_with_an_error_instead():
    source = FakeStripe(rows_at(NOW - 1_000 * n for n in range(400)), size=25)

    def spoil(page: Page, number: int, _window: Interval, _cursor: str | None) -> Page:
        if number == 14:
            source.distrusted.add(7)
        return replace(page, connection=7)

    source.spoil = spoil
    with pytest.raises(ProtocolError, match="nobody asked for"):
        await scanned(source)


async def test_rows_are_taken_with_the_size_of_the_page_that_brought_them():
    def spoil(page: Page, number: int, _window: Interval, _cursor: str | None) -> Page:
        return replace(page, bytes=1_000 * number)

    taken: list[tuple[int, int]] = []
    source = FakeStripe(rows_at(NOW - 1_000 * n for n in range(60)), size=25, spoil=spoil)

    async def receive(_page: Received) -> None:
        await asyncio.sleep(0)

    scan = Scan(
        source,
        Frontier(Intervals.span(NOW - 10**6, NOW + 1)),
        receive,
        lambda rows, size: taken.append((len(rows), size)),
    )
    await scan.run()
    assert sorted(size for _, size in taken) == [1_000 * number for number in range(1, len(source.asked) + 1)]
    assert sum(rows for rows, _ in taken) == 60


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_told_of_pages_adds_up_to_the_rows_that_came_each_once(seed):
    """A burst, and seconds that the ends of pages part: pages bring rows of others' windows, and rows again."""
    created = [NOW - 40 * n for n in range(900)] + [NOW - 9_000 - n // 4 for n in range(600)]
    told = []
    source = FakeStripe(rows_at(created), size=20, seed=seed, events=ListEvents(told.append))
    got, _ = await wary(source)
    pages = [one for one in told if isinstance(one, PageReceived)]
    assert sum(one.rows for one in pages) == len(got) == len(created)
