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


def lines_of(found: Fees) -> list[str]:
    """Return a block of lines that begins with the id and the answer."""
    head = f"{found.id}: fees {_WORDS[found.answer]}" + (f" ({found.account})" if found.account else "")
    why = [f"  {found.explanation}"] if found.explanation else []
    return [head, *why, *_body(found)]


def _body(found: Fees) -> list[str]:
    if isinstance(found, PaymentFees):
        return _payment(found)
    return _payout(found) if isinstance(found, PayoutFees) else _rows(found)


def _payment(found: PaymentFees) -> list[str]:
    facts: list[tuple[str, str, str]] = []
    if found.paid is not None:
        facts.append(
            (
                _standing(found.paid, found.reason),
                money.to_text(found.paid.amount, found.paid.currency),
                found.charge or "",
            )
        )
        if found.paid.captured != found.paid.amount:
            facts.append(("captured", money.to_text(found.paid.captured, found.paid.currency), ""))
        if found.paid.refunded:
            facts.append(("refunded", money.to_text(found.paid.refunded, found.paid.currency), ""))
    if found.gross is not None and found.currency is not None:
        rate = f"at {found.exchange_rate}" if found.exchange_rate is not None else ""
        facts.append(("gross", money.to_text(found.gross, found.currency), rate))
        facts += [_part(part) for part in found.parts]
        if found.unexplained:
            facts.append(("other fees", money.to_text(-found.unexplained, found.currency), "not in fee_details"))
        if found.net is not None:
            facts.append(("net", money.to_text(found.net, found.currency), _when(found)))
    return [*_aligned(facts), *(f"  {note}" for note in found.notes)]


def _standing(paid: Paid, reason: str | None) -> str:
    """Name the customer's amount: paid only if it was, and did not go back because the payment failed afterwards."""
    if paid.status == "failed" or reason not in _STANDING:
        return {"succeeded": "paid", "pending": "processing", "failed": "failed"}.get(paid.status or "", "amount")
    return _STANDING[reason]


def _part(part: FeePart) -> tuple[str, str, str]:
    words = [word for word in (part.description, part.application) if word]
    return part.type, money.to_text(-part.amount, part.currency), ", ".join(words)


def _rows(found: RowFees) -> list[str]:
    """Return the rows of a refund or dispute, or one by itself, and what several come to."""
    facts: list[tuple[str, str, str]] = []
    if found.amount is not None and found.currency is not None:
        about = ", ".join(word for word in (found.status, f"of {found.charge}" if found.charge else "") if word)
        facts.append((found.kind, money.to_text(found.amount, found.currency), about))
    for row in found.rows:
        facts += _figures(row)
    if len(found.rows) > 1:
        for row_sum in found.sums:
            count = f"of {counted(row_sum.rows, 'row')}"
            facts.append(("all fees", money.to_text(-row_sum.fee, row_sum.currency), count))
            facts.append(("all net", money.to_text(row_sum.net, row_sum.currency), count))
    return [*_aligned(facts), *(f"  {note}" for note in found.notes)]


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


def _when(found: PaymentFees | FeeRow) -> str:
    on = f", {moment(found.available_on)}" if isinstance(found.available_on, int) else ""
    return f"{found.balance_transaction}, {found.status}{on}"


def _payout(found: PayoutFees) -> list[str]:
    if found.amount is None or found.currency is None:
        return []
    lines = [f"  {money.to_text(found.amount, found.currency)} {_fate(found)}".rstrip()]
    own = [] if found.types else [found.own]  # else it is in the table
    lines += _aligned([fact for row in (*own, found.returned) if row is not None for fact in _figures(row)])
    if not found.types:
        return lines
    lines += [f"  {line}" for line in _table(_cells(found))]
    lines += [f"  {fee.fee} on {fee.type}: {money.to_text(fee.amount, fee.currency)}" for fee in found.fees]
    if found.answer is Answer.KNOWN and found.charges_alone != found.amount:
        alone = money.to_text(found.charges_alone, found.currency)
        others = ", ".join(sorted({type_sum.type for type_sum in found.types} - {"charge"}))
        lines.append(f"  Rows of type=charge alone come to {alone}, not to the payout: they leave out {others}.")
    return [*lines, *_originals(found.originals)]


def _fate(found: PayoutFees) -> str:
    """Say what became of the payout, and when: a negative one takes money from the bank account."""
    debit = "a debit of the bank account" if (found.amount or 0) < 0 else ""
    status = f"{debit}, {found.status}" if debit and found.status else found.status or debit
    if found.arrival_date is None:
        return status
    arrives = "was to arrive" if found.status in _NEVER_ARRIVE else "arrives"
    return f"{status}, {arrives} {moment(found.arrival_date)}".removeprefix(", ")


def _cells(found: PayoutFees) -> list[list[str]]:
    """Return the table of rows by type; where all is there, its last number is 0."""
    currency = found.currency or ""
    sums = [
        [
            type_sum.type,
            f"{type_sum.rows:,}",
            _number(type_sum.gross, type_sum.currency),
            UNKNOWN if found.fee is None and type_sum.type == "charge" else _number(-type_sum.fee, type_sum.currency),
            _number(type_sum.net, type_sum.currency),
        ]
        for type_sum in found.types
    ]
    own = _own_cells(found, currency)
    return [
        ["type", "rows", "gross", "fee", "net"],
        *sums,
        *([own] if found.balance_transaction else []),
        [
            "sum",
            "",
            "",
            UNKNOWN if found.fee is None else _number(-found.fee, currency),
            _number(found.remainder or 0, currency),
        ],
    ]


def _own_cells(found: PayoutFees, currency: str) -> list[str]:
    """Return the line of the payout's own row, its fee if it has one."""
    if found.own is None:
        amount = _number(-(found.amount or 0), currency)
        return ["payout", "1", amount, "", amount]
    gross, net = (_number(figure or 0, found.own.currency) for figure in (found.own.gross, found.own.net))
    fee = _number(-found.own.fee, found.own.currency) if found.own.fee else ""
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
