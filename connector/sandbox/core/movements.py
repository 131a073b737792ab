"""Payouts, transfers, fees, top-ups and the rest of what moves money, in the shapes of Stripe's OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.core.kinds import DAY, Kind, is_instant
from connector.sandbox.core.ledger import far_id
from connector.sandbox.core.rows import APPLICATION

if TYPE_CHECKING:
    from connector.sandbox.core.view import View

RECONCILED_AFTER = DAY
"""Seconds until the rows of an automatic payout are settled; those of the newest are not before the world's end."""


def is_reconciled(view: View, number: int) -> bool:
    """Whether a payout's listing is complete."""
    ledger = view.ledger
    return view.now >= RECONCILED_AFTER + (
        ledger.created[number]
        if number != _newest(view, ledger.currency[number])
        else max(view.world.end, ledger.created[number])
    )


def _newest(view: View, currency: int) -> int | None:
    """The last automatic payout of a currency there will be."""
    ledger = view.ledger
    for at in reversed(ledger.positions((Kind.PAYOUT,))):
        number = ledger.order[at]
        if ledger.currency[number] == currency:
            return number
    return None


def payout_status(view: View, number: int) -> str:
    """`pending`, `in_transit`, `paid`, `failed` or `canceled`, as of now."""
    ledger = view.ledger
    for child in ledger.children(number, view.now):
        return "failed" if ledger.kind[child] == Kind.PAYOUT_FAILURE else "canceled"
    if view.now >= ledger.available_on(number):
        return "paid"
    return "in_transit" if view.now >= ledger.created[number] + DAY // 2 else "pending"


def payout(view: View, number: int) -> dict[str, Any]:
    """A payout; automatic ones are reconciled, manual ones never are."""
    ledger = view.ledger
    automatic = ledger.kind[number] == Kind.PAYOUT
    instant = not automatic and is_instant(number)
    status = payout_status(view, number)
    failed = next(iter(ledger.children(number, view.now)), None)
    reconciled = "completed" if is_reconciled(view, number) else "in_progress"
    return {
        "id": ledger.source_of(number),
        "object": "payout",
        "amount": -ledger.amount[number],
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": ledger.available_on(number),
        "automatic": automatic,
        "balance_transaction": ledger.id_of(number),
        "created": ledger.created[number],
        "currency": ledger.currencies[ledger.currency[number]],
        "description": "STRIPE PAYOUT" if automatic else None,
        "destination": destination_of(view, number),
        "failure_balance_transaction": None if failed is None else ledger.id_of(failed),
        "failure_code": "account_closed" if status == "failed" else None,
        "failure_message": "The bank account has been closed." if status == "failed" else None,
        "livemode": view.livemode,
        "metadata": {},
        "method": "instant" if instant else "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": reconciled if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": status,
        "trace_id": {"status": "supported", "value": f"{number:012d}"} if status == "paid" else None,
        "type": "card" if instant else "bank_account",
    }


def destination_of(view: View, number: int) -> str:
    """The account's one bank account in a payout's currency."""
    return view.ledger.codec.encode("ba_", view.ledger.currency[number])


def transfer(view: View, number: int) -> dict[str, Any]:
    """A transfer to a connected account, out of one customer's charge."""
    ledger, world = view.ledger, view.world
    index = world.destination_of(number)
    own_id = ledger.object_id("tr_", number)
    back = [child for child in ledger.children(number, view.now) if ledger.kind[child] == Kind.TRANSFER_REVERSAL]
    source = ledger.source_of(ledger.link[number])
    return {
        "id": own_id,
        "object": "transfer",
        "amount": -ledger.amount[number],
        "amount_reversed": sum(ledger.amount[child] for child in back),
        "balance_transaction": ledger.id_of(number),
        "created": ledger.created[number],
        "currency": ledger.currencies[ledger.currency[number]],
        "description": None,
        "destination": world.accounts[index],
        "destination_payment": far_id(world.codec(index), "py_", number),
        "livemode": view.livemode,
        "metadata": {},
        "reversals": {
            "object": "list",
            "data": [transfer_reversal(view, child) for child in back],
            "has_more": False,
            "url": f"/v1/transfers/{own_id}/reversals",
        },
        "reversed": bool(back),
        "source_transaction": source,
        "source_type": "card",
        "transfer_group": f"group_{source}",
    }


