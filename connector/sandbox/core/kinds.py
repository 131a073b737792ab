"""The kinds of row the ledger can hold, and what is the same for every row of a kind.

A kind is finer than the API's `type`: an `adjustment` may be a dispute or its reversal, a `payment` may be a bank debit
or the connected side of a destination charge.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Kind(IntEnum):
    """One byte per row. The first three are the common ones and are recognised by `<= PAYMENT`."""

    CHARGE = 0
    CHARGE_FX = 1
    PAYMENT = 2
    REFUND = 3
    PAYMENT_REFUND = 4
    REFUND_FAILURE = 5
    DISPUTE = 6
    DISPUTE_REVERSAL = 7
    STRIPE_FEE = 8
    TAX_FEE = 9
    APPLICATION_FEE = 10
    APPLICATION_FEE_REFUND = 11
    TRANSFER = 12
    TRANSFER_REVERSAL = 13
    TOPUP = 14
    PAYOUT = 15
    PAYOUT_MANUAL = 16
    PAYOUT_FAILURE = 17
    PAYOUT_CANCEL = 18
    RESERVE_TRANSACTION = 19
    RESERVE_HOLD = 20
    RISK_HOLD = 21
    RESERVE_RELEASE = 22
    RISK_RELEASE = 23
    ISSUING_TOPUP = 24
    ISSUING_TRANSACTION = 25
    PREFUNDING_TOPUP = 26
    TRANSFER_IN = 27
    TRANSFER_IN_REFUND = 28
    STRANGE_BALANCE = 29
    INBOUND_TRANSFER = 30
    INBOUND_TRANSFER_REVERSAL = 31
    FEE_CREDIT_FUNDING = 32
    TAX_FUND = 33
    PROVISIONAL_CREDIT = 34
    PROVISIONAL_CREDIT_REVERSAL = 35


@dataclass(frozen=True, slots=True)
class Spec:
    """What a kind's rows have in common.

    Attributes:
        type: the API's `type`.
        category: the API's `reporting_category`.
        prefix: of the source id; empty where `source` is null.
        linked: the source is the linked row's object, not one of this row's own.
        delay: days from the day of `created` to the start of that of `available_on`; 0 is at once.
        text: `description`, with `%(source)s`; None is null. Payments have texts of their own.
        balance_type: which balance the row moves.
    """

    type: str
    category: str
    prefix: str
    linked: bool = False
    delay: int = 0
    text: str | None = None
    balance_type: str = "payments"


SPECS: dict[int, Spec] = {
    Kind.CHARGE: Spec("charge", "charge", "ch_", delay=2),
    Kind.CHARGE_FX: Spec("charge", "charge", "ch_", delay=2),
    Kind.PAYMENT: Spec("payment", "charge", "py_", delay=5),
    Kind.REFUND: Spec("refund", "refund", "re_", delay=1, text="REFUND FOR CHARGE"),
    Kind.PAYMENT_REFUND: Spec("payment_refund", "refund", "pyr_", delay=1, text="REFUND FOR PAYMENT"),
    Kind.REFUND_FAILURE: Spec(
        "refund_failure", "refund_failure", "re_", linked=True, text="REFUND FAILURE FOR %(source)s"
    ),
    Kind.DISPUTE: Spec("adjustment", "dispute", "du_", text="Chargeback withdrawal"),
    Kind.DISPUTE_REVERSAL: Spec("adjustment", "dispute_reversal", "du_", linked=True, text="Chargeback reversal"),
    Kind.STRIPE_FEE: Spec("stripe_fee", "fee", "", text="Billing - Usage Fee"),
    Kind.TAX_FEE: Spec("tax_fee", "tax", "", text="Automatic tax"),
    Kind.APPLICATION_FEE: Spec("application_fee", "platform_earning", "fee_", delay=2),
    Kind.APPLICATION_FEE_REFUND: Spec("application_fee_refund", "platform_earning_refund", "fr_"),
    Kind.TRANSFER: Spec("transfer", "transfer", "tr_"),
    Kind.TRANSFER_REVERSAL: Spec("transfer_refund", "transfer_reversal", "trr_", text="REFUND FOR TRANSFER"),
    Kind.TOPUP: Spec("topup", "topup", "tu_", delay=1, text="Top-up"),
    Kind.PAYOUT: Spec("payout", "payout", "po_", delay=2, text="STRIPE PAYOUT"),
    Kind.PAYOUT_MANUAL: Spec("payout", "payout", "po_", delay=2, text="Withdrawal"),
    Kind.PAYOUT_FAILURE: Spec("payout_failure", "payout_reversal", "po_", linked=True, text="Payout failure"),
    Kind.PAYOUT_CANCEL: Spec("payout_cancel", "payout_reversal", "po_", linked=True, text="Payout canceled"),
    Kind.RESERVE_TRANSACTION: Spec("reserve_transaction", "connect_reserved_funds", "rsvtx_", text="Connect reserve"),
    Kind.RESERVE_HOLD: Spec("reserve_hold", "risk_reserved_funds", ""),
    Kind.RISK_HOLD: Spec("reserve_hold", "risk_reserved_funds", "", balance_type="risk_reserved"),
    Kind.RESERVE_RELEASE: Spec("reserve_release", "risk_reserved_funds", ""),
    Kind.RISK_RELEASE: Spec("reserve_release", "risk_reserved_funds", "", balance_type="risk_reserved"),
    Kind.ISSUING_TOPUP: Spec("topup", "topup", "tu_", text="Issuing top-up", balance_type="issuing"),
    Kind.ISSUING_TRANSACTION: Spec("issuing_transaction", "issuing_transaction", "ipi_", balance_type="issuing"),
    Kind.PREFUNDING_TOPUP: Spec(
        "topup", "topup", "tu_", delay=1, text="Refund prefunding", balance_type="refund_and_dispute_prefunding"
    ),
    Kind.TRANSFER_IN: Spec("payment", "charge", "py_", delay=2),
    Kind.TRANSFER_IN_REFUND: Spec("payment_refund", "refund", "pyr_", delay=1, text="REFUND FOR PAYMENT"),
    Kind.STRANGE_BALANCE: Spec("adjustment", "other_adjustment", "", text="Reserve", balance_type="orbital_reserve"),
    # Types of 2026: the categories of the first four are not published, and are a guess.
    Kind.INBOUND_TRANSFER: Spec("inbound_transfer", "topup", "", delay=1, text="Inbound transfer"),
    Kind.INBOUND_TRANSFER_REVERSAL: Spec("inbound_transfer_reversal", "topup_reversal", "", text="Inbound transfer"),
    Kind.FEE_CREDIT_FUNDING: Spec("fee_credit_funding", "fee", "", text="Fee credit"),
    Kind.TAX_FUND: Spec("tax_fund", "tax", "", text="Tax"),
    Kind.PROVISIONAL_CREDIT: Spec(
        "issuing_dispute_provisional_credit", "issuing_dispute_provisional_credit", "", balance_type="issuing"
    ),
    Kind.PROVISIONAL_CREDIT_REVERSAL: Spec(
        "issuing_dispute_provisional_credit_reversal",
        "issuing_dispute_provisional_credit_reversal",
        "",
        balance_type="issuing",
    ),
}

ADDABLE = {
    "charge": Kind.CHARGE,
    "payment": Kind.PAYMENT,
    "stripe_fee": Kind.STRIPE_FEE,
    "tax_fee": Kind.TAX_FEE,
    "topup": Kind.TOPUP,
    "inbound_transfer": Kind.INBOUND_TRANSFER,
    "inbound_transfer_reversal": Kind.INBOUND_TRANSFER_REVERSAL,
    "fee_credit_funding": Kind.FEE_CREDIT_FUNDING,
    "tax_fund": Kind.TAX_FUND,
    "issuing_dispute_provisional_credit": Kind.PROVISIONAL_CREDIT,
    "issuing_dispute_provisional_credit_reversal": Kind.PROVISIONAL_CREDIT_REVERSAL,
    "risk_reserve": Kind.RISK_HOLD,
    "strange_balance": Kind.STRANGE_BALANCE,
}
"""Types of row that stand alone, so that they can be added at will."""

PAYOUTS = (Kind.PAYOUT, Kind.PAYOUT_MANUAL)
CHARGES = (Kind.CHARGE, Kind.CHARGE_FX, Kind.PAYMENT, Kind.TRANSFER_IN)
REFUNDS = (Kind.REFUND, Kind.PAYMENT_REFUND, Kind.TRANSFER_IN_REFUND)
TOPUPS = (Kind.TOPUP, Kind.ISSUING_TOPUP, Kind.PREFUNDING_TOPUP)
PAID_OUT = frozenset(
    kind
    for kind, spec in SPECS.items()
    if spec.balance_type == "payments" and kind not in {Kind.TOPUP, Kind.PAYOUT, Kind.PAYOUT_MANUAL, Kind.PAYOUT_CANCEL}
)
"""Kinds that automatic payouts pay out."""

LONGEST_DELAY = 10
"""Days after which every row is available, whatever its kind and currency."""

DAY = 86_400
HOUR = 3_600


def delay_of(kind: int, currency: int) -> int:
    """Days until a row is available; card payments in the world's other currencies take a little longer."""
    delay = SPECS[kind].delay
    return delay + currency % 3 if kind in CHARGES else delay


def available_on(created: int, delay: int, start_of_day: int) -> int:
    """When money of a row is available: at the start of a day, `delay` days on, or at once.

    Args:
        created: UTC seconds.
        delay: days.
        start_of_day: seconds after midnight UTC at which the account's days start.

    Source: docs.stripe.com/changelog/dahlia/2026-05-27/custom-start-of-day.
    """
    return ((created - start_of_day) // DAY + delay) * DAY + start_of_day if delay else created


def is_instant(number: int) -> bool:
    """Whether the payout of a PAYOUT_MANUAL row is an instant one: every other is."""
    return number % 2 == 0


def kinds_of(type_: str) -> tuple[Kind, ...]:
    """The kinds the API shows under one `type`; empty for a type this world does not have."""
    return tuple(kind for kind in Kind if SPECS[kind].type == type_)
