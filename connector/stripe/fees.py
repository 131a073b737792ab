"""Asking what a payment or an automatic payout cost."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, TypeVar

from connector.core.account_ids import given_account
from connector.core.fees import Answer, PaymentFees, expansion_of, fees_of_payment
from connector.core.intervals import Interval, Intervals
from connector.core.page import decode_asked
from connector.core.payout_fees import Original, PayoutFees, PayoutTally, manual_payout, to_original
from connector.core.polling import poll_after
from connector.core.times import END_OF_TIME
from connector.errors import InvalidRequestError, PermissionError_, UsageError
from connector.stripe.client import GET_CHARGE, GET_PAYMENT_INTENT, GET_PAYOUT
from connector.stripe.pages import Query, pages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.core.page import Row
    from connector.stripe.client import Client

T = TypeVar("T")

_ORIGINAL = "data.source.source_transfer.source_transaction"
"""From the connected account's row to the customer's charge: four levels, the most there may be."""

_REFUSED_MANUAL = "only be filtered on automatic"
_PREFIXES = ("pi_", "ch_", "py_", "po_")
_INSTEAD = {
    "acct": "an account: name it with --account",
    "cs": "a checkout session: it names its payment_intent",
    "in": "an invoice: it names its payment",
    "re": "a refund: its row has no fee",
    "tr": "a transfer: it has no fee",
    "txn": "a balance transaction: stripe-balance get shows its fee_details",
}


async def fees(client: Client, object_id: str, *, wait: float = 0.0, account: str | None = None) -> Fees:
    """Return the fees of a payment or payout.

    Args:
        client: whom to ask.
        object_id: `pi_…`, `ch_…`, `py_…` or `po_…`.
        wait: seconds to ask again for, ever more seldom, while the answer is *not yet*.
        account: connected account it belongs to.

    Raises:
        UsageError: the id cannot be one of these, or `wait` is no number of seconds.
        InvalidRequestError: there is none of this id in this account (status 404).
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
        lambda: _payment_fees(client, checked, account), lambda found: found.answer is not Answer.NOT_YET, wait, client
    )


Fees = PaymentFees | PayoutFees


def checked_fees_id(text: str) -> str:
    """Return the id if it can be one of a payment or a payout.

    Raises:
        UsageError: says what it looks like instead.
    """
    text = str(text).strip()  # None, say, where an order has no payment yet
    if text.startswith(_PREFIXES) and text.replace("_", "").isalnum() and text.isascii():
        return text
    instead = _INSTEAD.get(text.split("_", maxsplit=1)[0]) if "_" in text else None
    hint = f" (this is {instead})" if instead else ""
    raise UsageError(
        f"{text[:60]!r} is not the id of a payment or payout, which begins with pi_, ch_, py_ or po_{hint}"
    )


async def _payment_fees(client: Client, payment_id: str, account: str | None) -> PaymentFees:
    intended = payment_id.startswith("pi_")
    response = await client.get(
        GET_PAYMENT_INTENT if intended else GET_CHARGE,
        payment_id,
        parameters={"expand": (expansion_of(payment_id, client.config.api_version),)},
        account=account,
    )
    kind = "payment_intent" if intended else "charge"  # by whichever of its prefixes, ch_ or py_
    received = decode_asked(response.body, payment_id, kind=kind, request_id=response.request_id)
    return fees_of_payment(payment_id, received, account=account)


async def _payout_fees(client: Client, payout_id: str, *, wait: float, account: str | None) -> PayoutFees:
    described = await _until(lambda: _payout(client, payout_id, account), _is_reconciled, wait, client)
    if described is not None and described.get("automatic") is False:
        return manual_payout(payout_id, described, account=account)
    tally = PayoutTally(payout_id)
    try:
        await _read(client, Query({"payout": payout_id}, ("data.source",), account=account), tally.add)
    except InvalidRequestError as error:
        if _REFUSED_MANUAL in error.message:
            return manual_payout(payout_id, described, account=account)
        raise
    originals: list[Original] = []
    if tally.passed_on:  # the path is for charges alone, so it is asked for with their type

        def take(page: list[Row]) -> None:
            originals.extend(filter(None, map(to_original, page)))

        query = Query({"payout": payout_id, "type": "payment"}, (_ORIGINAL,), account=account)
        await _read(client, query, take)
    return tally.conclude(described, account=account, originals=originals)


async def _payout(client: Client, payout_id: str, account: str | None) -> Row | None:
    """Return the payout, or None where the key may read balance transactions only: their list then says enough."""
    try:
        response = await client.get(GET_PAYOUT, payout_id, account=account)
    except PermissionError_ as error:
        if error.code == "account_invalid":
            raise
        return None
    return decode_asked(response.body, payout_id, kind="payout", request_id=response.request_id)


def _is_reconciled(payout: Row | None) -> bool:
    return payout is None or payout.get("reconciliation_status") != "in_progress"


async def _read(client: Client, query: Query, take: Callable[[list[Row]], None]) -> None:
    """Give every page of a list to `take`, in any order."""
    async with pages(client, query, within=Intervals((Interval(0, END_OF_TIME),))) as stream:
        async for page in stream:
            take(page)


async def _until(ask: Callable[[], Awaitable[T]], settled: Callable[[T], bool], wait: float, client: Client) -> T:
    """Ask again, ever more seldom, until the answer is settled or the time is up; return the last answer."""
    began, attempt = client.clock.now(), 1
    while True:
        found = await ask()
        waited = client.clock.now() - began
        delay = poll_after(attempt, waited=waited, most=wait, jitter=client.clock.jitter())
        if delay is None or settled(found):
            return found
        await client.clock.sleep(delay)
        attempt += 1
