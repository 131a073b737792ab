"""Answers nobody asked for: nothing that came on their connection is believed, and it is closed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import orjson
import pytest

from connector.core.planning.windows.frontier import Frontier
from connector.core.time.intervals import Interval, Intervals
from connector.errors import ProtocolError, TransportError
from connector.stripe.accounts import connected_accounts
from connector.stripe.api import Stripe, client_of
from connector.stripe.client import BALANCE
from connector.stripe.identity import identify
from connector.stripe.listing.place import Place
from connector.stripe.listing.query import ListSource
from connector.stripe.listing.scan import Scan
from tests.support.fakes import FakeTransport, client_over, config, ok, row, turns, until
from tests.support.servers import BODY, misbehaving, request, sends, whole

pytestmark = pytest.mark.anyio
STRAY = whole(b'{"object": "list", "data": [], "has_more": false}')


async def behave_once_more(after: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer, and a little later say something that nobody asked for."""
    writer.write(whole(BODY))
    await writer.drain()
    await turns(20)
    writer.write(after)


async def test_an_answer_says_on_which_connection_it_came():
    async with misbehaving(sends(whole(BODY))) as (server, transport):
        first, second = [(await transport.send(request(server))).connection for _ in range(2)]
        assert first == second
        assert isinstance(first, int)


async def test_a_fresh_request_goes_by_a_connection_of_its_own_which_is_closed_after_it():
    async with misbehaving(sends(whole(BODY))) as (server, transport):
        usual = await transport.send(request(server))
        fresh = [await transport.send(replace(request(server), fresh=True)) for _ in range(2)]
        again = await transport.send(request(server))
        assert usual.connection == again.connection
        assert len({usual.connection, *(one.connection for one in fresh)}) == 3
        assert server.connections == 3


async def test_a_distrusted_connection_is_closed_and_not_used_again():
    async with misbehaving(sends(whole(BODY))) as (server, transport):
        first = await transport.send(request(server))
        transport.distrust(first.connection)
        second = await transport.send(request(server))
        assert second.connection != first.connection
        assert server.connections == 2
        assert first.connection in transport.distrusted
        assert second.connection not in transport.distrusted
        transport.distrust(10_000)  # one that is long gone


