"""Fees as people read them: a block of lines for each payment or payout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.words import counted, moment
from connector.core import money
from connector.core.fees import Answer, Paid, PaymentFees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.figures import FeePart
    from connector.core.payout_fees import Original, PayoutFees
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
    return [head, *why, *(_payment(found) if isinstance(found, PaymentFees) else _payout(found))]


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


def _when(found: PaymentFees) -> str:
    on = f", {moment(found.available_on)}" if isinstance(found.available_on, int) else ""
    return f"{found.balance_transaction}, {found.status}{on}"


def _payout(found: PayoutFees) -> list[str]:
    if found.amount is None or found.currency is None:
        return []
    lines = [f"  {money.to_text(found.amount, found.currency)} {_fate(found)}".rstrip()]
    if not found.types:
        return lines
    lines += [f"  {line}" for line in _table(_cells(found))]
    lines += [f"  {one.fee} on {one.type}: {money.to_text(one.amount, one.currency)}" for one in found.fees]
    if found.answer is Answer.KNOWN and found.charges_alone != found.amount:
        alone = money.to_text(found.charges_alone, found.currency)
        others = ", ".join(sorted({one.type for one in found.types} - {"charge"}))
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
            one.type,
            f"{one.rows:,}",
            _number(one.gross, one.currency),
            UNKNOWN if found.fee is None and one.type == "charge" else _number(-one.fee, one.currency),
            _number(one.net, one.currency),
        ]
        for one in found.types
    ]
    own = _number(-(found.amount or 0), currency)
    return [
        ["type", "rows", "gross", "fee", "net"],
        *sums,
        *([["payout", "1", own, "", own]] if found.balance_transaction else []),
        [
            "sum",
            "",
            "",
            UNKNOWN if found.fee is None else _number(-found.fee, currency),
            _number(found.remainder or 0, currency),
        ],
    ]


def _originals(originals: Sequence[Original]) -> list[str]:
    if not originals:
        return []
    lines = [f"  {counted(len(originals), 'payment')} passed on by the platform, and what the customer paid:"]
    for one in originals:
        if one.charge_amount is None or one.charge_currency is None:
            paid = "of no charge" if one.charge is None else one.charge
        else:
            paid = f"{one.charge} {money.to_text(one.charge_amount, one.charge_currency)}"
        lines.append(f"    {one.payment} {money.to_text(one.gross, one.currency)}  {one.transfer}  {paid}")
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
