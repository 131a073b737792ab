"""What a balance was when a period began: from the rows, from a recorded balance, or not known. Never a guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from connector.core.ledger.accounting import PUBLIC
from connector.core.time.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connector.core.ledger.ledger import Figures, Purse
    from connector.core.time.intervals import Intervals
    from connector.core.time.periods import Period

Basis = Literal["rows", "snapshot", "not_known"]

NEAR = 5
"""Seconds around a recorded balance in which a row may or may not be in it: its time is in whole seconds."""

LATE = 600
"""Seconds after which a row counts as visible: one made less than this before may have come after it."""

MOST = 8
"""Recorded balances that are looked at, the nearest."""

COMPARED = frozenset(name for name, statuses in PUBLIC.items() if len(statuses) > 1)
"""Balances that a recorded balance shows as a whole."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A balance recorded in the lake.

    Attributes:
        at: when, UTC seconds.
        held: available and pending together, by purse; a purse it does not name held nothing.
    """

    at: int
    held: Mapping[Purse, int]


@dataclass(frozen=True, slots=True)
class Opening:
    """What there was when a period began.

    Attributes:
        amount: in minor units; None where it is not known.
        basis: where it comes from.
        reason: the same in words.
        recorded_at: when the balance was recorded that it comes from, UTC seconds.
    """

    amount: int | None
    basis: Basis
    reason: str
    recorded_at: int | None = None


def worth_asking(recorded: Iterable[Recorded], start: int, covered: Intervals) -> list[Recorded]:
    """Return the recorded balances that could tell, the nearest first: all rows between them and `start` are there."""
    fit = [balance for balance in recorded if covers(covered, *between(balance.at, start))]
    return sorted(fit, key=lambda balance: (abs(balance.at - start), balance.at))[:MOST]


def between(at: int, start: int) -> tuple[int, int]:
    """Return the seconds `[since, until)` whose rows lie between a recorded balance and a second."""
    return (at + 1, start) if at < start else (start, at + 1)


def covers(covered: Intervals, since: int, until: int) -> bool:
    """Say whether the rows of all seconds `[since, until)` are in the lake."""
    return since >= until or covered.covers(Interval(since, until))


def opening_of(
    purse: Purse, period: Period, covered: Intervals, figures: Figures, recorded: Sequence[Recorded], *, first: int
) -> Opening:
    """Say what a purse held when a period began.

    Args:
        purse: which.
        period: which, by whose clocks times are told.
        covered: seconds whose rows are in the lake.
        figures: of the account's rows.
        recorded: from `worth_asking`.
        first: second of the account's first row or before it, by what the lake knows; 0 for the beginning of time.
    """
    start = period.bounds.start
    if covers(covered, first, start):
        return Opening(figures.before.get(purse, 0), "rows", "from all rows since the account's first")
    gap = "the lake does not have all rows before the period"
    if purse.balance_type not in COMPARED:
        return Opening(None, "not_known", f"{gap}, and Stripe shows no whole balance of {purse.balance_type}")
    sound = [balance for balance in recorded if not figures.near_snapshot[balance.at]]
    sound.sort(
        key=lambda balance: figures.fresh_snapshot[balance.at] > 0
    )  # stable: the nearest of the quiet ones first
    if not sound:
        why = (
            "no balance was recorded that tells" if not recorded else "rows were made in the seconds of those recorded"
        )
        return Opening(None, "not_known", f"{gap}, and {why}; record one with `stripe-balance balance DEST`")
    chosen = sound[0]
    moved = figures.since_snapshot.get(chosen.at, {}).get(purse, 0)
    amount = chosen.held.get(purse, 0) + (moved if chosen.at < start else -moved)
    fresh = figures.fresh_snapshot[chosen.at]
    doubt = f"; {fresh:,} rows of the ten minutes before it may have come after it" if fresh else ""
    return Opening(amount, "snapshot", f"from the balance recorded at {period.moment(chosen.at)}{doubt}", chosen.at)
