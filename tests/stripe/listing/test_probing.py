"""What reading some time is going to take, by a few pages of it."""

from __future__ import annotations

from math import ceil, inf

import pytest

from connector.core.planning.survey.expected import OVERHEAD, PROBES, Expected
from connector.core.time.intervals import Interval, Intervals
from connector.events import PageReceived
from connector.stripe.listing.probing import FEW, SURVEYED, expect
from connector.stripe.listing.query import Query
from tests.support.fakes import NOW, FakeTransport, client_over, listing, rows_at

pytestmark = pytest.mark.anyio
DAY = 86_400


async def expected(created, todo, *, begun=0, now=NOW, few=False):
    """What is expected, the requests that it took, and what was told of them."""
    transport, told = FakeTransport(by=listing(rows_at(sorted(created, reverse=True)))), []
    client = client_over(transport)
    client.on_event = told.append
    found = await expect(client, Query(), todo, begun=begun, now=now, few=few)
    pages = [one for one in told if isinstance(one, PageReceived)]
    assert found.probes == len(pages)
    return found, len(transport.sent), pages


def parts(*spans):
    return Intervals.of(Interval(NOW - start, NOW - stop) for start, stop in spans)


async def test_a_page_that_holds_all_is_what_there_is():
    found, sent, (page,) = await expected([NOW - 9, NOW - 5], parts((DAY, 0)))
    assert (found, sent) == (Expected(2, 1, 1, exact=True), 1)
    assert (page.rows, page.newest, page.oldest, page.pages_left) == (2, NOW - 5, NOW - 9, inf)


@pytest.mark.parametrize("begun", [NOW, NOW + 5])
async def test_of_an_account_that_begins_now_nothing_is_expected_and_nobody_is_asked(begun):
    found, sent, _ = await expected([NOW - 9], parts((DAY, -DAY)), begun=begun)
    assert (found, sent) == (Expected(), 0)


async def test_an_account_whose_begin_nobody_knows_may_have_rows_of_its_first_second():
    found, _, _ = await expected([0, 5], Intervals.span(0, 10))
    assert found.rows == 2


async def test_what_lies_before_the_begin_or_after_now_is_not_asked_about():
    found, _, _ = await expected([NOW - 9 * DAY, NOW - 5], parts((10 * DAY, -DAY)), begun=NOW - DAY)
    assert found == Expected(1, 1, 1)


async def test_of_many_intervals_the_longest_are_asked_about_and_the_others_are_like_them():
    """Four of a day, eight of half a day; each second has the same rows."""
    long = [(day * DAY, (day - 1) * DAY) for day in (24, 20, 16)]
    short = [(day * DAY, day * DAY - DAY // 2) for day in range(2, 14, 2)]
    created = [NOW - 24 * DAY + 3_600 * hour for hour in range(24 * 24)]
    found, sent, _ = await expected(created, parts(*long, *short))
    assert (found.rows, sent) == (3 * 24 + 6 * 12, SURVEYED)
    assert (found.requests, found.exact) == (SURVEYED + len(short), False)  # at least one of each


async def test_the_requests_of_what_was_not_asked_about_go_by_its_rows_where_these_are_many():
    created = [NOW - 5 * DAY + 60 * minute for minute in range(5 * 24 * 60)]
    todo = parts(*((day * DAY, (day - 1) * DAY + 1) for day in range(1, 6)))
    found, _, _ = await expected(created, todo)
    per_day = 24 * 60
    assert abs(found.rows - 5 * per_day) <= 0.02 * 5 * per_day
    least = ceil(5 * per_day / 100 * OVERHEAD)
    assert least <= found.requests <= least + 3


async def test_of_one_account_among_several_only_a_few_pages_of_the_longest_interval_are_asked_for():
    created = [NOW - 50 * DAY + 600 * number for number in range(50 * 144)]
    todo = parts((40 * DAY, 10 * DAY), (5 * DAY, 0))
    few, sent_few, _ = await expected(created, todo, few=True)
    _, sent, _ = await expected(created, todo)
    assert sent_few == FEW < sent <= 2 * PROBES
    assert abs(few.rows - 35 * 144) <= 0.02 * 35 * 144


async def test_nothing_to_read_takes_nothing():
    found, sent, _ = await expected([NOW - 5], Intervals())
    assert (found, sent) == (Expected(), 0)
