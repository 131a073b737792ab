"""What an automatic payout cost, from the rows it paid out: fees by kind and by type of row, and whether it adds up.

All rows under `payout=` and the payout's own row sum to zero. A listing of one type alone does not: the documented
`type=charge` leaves out payments, refunds, adjustments and all else that the payout is made of.

Source: docs.stripe.com/payouts/reconciliation; docs.stripe.com/expand/use-cases.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from connector.core.fees import Answer
from connector.core.figures import figures_of, parts_of
from connector.core.members import id_of, object_of, text, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.page import Row

MANUAL = (
    "Stripe does not say which balance transactions a manual (or instant) payout paid out, and refuses to list them;"
    " keep your own record, or read all of them: stripe-balance sync"
)
NO_FEE_DETAILS = "no_fee_details"
_NO_FEE = (
    "none of its charges carries a fee: with IC+ pricing, or where a platform pays the fees, they are charged apart;"
    " see the payment fees report in the Dashboard"
)
_RECONCILING = "Stripe is still deciding which rows belong to it (reconciliation_status in_progress)"


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
        reason: why not, in one word: `manual`, `reconciling`, `residual`, `no_fee_details`.
        explanation: the same in a sentence.
        account: connected account it was asked of, or None for the key's own.
        amount: paid out, in minor units of `currency`; negative when the bank account was debited.
        currency: of the payout.
        status: `pending`, `in_transit`, `paid`, `failed`, `canceled`.
        arrival_date: UTC seconds.
        automatic: whether Stripe made it by its schedule.
        reconciliation_status: `completed`, `in_progress`, `not_applicable`.
        balance_transaction: the payout's own row, `txn_…`; None where it was not listed.
        types: sums by type of row, the payout's own row left out; those with most rows first.
        fees: fees by kind and type of row, the greatest first.
        remainder: Σ net of all rows, the payout's own included: 0 when all are there; None where none were listed.
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
    types: tuple[TypeSum, ...] = ()
    fees: tuple[KindSum, ...] = ()
    remainder: int | None = None
    originals: tuple[Original, ...] = ()

    @property
    def charges_alone(self) -> int:
        """Σ net of a listing with `type=charge`: not the payout's amount, unless it paid out nothing else."""
        return sum(one.net for one in self.types if one.type == "charge")

    @property
    def fee(self) -> int | None:
        """All fees together, in minor units; None where rows do not tell."""
        told = self.types and self.reason != NO_FEE_DETAILS
        return sum(one.fee for one in self.types) if told else None

    def document(self) -> dict[str, Any]:
        """Return the fields as JSON has them."""
        return {
            "object": "payout_fees",
            **asdict(self),
            "answer": self.answer.value,
            "fee": self.fee,
            "charges_alone": self.charges_alone if self.types else None,
        }


_FEE = 2
"""Where the fee is in a type's sums: rows, gross, fee, net."""


@dataclass(slots=True)
class PayoutTally:
    """Adds up the rows of a payout as they come, whatever their order.

    Attributes:
        payout: `po_…`.
        passed_on: whether a row came by a platform's transfer, and so has an original charge elsewhere.
    """

    payout: str
    passed_on: bool = False
    _own: Row | None = None
    _net: int = 0
    _rows: int = 0
    _types: dict[tuple[str, str], list[int]] = field(default_factory=dict[tuple[str, str], list[int]])
    _fees: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])

    def add(self, rows: Iterable[Row]) -> None:
        """Take rows, their `source` expanded or not.

        Raises:
            ProtocolError: a row's figures are not integers that add up.
        """
        for row in rows:
            figures = figures_of(row)
            self._net += figures[2]
            self._rows += 1
            if row.get("type") == "payout" and id_of(row.get("source")) == self.payout:
                self._own = row
                continue
            type_, currency = text(row, "type"), text(row, "currency")
            sums = self._types.setdefault((type_, currency), [0, 0, 0, 0])
            for place, number in enumerate((1, *figures)):
                sums[place] += number
            for part in parts_of(row):
                self._fees[part.type, type_, part.currency] += part.amount
            source = object_of(row.get("source"))
            self.passed_on |= type_ == "payment" and source is not None and source.get("source_transfer") is not None

    def conclude(
        self, described: Row | None, *, account: str | None = None, originals: Iterable[Original] = ()
    ) -> PayoutFees:
        """Return what it comes to.

        Args:
            described: the payout as received, or None where the key may not ask for it; its own row then tells.
            account: connected account it was asked of.
            originals: see `PayoutFees`.
        """
        own = object_of(self._own["source"]) if self._own else None
        facts = facts_of(described or own or {})
        if self._own and facts["amount"] is None:
            facts |= {"amount": -whole(self._own, "net"), "currency": text(self._own, "currency")}
        answer, reason, explanation = self._judged(facts["reconciliation_status"])
        types = [TypeSum(*key, *sums) for key, sums in self._types.items()]
        fees = [KindSum(*key, amount) for key, amount in self._fees.items()]
        return PayoutFees(
            id=self.payout,
            answer=answer,
            reason=reason,
            explanation=explanation,
            account=account,
            **facts,
            balance_transaction=id_of(self._own),
            types=tuple(sorted(types, key=lambda one: (-one.rows, one.type, one.currency))),
            fees=tuple(sorted(fees, key=lambda one: (-one.amount, one.fee, one.type, one.currency))),
            remainder=self._net if self._rows else None,
            originals=tuple(sorted(originals, key=lambda one: (-one.created, one.payment))),
        )

    def _judged(self, reconciliation: str | None) -> tuple[Answer, str | None, str | None]:
        if reconciliation == "in_progress":
            return Answer.NOT_YET, "reconciling", _RECONCILING
        if self._own is not None and self._net == 0:
            if self._charges_without_fees():
                return Answer.NOT_AVAILABLE, NO_FEE_DETAILS, _NO_FEE
            return Answer.KNOWN, None, None
        lacks = f"its rows sum to {self._net:+} minor units rather than 0" if self._own else "its own row is not listed"
        return Answer.NOT_AVAILABLE, "residual", f"the listing is not the whole payout: {lacks}"

    def _charges_without_fees(self) -> bool:
        charges = [sums[_FEE] for (type_, _), sums in self._types.items() if type_ == "charge"]
        return bool(charges) and not any(charges) and all(key[1] != "charge" for key in self._fees)


def facts_of(payout: Row) -> dict[str, Any]:
    """Return what a payout says of itself, by field of `PayoutFees`; None for what it does not."""
    names = ("amount", "currency", "status", "arrival_date", "automatic", "reconciliation_status")
    return {name: payout.get(name) for name in names}


def manual_payout(payout_id: str, described: Row | None, *, account: str | None = None) -> PayoutFees:
    """Return the answer for a payout whose rows Stripe does not tell."""
    return PayoutFees(
        id=payout_id,
        answer=Answer.NOT_AVAILABLE,
        reason="manual",
        explanation=MANUAL,
        account=account,
        **facts_of(described or {"automatic": False}),
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
