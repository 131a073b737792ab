"""Lists as blocks: every row once, in order where asked, and nothing left behind."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.core.api.page import decode_page
from connector.core.api.protocol import Response
from connector.core.planning.windows.frontier import Frontier
from connector.core.time.intervals import Intervals
from connector.core.time.times import END_OF_TIME
from connector.errors import AuthenticationError, ProtocolError, UsageError
from connector.stripe.api import Stripe, checked_transaction_id
from connector.stripe.listing.place import Place
from connector.stripe.listing.query import ORDERED, InOrder, ListSource, Query, in_each_row, pages
from connector.stripe.listing.scan import Scan
from connector.stripe.listing.walk import ALL_TIME
from connector.tables.transaction import decode_transactions
from tests.support.examples import examples, slow_but
from tests.support.fakes import (
    ENDLESS_SECONDS,
    NOW,
    Clock,
    FakeStripe,
    FakeTransport,
    client_over,
    config,
    listing,
    ok,
    refused,
    rows_at,
    turns,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from connector.core.api.page import Page, Row
    from connector.stripe.client import Client

pytestmark = pytest.mark.anyio
EVERYTHING = Intervals.span(0, END_OF_TIME)

histories = st.lists(
    st.tuples(st.integers(0, 10**7), st.integers(1, 250), st.sampled_from([0, 1, 60, 3_600])), max_size=8
).map(lambda several: [NOW - age - step * n for age, count, step in several for n in range(count)])


def client_of(rows: list[Row], *, seed: int = 0, size: int = 100, **settings) -> tuple[Client, FakeTransport]:
    """A client of a server that answers in any order, so late that several windows are walked at once."""
    answer, chance, clock = listing(rows, size=size), random.Random(seed), Clock()

    async def later(request):
        for _ in range(chance.randrange(8)):
            await asyncio.sleep(0)
        clock.time += 0.01
        return answer(request)

    transport = FakeTransport(by=later)
    return client_over(transport, clock=clock, **settings), transport


async def collected(client: Client, *, within: Intervals = EVERYTHING, size: int = 100, **how: Any) -> list[str]:
    async with pages(client, Query(limit=size), within=within, **how) as stream:
        return [row["id"] async for page in stream for row in page]


@settings(deadline=None, max_examples=examples(60))
@example(created=[NOW] * 800 + [NOW - 338] * 100, ties=0, ordered=False)  # a witness ends with a full page
@given(created=histories, ties=st.integers(0, 2**32), ordered=st.booleans())
def test_every_row_comes_once_and_newest_first_where_that_was_asked_for(created, ties, ordered):
    rows = rows_at(created, shuffle=ties)
    client, _ = client_of(rows, seed=ties)
    found = asyncio.run(collected(client, ordered=ordered))
    expected = [row["id"] for row in rows]
    assert found == expected if ordered else sorted(found) == sorted(expected)


@settings(deadline=None, max_examples=examples(60))
@given(
    created=histories,
    ties=st.integers(0, 2**32),
    parts=st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 10**6)), min_size=1, max_size=4),
    ordered=st.booleans(),
)
def test_several_stretches_of_time_come_as_one_list(created, ties, parts, ordered):
    rows = rows_at(created, shuffle=ties)
    within = Intervals()
    for age, length in parts:
        within = within.union(Intervals.span(NOW - age, NOW - age + length))
    client, _ = client_of(rows, seed=ties)
    found = asyncio.run(collected(client, within=within, ordered=ordered))
    expected = [row["id"] for row in rows if row["created"] in within]
    assert found == expected if ordered else sorted(found) == sorted(expected)


@settings(deadline=None, max_examples=examples(150))
@example(created=[NOW] * 218 + [NOW - 267, NOW - 4_803], seed=0, size=3, look_ahead=1, in_flight=1)  # a doubt lapses
@given(
    created=histories,
    seed=st.integers(0, 2**32),
    size=st.integers(3, 40),
    look_ahead=st.integers(1, 3),
    in_flight=st.integers(1, 8),
)
def test_ordered_reading_never_waits_for_itself_however_little_is_kept(created, seed, size, look_ahead, in_flight):
    rows = rows_at(created, shuffle=seed)
    client, _ = client_of(rows, seed=seed, size=size, max_in_flight=in_flight)
    assert asyncio.run(collected(client, ordered=True, look_ahead=look_ahead)) == [row["id"] for row in rows]


@pytest.mark.parametrize("number", range(1, 13))
@pytest.mark.parametrize("lie", [{"rows": [], "has_more": False}, {"has_more": False}])
async def test_a_false_end_keeps_nothing_back_from_ordered_reading(number, lie):
    rows = rows_at(NOW - 900 * n for n in range(2_000))
    got: list[str] = []

    async def take(page: list[Row]) -> None:
        got.extend(row["id"] for row in page)

    def lying(page: Page, asked: int, *_: object) -> Page:
        return replace(page, **lie) if asked == number else page

    frontier = Frontier(EVERYTHING, tuning=ORDERED, wary=True, usual=None)
    queue = InOrder(frontier, take, look_ahead=5)
    async with asyncio.timeout(ENDLESS_SECONDS):
        await Scan(FakeStripe(rows, spoil=lying), frontier, queue.receive, opens_more=queue.next_can_be_opened).run()
        await queue.pass_on()
    assert got == [row["id"] for row in rows]


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("shown", [0, 1, 99])
@pytest.mark.parametrize("number", slow_but(range(1, 34, 8), range(1, 34, 2)))
async def test_one_answer_that_is_cut_short_and_called_the_end_hides_few_rows_of_a_stream(number, shown, ordered):
    chance = random.Random(7)
    rows = rows_at(sorted(chance.randrange(NOW - 10**7, NOW) for _ in range(2_000)))
    client, transport = client_of(rows)
    honest, asked = transport.by, 0

    async def lying(request):
        nonlocal asked
        asked += 1
        if asked != number:
            return await honest(request)
        answer = orjson.loads((await honest(request)).body)
        return ok({**answer, "data": answer["data"][:shown], "has_more": False})

    transport.by = lying
    got = await collected(client, ordered=ordered)
    assert len(got) == len(set(got))
    assert len(rows) - len(got) < 40
    assert asked < 70  # what a lie hid is read again with its window, of up to a hundred pages


def long_history(count: int = 12_000) -> list[Row]:
    chance = random.Random(3)
    return rows_at(chance.randrange(NOW - 10**8, NOW) for _ in range(count))


@pytest.mark.parametrize("look_ahead", slow_but([2], [2, 100]))
async def test_ordered_reading_keeps_a_bounded_number_of_pages_however_slow_the_reader(look_ahead):
    rows = long_history()
    client, transport = client_of(rows, max_in_flight=10)
    seen: list[str] = []
    ahead = 0
    ordered = pages(client, Query(), within=EVERYTHING, ordered=True, look_ahead=look_ahead)
    async with asyncio.timeout(ENDLESS_SECONDS), ordered as stream:
        async for page in stream:
            seen += [row["id"] for row in page]
            for _ in range(20):
                await asyncio.sleep(0)
            ahead = max(ahead, len(transport.sent) - len(seen) // 100)
    assert seen == [row["id"] for row in rows]
    assert ahead <= look_ahead + 60  # what is kept, what waits in the stream, and what the open walks hold


async def test_a_reader_who_stops_stops_the_reading():
    client, transport = client_of(long_history(), max_in_flight=5)
    async with pages(client, Query(), within=EVERYTHING) as stream:
        await anext(aiter(stream))
        await turns()
        asked = len(transport.sent)
        await turns()
        assert len(transport.sent) == asked < 60


@asynccontextmanager
async def nothing_left_behind(client: Client, transport: FakeTransport) -> AsyncGenerator[None]:
    before = asyncio.all_tasks()
    yield
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before
    assert transport.flying == 0
    assert client.gate.pace.cap.flying == 0
    assert client.gate._timer is None


@pytest.mark.parametrize("ordered", [False, True])
async def test_leaving_early_leaves_nothing_behind(ordered):
    client, transport = client_of(long_history(3_000))
    left_behind = nothing_left_behind(client, transport)
    async with left_behind, pages(client, Query(), within=EVERYTHING, ordered=ordered) as stream:
        async for _ in stream:
            break


async def test_leaving_does_not_wait_for_a_server_that_never_answers():
    answer = listing(long_history(3_000))

    async def stuck(request):
        if len(transport.sent) > 2:
            await asyncio.Event().wait()
        return answer(request)

    transport = FakeTransport(by=stuck)
    client = client_over(transport)
    left_behind = nothing_left_behind(client, transport)
    async with asyncio.timeout(ENDLESS_SECONDS), left_behind, pages(client, Query(), within=EVERYTHING) as stream:
        await anext(aiter(stream))


@pytest.mark.parametrize("ordered", [False, True])
async def test_an_exception_in_the_block_is_raised_as_it_is_and_leaves_nothing_behind(ordered):
    client, transport = client_of(long_history(3_000))

    async def read() -> None:
        async with pages(client, Query(), within=EVERYTHING, ordered=ordered) as stream:
            async for _ in stream:
                raise KeyError("mine")

    async with nothing_left_behind(client, transport):
        with pytest.raises(KeyError, match="mine"):
            await read()


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("requests", [0, 1, 20])
async def test_cancellation_leaves_nothing_behind(ordered, requests):
    client, transport = client_of(long_history())
    async with nothing_left_behind(client, transport):
        task = asyncio.create_task(collected(client, ordered=ordered))
        await asyncio.sleep(0)
        while len(transport.sent) < requests:  # noqa: ASYNC110 - of the client, which tells nobody
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_never_reading_leaves_nothing_behind():
    client, transport = client_of(long_history(3_000))
    async with nothing_left_behind(client, transport), pages(client, Query(), within=EVERYTHING):
        await turns()


@pytest.mark.parametrize("ordered", [False, True])
async def test_an_error_ends_the_stream_after_the_sound_pages_before_it(ordered):
    rows = long_history(4_000)
    answer, count = listing(rows), 0

    def failing(request):
        nonlocal count
        count += 1
        return answer(request) if count < 15 else refused(401, "key revoked")

    transport = FakeTransport(by=failing)
    client = client_over(transport)
    seen: list[Row] = []

    async def read() -> None:
        async with pages(client, Query(), within=EVERYTHING, ordered=ordered) as stream:
            async for page in stream:
                seen.extend(page)

    async with nothing_left_behind(client, transport):
        with pytest.raises(AuthenticationError, match="key revoked"):
            await read()
    assert len({row["id"] for row in seen}) == len(seen) < len(rows)
    if ordered:
        assert seen == rows[: len(seen)]


DAMAGED = [b'{"object": "list", "data": [{"id": "x", "amount": 1o0}], "has_more": false}', b'{"data": "\xff"}']


@pytest.mark.parametrize("body", DAMAGED)
@pytest.mark.parametrize("decode", [decode_page, decode_transactions])
async def test_a_page_that_is_damaged_within_is_asked_for_again_on_another_connection(body, decode):
    whole = ok({"object": "list", "data": [], "has_more": False})
    transport = FakeTransport([Response(200, {}, body, connection=3)] * 3 + [whole])
    source = ListSource(client_over(transport), decode=decode)
    assert (await source.page(ALL_TIME, Place(), urgency=lambda: 0.0)).rows == []
    assert [request.fresh for request in transport.sent] == [False, True, True, True]
    assert not transport.distrusted


async def test_a_page_that_stays_damaged_within_is_to_be_tried_again_later():
    transport = FakeTransport([Response(200, {}, DAMAGED[0], connection=3)] * 4)
    with pytest.raises(ProtocolError, match="not JSON") as caught:
        await ListSource(client_over(transport)).page(ALL_TIME, Place(), urgency=lambda: 0.0)
    assert (caught.value.exit_code, len(transport.sent), transport.distrusted) == (75, 4, {3})


async def test_a_page_that_breaks_the_contract_is_asked_for_once():
    transport = FakeTransport([ok({"object": "list", "data": [1], "has_more": False})])
    with pytest.raises(ProtocolError) as caught:
        await ListSource(client_over(transport)).page(ALL_TIME, Place(), urgency=lambda: 0.0)
    assert (caught.value.exit_code, len(transport.sent)) == (65, 1)


async def test_an_error_with_nobody_reading_is_not_shouted_about():
    client = client_over(FakeTransport(by=lambda _: refused(401)))
    async with pages(client, Query(), within=EVERYTHING):
        await turns()


async def test_an_ended_stream_stays_ended_and_a_failed_one_failed():
    client, _ = client_of(rows_at([NOW]))
    async with pages(client, Query(), within=EVERYTHING) as stream:
        assert [len(page) async for page in stream] == [1]
        assert [page async for page in stream] == []
    client = client_over(FakeTransport(by=lambda _: refused(401)))
    async with pages(client, Query(), within=EVERYTHING) as stream:
        for _ in range(2):
            with pytest.raises(AuthenticationError):
                await anext(aiter(stream))


async def test_a_row_in_the_wrong_place_ends_the_stream_with_a_protocol_error():
    body = {"object": "list", "has_more": False, "data": [{"id": "a", "created": 5}, {"id": "b", "created": 6}]}
    with pytest.raises(ProtocolError, match="newest first"):
        await collected(client_over(FakeTransport(by=lambda _: ok(body))))


def stripe_over(transport: FakeTransport) -> Stripe:
    stripe = Stripe(config())
    stripe._client = client_over(transport)
    return stripe


async def test_filters_bounds_and_expansions_are_written_as_stripe_reads_them():
    transport = FakeTransport(by=listing([]))
    stripe = stripe_over(transport)
    bounds = {"created_gte": "2026-01-01", "created_lt": 1_767_225_700}
    async with stripe.balance_transactions(**bounds, payout="po_1", type=None, expand=["source"]) as stream:
        assert [page async for page in stream] == []
    query = transport.sent[0].url.partition("?")[2].split("&")
    assert sorted(query) == sorted(
        ["payout=po_1", "created[gte]=1767225600", "created[lt]=1767225700", "limit=100", "expand[]=data.source"]
    )


@pytest.mark.parametrize(("filters", "said"), [({"type": "charge"}, "type"), ({"currency": "eur"}, "currency")])
async def test_rows_that_were_filtered_away_end_the_stream(filters, said):
    rows = [one | {"type": "payout", "currency": "usd"} for one in rows_at([NOW])]
    with pytest.raises(ProtocolError, match=f"whose {said} is"):
        async with stripe_over(FakeTransport(by=listing(rows))).balance_transactions(**filters) as stream:
            assert [page async for page in stream] == []


@pytest.mark.parametrize(
    "arguments",
    [{"colour": "red"}, {"created_gte": 5, "created_lt": 5}, {"created_gte": "soon"}, {"created_lt": -1}],
)
async def test_what_cannot_be_asked_for_is_refused_before_anything_is_sent(arguments):
    transport = FakeTransport()
    with pytest.raises(UsageError):
        async with stripe_over(transport).balance_transactions(**arguments):
            pass
    assert transport.sent == []


async def test_outside_its_block_there_is_no_connection():
    stripe = Stripe(config())
    with pytest.raises(UsageError, match="async with"):
        await stripe.balance()
    async with stripe:
        assert stripe.meter.requests == 0
    with pytest.raises(UsageError):
        await stripe.balance()


@pytest.mark.parametrize(
    ("text", "hint"),
    [("ch_1", "a charge"), ("po_1", "a payout"), ("", "begins with txn_"), ("txn_a/b", "txn_"), ("txn_ b", "txn_")],
)
def test_another_objects_id_is_refused_by_what_it_looks_like(text, hint):
    with pytest.raises(UsageError, match=hint):
        checked_transaction_id(text)
    assert checked_transaction_id(" txn_1Abc\n") == "txn_1Abc"


def test_one_path_to_expand_may_stand_by_itself():
    assert in_each_row("source") == in_each_row(["source"]) == ("data.source",)


async def test_a_stream_hears_a_second_witness_unless_it_is_told_not_to_be_wary():
    """An end far too early, in the middle of a busy time: once nobody doubts it, rows are lost."""
    rows = rows_at(NOW - 900 * n for n in range(2_000))
    served, lies = listing(rows), []

    def answer(request):
        response = served(request)
        page = orjson.loads(response.body)
        if not lies and len(page["data"]) == 100 and page["data"][-1]["created"] < NOW - 900 * 500:
            lies.append(request)
            return ok({**page, "has_more": False})
        return response

    found = await collected(client_over(FakeTransport(by=answer)))
    assert (len(lies), sorted(found)) == (1, sorted(row["id"] for row in rows))
    lies.clear()
    assert len(await collected(client_over(FakeTransport(by=answer)), wary=False)) < 2_000


async def test_reading_in_order_walks_shorter_windows_since_pages_wait_for_their_turn_in_memory():
    rows, longest = rows_at(NOW - 60 * n for n in range(12_000)), {}
    for ordered in (False, True):
        transport = FakeTransport(by=listing(rows))
        await collected(client_over(transport), ordered=ordered, within=Intervals.span(NOW - 720_000, NOW + 1))
        windows = Counter(dict(parse_qsl(urlsplit(one.url).query)).get("created[gte]") for one in transport.sent)
        longest[ordered] = max(windows.values())
    assert longest[True] < longest[False] / 2


async def test_the_seconds_whose_turn_it_is_can_be_opened_until_somebody_walks_them():
    async def nowhere(_rows: list[Row]) -> None:
        """Pass nothing on."""

    frontier = Frontier(Intervals.span(0, 100))
    order = InOrder(frontier, nowhere)
    assert order.next_can_be_opened()
    assert order.next_is_unopened()
    frontier.open(1.0)
    assert not order.next_can_be_opened()
    assert not order.next_is_unopened()
