"""Objects with what Stripe's OpenAPI document requires and nothing else are taken: the rest may be left out."""

from __future__ import annotations

import hashlib
import hmac

import orjson
import pytest

from connector import webhooks
from connector.core.ledger.balance import to_balance
from connector.core.ledger.fees import Answer, fees_of_payment
from connector.core.ledger.payout_fees import manual_payout
from connector.core.ledger.payout_tally import PayoutTally
from connector.core.ledger.row_fees import fees_of_dispute, fees_of_refund, fees_of_row
from connector.core.state.payouts import Payout
from connector.tables import balance_transactions, balances, payouts

NOW = 1_790_000_000
MONEY = {"amount": 1_000, "currency": "usd"}
ROW = MONEY | {
    "id": "txn_1",
    "object": "balance_transaction",
    "available_on": NOW,
    "balance_type": "payments",
    "created": NOW,
    "fee": 59,
    "fee_details": [{"amount": 59, "currency": "usd", "type": "stripe_fee"}],
    "net": 941,
    "reporting_category": "charge",
    "status": "available",
    "type": "charge",
}
CHARGE = MONEY | {
    "id": "ch_1",
    "object": "charge",
    "amount_captured": 1_000,
    "amount_refunded": 0,
    "billing_details": {},
    "captured": True,
    "created": NOW,
    "disputed": False,
    "livemode": False,
    "metadata": {},
    "paid": True,
    "refunded": False,
    "status": "succeeded",
}
INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "capture_method": "automatic_async",
    "confirmation_method": "automatic",
    "created": NOW,
    "livemode": False,
    "payment_method_types": ["card"],
    "status": "succeeded",
}
PAYOUT = MONEY | {
    "id": "po_1",
    "object": "payout",
    "arrival_date": NOW,
    "automatic": True,
    "created": NOW,
    "livemode": False,
    "method": "standard",
    "reconciliation_status": "completed",
    "source_type": "card",
    "status": "paid",
    "type": "bank_account",
}
REFUND = MONEY | {"id": "re_1", "object": "refund", "created": NOW}
DISPUTE = MONEY | {
    "id": "dp_1",
    "object": "dispute",
    "balance_transactions": [ROW],
    "charge": "ch_1",
    "created": NOW,
    "enhanced_eligibility_types": [],
    "evidence": {},
    "evidence_details": {},
    "is_charge_refundable": False,
    "livemode": False,
    "metadata": {},
    "reason": "general",
    "status": "lost",
}
BALANCE = {"object": "balance", "livemode": False, "available": [MONEY], "pending": [MONEY]}


def test_rows_are_kept_as_they_came():
    assert balance_transactions.to_objects(balance_transactions.to_batch([ROW])) == [ROW]
    assert balance_transactions.to_lines([ROW]).num_rows == 1
    assert payouts.to_objects(payouts.to_batch([PAYOUT])) == [PAYOUT]
    assert [one["snapshot"] for one in balances.to_snapshots(balances.to_batch(BALANCE, NOW))] == [BALANCE]
    assert [one.amount for one in to_balance(BALANCE).available] == [1_000]
    assert Payout.of(PAYOUT).listable


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        (fees_of_payment("ch_1", CHARGE, now=NOW), Answer.NOT_YET),
        (fees_of_payment("ch_1", CHARGE | {"balance_transaction": ROW}, now=NOW), Answer.KNOWN),
        (fees_of_payment("pi_1", INTENT | {"latest_charge": CHARGE}, now=NOW), Answer.NOT_YET),
        (fees_of_payment("pi_1", INTENT, now=NOW), Answer.NOT_AVAILABLE),
        (fees_of_refund("re_1", REFUND, now=NOW), Answer.NOT_YET),
        (fees_of_dispute("dp_1", DISPUTE, now=NOW), Answer.KNOWN),
        (fees_of_row("txn_1", ROW), Answer.KNOWN),
        (manual_payout("po_1", PAYOUT), Answer.NOT_AVAILABLE),
    ],
)
def test_fees_are_told_or_why_not(found, answer):
    assert found.answer is answer


def test_a_payout_is_added_up():
    own = ROW | {"type": "payout", "source": "po_1", "amount": -941, "fee": 0, "net": -941, "fee_details": []}
    tally = PayoutTally("po_1")
    tally.add([ROW, own])
    assert tally.conclude(PAYOUT | {"amount": 941}, now=NOW, account=None, originals=()).answer is Answer.KNOWN


def test_an_event_is_read():
    event = {"id": "evt_1", "object": "event", "created": NOW, "livemode": False, "pending_webhooks": 1}
    body = orjson.dumps(
        event | {"type": "charge.succeeded", "data": {"object": CHARGE | {"balance_transaction": "txn_1"}}}
    )
    signature = hmac.new(b"whsec_x", f"{NOW}.".encode() + body, hashlib.sha256).hexdigest()
    found = webhooks.parse(body, f"t={NOW},v1={signature}", "whsec_x", now=NOW)
    assert (found.balance_transaction, found.account, found.api_version) == ("txn_1", None, None)
