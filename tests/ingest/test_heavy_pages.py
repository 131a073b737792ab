"""Pages of expanded objects that the server does not manage come in smaller pieces: no row lost, none twice."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.planning.windows.frontier import Frontier
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.errors import InvalidRequestError, ServerError, TransportError
from connector.stripe.listing.place import Place
from connector.stripe.listing.query import ListSource, Query
from connector.stripe.listing.scan import Scan
from tests.support import lakes
from tests.support.examples import examples
from tests.support.fakes import FakeStripe, FakeTransport, client_over, ok, refused, rows_at

EXPANDED = Query(expand=("data.source",))


def heavy(rows, most, *, also=lambda _: None):
    """Answer as a list does, but fail on pages of more than `most(number of the request)` rows."""
    source, count = FakeStripe(rows), 0

    def answer(request):
        nonlocal count
        count += 1
        query = dict(parse_qsl(urlsplit(request.url).query))
        source.size = int(query["limit"])
        window = Interval(int(query.get("created[gte]", 0)), int(query.get("created[lt]", END_OF_TIME)))
        page = source.answer(window, query.get("starting_after"), query.get("ending_before"))
        if len(page.rows) > most(count):
            return refused(500)
        return also(count) or ok({"object": "list", "data": page.rows, "has_more": page.has_more, "url": "/v1/x"})

    return answer


def read(answer, query: Query = EXPANDED) -> tuple[list[str], FakeTransport]:
    """Walk everything, and return the ids as they came."""
    transport, got = FakeTransport(by=answer), list[str]()

    async def receive(received: Any) -> None:
        got.extend(row["id"] for row in received.rows)

    async def go() -> None:
        source = ListSource(client_over(transport), query)
        await Scan(source, Frontier(Intervals.span(0, END_OF_TIME)), receive).run()

    asyncio.run(go())
    return got, transport


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(st.integers(1, 400), max_size=400),
    st.lists(st.integers(1, 120), min_size=1, max_size=5),
    st.integers(0, 3),
)
def test_every_row_comes_once_whatever_the_server_manages(seconds, limits, seed):
    rows = rows_at(seconds, shuffle=seed)
    got, _ = read(heavy(rows, lambda number: limits[number // 7 % len(limits)]))
    assert sorted(got) == sorted(row["id"] for row in rows)


def test_what_the_server_manages_is_found_in_a_few_requests_and_kept_to():
    rows = rows_at(range(3_000))
    got, transport = read(heavy(rows, lambda _: 30))
    failed = len(transport.sent) - len(rows) / 25
    assert len(got) == 3_000
    assert failed < 40


def test_pages_grow_again_when_the_server_has_recovered():
    got, transport = read(heavy(rows_at(range(6_000)), lambda number: 10 if number < 20 else 100))
    assert len(got) == 6_000
    sizes = [int(dict(parse_qsl(urlsplit(one.url).query))["limit"]) for one in transport.sent]
    assert sizes[25] <= 10
    assert sizes[-1] == 100


def test_plain_rows_do_not_fail_by_their_size_and_stay_at_a_hundred():
    transport = FakeTransport(by=lambda _: refused(500))
    with pytest.raises(ServerError):
        asyncio.run(page_of(transport, Query()))
    assert {dict(parse_qsl(urlsplit(one.url).query))["limit"] for one in transport.sent} == {"100"}
    assert len(transport.sent) == 4


@pytest.mark.parametrize("answer", [lambda _: refused(500), lambda _: TransportError("no complete answer in time")])
def test_a_server_that_manages_nothing_is_given_up_after_the_schedule_for_a_single_row(answer):
    transport = FakeTransport(by=answer)
    with pytest.raises((ServerError, TransportError)):
        asyncio.run(page_of(transport, EXPANDED))
    sizes = [int(dict(parse_qsl(urlsplit(one.url).query))["limit"]) for one in transport.sent]
    assert sizes == [100, 100, 50, 50, 25, 25, 12, 12, 6, 6, 3, 3, 1, 1, 1, 1]


def test_a_refusal_is_no_matter_of_size():
    transport = FakeTransport(by=lambda _: refused(400, "This property cannot be expanded (x)."))
    with pytest.raises(InvalidRequestError):
        asyncio.run(page_of(transport, EXPANDED))
    assert len(transport.sent) == 1


async def page_of(transport, query):
    source = ListSource(client_over(transport), query)
    return await source.page(Interval(0, END_OF_TIME), Place(), urgency=lambda: 0.0)


def test_a_lake_of_expanded_rows_is_complete_though_large_pages_fail(tmp_path):
    with lakes.sandbox(lakes.world(600), faults=["heavy-page:rows=25"]) as served:
        report = lakes.run(tmp_path / "lake", served, expand=["source"])
        held = lakes.objects(tmp_path / "lake")
        assert [row["id"] for row in held] == [row["id"] for row in lakes.truth(served)]
        assert sum(isinstance(row["source"], dict) for row in held) > 500
        assert report.requests.statuses["500"] < 40
