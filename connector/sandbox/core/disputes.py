"""Disputes, in the shape of Stripe's OpenAPI document and fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.sandbox.core.kinds import DAY

if TYPE_CHECKING:
    from connector.sandbox.core.view import View

_REASONS = ("fraudulent", "product_not_received", "duplicate", "general", "subscription_canceled")


def dispute(view: View, number: int) -> dict[str, Any]:
    """The dispute behind a dispute row, with its rows inline; won if the money came back by now."""
    ledger = view.ledger
    back = ledger.children(number, view.now)
    created = ledger.created[number]
    return {
        "id": ledger.source_of(number),
        "object": "dispute",
        "amount": -ledger.amount[number],
        "balance_transactions": [view.row(row) for row in (number, *back)],
        "charge": ledger.source_of(ledger.link[number]),
        "created": created,
        "currency": ledger.currencies[ledger.currency[number]],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": (created // DAY + 8) * DAY - 1,
            "enhanced_eligibility": {},
            "has_evidence": bool(back),
            "past_due": view.now > created + 8 * DAY,
            "submission_count": len(back),
            "submission_method": "manual" if back else "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": False,
        "livemode": view.livemode,
        "metadata": {},
        "network_reason_code": "10.4",
        "payment_intent": ledger.object_id("pi_", ledger.link[number]),
        "payment_method_details": {
            "card": {"brand": "visa", "case_type": "chargeback", "network": "visa", "network_reason_code": "10.4"},
            "type": "card",
        },
        "reason": _REASONS[number % len(_REASONS)],
        "status": "won" if back else "lost" if view.now > created + 60 * DAY else "needs_response",
    }


_EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)
