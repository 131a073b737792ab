"""One window's pages: what is asked for after each, where the end of a page may have parted a second."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from connector.core.api.page import Page
from connector.core.planning.absence.ties import Ties
from connector.core.planning.windows.walk import Density, Walk
from connector.core.time.intervals import Interval
from connector.errors import NotFoundError, ProtocolError
from connector.stripe.listing.walk import ALL_TIME, STARTING_AFTER, Place, WalkPages

pytestmark = pytest.mark.anyio
WINDOW, SECOND = Interval(3, 20), Interval(8, 9)


@dataclass
class Script:
    """Answers with these pages, or fails with these errors, and remembers what it was asked."""

    pages: list[Page | Exception]
    asked: list[tuple[Interval, Place]] = field(default_factory=list)

    async def page(self, window, place, *, urgency):
        urgency()
        self.asked.append((window, place))
        answer = self.pages.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def page(*rows: str, more: bool = False) -> Page:
    """A page of rows such as `8a`: the row `a` of second 8."""
    return Page([{"created": int(row[:-1]), "id": row[-1]} for row in rows], has_more=more)


def way_of(
    *pages: Page | Exception, unstable: tuple[int, ...] = (), window: Interval = WINDOW
) -> tuple[WalkPages, Script]:
    script = Script(list(pages))
    walk = Walk(window, floor=window.start, unread=window.stop, density=Density(memory=0.9), planned=0.0)
    return WalkPages(script, walk, Ties(unstable=set(unstable)), lambda: 0.0), script


async def ids_of_next(way: WalkPages) -> str:
    _, rows = await way.next()
    return "".join(row["id"] for row in rows)


async def test_a_page_is_followed_by_its_last_row():
    way, script = way_of(page("9a", "8b", more=True), page("7c"))
    assert [await ids_of_next(way), await ids_of_next(way), way.left()] == ["ab", "c", []]
    assert script.asked == [(WINDOW, Place()), (WINDOW, Place("b"))]


UNKNOWN = NotFoundError("No such balance transaction: 'b'", status=404, code="resource_missing", param=STARTING_AFTER)


@pytest.mark.parametrize("again", [("8b", "7c"), ("8d", "8b", "7c"), ("7c",)])
async def test_after_a_row_that_the_server_does_not_know_any_more_the_list_goes_on_by_time(again):
    way, script = way_of(page("9a", "8b", more=True), UNKNOWN, page(*again, more=True), page("6e"))
    new = "".join(row[-1] for row in again if row != "8b")
    assert [await ids_of_next(way), await ids_of_next(way), await ids_of_next(way)] == ["ab", new, "e"]
    assert script.asked == [
        (WINDOW, Place()),
        (WINDOW, Place("b")),
        (Interval(WINDOW.start, 9), Place()),
        (WINDOW, Place("c")),
    ]


@pytest.mark.parametrize("more", [True, False])
async def test_where_nothing_new_comes_by_time_a_row_that_is_not_known_any_more_breaks_the_contract(more):
    way, _ = way_of(page("9a", "8b", more=True), UNKNOWN, page("8b", more=more))
    await way.next()
    with pytest.raises(ProtocolError, match="b was listed, and is not known"):
        await way.next()


async def test_any_other_refusal_of_a_page_is_passed_on():
    no_payout = NotFoundError("No such payout: 'po_1'", status=400, code="resource_missing", param="payout")
    way, _ = way_of(page("9a", "8b", more=True), no_payout)
    await way.next()
    with pytest.raises(NotFoundError, match="No such payout"):
        await way.next()


async def test_a_second_that_fills_a_page_and_does_not_go_on_is_not_read_again():
    way, script = way_of(page("8a", "8b", more=True), page("7c"))
    assert [await ids_of_next(way), await ids_of_next(way), way.left()] == ["ab", "c", []]
    assert len(script.asked) == 2


async def test_a_second_that_the_end_of_a_page_parted_is_left_to_be_counted_once():
    way, _ = way_of(page("9a", "8b", more=True), page("8c", "7d"))
    assert [await ids_of_next(way), await ids_of_next(way)] == ["ab", "cd"]
    assert (way.left(), way.left()) == ([(8, {"b", "c"})], [])


async def test_a_second_of_more_than_a_page_is_read_once_more_from_below_by_pages_at_rows_where_one_ended():
    way, script = way_of(page("8a", "8b", more=True), page("8c", "7d"), page("8a"), page("8a", "8b"))
    assert [await ids_of_next(way), await ids_of_next(way), way.left()] == ["ab", "cd", []]
    assert script.asked[2:] == [(SECOND, Place(ending_before="b")), (SECOND, Place(ending_before="c"))]
    assert way.ties.unstable == set()


async def test_where_such_pages_show_another_row_the_second_is_read_from_its_oldest_row_up_and_what_was_missed_comes():
    way, script = way_of(page("8a", "8b", more=True), page("8c", "7d"), page("8a", "8x"), page("8a", "8x", "8b"))
    assert [await ids_of_next(way), await ids_of_next(way), way.left()] == ["ab", "xcd", []]
    assert script.asked[2:] == [(SECOND, Place(ending_before="b")), (SECOND, Place(ending_before="c"))]
    assert way.ties.unstable == {8}


@pytest.mark.parametrize("above", [[page("8a", more=True)], [page("8a"), page("8a")]])
async def test_where_such_pages_do_not_meet_the_second_is_read_from_its_oldest_row_up(above):
    """The first says that there is more above it; the second does not reach the first."""
    way, script = way_of(page("8a", "8b", more=True), page("8c", "7d"), *above, page("8a", "8b"))
    assert [await ids_of_next(way), await ids_of_next(way), way.left()] == ["ab", "cd", []]
    assert (script.pages, way.ties.unstable) == ([], set())


async def test_a_server_that_shows_the_cursors_own_row_above_it_knows_no_such_cursor():
    way, script = way_of(page("8a", "8b", more=True), page("8c", "7d"), page("8a", "8b"), page("8b", "8c", more=True))
    assert [await ids_of_next(way), await ids_of_next(way)] == ["ab", "cd"]
    assert (script.pages, way.ties.unstable) == ([], set())


# A page that promised more --------------------------------------------------------------------------------------------


async def test_rows_that_were_promised_and_did_not_come_are_asked_for_by_time_with_their_whole_second():
    way, script = way_of(page("9a", "8b", more=True), page(), page("8b", "8c", "7d"))
    assert [await ids_of_next(way), await ids_of_next(way), way.left()] == ["ab", "cd", []]
    assert script.asked[1:] == [(WINDOW, Place("b")), (Interval(3, 9), Place())]


async def test_where_time_brings_nothing_new_the_cursor_is_followed_without_bounds_and_what_is_older_left_out():
    way, script = way_of(page("9a", "8b", more=True), page(), page("8b"), page("8c", "2d", more=True))
    await way.next()
    found, rows = await way.next()
    assert ([row["id"] for row in rows], found.has_more, len(found.rows)) == (["c"], False, 1)
    assert script.asked[2:] == [(Interval(3, 9), Place()), (ALL_TIME, Place("b"))]
    assert way.left() == [(8, {"b", "c"})]


async def test_a_row_of_the_windows_first_second_is_not_older_than_the_window():
    way, _ = way_of(page("9a", "8b", more=True), page(), page("8b"), page("7c", "3d", more=True))
    await way.next()
    found, rows = await way.next()
    assert ([row["id"] for row in rows], found.has_more) == (["c", "d"], True)


@pytest.mark.parametrize(
    "pages",
    [[page(more=True)], [page("8b", more=True), page(more=True)], [page("8b", more=True), page(), page("8b"), page()]],
)
async def test_a_promise_that_nothing_keeps_is_an_error_of_the_window(pages):
    way, script = way_of(*pages)
    for _ in pages[1:2]:
        await way.next()
    with pytest.raises(ProtocolError, match="empty page where more rows were promised") as caught:
        await way.next()
    assert (caught.value.window, script.pages) == ((3, 20), [])


# Where the order of a second has been seen to change ------------------------------------------------------------------


async def test_a_page_by_time_that_repeats_its_second_whole_needs_no_second_look():
    way, script = way_of(page("9a", "8b", more=True), page("8b", "8c", "7d"), unstable=(15,))
    assert [await ids_of_next(way), await ids_of_next(way), way.left()] == ["ab", "cd", []]
    assert script.asked == [(WINDOW, Place()), (Interval(3, 9), Place())]


async def test_a_page_by_time_that_lacks_what_was_seen_says_nothing_and_the_cursor_is_followed():
    after = page("8c", "7d"), page("8c", "7d"), page("8b")
    way, script = way_of(page("9a", "8b", more=True), *after, unstable=(15,))
    assert [await ids_of_next(way), await ids_of_next(way)] == ["ab", "cd"]
    assert script.asked[1:3] == [(Interval(3, 9), Place()), (WINDOW, Place("b"))]
    assert script.asked[3:] == [(SECOND, Place(ending_before="c"))]  # a page above it reaches the second's first row


async def test_a_second_of_more_than_a_page_whose_order_changed_is_read_by_itself_and_then_what_is_below():
    parts = page("8a", "8c", more=True), page("8b")
    way, script = way_of(page("8a", "8b", more=True), page("8a", "8c", more=True), *parts, page("7d"))
    assert [await ids_of_next(way), await ids_of_next(way)] == ["ab", "cd"]
    assert script.asked[2:] == [(SECOND, Place()), (SECOND, Place("c")), (Interval(3, 8), Place())]
    assert (way.ties.unstable, way.order.oldest, way.order.last_id) == ({8}, 7, "d")


async def test_below_the_windows_first_second_there_is_nothing_to_ask_for():
    first = Interval(8, 20)
    parts = page("8a", "8c", more=True), page("8b")
    way, script = way_of(page("8a", "8b", more=True), page("8a", "8c", more=True), *parts, window=first)
    await way.next()
    found, rows = await way.next()
    assert ([row["id"] for row in rows], found.rows, found.has_more, script.pages) == (["c"], [], False, [])


async def test_what_is_promised_below_a_second_read_by_itself_has_to_come():
    parts = page("8a", "8b", "8c"), page(more=True)
    way, _ = way_of(page("8a", "8b", more=True), page("8a", "8c", more=True), *parts)
    await way.next()
    with pytest.raises(ProtocolError, match="promised"):
        await way.next()


async def test_a_reading_that_lacks_a_row_is_followed_by_one_from_its_other_end():
    begin = page("8a", "8b", more=True), page("8b", "8a", more=True)
    way, script = way_of(*begin, page("8a", "8c"), page("8a", "8b"), page("7d"))
    assert [await ids_of_next(way), await ids_of_next(way)] == ["ab", "cd"]
    assert script.asked[2:4] == [(SECOND, Place()), (SECOND, Place(ending_before="c"))]


async def test_a_reading_that_shows_nothing_is_done_again_from_the_same_end():
    begin = page("8a", "8b", more=True), page("8b", "8a", more=True)
    way, script = way_of(*begin, page(), page("8a", "8b"), page("7d"))
    assert [await ids_of_next(way), await ids_of_next(way)] == ["ab", "d"]
    assert script.asked[2:4] == [(Interval(8, 9), Place())] * 2


async def test_readings_of_which_no_two_agree_are_an_error_of_their_second():
    begin = page("8a", "8b", more=True), page("8b", "8a", more=True)
    way, _ = way_of(*begin, page("8a"), page(), page("8b"), page())
    await way.next()
    with pytest.raises(ProtocolError, match="the rows of the second 8 come in another order") as caught:
        await way.next()
    assert caught.value.window == (8, 9)


async def walked(way: WalkPages, pages: int) -> None:
    for _ in range(pages):
        await way.next()


async def test_a_row_that_comes_in_two_seconds_of_a_long_window_is_found_at_its_end():
    window = Interval(0, 10_000)
    rows = [{"created": 9_000 - number, "id": f"{number}"} for number in range(2_500)]
    rows[2_450]["id"] = "7"
    pages = [Page(rows[start : start + 100], has_more=start < 2_400) for start in range(0, 2_500, 100)]
    way, _ = way_of(*pages, window=window)
    with pytest.raises(ProtocolError, match="twice"):
        await walked(way, len(pages))
    floored, _ = way_of(*pages, window=window)
    floored.walk.floor = 9_000 - 2_460
    pages[-1] = replace(pages[-1], has_more=True)
    with pytest.raises(ProtocolError, match="twice"):
        await walked(floored, len(pages))
