"""Adding up the rows of an automatic payout, and judging whether they are all there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector.core.api.fields import id_of, object_of, text, whole
from connector.core.ledger.amounts import fee_row, figures_of, parts_of
from connector.core.ledger.fees import NO_FEE_DETAILS, Answer
from connector.core.ledger.payout_fees import (
    RECONCILING,
    KindSum,
    PayoutFees,
    TypeSum,
    facts_of,
    fees_on,
    in_order,
    row_of,
)
from connector.core.ledger.waiting import OVERDUE, overdue_days

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.api.page import Row
    from connector.core.ledger.payout_fees import Original

_NO_FEE = (
    "none of its charges carries a fee: with IC+ pricing, or where a platform pays the fees, they are charged apart;"
    " see the payment fees report in the Dashboard"
)
_RECONCILING = "Stripe is still deciding which rows belong to it (reconciliation_status in_progress)"

RESIDUAL = "residual"
"""Why nothing is known of a payout whose rows do not agree with each other."""

_FEE = 2
"""Where the fee is in a type's sums: rows, gross, fee, net."""


@dataclass(slots=True)
class PayoutTally:
    """Adds up the rows of a payout as they come, whatever their order.

    Attributes:
        payout: `po_…`.
        passed_on: ids of rows that came by a platform's transfer, and so have an original charge elsewhere.
    """

    payout: str
    passed_on: set[str] = field(default_factory=set[str])
    _own: Row | None = None
    _nets: Counter[str] = field(default_factory=Counter[str])
    _types: dict[tuple[str, str], list[int]] = field(default_factory=dict[tuple[str, str], list[int]])
    _fees: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])

    def add(self, rows: Iterable[Row]) -> None:
        """Take rows, their `source` expanded or not.

        Raises:
            ProtocolError: a row's figures are not integers that add up.
        """
        for row in rows:
            figures = figures_of(row)
            self._nets[text(row, "currency")] += figures[2]
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
            if type_ == "payment" and source is not None and source.get("source_transfer") is not None:
                self.passed_on.add(text(row, "id"))

    def conclude(
        self, described: Row | None, *, now: int, account: str | None, originals: Iterable[Original]
    ) -> PayoutFees:
        """Return what it comes to.

        Args:
            described: the payout as received, or None where the key may not ask for it; its own row then tells.
            now: UTC seconds by Stripe's clock.
            account: connected account it was asked of.
            originals: see `PayoutFees`.
        """
        own = object_of(self._own["source"]) if self._own else None
        facts = facts_of(described or own or {})
        if self._own and facts["amount"] is None:
            facts |= {"amount": -whole(self._own, "amount"), "currency": text(self._own, "currency")}
        shown = sorted(originals, key=lambda original: (-original.created, original.payment))
        answer, reason, explanation = self._judged(facts, now)
        lacking = self.passed_on - {original.balance_transaction for original in shown}
        if answer is Answer.KNOWN and lacking:
            answer, reason = Answer.NOT_AVAILABLE, RESIDUAL
            explanation = (
                f"the listing is not the whole payout: {len(lacking):,} of {len(self.passed_on):,} payments that a"
                " platform passed on came once, and not again with what the customer paid"
            )
        types = [TypeSum(*key, *sums) for key, sums in self._types.items()]
        own_row = fee_row(self._own) if self._own else row_of(described, "balance_transaction")
        fees = [KindSum(*key, amount) for key, amount in self._fees.items()]
        return PayoutFees(
            id=self.payout,
            answer=answer,
            reason=reason,
            explanation=explanation,
            account=account,
            **facts,
            balance_transaction=id_of(self._own),
            own=own_row,
            returned=row_of(described, "failure_balance_transaction"),
            types=tuple(sorted(types, key=lambda type_sum: (-type_sum.rows, type_sum.type, type_sum.currency))),
            fees=in_order([*fees, *fees_on(own_row)]),
            remainder=self._remainder,
            originals=tuple(shown),
        )

    def _judged(self, facts: dict[str, Any], now: int) -> tuple[Answer, str | None, str | None]:
        if facts["reconciliation_status"] == RECONCILING:
            days = overdue_days(facts["arrival_date"], now, by_bank=True)
            if days is None:
                return Answer.NOT_YET, "reconciling", _RECONCILING
            late = f"{days:,} days after its arrival_date, Stripe has not said which rows belong to it: ask its support"
            return Answer.NOT_AVAILABLE, OVERDUE, late
        if self._own is not None and (said := self._contradiction(facts)):
            return Answer.NOT_AVAILABLE, RESIDUAL, said
        if self._own is not None and not self._left_over:
            if self._charges_without_fees():
                return Answer.NOT_AVAILABLE, NO_FEE_DETAILS, _NO_FEE
            return Answer.KNOWN, None, None
        sums = ", ".join(f"{net:+}" for net in self._left_over)
        lacks = f"its rows sum to {sums} minor units rather than 0" if self._own else "its own row is not listed"
        return Answer.NOT_AVAILABLE, RESIDUAL, f"the listing is not the whole payout: {lacks}"

    @property
    def _left_over(self) -> list[int]:
        """What the rows of each currency come to, where that is not nothing."""
        return [net for net in self._nets.values() if net]

    @property
    def _remainder(self) -> int | None:
        left = self._left_over
        return None if not self._nets or len(left) > 1 else sum(left)

    def _contradiction(self, facts: dict[str, Any]) -> str | None:
        """Say where a payout and its own row are not of the same money."""
        own = self._own or {}
        if facts["currency"] != own.get("currency") or facts["amount"] == -whole(own, "amount"):
            return None
        return (
            f"the payout is of {facts['amount']} minor units, and its own row of {own['amount']}: one of them is wrong"
        )

    def _charges_without_fees(self) -> bool:
        charges = [sums[_FEE] for (type_, _), sums in self._types.items() if type_ == "charge"]
        return bool(charges) and not any(charges) and all(key[1] != "charge" for key in self._fees)
