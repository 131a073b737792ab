"""Fees as people read them: a block of lines for each id asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.display.words import moment
from connector.core.counting import counted
from connector.core.ledger import money
from connector.core.ledger.fees import Answer, Paid, PaymentFees
from connector.core.ledger.payout_fees import PayoutFees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.ledger.amounts import FeePart, FeeRow
    from connector.core.ledger.payout_fees import Original
    from connector.core.ledger.row_fees import RowFees
    from connector.stripe.fees import Fees

_WORDS = {Answer.KNOWN: "known", Answer.NOT_YET: "not yet known", Answer.NOT_AVAILABLE: "not available"}

UNKNOWN = "?"

_STANDING = {"canceled": "canceled", "failed": "failed", "not_captured": "authorised", "processing": "processing"}
"""What a payment is called that was not paid, by the reason why its fees are not known."""

_NEVER_ARRIVE = ("failed", "canceled")


def lines_of(fees: Fees) -> list[str]:
    """Return a block of lines that begins with the id and the answer."""
    head = f"{fees.id}: fees {_WORDS[fees.answer]}" + (f" ({fees.account})" if fees.account else "")
    why = [f"  {fees.explanation}"] if fees.explanation else []
    return [head, *why, *_body(fees)]


def _body(fees: Fees) -> list[str]:
    if isinstance(fees, PaymentFees):
        return _payment(fees)
    return _payout(fees) if isinstance(fees, PayoutFees) else _rows(fees)


def _payment(payment: PaymentFees) -> list[str]:
    facts: list[tuple[str, str, str]] = []
    if payment.paid is not None:
        facts.append(
            (
                _standing(payment.paid, payment.reason),
                money.to_text(payment.paid.amount, payment.paid.currency),
                payment.charge or "",
            )
        )
        if payment.paid.captured != payment.paid.amount:
            facts.append(("captured", money.to_text(payment.paid.captured, payment.paid.currency), ""))
        if payment.paid.refunded:
            facts.append(("refunded", money.to_text(payment.paid.refunded, payment.paid.currency), ""))
    if payment.gross is not None and payment.currency is not None:
        rate = f"at {payment.exchange_rate}" if payment.exchange_rate is not None else ""
        facts.append(("gross", money.to_text(payment.gross, payment.currency), rate))
        facts += [_part(part) for part in payment.parts]
        if payment.unexplained:
            facts.append(("other fees", money.to_text(-payment.unexplained, payment.currency), "not in fee_details"))
        if payment.net is not None:
            facts.append(("net", money.to_text(payment.net, payment.currency), _when(payment)))
    return [*_aligned(facts), *(f"  {note}" for note in payment.notes)]


def _standing(paid: Paid, reason: str | None) -> str:
    """Name the customer's amount: paid only if it was, and did not go back because the payment failed afterwards."""
    if paid.status == "failed" or reason not in _STANDING:
        return {"succeeded": "paid", "pending": "processing", "failed": "failed"}.get(paid.status or "", "amount")
    return _STANDING[reason]


def _part(part: FeePart) -> tuple[str, str, str]:
    words = [word for word in (part.description, part.application) if word]
    return part.type, money.to_text(-part.amount, part.currency), ", ".join(words)


def _rows(fees: RowFees) -> list[str]:
    """Return the rows of a refund or dispute, or one by itself, and what several come to."""
    facts: list[tuple[str, str, str]] = []
    if fees.amount is not None and fees.currency is not None:
        about = ", ".join(word for word in (fees.status, f"of {fees.charge}" if fees.charge else "") if word)
        facts.append((fees.kind, money.to_text(fees.amount, fees.currency), about))
    for row in fees.rows:
        facts += _figures(row)
    if len(fees.rows) > 1:
        for row_sum in fees.sums:
            count = f"of {counted(row_sum.rows, 'row')}"
            facts.append(("all fees", money.to_text(-row_sum.fee, row_sum.currency), count))
            facts.append(("all net", money.to_text(row_sum.net, row_sum.currency), count))
    return [*_aligned(facts), *(f"  {note}" for note in fees.notes)]


def _figures(row: FeeRow) -> list[tuple[str, str, str]]:
    """Return a row's gross, each fee, and net; no figure for a fee that the row does not tell."""
    words = row.type if row.reporting_category in {None, row.type} else f"{row.type}, {row.reporting_category}"
    rate = f", at {row.exchange_rate}" if row.exchange_rate is not None else ""
    facts = [("gross", money.to_text(row.gross, row.currency), f"{words}{rate}"), *map(_part, row.parts)]
    if row.unexplained:
        facts.append(("other fees", money.to_text(-row.unexplained, row.currency), "not in fee_details"))
    if not row.fee and not row.parts:
        facts.append(("fee", UNKNOWN if row.fee is None else money.to_text(0, row.currency), "none on its row"))
    net = UNKNOWN if row.net is None else money.to_text(row.net, row.currency)
    return [*facts, ("net", net, _when(row))]


