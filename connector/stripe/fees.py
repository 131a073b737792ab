"""Asking what a payment, a payout, a refund, a dispute or a single balance transaction cost."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, TypeVar

from connector.core.account_ids import given_account
from connector.core.api.page import decode_asked
from connector.core.api.permissions import OF_ANOTHER_ACCOUNT
from connector.core.api.polling import poll_after
from connector.core.ledger.fees import Answer, PaymentFees, expansion_of, fees_of_payment
from connector.core.ledger.payout_fees import RECONCILING, Original, PayoutFees, manual_payout, to_original
from connector.core.ledger.payout_tally import PayoutTally
from connector.core.ledger.row_fees import RowFees, fees_of_dispute, fees_of_refund, fees_of_row
from connector.core.ledger.waiting import overdue_days
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.errors import InvalidRequestError, PermissionDeniedError, UsageError
from connector.stripe.client import (
    GET_CHARGE,
    GET_DISPUTE,
    GET_PAYMENT_INTENT,
    GET_PAYOUT,
    GET_REFUND,
    GET_TRANSACTION,
)
from connector.stripe.identity import clocks
from connector.stripe.listing.query import Query, pages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.core.api.page import Row
    from connector.stripe.client import Client, Endpoint

T = TypeVar("T")

Fees = PaymentFees | PayoutFees | RowFees

_ORIGINAL = "data.source.source_transfer.source_transaction"
"""From the connected account's row to the customer's charge: four levels, the most there may be."""

_OWN_ROWS = ("balance_transaction", "failure_balance_transaction")
"""From a payout or a refund to its own row, and to the one that brought the money back."""

_REFUSED_MANUAL = "only be filtered on automatic"
_REFUNDS, _DISPUTES = ("re_", "pyr_"), ("dp_", "du_")
_PREFIXES = ("pi_", "ch_", "py_", "po_", "txn_", *_REFUNDS, *_DISPUTES)
PREFIXES_IN_WORDS = "pi_, ch_, py_, po_, re_, dp_ or txn_"
_INSTEAD = {
    "acct": "an account: name it with `account`",
    "cs": "a checkout session: it names its payment_intent",
    "in": "an invoice: it names its payment",
}
_BY_ITS_ROWS = ("fee", "fr", "iauth", "ipi", "rsvtx", "tr", "trr", "tu")
"""Prefixes of objects that are asked for by their rows."""


async def fees(client: Client, object_id: str, *, wait: float = 0.0, account: str | None = None) -> Fees:
    """Return the fees of a payment, payout, refund, dispute or balance transaction.

    Args:
        client: whom to ask.
        object_id: `pi_…`, `ch_…`, `py_…`, `po_…`, `re_…` (`pyr_…`), `dp_…` (`du_…`) or `txn_…`.
        wait: seconds to ask again for, ever more seldom, while the answer is *not yet*.
        account: connected account it belongs to.

    Raises:
        UsageError: the id cannot be one of these, or `wait` is no number of seconds.
        NotFoundError: there is none of this id in this account.
        ProtocolError: the answer is something else, or its figures do not add up.
        ApiError: as `Client.get`.

    Source: docs.stripe.com/expand/use-cases.
    """
    checked = checked_fees_id(object_id)
    if not (isfinite(wait) and wait >= 0):
        raise UsageError(f"wait {wait} must be a number of seconds, 0 or more")
    account = client.config.account if account is None else given_account(account)
    if checked.startswith("po_"):
        return await _payout_fees(client, checked, wait=wait, account=account)
    return await _until(
        lambda: _ask(client, checked, account), lambda found: found.answer is not Answer.NOT_YET, wait, client
    )


def checked_fees_id(text: str) -> str:
    """Return the id if it can be one whose fees can be asked for.

    Raises:
        UsageError: says what it looks like instead.
    """
    text = str(text).strip()  # None, say, where an order has no payment yet
    if text.startswith(_PREFIXES) and text.replace("_", "").isalnum() and text.isascii():
        return text
    prefix = text.split("_", maxsplit=1)[0] if "_" in text else ""
    instead = f" (this is {_INSTEAD[prefix]})" if prefix in _INSTEAD else ""
    if prefix in _BY_ITS_ROWS:
        instead = f" (for the rows of this one, and their fees: `stripe-balance stream --source {prefix}_…`)"
    raise UsageError(
        f"{text[:60]!r} is not the id of a payment, payout, refund, dispute or balance transaction, which begins with"
        f" {PREFIXES_IN_WORDS}{instead}"
    )


async def _ask(client: Client, asked: str, account: str | None) -> PaymentFees | RowFees:
    """Ask once for anything but a payout."""
    if asked.startswith("txn_"):
        row = await _with_more(client, GET_TRANSACTION, asked, "balance_transaction", ("source",), account)
        return fees_of_row(asked, row, account=account)
    if asked.startswith(_REFUNDS):
        refund = await _retrieved(client, GET_REFUND, asked, "refund", _OWN_ROWS, account)
        return fees_of_refund(asked, refund, now=clocks(client)[0], account=account)
    if asked.startswith(_DISPUTES):
        dispute = await _retrieved(client, GET_DISPUTE, asked, "dispute", (), account)
        return fees_of_dispute(asked, dispute, now=clocks(client)[0], account=account)
    intended = asked.startswith("pi_")
    endpoint = GET_PAYMENT_INTENT if intended else GET_CHARGE
    kind = "payment_intent" if intended else "charge"  # by whichever of its prefixes, ch_ or py_
    expand = (expansion_of(asked, client.config.api_version),)
    payment = await _retrieved(client, endpoint, asked, kind, expand, account)
    return fees_of_payment(asked, payment, now=clocks(client)[0], account=account)


async def _retrieved(
    client: Client, endpoint: Endpoint, asked: str, kind: str, expand: tuple[str, ...], account: str | None
) -> Row:
    response = await client.get(endpoint, asked, parameters={"expand": expand} if expand else {}, account=account)
    with client.judging(response):
        return decode_asked(response.body, asked, kind=kind, request_id=response.request_id)


async def _with_more(
    client: Client, endpoint: Endpoint, asked: str, kind: str, expand: tuple[str, ...], account: str | None
) -> Row:
    """Retrieve an object with what it leads to, or by itself where the key may not read the rest."""
    try:
        return await _retrieved(client, endpoint, asked, kind, expand, account)
    except PermissionDeniedError as error:
        if error.code == OF_ANOTHER_ACCOUNT:
            raise
        return await _retrieved(client, endpoint, asked, kind, (), account)


async def _payout_fees(client: Client, payout_id: str, *, wait: float, account: str | None) -> PayoutFees:
    described = await _until(
        lambda: _payout(client, payout_id, account), lambda found: not _is_awaited(found, client), wait, client
    )
    if described is not None and described.get("automatic") is False:
        return manual_payout(payout_id, described, account=account)
    tally = PayoutTally(payout_id)
    try:
        await _read(client, Query({"payout": payout_id}, ("data.source",), account=account), tally.add)
    except InvalidRequestError as error:
        if _REFUSED_MANUAL in error.message:
            return await _manual(client, payout_id, described, account)
        raise
    originals: list[Original] = []
    if tally.passed_on:  # the path is for charges alone, so it is asked for with their type

        def take(page: list[Row]) -> None:
            originals.extend(filter(None, map(to_original, page)))

        query = Query({"payout": payout_id, "type": "payment"}, (_ORIGINAL,), account=account)
        await _read(client, query, take)
    return tally.conclude(described, now=clocks(client)[0], account=account, originals=originals)


async def _manual(client: Client, payout_id: str, described: Row | None, account: str | None) -> PayoutFees:
    """Return a manual payout that the key may not ask for, by its own rows, which it is the source of."""
    rows: list[Row] = []
    if described is None:
        await _read(client, Query({"source": payout_id}, account=account), rows.extend)
    return manual_payout(payout_id, described, rows=rows, account=account)


async def _payout(client: Client, payout_id: str, account: str | None) -> Row | None:
    """Return the payout, or None where the key may read balance transactions only: their list then says enough."""
    try:
        return await _with_more(client, GET_PAYOUT, payout_id, "payout", _OWN_ROWS, account)
    except PermissionDeniedError as error:
        if error.code == OF_ANOTHER_ACCOUNT:
            raise
        return None


def _is_awaited(payout: Row | None, client: Client) -> bool:
    """Say whether Stripe is still to decide which rows belong to a payout, and not for too long."""
    if payout is None or payout.get("reconciliation_status") != RECONCILING:
        return False
    return overdue_days(payout.get("arrival_date"), clocks(client)[0], by_bank=True) is None


async def _read(client: Client, query: Query, take: Callable[[list[Row]], None]) -> None:
    """Give every page of a list to `take`, in any order."""
    async with pages(client, query, within=Intervals((Interval(0, END_OF_TIME),))) as stream:
        async for page in stream:
            take(page)


async def _until(ask: Callable[[], Awaitable[T]], settled: Callable[[T], bool], wait: float, client: Client) -> T:
    """Ask again, ever more seldom, until the answer is settled or the time is up; return the last answer."""
    began, attempt = client.clock.now(), 1
    while True:
        answer = await ask()
        waited = client.clock.now() - began
        delay = poll_after(attempt, waited=waited, most=wait, jitter=client.clock.jitter())
        if delay is None or settled(answer):
            return answer
        await client.clock.sleep(delay)
        attempt += 1