def transfer_reversal(view: View, number: int) -> dict[str, Any]:
    """A transfer taken back."""
    ledger, world = view.ledger, view.world
    link = ledger.link[number]
    return {
        "id": ledger.object_id("trr_", number),
        "object": "transfer_reversal",
        "amount": ledger.amount[number],
        "balance_transaction": ledger.id_of(number),
        "created": ledger.created[number],
        "currency": ledger.currencies[ledger.currency[number]],
        "destination_payment_refund": far_id(world.codec(world.destination_of(link)), "pyr_", link),
        "metadata": {},
        "source_refund": None,
        "transfer": ledger.object_id("tr_", link),
    }


def application_fee(view: View, number: int) -> dict[str, Any]:
    """The platform's share of a payment it passed on."""
    ledger, world = view.ledger, view.world
    paid_on = ledger.link[number]
    index = world.destination_of(paid_on)
    back = ledger.children(number, view.now)
    own_id = ledger.object_id("fee_", number)
    charge = far_id(world.codec(index), "py_", paid_on)
    return {
        "id": own_id,
        "object": "application_fee",
        "account": world.accounts[index],
        "amount": ledger.amount[number],
        "amount_refunded": -sum(ledger.amount[child] for child in back),
        "application": APPLICATION,
        "balance_transaction": ledger.id_of(number),
        "charge": charge,
        "created": ledger.created[number],
        "currency": ledger.currencies[ledger.currency[number]],
        "fee_source": {"charge": charge, "type": "charge"},
        "livemode": view.livemode,
        "originating_transaction": ledger.source_of(ledger.link[paid_on]),
        "refunded": bool(back),
        "refunds": {
            "object": "list",
            "data": [fee_refund(view, child) for child in back],
            "has_more": False,
            "url": f"/v1/application_fees/{own_id}/refunds",
        },
    }


def fee_refund(view: View, number: int) -> dict[str, Any]:
    """An application fee given back."""
    ledger = view.ledger
    return {
        "id": ledger.object_id("fr_", number),
        "object": "fee_refund",
        "amount": -ledger.amount[number],
        "balance_transaction": ledger.id_of(number),
        "created": ledger.created[number],
        "currency": ledger.currencies[ledger.currency[number]],
        "fee": ledger.object_id("fee_", ledger.link[number]),
        "metadata": {},
    }


def topup(view: View, number: int) -> dict[str, Any]:
    """Money put in by hand."""
    ledger = view.ledger
    done = ledger.is_available(number, view.now)
    return {
        "id": ledger.object_id("tu_", number),
        "object": "topup",
        "amount": ledger.amount[number],
        "balance_transaction": ledger.id_of(number),
        "created": ledger.created[number],
        "currency": ledger.currencies[ledger.currency[number]],
        "description": view.row(number)["description"],
        "expected_availability_date": ledger.available_on(number),
        "failure_code": None,
        "failure_message": None,
        "initiated_by": "user",
        "livemode": view.livemode,
        "metadata": {},
        "source": None,
        "statement_descriptor": None,
        "status": "succeeded" if done else "pending",
        "transfer_group": None,
    }


def reserve_transaction(view: View, number: int) -> dict[str, Any]:
    """Money moved into or out of the reserve for connected accounts."""
    ledger = view.ledger
    return {
        "id": ledger.object_id("rsvtx_", number),
        "object": "reserve_transaction",
        "amount": ledger.amount[number],
        "currency": ledger.currencies[ledger.currency[number]],
        "description": "Connect reserve",
    }


def issuing_transaction(view: View, number: int) -> dict[str, Any]:
    """A purchase with an issued card."""
    ledger = view.ledger
    currency, amount = ledger.currencies[ledger.currency[number]], ledger.amount[number]
    return {
        "id": ledger.object_id("ipi_", number),
        "object": "issuing.transaction",
        "amount": amount,
        "amount_details": {"atm_fee": None, "cashback_amount": None},
        "authorization": None,
        "balance_transaction": ledger.id_of(number),
        "card": ledger.codec.encode("ic_", number % 50),
        "cardholder": ledger.codec.encode("ich_", number % 20),
        "created": ledger.created[number],
        "currency": currency,
        "dispute": None,
        "livemode": view.livemode,
        "merchant_amount": amount,
        "merchant_currency": currency,
        "merchant_data": {
            "category": "taxicabs_limousines",
            "category_code": "4121",
            "city": "San Francisco",
            "country": "US",
            "name": "Rocket Rides",
            "network_id": "1234567890",
            "postal_code": "94107",
            "state": "CA",
            "tax_id": None,
            "terminal_id": None,
            "url": None,
        },
        "metadata": {},
        "network_data": {"authorization_code": None, "processing_date": None, "transaction_id": None},
        "token": None,
        "type": "capture",
        "wallet": None,
    }
