"""One list over the network: what is asked for, how many rows at once, and how many requests in flight."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from connector.core.api.retry import RetryPolicy
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME
from connector.errors import ApiError
from connector.stripe.listing.query import ListSource, Query
from connector.stripe.listing.walk import Place
from tests.support.fakes import Clock, FakeTransport, client_over, listing, refused, rows_at

pytestmark = pytest.mark.anyio


def source_over(transport, *, sharers=1, size=100, expand=(), **settings):
    client = client_over(transport, retry=RetryPolicy(attempts=4), **settings)
    return ListSource(client, Query(limit=size, expand=expand), lambda: sharers)


@pytest.mark.parametrize(
    ("window", "bounds"),
    [
        (Interval(0, END_OF_TIME), {}),
        (Interval(0, 9), {"lt": 9}),
        (Interval(1, END_OF_TIME), {"gte": 1}),
        (Interval(1, END_OF_TIME - 1), {"gte": 1, "lt": END_OF_TIME - 1}),
    ],
)
def test_a_window_is_asked_for_by_the_bounds_that_it_has(window, bounds):
    asked = source_over(FakeTransport()).parameters(window, Place("txn_a"))
    assert (asked["created"], asked["starting_after"], asked["ending_before"]) == (bounds, "txn_a", None)
    assert source_over(FakeTransport()).parameters(window, Place(ending_before="txn_b"))["ending_before"] == "txn_b"


@pytest.mark.parametrize(("rows", "full"), [(2, False), (3, True)])
async def test_a_page_with_as_many_rows_as_were_asked_for_is_full(rows, full):
    source = source_over(FakeTransport(by=listing(rows_at(range(rows)), size=3)), size=3)
    page = await source.page(Interval(0, END_OF_TIME), Place(), urgency=lambda: 0.0)
    assert (len(page.rows), page.is_full, page.has_more) == (rows, full, False)


@pytest.mark.parametrize(("sharers", "share"), [(0, 1), (1, 1), (2, 2), (99, 99)])
async def test_readers_share_the_requests_in_flight_and_each_has_one(sharers, share):
    clock, rows = Clock(), listing(rows_at(range(9)))

    def answer(request):
        clock.time += 0.5
        return rows(request)

    client = client_over(FakeTransport(by=answer), clock=clock, rate=20.0)
    source = ListSource(client, Query(), lambda: sharers)
    await source.page(Interval(0, END_OF_TIME), Place(), urgency=lambda: 0.0)
    alone = client.width(source.query.endpoint)
    assert 8 < alone < 99
    assert source.width() == pytest.approx(max(1.0, alone / share))
    assert ListSource(client, Query()).width() == pytest.approx(alone)


async def sizes_asked(answers: int, status: int, *, size: int, expand=("data.source",)):
    """Sizes of the pages asked for while those answers fail, and what the last one failed with; None where one came."""
    rows, sent = listing(rows_at(range(200)), size=1), []

    def answer(request):
        sent.append(int(dict(parse_qsl(urlsplit(request.url).query))["limit"]))
        return refused(status) if len(sent) <= answers else rows(request)

    source = source_over(FakeTransport(by=answer), size=size, expand=expand)
    try:
        await source.page(Interval(0, END_OF_TIME), Place(), urgency=lambda: 0.0)
    except ApiError as error:
        return sent, error.status
    return sent, None


async def test_a_heavy_page_that_fails_twice_is_asked_for_in_halves():
    assert await sizes_asked(4, 500, size=4) == ([4, 4, 2, 2, 1], None)
    assert await sizes_asked(2, 500, size=2) == ([2, 2, 1], None)


async def test_a_page_of_one_row_cannot_become_smaller_and_is_tried_as_often_as_any():
    assert await sizes_asked(9, 500, size=1) == ([1] * 4, 500)


async def test_plain_rows_do_not_fail_by_their_size():
    assert await sizes_asked(9, 500, size=4, expand=()) == ([4] * 4, 500)


async def test_what_is_wrong_with_a_request_is_not_its_size():
    assert await sizes_asked(9, 400, size=4) == ([4], 400)
