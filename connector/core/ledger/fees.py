"""What a payment cost, from the payment as received: known, not yet known, or not to be had, and why.

A payment's fee is on the balance transaction of its charge. Where there is none, no figure is given: a zero would say
that the payment was free.

Source: docs.stripe.com/expand/use-cases; docs.stripe.com/api/charges/object.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from connector.core.api.fields import id_of, object_of, text, whole, whole_or
from connector.core.ledger.amounts import STRIPE_FEE, FeePart, fee_row
from connector.core.ledger.waiting import OVERDUE, captured_by, is_bank_debit, late_words, overdue_days
from connector.errors import ProtocolError

if TYPE_CHECKING:
    from connector.core.api.page import Row
    from connector.core.ledger.amounts import FeeRow

LAST_LISTING_CHARGES = "2022-08-01"
"""The last API version whose payment intents list their `charges`; later ones have `latest_charge`."""


class Answer(StrEnum):
    """Whether the fees are known."""

    KNOWN = "known"
    NOT_YET = "not_yet"
    NOT_AVAILABLE = "not_available"


@dataclass(frozen=True, slots=True)
class Paid:
    """What the customer paid or was to pay, in the currency they saw.

    Attributes:
        amount: authorised, in minor units.
        captured: of it.
        refunded: of it, by now.
        currency: of presentment; that of settlement may be another.
        status: of the charge: `succeeded`, also where it is not captured, `pending` or `failed`; None where not said.
    """

    amount: int
    captured: int
    refunded: int
    currency: str
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFees:
    """The fees of one payment. Figures are None unless known; all are in minor units of `currency`.

    Attributes:
        id: as asked for.
        answer: whether the fees are known.
        reason: why not, in one word: `capturing`, `processing`, `no_charge`, `not_captured`, `failed`, `canceled`,
            `no_fee_details`, `overdue` for what was *not yet* for too long, or a status we do not know.
        explanation: the same in a sentence.
        account: connected account it was asked of, or None for the key's own.
        payment_intent: `pi_…`, where there is one.
        charge: `ch_…` or `py_…`, the one that succeeded or else the latest.
        paid: what the customer paid, or was to pay.
        balance_transaction: `txn_…`.
        gross: `amount` of the balance transaction.
        fee: all fees together, as this row has them; what refunds and disputes add or give back is on their own rows.
        net: gross less fee.
        currency: of settlement.
        exchange_rate: gross for one unit paid, where the currencies differ.
        parts: the fee by kind.
        unexplained: fee less all parts, 0 as a rule; None where a part is in another currency.
        status: `pending` or `available`.
        available_on: UTC seconds.
        notes: what else one should know, a sentence each.
    """

    id: str
    answer: Answer
    reason: str | None = None
    explanation: str | None = None
    account: str | None = None
    payment_intent: str | None = None
    charge: str | None = None
    paid: Paid | None = None
    balance_transaction: str | None = None
    gross: int | None = None
    fee: int | None = None
    net: int | None = None
    currency: str | None = None
    exchange_rate: float | None = None
    parts: tuple[FeePart, ...] = ()
    unexplained: int | None = None
    status: str | None = None
    available_on: int | None = None
    notes: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the fields as JSON has them."""
        return {"object": "payment_fees", **asdict(self), "answer": self.answer.value}


def lists_charges(api_version: str) -> bool:
    """Say whether payment intents of this version list their `charges`: dates compare, code names do not count."""
    return api_version[:10] <= LAST_LISTING_CHARGES


def expansion_of(payment_id: str, api_version: str) -> str:
    """Return the path that leads from a payment, as retrieved, to its balance transaction."""
    if not payment_id.startswith("pi_"):
        return "balance_transaction"
    return "charges.data.balance_transaction" if lists_charges(api_version) else "latest_charge.balance_transaction"


def fees_of_payment(asked: str, received: Row, *, now: int, account: str | None = None) -> PaymentFees:
    """Break a payment's fee down.

    Args:
        asked: the id that was asked for.
        received: the charge or payment intent, expanded by `expansion_of`.
        now: UTC seconds by Stripe's clock: what is not there after a day (fourteen by bank debit) is not awaited.
        account: connected account it was asked of.

    Raises:
        ProtocolError: it is neither, was not expanded, or its figures are not integers that add up.
    """
    base = PaymentFees(id=asked, answer=Answer.NOT_YET, account=account)
    if received.get("object") == "charge":
        return _of_charge(received, base, now=now, intent_status=None)
    if received.get("object") != "payment_intent":
        raise ProtocolError(f"{asked} is neither a charge nor a payment intent but {received.get('object')!r}")
    base = replace(base, payment_intent=id_of(received))
    status = str(received.get("status"))
    charge = _charge_of(received)
    if charge is None:
        return _without_charge(received, status, base, now)
    return _of_charge(charge, base, now=now, intent_status=status)


def _charge_of(intent: Row) -> Row | None:
    """Return the charge that succeeded, or else the latest: an intent may have failed attempts beside it."""
    listed = object_of(intent.get("charges"))
    latest = intent.get("latest_charge")
    charges = listed.get("data") or [] if listed is not None else [] if latest is None else [latest]
    if not all(isinstance(charge, dict) for charge in charges):
        raise ProtocolError(f"the charge of {intent.get('id')} was not expanded")
    rows = cast("list[Row]", charges)
    return next((row for row in rows if row.get("status") == "succeeded"), rows[0] if rows else None)


