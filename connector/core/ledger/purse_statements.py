"""From figures to statements: openings, lines, what is final and what is not."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from connector.core.counting import counted
from connector.core.ledger.ledger import PAYOUT_CATEGORIES, DisputeSums, FeeKind, Figures, Purse
from connector.core.ledger.openings import Opening, Recorded, covers, opening_of
from connector.core.ledger.statement import (
    Bridge,
    CategoryLine,
    ConversionLine,
    DisputeLine,
    FeeLine,
    PurseStatement,
    Split,
)
from connector.core.time.intervals import Interval
from connector.core.units import PAYMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connector.core.ledger.bridge import BankLine
    from connector.core.time.intervals import Intervals
    from connector.core.time.periods import Period


def complete_to(covered: Intervals, start: int) -> int | None:
    """Return up to when every row from `start` on is in the lake; None where not even the first second's are."""
    parts = covered.touching(Interval(start, start + 1))
    return parts[0].stop if parts else None


def reasons_of(covered: Intervals, period: Period, pending_rows: int) -> tuple[str, ...]:
    """Say why a period is not final, with times by its clocks; nothing where it is."""
    reasons: list[str] = []
    bounds = period.bounds
    if not covered.covers(bounds):
        upto = complete_to(covered, bounds.start)
        inside = covered.within(bounds)
        if upto is None and not inside:
            reasons.append("the lake has none of its time: sync")
        elif upto is None:
            reasons.append(f"the lake begins within it, at {period.moment(inside.parts[0].start)}: sync")
        else:
            holes = ", and has gaps after it" if len(inside.parts) > 1 else ""
            reasons.append(f"the lake is complete up to {period.moment(upto)} only{holes}: sync")
    if pending_rows:
        reasons.append(f"{counted(pending_rows, 'row')} of it {'is' if pending_rows == 1 else 'are'} still pending")
    return tuple(reasons)


def purse_statements(
    period: Period,
    covered: Intervals,
    figures: Figures,
    recorded: Sequence[Recorded],
    *,
    first: int,
    currency: str | None,
) -> tuple[PurseStatement, ...]:
    """Return the statement of every balance with rows in the period or something in it.

    Args:
        period: which.
        covered: seconds whose rows are in the lake.
        figures: of the account's rows.
        recorded: balances that could tell the opening.
        first: second before which the account has no rows.
        currency: only this one's.
    """
    known = {*figures.moves, *figures.before, *(purse for balance in recorded for purse in balance.held)}
    purses = sorted(
        (purse for purse in known if currency in {None, purse.currency}),
        key=lambda purse: (purse.balance_type != "payments", purse.balance_type, purse.currency),
    )
    start = period.bounds.start
    whole = covers(covered, first, start)
    statements = [
        _purse(purse, period, figures, opening_of(purse, period, covered, figures, recorded, first=first), whole=whole)
        for purse in purses
    ]
    return tuple(purse for purse in statements if purse.lines or purse.opening.amount)


def bridges_of(purses: Iterable[PurseStatement], bank: Iterable[BankLine]) -> tuple[Bridge, ...]:
    """Return how each currency's payments balance and the lines of its bank accounts hang together."""
    lines = list(bank)
    bridges: list[Bridge] = []
    for purse in purses:
        currency, payouts = purse.purse.currency, purse.total("payouts")
        told = sum(line.left for line in lines if line.currency == currency)
        if purse.purse.balance_type == PAYMENTS and (payouts.count or told):
            bridges.append(
                Bridge(
                    currency=currency,
                    opening=purse.opening.amount,
                    activity=purse.total("activity").net,
                    payout_fees=payouts.fee,
                    closing=purse.closing,
                    left=-payouts.gross,
                    apart=-payouts.gross - told,
                )
            )
    return tuple(bridges)


def _purse(purse: Purse, period: Period, figures: Figures, opening: Opening, *, whole: bool) -> PurseStatement:
    moves = figures.moves.get(purse, {})
    lines = tuple(
        sorted(
            (
                CategoryLine(name, "payouts" if name in PAYOUT_CATEGORIES else "activity", sums)
                for name, sums in moves.items()
            ),
            key=lambda line: (line.part, line.category),
        )
    )
    closing = None if opening.amount is None else opening.amount + sum(line.sums.net for line in lines)
    after = figures.waiting_after.get(purse, Counter())
    return PurseStatement(
        purse=purse,
        opening=opening,
        lines=lines,
        closing=closing,
        opening_split=_split(opening.amount, figures.waiting_before.get(purse, {})) if whole else None,
        closing_split=_split(closing, after) if whole else None,
        waiting=tuple(sorted(_by_day(period, after).items())) if whole else (),
        fees=_fee_lines(figures.fees.get(purse, {}), lines),
        disputes=_dispute_lines(figures.disputes.get(purse, {})),
        conversions=tuple(
            ConversionLine(paid, conversion)
            for paid, conversion in sorted(figures.conversions.get(purse, {}).items(), key=lambda item: item[0] or "~")
        ),
        segments=figures.segments.get(purse, {}),
    )


def _split(amount: int | None, waiting: Mapping[int, int]) -> Split | None:
    if amount is None:
        return None
    pending = sum(waiting.values())
    return Split(amount - pending, pending)


def _by_day(period: Period, waiting: Mapping[int, int]) -> dict[date, int]:
    """Add up by the day it becomes available: a UTC midnight is that UTC day, any other moment the local one."""
    days: dict[date, int] = {}
    for second, net in waiting.items():
        at = datetime.fromtimestamp(second, UTC)
        day = at.date() if second % 86_400 == 0 else period.day_of(second)
        days[day] = days.get(day, 0) + net
    return {day: net for day, net in days.items() if net}


def _fee_lines(parts: Mapping[FeeKind, tuple[int, int]], lines: Iterable[CategoryLine]) -> tuple[FeeLine, ...]:
    """Return fees by kind: parts of rows, what rows do not itemize, and rows that are fees themselves."""
    fee_lines = [FeeLine(kind, count, amount) for kind, (count, amount) in parts.items()]
    in_rows = sum(line.sums.fee for line in lines)
    missing = in_rows - sum(line.amount for line in fee_lines if line.kind is not None and not line.kind.apart)
    if missing:
        fee_lines.append(FeeLine(None, 0, missing))
    return tuple(sorted(fee_lines, key=lambda line: (line.taxed, line.kind is None, -line.amount, _wording(line))))


def _wording(line: FeeLine) -> tuple[str, str, bool]:
    return ("", "", False) if line.kind is None else (line.kind.type, line.kind.description or "", line.kind.apart)


def _dispute_lines(disputes: Mapping[str, DisputeSums]) -> tuple[DisputeLine, ...]:
    lines = [DisputeLine(name, dispute) for name, dispute in disputes.items()]
    return tuple(sorted(lines, key=lambda line: (-line.cost, line.sums.created, line.dispute)))
