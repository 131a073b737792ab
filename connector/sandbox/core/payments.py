"""Charges, payment intents and refunds, in the shapes of Stripe's OpenAPI document and fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.core.economy import fx_of
from connector.sandbox.core.kinds import REFUNDS, Kind
from connector.sandbox.core.ledger import FAR_SIDES, far_id
from connector.sandbox.core.rows import APPLICATION

if TYPE_CHECKING:
    from connector.sandbox.core.view import View

PRESENTED = "gbp"
"""The currency foreign customers pay in."""
_BRANDS = ("visa", "mastercard", "amex", "discover")


def charge(view: View, number: int) -> dict[str, Any]:
    """The charge behind a payment row; on a connected account, the far side of a transfer."""
    ledger, world = view.ledger, view.world
    kind = Kind(ledger.kind[number])
    currency, amount = ledger.currencies[ledger.currency[number]], ledger.amount[number]
    if kind == Kind.CHARGE_FX:
        currency, amount = PRESENTED, fx_of(number)[0]
    children = [(Kind(ledger.kind[child]), child) for child in ledger.children(number, view.now)]
    refunded = -sum(ledger.amount[child] for child_kind, child in children if child_kind in REFUNDS)
    transfer = next((child for child_kind, child in children if child_kind == Kind.TRANSFER), None)
    far = kind == Kind.TRANSFER_IN
    if far and _taken_back(view, ledger.link[number]):
        refunded = amount
    created, row = ledger.created[number], view.row(number)
    own_id = ledger.source_of(number)
    out: dict[str, Any] = {
        "id": own_id,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": refunded,
        "application": APPLICATION if far else None,
        "application_fee": _fee_of_transfer(view, ledger.link[number]) if far else None,
        "application_fee_amount": ledger.fee[number] if far and ledger.fee[number] else None,
        "balance_transaction": row["id"] if created < view.uncaptured_after and number not in ledger.rowless else None,
        "billing_details": {
            "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
            "email": None,
            "name": "Jenny Rosen",
            "phone": None,
            "tax_id": None,
        },
        "calculated_statement_descriptor": "SANDBOX" if kind != Kind.PAYMENT else None,
        "captured": True,
        "created": created,
        "currency": currency,
        "customer": ledger.object_id("cus_", number) if number % 3 else None,
        "description": row["description"],
        "disputed": any(child_kind == Kind.DISPUTE for child_kind, _ in children),
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": view.livemode,
        "metadata": {"order_id": str(number)} if number % 2 else {},
        "on_behalf_of": None,
        "outcome": _outcome(),
        "paid": True,
        "payment_intent": ledger.object_id("pi_", number) if not far else None,
        "payment_method": ledger.object_id("pm_", number) if not far else None,
        "payment_method_details": _method(kind, number),
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": f"https://pay.stripe.com/receipts/payment/{own_id}",
        "refunded": refunded == amount,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": world.ledger(0).object_id("tr_", ledger.link[number]) if far else None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }
    if transfer is not None:
        out["transfer"] = ledger.object_id("tr_", transfer)
        out["transfer_data"] = {"destination": world.accounts[world.destination_of(transfer)]}
        out["transfer_group"] = f"group_{own_id}"
    return out


def _taken_back(view: View, transfer: int) -> bool:
    """Whether the platform reversed a transfer by now."""
    platform = view.world.ledger(0)
    return any(platform.kind[child] == Kind.TRANSFER_REVERSAL for child in platform.children(transfer, view.now))


def _fee_of_transfer(view: View, transfer: int) -> str | None:
    platform = view.world.ledger(0)
    for child in platform.children(transfer, view.now):
        if platform.kind[child] == Kind.APPLICATION_FEE:
            return platform.object_id("fee_", child)
    return None


def _outcome() -> dict[str, Any]:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": "normal",
        "seller_message": "Payment complete.",
        "type": "authorized",
    }


def _method(kind: Kind, number: int) -> dict[str, Any]:
    if kind == Kind.TRANSFER_IN:
        return {"stripe_account": {}, "type": "stripe_account"}
    if kind == Kind.PAYMENT:
        bank = {
            "bank_code": "37040044",
            "branch_code": None,
            "country": "DE",
            "fingerprint": "sandbox",
            "last4": "3000",
        }
        return {"sepa_debit": {**bank, "mandate": None}, "type": "sepa_debit"}
    checks = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}
    card = {
        "amount_authorized": None,
        "authorization_code": None,
        "brand": _BRANDS[number % len(_BRANDS)],
        "checks": checks,
        "country": "US",
        "exp_month": 1 + number % 12,
        "exp_year": 2030,
        "fingerprint": "AOB934RVNwzk6xtn",
        "funding": "credit",
        "installments": None,
        "last4": f"{number % 10_000:04d}",
        "mandate": None,
        "network": _BRANDS[number % len(_BRANDS)],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "transaction_link_id": None,
        "wallet": None,
    }
    return {"card": card, "type": "card"}


def payment_intent(view: View, number: int) -> dict[str, Any]:
    """The intent whose charge made a payment row; old versions list that charge inside."""
    paid = charge(view, number)
    out: dict[str, Any] = {
        "id": paid["payment_intent"],
        "object": "payment_intent",
        "amount": paid["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "allowed_payment_method_types": None,
        "amount_received": paid["amount"],
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{paid['payment_intent']}_secret_sandbox",
        "confirmation_method": "automatic",
        "created": paid["created"],
        "currency": paid["currency"],
        "customer": paid["customer"],
        "customer_account": None,
        "description": paid["description"],
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": paid["id"],
        "livemode": view.livemode,
        "managed_payments": None,
        "metadata": paid["metadata"],
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": paid["payment_method"],
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_record": None,
        "payment_method_types": [paid["payment_method_details"]["type"]],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded",
        "transfer_data": paid["transfer_data"],
        "transfer_group": paid["transfer_group"],
    }
    if view.old_intents:
        out["charges"] = {
            "object": "list",
            "data": [paid],
            "has_more": False,
            "url": f"/v1/charges?payment_intent={out['id']}",
        }
    return out


def refund(view: View, number: int) -> dict[str, Any]:
    """The refund behind a refund row, failed if its money came back by now."""
    ledger = view.ledger
    far = ledger.kind[number] in FAR_SIDES
    link = ledger.link[number]
    failed = next((child for child in ledger.children(number, view.now)), None)
    paid = far_id(ledger.codec, "py_", link) if far else ledger.source_of(link)
    out: dict[str, Any] = {
        "id": ledger.source_of(number),
        "object": "refund",
        "amount": -ledger.amount[number],
        "balance_transaction": ledger.id_of(number),
        "charge": paid,
        "created": ledger.created[number],
        "currency": ledger.currencies[ledger.currency[number]],
        "customer": None,
        "customer_account": None,
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": {},
        "payment_intent": None if far else ledger.object_id("pi_", link),
        "payment_method": None,
        "reason": "requested_by_customer" if number % 2 else None,
        "receipt_number": None,
        "source_transfer_reversal": _reversal_of(view, link) if far else None,
        "status": "failed" if failed is not None else "succeeded",
        "transfer_reversal": None,
    }
    if failed is not None:
        out |= {"failure_balance_transaction": ledger.id_of(failed), "failure_reason": "expired_or_canceled_card"}
    return out


def _reversal_of(view: View, transfer: int) -> str | None:
    platform = view.world.ledger(0)
    for child in platform.children(transfer, view.now):
        if platform.kind[child] == Kind.TRANSFER_REVERSAL:
            return platform.object_id("trr_", child)
    return None
