"""What changed between two periods, and why fees did: volume, mix and rate, which add up to the change exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from connector.core.ledger.ledger import DISPUTES, REFUNDS, Segment, Sums

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connector.core.ledger.ledger import Purse
    from connector.core.ledger.statement import PurseStatement

PAYMENTS = "charge"
"""The category whose fees go with its amounts; fees of other rows are compared as they are."""


@dataclass(frozen=True, slots=True)
class CategoryChange:
    """One category in both periods."""

    category: str
    before: Sums
    after: Sums


@dataclass(frozen=True, slots=True)
class Reason:
    """A part of a change.

    Attributes:
        name: `volume`, `mix`, `rate`, `disputes`, `refunds`, `other`, `apart`.
        amount: in minor units; positive where more was paid than before.
        text: what it means, with the figures.
    """

    name: str
    amount: int
    text: str


@dataclass(frozen=True, slots=True)
class PurseChange:
    """One balance in both periods.

    Attributes:
        purse: which.
        lines: categories of either period, sorted.
        fees_before: all fees, taxes and fees that are rows of their own included.
        fees_after: the same in the later period.
        reasons: adding up to the difference.
    """

    purse: Purse
    lines: tuple[CategoryChange, ...]
    fees_before: int
    fees_after: int
    reasons: tuple[Reason, ...]


def purse_changes(before: Sequence[PurseStatement], after: Sequence[PurseStatement]) -> tuple[PurseChange, ...]:
    """Compare the balances of one account in two periods; a balance that either lacks had no rows."""
    then, now = ({purse.purse: purse for purse in side} for side in (before, after))
    purses = [*now, *(purse for purse in then if purse not in now)]
    return tuple(_change(purse, then.get(purse), now.get(purse)) for purse in purses)


def _change(purse: Purse, before: PurseStatement | None, after: PurseStatement | None) -> PurseChange:
    then, now = _categories(before), _categories(after)
    lines = tuple(
        CategoryChange(name, then.get(name, Sums()), now.get(name, Sums())) for name in sorted(then.keys() | now.keys())
    )
    fees = [0 if side is None else sum(line.amount for line in side.fees) for side in (before, after)]
    segments: list[Mapping[Segment, Sums]] = [{} if side is None else side.segments for side in (before, after)]
    apart = [
        0 if side is None else sum(line.amount for line in side.fees if line.kind and line.kind.apart)
        for side in (before, after)
    ]
    reasons = [
        *_of_payments(*(_payments(segment) for segment in segments)),
        *_of_others(*segments),
        Reason("apart", apart[1] - apart[0], "fees and taxes billed as rows of their own"),
    ]
    return PurseChange(purse, lines, fees[0], fees[1], tuple(reason for reason in reasons if reason.amount))


def _categories(purse: PurseStatement | None) -> dict[str, Sums]:
    return {} if purse is None else {line.category: line.sums for line in purse.lines}


def _payments(segments: Mapping[Segment, Sums]) -> dict[Segment, Sums]:
    return {segment: sums for segment, sums in segments.items() if segment.category == PAYMENTS}


def _of_payments(then: Mapping[Segment, Sums], now: Mapping[Segment, Sums]) -> list[Reason]:
    """Explain the change of payments' fees.

    Volume is what the fees would have changed by had everything else stayed. Mix is what came of other shares of the
    kinds of payment (converted or not, by type and method), each at its rate before; a kind that is new counts here.
    Rate is what came of each kind costing another part of its amount, the fixed part of a fee included.
    """
    gross_then, gross_now = (sum(sums.gross for sums in side.values()) for side in (then, now))
    fee_then, fee_now = (sum(sums.fee for sums in side.values()) for side in (then, now))
    if gross_then <= 0 or gross_now <= 0:
        whole = Reason("volume", fee_now - fee_then, "payments in one of the two periods only")
        return [whole]
    volume = Fraction(fee_then * gross_now, gross_then) - fee_then
    rate = Fraction(0)
    for segment, sums in now.items():
        base = then.get(segment)
        if base is not None and base.gross > 0:
            rate += sums.fee - Fraction(base.fee * sums.gross, base.gross)
    change = fee_now - fee_then
    amounts = _whole([volume, change - volume - rate, rate], change)
    shares = f"{_percent(fee_then, gross_then)} of payments before, {_percent(fee_now, gross_now)} now"
    texts = [
        f"{_percent(gross_now - gross_then, gross_then, signed=True)} payments at the same rate",
        "other shares of the kinds of payment",
        f"the kinds of payment cost other rates ({shares})",
    ]
    return [
        Reason(name, amount, text) for name, amount, text in zip(("volume", "mix", "rate"), amounts, texts, strict=True)
    ]


def _of_others(then: Mapping[Segment, Sums], now: Mapping[Segment, Sums]) -> list[Reason]:
    """Compare the fees of rows that are no payments."""
    groups = {
        "disputes": "fees of disputes",
        "refunds": "fees of refunds, and those they gave back",
        "other": "fees of other rows",
    }
    reasons: list[Reason] = []
    for name, text in groups.items():
        fees = [sum(sums.fee for segment, sums in side.items() if _group(segment) == name) for side in (then, now)]
        reasons.append(Reason(name, fees[1] - fees[0], text))
    return reasons


def _group(segment: Segment) -> str:
    if segment.category == PAYMENTS:
        return ""
    if segment.category in DISPUTES:
        return "disputes"
    return "refunds" if segment.category in REFUNDS else "other"


def _whole(parts: Iterable[Fraction], total: int) -> list[int]:
    """Round parts to whole numbers that add up to the total: the largest remainders are rounded up."""
    exact = list(parts)
    floors = [fraction.numerator // fraction.denominator for fraction in exact]
    order = sorted(range(len(exact)), key=lambda place: exact[place] - floors[place], reverse=True)
    for place in order[: total - sum(floors)]:
        floors[place] += 1
    return floors


def _percent(part: int, whole: int, *, signed: bool = False) -> str:
    """Return a share as `2.91%`, rounded half away from zero."""
    hundredths = Fraction(part * 10_000, whole)
    rounded = int(abs(hundredths) + Fraction(1, 2))
    sign = "-" if hundredths < 0 else "+" if signed else ""
    return f"{sign}{rounded // 100}.{rounded % 100:02d}%"
