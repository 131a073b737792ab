"""Payouts, and the balance transactions that each paid out, as Stripe lists them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from connector.core.api.asked_for import refuse_another_mode
from connector.core.api.page import decode_asked
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.errors import NotFoundError, ProtocolError
from connector.running.concurrency import in_turn
from connector.stripe.client import GET_PAYOUT, LIST_PAYOUTS
from connector.stripe.listing.events import ListEvents
from connector.stripe.listing.query import PageStream, Query, pages

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from connector.core.api.page import Row
    from connector.core.state.payouts import PayoutsPlan
    from connector.stripe.client import Client

AT_ONCE = 24
"""Payouts retrieved at once; the pace holds their requests back further."""


async def fetch_payouts(
    client: Client, plan: PayoutsPlan, *, account: str | None, likely_start: int
) -> tuple[list[Row], frozenset[str]]:
    """Return the payouts planned for, in no order, and the ids of those that are not there any more.

    Args:
        client: whom to ask.
        plan: what to list, and what to retrieve.
        account: connected account to ask as; None for the key's own.
        likely_start: second before which no payout is expected, a hint; 0 for none.

    Raises:
        ApiError: see `connector.errors`.
        ProtocolError: an answer is not what was asked for, or of another mode than the key.

    Source: docs.stripe.com/api/payouts/list, docs.stripe.com/api/payouts/retrieve.
    """
    rows: list[Row] = []
    absent: set[str] = set()
    livemode = client.config.api_key.livemode
    if plan.todo:
        query = Query(account=account, endpoint=LIST_PAYOUTS)
        usual = None if plan.todo.parts[0].start == 0 else 0.0  # what was read before says that few are to be expected
        async with pages(client, query, within=plan.todo, likely_start=likely_start, usual=usual) as stream:
            async for page in stream:
                rows += page
        for row in rows:
            refuse_another_mode(row, livemode)

    async def retrieve(payout: str) -> None:
        try:
            response = await client.get(GET_PAYOUT, payout, account=account)
        except NotFoundError:
            absent.add(payout)
        else:
            with client.judging(response):
                row = decode_asked(response.body, payout, kind="payout", request_id=response.request_id)
                if type(row.get("created")) is not int:
                    raise ProtocolError(f"{payout} came without `created`, in seconds", request_id=response.request_id)
                refuse_another_mode(row, livemode, request_id=response.request_id)
            rows.append(row)
            ListEvents(client.on_event, GET_PAYOUT.name, account).one_received(row, response)

    await in_turn(plan.retrieve, retrieve, at_once=AT_ONCE)
    return rows, frozenset(absent)


@asynccontextmanager
async def transactions_of(
    client: Client, payout: str, *, account: str | None, likely_start: int
) -> AsyncGenerator[PageStream, None]:
    """Read the transactions of an automatic payout, its own included; several windows at once where there are many.

    Args:
        client: whom to ask.
        payout: its id; of a manual one, Stripe refuses the list.
        account: connected account it is of; None for the key's own.
        likely_start: second before which no transaction of it is expected, a hint.

    Yields:
        A stream of pages, complete when it ends without an error.

    Source: docs.stripe.com/payouts/reconciliation.
    """
    query = Query({"payout": payout}, account=account)
    ever = Intervals((Interval(0, END_OF_TIME),))
    # Whether they add up to the payout says more than asking again would.
    async with pages(client, query, within=ever, likely_start=likely_start, wary=False) as stream:
        yield stream