def _without_charge(intent: Row, status: str, base: PaymentFees, now: int) -> PaymentFees:
    if status == "processing":
        days = overdue_days(intent.get("created"), now, by_bank=True)
        return _not_yet(base, "processing", _PROCESSING, late=None if days is None else late_words(days, by_bank=True))
    if status == "canceled":
        return _not_available(base, "canceled", "the payment was canceled before anything was charged")
    return _not_available(base, "no_charge", f"nothing was charged yet: the payment intent is at {status}")


def _of_charge(charge: Row, base: PaymentFees, *, now: int, intent_status: str | None) -> PaymentFees:
    amount = whole(charge, "amount")
    paid = Paid(
        amount=amount,
        captured=whole_or(charge, "amount_captured", amount),
        refunded=whole_or(charge, "amount_refunded", 0),
        currency=text(charge, "currency"),
        status=text(charge, "status") if charge.get("status") is not None else None,
    )
    intent = base.payment_intent or id_of(charge.get("payment_intent"))
    base = replace(base, charge=id_of(charge), payment_intent=intent, paid=paid)
    row = charge.get("balance_transaction")
    if row is None:
        return _without_row(charge, base, intent_status, now)
    if (expanded := object_of(row)) is None:
        raise ProtocolError(f"the balance transaction of {charge.get('id')} was not expanded")
    return _of_row(expanded, charge, base)


def _without_row(charge: Row, base: PaymentFees, intent_status: str | None, now: int) -> PaymentFees:
    """Say why a charge has no balance transaction, and whether it may still come."""
    status = charge.get("status")
    if status == "failed":
        why = charge.get("failure_message") or charge.get("failure_code") or "no reason given"
        return _not_available(base, "failed", f"the charge failed ({why}): nothing was charged")
    processing = status == "pending" or intent_status == "processing"
    by_bank = processing or is_bank_debit(charge)
    days = overdue_days(captured_by(charge), now, by_bank=by_bank)
    late = None if days is None else late_words(days, by_bank=by_bank)
    if processing:
        return _not_yet(base, "processing", _PROCESSING, late=late)
    if charge.get("captured") is False:
        if intent_status == "canceled" or charge.get("refunded"):
            return _not_available(base, "canceled", "the authorisation was given up: nothing was captured")
        return _not_available(base, "not_captured", "authorised, not captured: fees are known after the capture")
    if status == "succeeded":
        return _not_yet(base, "capturing", _CAPTURING, late=late)
    return _not_available(base, str(status), f"the charge is at {status}")


def _of_row(row: Row, charge: Row, base: PaymentFees) -> PaymentFees:
    row_fees, notes = fee_row(row), _notes(charge)
    base = replace(
        base,
        balance_transaction=row_fees.balance_transaction,
        gross=row_fees.gross,
        currency=row_fees.currency,
        exchange_rate=row_fees.exchange_rate,
        status=row_fees.status,
        available_on=row_fees.available_on,
    )
    if says_nothing(row_fees) and not is_passed_on(charge):
        return replace(_not_available(base, NO_FEE_DETAILS, NO_FEE), notes=notes)
    if row_fees.type == "charge" and all(part.type != STRIPE_FEE for part in row_fees.parts):
        notes = (*notes, _NO_STRIPE_FEE)
    return replace(
        base,
        answer=Answer.KNOWN,
        fee=row_fees.fee,
        net=row_fees.net,
        parts=row_fees.parts,
        unexplained=row_fees.unexplained,
        notes=notes,
    )


def says_nothing(row: FeeRow) -> bool:
    """Say whether a payment's row carries no fee: it may be charged apart, so it is not known rather than zero."""
    return row.fee == 0 and not row.parts


def is_passed_on(charge: Row) -> bool:
    """Say whether a payment came by a platform's transfer: it may truly be free, Stripe's fee being the platform's."""
    return charge.get("source_transfer") is not None


def _notes(charge: Row) -> tuple[str, ...]:
    notes: list[str] = []
    if charge.get("status") == "failed":
        back = id_of(charge.get("failure_balance_transaction"))
        notes.append(f"The payment failed afterwards; its money went back{f' with {back}' if back else ''}.")
    if whole_or(charge, "amount_captured", charge["amount"]) < charge["amount"]:
        notes.append("A part was captured; the rest may be given back by a row of its own (partial_capture_reversal).")
    if charge.get("amount_refunded"):
        notes.append(
            "Refunds are rows of their own, not in this net; what their rows say of fees: stripe-balance fees re_…"
        )
    if charge.get("disputed"):
        notes.append("It was disputed; the dispute's rows are not in this net: stripe-balance fees dp_… shows them.")
    if transfer := id_of(charge.get("source_transfer")):
        notes.append(f"It came by the platform's transfer {transfer}; what Stripe took is on the platform's own row.")
    return tuple(notes)


def _not_yet(base: PaymentFees, reason: str, explanation: str, *, late: str | None) -> PaymentFees:
    """Return *not yet*, or *not available* where it was so for too long, which `late` says."""
    if late is not None:
        return _not_available(base, OVERDUE, late)
    return replace(base, answer=Answer.NOT_YET, reason=reason, explanation=explanation)


def _not_available(base: PaymentFees, reason: str, explanation: str) -> PaymentFees:
    return replace(base, answer=Answer.NOT_AVAILABLE, reason=reason, explanation=explanation)


_PROCESSING = "the payment is being processed; bank debits take some days"
_CAPTURING = "paid, and Stripe is making its balance transaction (asynchronous capture); charge.updated tells when"
NO_FEE_DETAILS = "no_fee_details"
NO_FEE = (
    "its balance transaction carries no fee: with IC+ pricing, or where a platform pays the fees, they are charged"
    " apart; see the payment fees report in the Dashboard"
)
_NO_STRIPE_FEE = "There is no stripe_fee in it: with IC+ pricing, or where a platform pays the fees, it is apart."
