"""What a payout cost: fees by kind and by type of row of what it paid out, its own row, and whether it adds up.

All rows under `payout=` and the payout's own row sum to zero. A listing of one type alone does not: the documented
`type=charge` leaves out payments, refunds, adjustments and all else that the payout is made of.

Source: docs.stripe.com/payouts/reconciliation; docs.stripe.com/expand/use-cases.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from connector.core.api.fields import id_of, object_of, text, whole
from connector.core.ledger.amounts import FeeRow, fee_row, figures_of
from connector.core.ledger.fees import NO_FEE_DETAILS, Answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.api.page import Row

MANUAL = (
    "Stripe does not say which balance transactions a manual (or instant) payout paid out, and refuses to list them;"
    " keep your own record, or read all of them: stripe-balance sync"
)
RECONCILING = "in_progress"
"""`reconciliation_status` while Stripe decides which rows belong to a payout."""


@dataclass(frozen=True, slots=True)
class TypeSum:
    """The rows of one type.

    Attributes:
        type: of the rows.
        currency: of the amounts, which are in minor units.
        rows: how many.
        gross: Σ amount.
        fee: Σ fee.
        net: Σ net.
    """

    type: str
    currency: str
    rows: int
    gross: int
    fee: int
    net: int


@dataclass(frozen=True, slots=True)
class KindSum:
    """The fees of one kind on the rows of one type: `fee` is `stripe_fee`, `tax`, …; `amount` in minor units."""

    fee: str
    type: str
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class Original:
    """A payment that a platform passed on, and the customer's charge it came from.

    Attributes:
        payment: `py_…`, of the connected account.
        balance_transaction: its row.
        gross: of the row, in minor units of `currency`.
        fee: of the row.
        net: of the row.
        currency: of the row.
        transfer: `tr_…`, the platform's.
        charge: `ch_…`, the platform's, which the customer paid; None where the transfer came of no charge.
        charge_amount: in minor units of `charge_currency`; None where the charge was not shown.
        charge_currency: what the customer paid in.
        created: of the row, UTC seconds.
    """

    payment: str
    balance_transaction: str
    gross: int
    fee: int
    net: int
    currency: str
    transfer: str
    charge: str | None
    charge_amount: int | None
    charge_currency: str | None
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutFees:
    """The fees of the rows that a payout paid out.

    Attributes:
        id: `po_…`.
        answer: known; not yet, while Stripe reconciles it; not available, for a manual one or where it does not add up.
        reason: why not, in one word: `manual`, `reconciling`, `overdue`, `residual`, `no_fee_details`.
        explanation: the same in a sentence.
        account: connected account it was asked of, or None for the key's own.
        amount: paid out, in minor units of `currency`; negative when the bank account was debited.
        currency: of the payout.
        status: `pending`, `in_transit`, `paid`, `failed`, `canceled`.
        arrival_date: UTC seconds.
        automatic: whether Stripe made it by its schedule.
        reconciliation_status: `completed`, `in_progress`, `not_applicable`.
        balance_transaction: the payout's own row, `txn_…`; None where it was not listed.
        own: the payout's own row, which an instant payout's fee is on; None where it was not shown.
        returned: the row that brought the money back, where the payout failed or was canceled.
        types: sums by type of row, the payout's own row left out; those with most rows first.
        fees: fees by kind and type of row, the payout's own included, the greatest first.
        remainder: Σ net of all rows, the payout's own included: 0 when all are there; None where none were listed, or
            where rows of several currencies are left over.
        originals: what customers paid for payments passed on by a platform, newest first.
    """

    id: str
    answer: Answer
    reason: str | None = None
    explanation: str | None = None
    account: str | None = None
    amount: int | None = None
    currency: str | None = None
    status: str | None = None
    arrival_date: int | None = None
    automatic: bool | None = None
    reconciliation_status: str | None = None
    balance_transaction: str | None = None
    own: FeeRow | None = None
    returned: FeeRow | None = None
    types: tuple[TypeSum, ...] = ()
    fees: tuple[KindSum, ...] = ()
    remainder: int | None = None
    originals: tuple[Original, ...] = ()

    @property
    def charges_alone(self) -> int:
        """Σ net of a listing with `type=charge`: not the payout's amount, unless it paid out nothing else."""
        return sum(type_sum.net for type_sum in self.types if type_sum.type == "charge")

    @property
    def fee(self) -> int | None:
        """All fees of what it paid out, and of its own row, in minor units; None where rows do not tell."""
        told = self.types and self.reason != NO_FEE_DETAILS
        own = (self.own.fee if self.own else None) or 0
        return sum(type_sum.fee for type_sum in self.types) + own if told else None

    def document(self) -> dict[str, Any]:
        """Return the fields as JSON has them."""
        return {
            "object": "payout_fees",
            **asdict(self),
            "answer": self.answer.value,
            "fee": self.fee,
            "charges_alone": self.charges_alone if self.types else None,
        }


