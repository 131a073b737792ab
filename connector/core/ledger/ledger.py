"""What a statement is made of: an account's rows of a period, added up. Values in minor units, exact."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from connector.core.units import PAYMENTS

PAYOUT = "payout"
RETURNS = ("payout_failure", "payout_cancel")
"""Types of rows that take a payout back (docs.stripe.com/reports/balance-transaction-types)."""

PAYOUT_TYPES = (PAYOUT, *RETURNS)

PAYOUT_CATEGORIES = frozenset({"payout", "payout_reversal"})
"""Categories that Stripe's balance report shows apart from activity (docs.stripe.com/reports/balance)."""

DISPUTES = ("dispute", "dispute_reversal")
REFUNDS = frozenset({"refund", "refund_failure", "partial_capture_reversal", "charge_failure"})
FEES, TAXES = "fee", "tax"
"""Categories of fees and of taxes on them that are rows of their own."""

TAX_KINDS = frozenset({"tax", "withheld_tax"})
"""Types of `fee_details` that are taxes."""

CONVERSION = "Stripe currency conversion fee"
"""How Stripe describes the fee for conversion in `fee_details`, where it shows it apart from the rate."""

CONVERSION_TYPE = "stripe_fx_fee"
"""Type of rows that are such a fee."""

UNNAMED = "uncategorized"
"""Stands for the category of rows that have none."""


class Purse(NamedTuple):
    """One balance of an account.

    Attributes:
        balance_type: `payments`, `issuing`, …
        currency: lower-case ISO code.
    """

    balance_type: str
    currency: str


@dataclass(frozen=True, slots=True)
class Sums:
    """Rows added up.

    Attributes:
        count: rows.
        gross: sum of `amount`.
        fee: sum of `fee`; positive is what was taken.
        net: sum of `net`.
        returned: of the fees, what was given back, at least 0: `fee` is what was charged less this.
        returned_rows: rows whose fee is negative.
    """

    count: int = 0
    gross: int = 0
    fee: int = 0
    net: int = 0
    returned: int = 0
    returned_rows: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.count + other.count,
            self.gross + other.gross,
            self.fee + other.fee,
            self.net + other.net,
            self.returned + other.returned,
            self.returned_rows + other.returned_rows,
        )

    @property
    def charged(self) -> int:
        """Fees taken, those given back not subtracted."""
        return self.fee + self.returned


class Segment(NamedTuple):
    """Rows alike in what they cost.

    Attributes:
        category: `reporting_category`.
        type: of the rows.
        converted: whether their amount came from another currency.
        method: how it was paid, where the lake has columns of the charge.
    """

    category: str
    type: str
    converted: bool
    method: str | None


class FeeKind(NamedTuple):
    """One kind of fee.

    Attributes:
        type: of `fee_details`: `stripe_fee`, `tax`, …; the category of a row that is itself a fee.
        description: as Stripe words it.
        apart: whether rows of their own took it, not parts of other rows.
    """

    type: str
    description: str | None
    apart: bool = False

    @property
    def taxed(self) -> bool:
        """Whether it is a tax."""
        return self.type in (TAX_KINDS if not self.apart else {TAXES})


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """A row that sent a payout or took one back.

    Attributes:
        id: of the row, `txn_…`.
        payout: id of the payout, `po_…`, or None where the row does not say.
        type: one of `PAYOUT_TYPES`.
        created: UTC seconds.
        purse: of which balance.
        amount: gross, as in the row: negative for what left.
        fee: of the row.
    """

    id: str
    payout: str | None
    type: str
    created: int
    purse: Purse
    amount: int
    fee: int


class Return(NamedTuple):
    """That a payout was taken back.

    Attributes:
        at: when, UTC seconds.
        type: of the row: `payout_failure` or `payout_cancel`.
    """

    at: int
    type: str

    @property
    def state(self) -> str:
        """The payout's state that goes with it."""
        return "canceled" if self.type == "payout_cancel" else "failed"