def _when(fees: PaymentFees | FeeRow) -> str:
    on = f", {moment(fees.available_on)}" if isinstance(fees.available_on, int) else ""
    return f"{fees.balance_transaction}, {fees.status}{on}"


def _payout(payout: PayoutFees) -> list[str]:
    if payout.amount is None or payout.currency is None:
        return []
    lines = [f"  {money.to_text(payout.amount, payout.currency)} {_fate(payout)}".rstrip()]
    own = [] if payout.types else [payout.own]  # else it is in the table
    lines += _aligned([fact for row in (*own, payout.returned) if row is not None for fact in _figures(row)])
    if not payout.types:
        return lines
    lines += [f"  {line}" for line in _table(_cells(payout))]
    lines += [f"  {fee.fee} on {fee.type}: {money.to_text(fee.amount, fee.currency)}" for fee in payout.fees]
    if payout.answer is Answer.KNOWN and payout.charges_alone != payout.amount:
        alone = money.to_text(payout.charges_alone, payout.currency)
        others = ", ".join(sorted({type_sum.type for type_sum in payout.types} - {"charge"}))
        lines.append(f"  Rows of type=charge alone come to {alone}, not to the payout: they leave out {others}.")
    return [*lines, *_originals(payout.originals)]


def _fate(payout: PayoutFees) -> str:
    """Say what became of the payout, and when: a negative one takes money from the bank account."""
    debit = "a debit of the bank account" if (payout.amount or 0) < 0 else ""
    status = f"{debit}, {payout.status}" if debit and payout.status else payout.status or debit
    if payout.arrival_date is None:
        return status
    arrives = "was to arrive" if payout.status in _NEVER_ARRIVE else "arrives"
    return f"{status}, {arrives} {moment(payout.arrival_date)}".removeprefix(", ")


def _cells(payout: PayoutFees) -> list[list[str]]:
    """Return the table of rows by type; where all is there, its last number is 0."""
    currency = payout.currency or ""
    sums = [
        [
            type_sum.type,
            f"{type_sum.rows:,}",
            _number(type_sum.gross, type_sum.currency),
            UNKNOWN if payout.fee is None and type_sum.type == "charge" else _number(-type_sum.fee, type_sum.currency),
            _number(type_sum.net, type_sum.currency),
        ]
        for type_sum in payout.types
    ]
    own = _own_cells(payout, currency)
    return [
        ["type", "rows", "gross", "fee", "net"],
        *sums,
        *([own] if payout.balance_transaction else []),
        [
            "sum",
            "",
            "",
            UNKNOWN if payout.fee is None else _number(-payout.fee, currency),
            _number(payout.remainder or 0, currency),
        ],
    ]


def _own_cells(payout: PayoutFees, currency: str) -> list[str]:
    """Return the line of the payout's own row, its fee if it has one."""
    if payout.own is None:
        amount = _number(-(payout.amount or 0), currency)
        return ["payout", "1", amount, "", amount]
    gross, net = (_number(figure or 0, payout.own.currency) for figure in (payout.own.gross, payout.own.net))
    fee = _number(-payout.own.fee, payout.own.currency) if payout.own.fee else ""
    return ["payout", "1", gross, fee, net]


def _originals(originals: Sequence[Original]) -> list[str]:
    if not originals:
        return []
    lines = [f"  {counted(len(originals), 'payment')} passed on by the platform, and what the customer paid:"]
    for original in originals:
        if original.charge_amount is None or original.charge_currency is None:
            paid = "of no charge" if original.charge is None else original.charge
        else:
            paid = f"{original.charge} {money.to_text(original.charge_amount, original.charge_currency)}"
        lines.append(
            f"    {original.payment} {money.to_text(original.gross, original.currency)}  {original.transfer}  {paid}"
        )
    return lines


def _number(amount: int, currency: str) -> str:
    return money.to_text(amount, currency).rsplit(" ", 1)[0]


def _aligned(facts: Sequence[tuple[str, str, str]]) -> list[str]:
    if not facts:
        return []
    name, amount = (max(len(fact[column]) for fact in facts) for column in (0, 1))
    return [f"  {fact[0]:<{name}}  {fact[1]:>{amount}}  {fact[2]}".rstrip() for fact in facts]


def _table(cells: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return [
        "  ".join(
            [f"{row[0]:<{widths[0]}}", *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in cells
    ]
