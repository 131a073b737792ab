"""Sums of days to sums of months, and of the latest days: added up once, for every rendering."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.core.ledger.ledger import PAYOUT_CATEGORIES, Sums
from connector.core.units import DAY
from connector.reporting.lake_report.facts import SpanSums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from connector.core.ledger.ledger import Purse
    from connector.reporting.lake_report.facts import DayLine

LATEST_DAYS = 62
"""Days up to that of the last row of which each is told."""

CHARGES = "charge"
"""Category that fee rates are of: what customers paid."""


def by_month(days: Iterable[DayLine]) -> tuple[SpanSums, ...]:
    """Return the sums of every month in UTC that has rows, in order."""
    months: dict[int, int] = {}

    def month_of(day: int) -> int:
        if day not in months:
            months[day] = int(datetime.fromtimestamp(day, UTC).replace(day=1).timestamp())
        return months[day]

    return _added_up(days, month_of)


def by_day(days: Sequence[DayLine]) -> tuple[SpanSums, ...]:
    """Return the sums of the latest days, in order.

    Args:
        days: of an account, in order.
    """
    since = days[-1].key.day - (LATEST_DAYS - 1) * DAY if days else 0
    return _added_up((day for day in days if day.key.day >= since), lambda day: day)


def _added_up(days: Iterable[DayLine], start_of: Callable[[int], int]) -> tuple[SpanSums, ...]:
    by_span: dict[tuple[int, Purse], dict[str, list[int]]] = {}
    for line in days:
        categories = by_span.setdefault((start_of(line.key.day), line.key.purse), {})
        sums, more = categories.setdefault(line.key.category, [0] * len(_PARTS)), line.sums
        for place, part in enumerate(_PARTS):
            sums[place] += getattr(more, part)
    return tuple(
        _span(*key, {name: Sums(*sums) for name, sums in sorted(categories.items())})
        for key, categories in sorted(by_span.items())
    )


_PARTS = ("count", "gross", "fee", "net", "returned", "returned_rows")


def _span(start: int, purse: Purse, categories: dict[str, Sums]) -> SpanSums:
    moves = (sums for name, sums in categories.items() if name not in PAYOUT_CATEGORIES)
    total = sum(categories.values(), Sums())
    rate = fee_rate(categories.get(CHARGES))
    return SpanSums(start, purse, tuple(categories.items()), total, sum(moves, Sums()), rate)


def fee_rate(sums: Sums | None) -> int | None:
    """Return what fees took of an amount in hundredths of a per cent, rounded down; None where nothing was paid."""
    return None if sums is None or sums.gross <= 0 else sums.fee * 10_000 // sums.gross