@dataclass(slots=True)
class DisputeSums:
    """What one dispute did in the period.

    Attributes:
        created: of its first row in the period, UTC seconds.
        withdrawn: taken by the dispute, at least 0 as a rule.
        reinstated: given back.
        fee: fees taken less fees given back.
        reason: why, where the lake has the dispute.
        status: its state when the row was read, where the lake has it.
        charge: of which charge, where the lake has it.
        evidence_due: until when evidence can be submitted, UTC seconds, where the lake has it.
    """

    created: int
    withdrawn: int = 0
    reinstated: int = 0
    fee: int = 0
    reason: str | None = None
    status: str | None = None
    charge: str | None = None
    evidence_due: int | None = None


@dataclass(slots=True)
class Conversion:
    """Rows whose amount came from one other currency.

    Attributes:
        count: rows.
        gross: in the balance's currency.
        paid: in the currency paid in; None where the lake does not have it of every one.
    """

    count: int = 0
    gross: int = 0
    paid: int | None = 0


@dataclass(slots=True)
class Figures:
    """What one pass over an account's rows found.

    Attributes:
        before: sum of `net` of the rows before the period, by purse.
        moves: rows of the period by category.
        segments: the same rows finer, to explain fees by.
        fees: parts of fees by kind: how many, and their sum.
        waiting_before: what was not available yet when the period began: sum of `net` by when it became so.
        waiting_after: the same, when it ended.
        payouts: rows of payouts in the period, by time.
        sent_later: when payouts were sent that the period's end precedes, by their id and by the row's.
        returns: when payouts were taken back, near the period or after it, by their id and by the row's.
        disputes: by purse and id.
        conversions: by purse and currency paid in, None where it is not known.
        pending_rows: rows of the period that the lake has as pending.
        rows: rows of the period.
        since_snapshot: by a snapshot's time, sum of `net` of the rows between it and the period's begin.
        near_snapshot: by a snapshot's time, rows that may be in it or not.
        fresh_snapshot: by a snapshot's time, rows made shortly before it.
    """

    before: dict[Purse, int] = field(default_factory=dict[Purse, int])
    moves: dict[Purse, dict[str, Sums]] = field(default_factory=dict[Purse, dict[str, Sums]])
    segments: dict[Purse, dict[Segment, Sums]] = field(default_factory=dict[Purse, dict[Segment, Sums]])
    fees: dict[Purse, dict[FeeKind, tuple[int, int]]] = field(
        default_factory=dict[Purse, dict[FeeKind, tuple[int, int]]]
    )
    waiting_before: dict[Purse, Counter[int]] = field(default_factory=dict[Purse, "Counter[int]"])
    waiting_after: dict[Purse, Counter[int]] = field(default_factory=dict[Purse, "Counter[int]"])
    payouts: list[PayoutRow] = field(default_factory=list[PayoutRow])
    sent_later: dict[str, int] = field(default_factory=dict[str, int])
    returns: dict[str, Return] = field(default_factory=dict[str, "Return"])
    disputes: dict[Purse, dict[str, DisputeSums]] = field(default_factory=dict[Purse, dict[str, DisputeSums]])
    conversions: dict[Purse, dict[str | None, Conversion]] = field(
        default_factory=dict[Purse, dict[str | None, Conversion]]
    )
    pending_rows: int = 0
    rows: int = 0
    since_snapshot: dict[int, dict[Purse, int]] = field(default_factory=dict[int, dict[Purse, int]])
    near_snapshot: Counter[int] = field(default_factory=Counter[int])
    fresh_snapshot: Counter[int] = field(default_factory=Counter[int])


def is_fee_row(category: str, type_: str) -> bool:
    """Say whether a row is itself a fee or a tax on one."""
    return category in {FEES, TAXES} or type_ == CONVERSION_TYPE


def category_of(category: str | None, type_: str) -> str:
    """Return a row's category; of rows that have none, payouts are told by their type."""
    if category is not None:
        return category
    return {PAYOUT: "payout", **dict.fromkeys(RETURNS, "payout_reversal")}.get(type_, UNNAMED)


def purse_of(balance_type: str | None, currency: str) -> Purse:
    """Return the balance a row is of; rows without a type, as in API versions before 2025-05-28, are payments."""
    return Purse(balance_type or PAYMENTS, currency)
