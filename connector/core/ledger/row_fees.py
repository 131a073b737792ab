"""What a refund, a dispute, or one balance transaction cost or gave back: as its rows say, and only as they say.

A refund's row may give a part of the fee back or carry none; a dispute has a row for each time its money moved, with
fees of both signs. What these come to is read, never concluded from what such rows are as a rule.

Source: docs.stripe.com/api/refunds/object; docs.stripe.com/api/disputes/object (`balance_transactions`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from connector.core.api.fields import id_of, object_of
from connector.core.ledger.amounts import FeeRow, fee_row
from connector.core.ledger.fees import NO_FEE, NO_FEE_DETAILS, Answer, is_passed_on, says_nothing
from connector.core.ledger.waiting import OVERDUE, late_words, overdue_days
from connector.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.core.api.page import Row

_PAYMENTS = frozenset({"charge", "payment"})
_GONE = frozenset({"canceled", "failed"})
"""Statuses of refunds that come to nothing."""

_SETTLED = frozenset({"lost", "prevented", "warning_closed", "won"})
"""Statuses of disputes after which no money moves as a rule."""


@dataclass(frozen=True, slots=True)
class RowSum:
    """What the rows of one currency come to, in its minor units: all fees together may be negative."""

    currency: str
    rows: int
    gross: int
    fee: int
    net: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFees:
    """The fees on the rows of a refund, of a dispute, or on one row by itself.

    Attributes:
        id: as asked for.
        answer: whether they are known.
        reason: why not, in one word: `processing`, `making`, `overdue`, `failed`, `canceled`, `no_rows`,
            `no_fee_details`.
        explanation: the same in a sentence.
        account: connected account it was asked of, or None for the key's own.
        kind: `refund`, `dispute` or `balance_transaction`.
        status: of the refund or dispute; None for a row, which has its own.
        amount: refunded or disputed, in minor units of `currency`; None for a row, which has its own.
        currency: of presentment; rows are in that of settlement.
        charge: the payment it is about, `ch_…` or `py_…`; None where it is about none.
        rows: in the order in which Stripe has them.
        sums: what they come to, a currency each; empty where a fee is not known.
        notes: what else one should know, a sentence each.
    """

    id: str
    answer: Answer
    reason: str | None = None
    explanation: str | None = None
    account: str | None = None
    kind: str
    status: str | None = None
    amount: int | None = None
    currency: str | None = None
    charge: str | None = None
    rows: tuple[FeeRow, ...] = ()
    sums: tuple[RowSum, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def fee(self) -> int | None:
        """All fees together, negative where more was given back; None where not known, or in several currencies."""
        return self.sums[0].fee if len(self.sums) == 1 else None

    def document(self) -> dict[str, Any]:
        """Return the fields as JSON has them."""
        return {"object": "row_fees", **asdict(self), "answer": self.answer.value, "fee": self.fee}


def fees_of_refund(asked: str, received: Row, *, now: int, account: str | None = None) -> RowFees:
    """Read the rows of a refund: its own, and the one that brought the money back where it failed.

    Args:
        asked: the id that was asked for.
        received: the refund, with `balance_transaction` and `failure_balance_transaction` expanded.
        now: UTC seconds by Stripe's clock.
        account: connected account it was asked of.

    Raises:
        ProtocolError: a row was not expanded, or its figures are not integers that add up.
    """
    base = _base(asked, received, account)
    rows = [
        _expanded(received, name)
        for name in ("balance_transaction", "failure_balance_transaction")
        if received.get(name) is not None
    ]
    if rows:
        return _known(base, rows)
    if base.status in _GONE:
        why = received.get("failure_reason") or "no reason given"
        return _not_available(base, str(base.status), f"the refund is {base.status} ({why}) and has no row")
    return _awaited(base, received, now, by_bank=base.status in {"pending", "requires_action"})


def fees_of_dispute(asked: str, received: Row, *, now: int, account: str | None = None) -> RowFees:
    """Read the rows of a dispute: every one of them counts.

    Args:
        asked: the id that was asked for.
        received: the dispute, whose rows are in it.
        now: UTC seconds by Stripe's clock.
        account: connected account it was asked of.

    Raises:
        ProtocolError: its rows are no list of objects, or their figures are not integers that add up.
    """
    base, given = _base(asked, received, account), received.get("balance_transactions")
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in cast("list[Any]", given)):
        raise ProtocolError(f"the balance_transactions of {asked} are not a list of objects")
    rows = cast("list[Row]", given)
    if rows:
        fees = _known(base, rows)
        open_ = base.status is not None and base.status not in _SETTLED
        return replace(fees, notes=(f"It is at {base.status}: more rows may come.",)) if open_ else fees
    if base.status in _SETTLED or str(base.status).startswith("warning_"):
        return _not_available(base, "no_rows", f"the dispute is at {base.status} and has no balance transaction")
    return _awaited(base, received, now, by_bank=False)


def fees_of_row(asked: str, received: Row, *, account: str | None = None) -> RowFees:
    """Read one balance transaction, of whatever type.

    Args:
        asked: the id that was asked for.
        received: the row, its `source` expanded where the key may.
        account: connected account it was asked of.

    Raises:
        ProtocolError: its figures are not integers that add up.
    """
    source = object_of(received.get("source"))
    of_charge = source is not None and source.get("object") == "charge"
    charge = id_of(source if of_charge else (source or {}).get("charge"))
    base = RowFees(id=asked, answer=Answer.KNOWN, account=account, kind="balance_transaction", charge=charge)
    row = fee_row(received)
    if row.type in _PAYMENTS and says_nothing(row) and not (of_charge and is_passed_on(source or {})):
        return replace(_not_available(base, NO_FEE_DETAILS, NO_FEE), rows=(replace(row, fee=None, net=None),))
    return _known(base, [received])


def _base(asked: str, received: Row, account: str | None) -> RowFees:
    status, amount, currency = (received.get(name) for name in ("status", "amount", "currency"))
    return RowFees(
        id=asked,
        answer=Answer.NOT_YET,
        account=account,
        kind=str(received.get("object")),
        status=status if isinstance(status, str) else None,
        amount=amount if type(amount) is int else None,
        currency=currency if isinstance(currency, str) else None,
        charge=id_of(received.get("charge")),
    )


def _expanded(received: Row, name: str) -> Row:
    row = object_of(received.get(name))
    if row is None:
        raise ProtocolError(f"the {name} of {received.get('id')} was not expanded")
    return row


def _known(base: RowFees, received: Sequence[Row]) -> RowFees:
    rows = tuple(fee_row(row) for row in received)
    ids = [row.balance_transaction for row in rows if row.balance_transaction is not None]
    if len(set(ids)) < len(ids):
        raise ProtocolError(f"a row of {base.id} came twice: what its rows come to is not known")
    return replace(base, answer=Answer.KNOWN, rows=rows, sums=tuple(_sums(rows)))


def _sums(rows: Iterable[FeeRow]) -> list[RowSum]:
    sums: dict[str, RowSum] = {}
    for row in rows:
        sum_, fee = sums.get(row.currency, RowSum(row.currency, 0, 0, 0, 0)), row.fee or 0
        sums[row.currency] = RowSum(
            row.currency, sum_.rows + 1, sum_.gross + row.gross, sum_.fee + fee, sum_.net + row.gross - fee
        )
    return list(sums.values())


def _awaited(base: RowFees, received: Row, now: int, *, by_bank: bool) -> RowFees:
    days = overdue_days(received.get("created"), now, by_bank=by_bank)
    if days is not None:
        return _not_available(base, OVERDUE, late_words(days, by_bank=by_bank))
    if by_bank:
        return replace(base, reason="processing", explanation=f"the {base.kind} is {base.status}, and has no row yet")
    return replace(base, reason="making", explanation=f"Stripe is making the row of the {base.kind}")


def _not_available(base: RowFees, reason: str, explanation: str) -> RowFees:
    return replace(base, answer=Answer.NOT_AVAILABLE, reason=reason, explanation=explanation)