async def test_where_one_kept_connection_has_died_the_others_are_not_tried():
    three = asyncio.Event()

    async def once(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer three requests at a time; the second of a connection is met by a reset, as after a sleep."""
        if three.is_set():
            writer.transport.abort()
            return
        if len(server.requests) == 3:
            three.set()
        await three.wait()
        writer.write(whole(BODY))

    async with misbehaving(once) as (server, transport):
        await asyncio.gather(*(transport.send(request(server)) for _ in range(3)))
        with pytest.raises(TransportError):
            await transport.send(request(server))
        server.behave = sends(whole(BODY))
        await transport.send(request(server))
        assert (server.connections, len(server.requests)) == (4, 5)


async def test_what_dies_does_not_take_requests_under_way_with_it():
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow_then_reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(server.requests) == 1:
            asked.set()
            await go_on.wait()
            writer.write(whole(BODY))
        else:
            writer.transport.abort()

    async with misbehaving(slow_then_reset) as (server, transport):
        first = asyncio.create_task(transport.send(request(server)))
        await asked.wait()
        with pytest.raises(TransportError):
            await transport.send(request(server))
        go_on.set()
        assert (await first).body == BODY


async def test_a_request_under_way_on_a_distrusted_connection_fails():
    arrived = asyncio.Event()

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(server.requests) == 1:
            await sends(whole(BODY))(reader, writer)
        else:
            arrived.set()
            await asyncio.Event().wait()

    async with misbehaving(behave) as (server, transport):
        first = await transport.send(request(server))
        under_way = asyncio.create_task(transport.send(request(server)))
        await arrived.wait()
        transport.distrust(first.connection)
        with pytest.raises(TransportError):
            await under_way


@pytest.mark.parametrize("after", [STRAY, STRAY[:30], b"x", b"\r\n\r\nHTTP/1.1 200 OK\r\n"])
async def test_what_comes_on_a_resting_connection_is_no_answer_to_the_next_request(after):
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await behave_once_more(after, reader, writer)

    async with misbehaving(behave) as (server, transport):
        first = await transport.send(request(server))
        assert first.connection not in transport.distrusted
        await until(lambda: first.connection in transport.distrusted)
        second = await transport.send(request(server))
        assert (first.body, second.body) == (BODY, BODY)
        assert second.connection != first.connection


@pytest.mark.parametrize(
    ("after", "connections"),
    [
        (b"\r\n", 1),
        (b"HTTP/1.1 408 Request Time-out\r\nConnection: close\r\n\r\n<html>", 2),
        (b"HTTP/1.0 408 Request Time-out\r\n\r\n", 2),
    ],
)
async def test_an_empty_line_or_a_goodbye_says_nothing_against_a_connection(after, connections):
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await behave_once_more(after, reader, writer)

    async with misbehaving(behave) as (server, transport):
        for number in range(2):
            assert (await transport.send(request(server))).body == BODY
            await turns()
            await until(lambda number=number: server.ended == (number + 1 if connections == 2 else 0))
        assert server.connections == connections
        assert not transport.distrusted


@pytest.mark.parametrize("after", [STRAY, STRAY + STRAY, STRAY[:-4]])
async def test_an_answer_with_another_behind_it_is_no_answer(after):
    """One of the two is of another request, and nobody can say which."""
    async with misbehaving(sends(whole(BODY) + after)) as (server, transport):
        for _ in range(2):
            with pytest.raises(TransportError, match="more came on its connection"):
                await transport.send(request(server))
        assert server.connections == 2
        assert len(transport.distrusted) == 2


async def test_garbage_behind_an_answer_closes_its_connection():
    async with misbehaving(sends(whole(BODY) + b"garbage")) as (server, transport):
        for _ in range(2):
            with pytest.raises(TransportError):
                await transport.send(request(server))
        assert server.connections == 2


async def test_an_interim_answer_is_not_a_stray_one():
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    async with misbehaving(sends(interim + whole(BODY))) as (server, transport):
        for _ in range(3):
            assert (await transport.send(request(server))).body == BODY
        assert server.connections == 1
        assert not transport.distrusted


async def test_a_late_answer_is_not_given_to_the_next_request():
    """A device answers at once with a page of somebody else; the server's own answer comes after it."""

    async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(STRAY)
        await writer.drain()
        await turns(20)
        writer.write(whole(BODY))

    async with misbehaving(behave) as (server, transport):
        first = await transport.send(request(server))
        await until(lambda: first.connection in transport.distrusted)
        assert (await transport.send(request(server))).connection != first.connection


def page(*rows, connection: int):
    return replace(ok({"object": "list", "data": [*rows], "has_more": False}), connection=connection)


async def asked_for(transport: FakeTransport, **options: bool):
    client = client_over(transport)
    return client, await client.get(BALANCE, **options)


async def test_a_client_asks_afresh_where_it_is_told_to():
    transport = FakeTransport(by=lambda _: ok({}))
    await asked_for(transport)
    await asked_for(transport, fresh=True)
    assert [one.fresh for one in transport.sent] == [False, True]


@pytest.mark.parametrize("body", [b"{", b"[]", orjson.dumps({"object": "list", "data": [1], "has_more": False})])
async def test_a_page_that_is_none_discredits_its_connection(body):
    transport = FakeTransport(by=lambda _: replace(ok({}), body=body, connection=7))
    source = ListSource(client_over(transport))
    with pytest.raises(ProtocolError) as caught:
        await source.page(Interval(0, 10), Place(), urgency=lambda: 0.0)
    assert caught.value.connection == 7
    assert transport.distrusted == {7}


async def test_a_page_of_another_window_discredits_its_connection():
    async def receive(_got: object) -> None:
        """Nothing arrives."""

    transport = FakeTransport(by=lambda _: page(row(1, 50), connection=7))
    scan = Scan(ListSource(client_over(transport)), Frontier(Intervals((Interval(0, 10),))), receive)
    with pytest.raises(ProtocolError, match="outside the window") as caught:
        await scan.run()
    assert caught.value.connection == 7
    assert transport.distrusted == {7}


async def test_a_status_that_no_api_answers_with_discredits_its_connection():
    transport = FakeTransport([replace(ok({}), status=299, connection=number) for number in (5, 6, 7)])
    with pytest.raises(ProtocolError) as caught:
        await asked_for(transport)
    assert caught.value.connection == 7
    assert transport.distrusted == {7}


class StripeOver(Stripe):
    """One that asks a fake."""

    def __init__(self, transport: FakeTransport) -> None:
        super().__init__(config())
        self._client = client_over(transport)


async def connected(stripe: Stripe) -> list[list[str]]:
    return [[*page] async for page in connected_accounts(client_of(stripe))]


ASKED = {
    "the balance": lambda stripe: stripe.balance(),
    "a row": lambda stripe: stripe.balance_transaction("txn_1"),
    "a payout": lambda stripe: stripe.payout("po_1"),
    "what a payment cost": lambda stripe: stripe.fees("ch_1"),
    "what a payout cost": lambda stripe: stripe.fees("po_1"),
    "whose key it is": lambda stripe: identify(client_of(stripe)),
    "the connected accounts": connected,
}


@pytest.mark.parametrize("what", ASKED)
@pytest.mark.parametrize("body", [b"{", b'{"object": "list", "data": [{}], "has_more": false}', b'{"object": "no"}'])
async def test_whatever_was_asked_for_an_answer_that_is_something_else_discredits_its_connection(what, body):
    transport = FakeTransport(by=lambda _: replace(ok({}), body=body, connection=7))
    with pytest.raises(ProtocolError) as caught:
        await ASKED[what](StripeOver(transport))
    assert caught.value.connection == 7
    assert transport.distrusted == {7}