def row_of(payout: Row | None, name: str) -> FeeRow | None:
    """Return a row of a payout's own, where it was expanded."""
    row = object_of((payout or {}).get(name))
    return fee_row(row) if row is not None else None


def fees_on(own: FeeRow | None) -> list[KindSum]:
    """Return the fees on a payout's own row: an instant payout costs."""
    if own is None:
        return []
    return [KindSum(part.type, own.type, part.currency, part.amount) for part in own.parts]


def in_order(fees: Iterable[KindSum]) -> tuple[KindSum, ...]:
    """Sort fees, the greatest first."""
    return tuple(sorted(fees, key=lambda kind_sum: (-kind_sum.amount, kind_sum.fee, kind_sum.type, kind_sum.currency)))


def facts_of(payout: Row) -> dict[str, Any]:
    """Return what a payout says of itself, by field of `PayoutFees`; None for what it does not.

    Raises:
        ProtocolError: its amount is no integer, or its currency no text.
    """
    names = ("amount", "currency", "status", "arrival_date", "automatic", "reconciliation_status")
    facts = {name: payout.get(name) for name in names}
    for name, checked in (("amount", whole), ("currency", text)):
        if facts[name] is not None:
            checked(payout, name)
    return facts


def manual_payout(
    payout_id: str, described: Row | None, *, rows: Iterable[Row] = (), account: str | None = None
) -> PayoutFees:
    """Return the answer for a payout of which Stripe does not tell what it paid out: its own rows are all there is.

    Args:
        payout_id: `po_…`.
        described: the payout with its rows expanded, or None where the key may not ask for it.
        rows: those whose source it is, where it could not be asked for.
        account: connected account it was asked of.
    """
    facts = facts_of(described or {"automatic": False})
    own, returned = row_of(described, "balance_transaction"), row_of(described, "failure_balance_transaction")
    for row in rows:
        if row.get("type") == "payout":
            own = fee_row(row)
            facts |= {"amount": -own.gross, "currency": own.currency}
        else:
            returned = fee_row(row)
    return PayoutFees(
        id=payout_id,
        answer=Answer.NOT_AVAILABLE,
        reason="manual",
        explanation=MANUAL,
        account=account,
        **facts,
        balance_transaction=own.balance_transaction if own else None,
        own=own,
        returned=returned,
        fees=in_order(fees_on(own)),
    )


def to_original(row: Row) -> Original | None:
    """Read a `payment` row expanded to `source.source_transfer.source_transaction`; None if no platform passed it on.

    Raises:
        ProtocolError: its figures are not integers that add up.
    """
    payment = object_of(row.get("source"))
    transfer = payment.get("source_transfer") if payment else None
    if payment is None or transfer is None:
        return None
    expanded = object_of(transfer) or {}
    charge = object_of(expanded.get("source_transaction"))
    gross, fee, net = figures_of(row)
    return Original(
        payment=text(payment, "id"),
        balance_transaction=text(row, "id"),
        gross=gross,
        fee=fee,
        net=net,
        currency=text(row, "currency"),
        transfer=id_of(transfer) or "",
        charge=id_of(expanded.get("source_transaction")),
        charge_amount=whole(charge, "amount") if charge else None,
        charge_currency=text(charge, "currency") if charge else None,
        created=whole(row, "created"),
    )
