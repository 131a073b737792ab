"""Stripe's read allocation, the slow budget beside the rates per second, and how a follower stays within it.

Every GET counts. Over 30 days they may come to 500 for each transaction on average, and to 10,000 whatever the number
of transactions. What an account's other programs read counts too, so a follower plans with a share of it.

Source: docs.stripe.com/rate-limits (read allocations).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from connector.core.units import DAY

MONTH = 30 * DAY
"""Seconds over which reads are counted."""

FLOOR = 10_000
"""Reads a month that every account has."""

READS_PER_ROW = 500
"""Reads a month for each transaction, where that is more."""

DEFAULT_READS_PER_MONTH = 5_000
"""Reads a month a follower may use while nothing happens: half of what an account without transactions has."""

READS_FOR_A_ROW = 100
"""Reads a follower may use more for each new row: a fifth of what Stripe grants for it."""

FIRST, MOST, LEAST = 50.0, 1_000.0, -2.0
"""Reads in hand at the beginning; at most, however many rows came; and at least, however much a failing server cost."""

FOR_AUDITS = 10
"""Audits take one read in so many of the allocation, at most."""

AUDITS_IN_HAND = 50.0
"""Reads in hand for audits in a new lake; and at most, however long nothing ran."""

QUICKER = 8
"""Looks in the time nothing has happened: a row after an hour's quiet is seen within 7.5 minutes."""


def allocation(rows: int) -> int:
    """Return how many reads Stripe allows in a month of so many transactions."""
    return max(FLOOR, READS_PER_ROW * rows)


def share_of_floor(reads: int) -> float:
    """Return reads as a share of what every account has in a month."""
    return round(reads / FLOOR, 4)


@dataclass(frozen=True, slots=True)
class Budget:
    """Reads in hand: they come evenly with time and at once with rows, and each one made is taken off.

    Over any time `t` a follower that waits as told makes at most `FIRST + reads_per_month * t / MONTH + 100 * rows`
    looks of one page.

    Attributes:
        reads_per_month: reads that come with time, at least 1.
        at: when `saved` was counted, seconds of a clock that does not go back.
        saved: reads in hand then, `LEAST` to `MOST`.
    """

    reads_per_month: int
    at: float
    saved: float = FIRST

    @property
    def seconds_per_read(self) -> float:
        """Seconds in which one read comes."""
        return MONTH / self.reads_per_month

    def spend(self, reads: int, *, rows: int, now: float) -> Budget:
        """Take reads off, and add what the rows they found have earned."""
        saved = min(MOST, self._saved(now) + READS_FOR_A_ROW * rows) - reads
        return replace(self, at=now, saved=max(LEAST, saved))

    def wait(self, now: float) -> float:
        """Return seconds until there is one read in hand; 0 when there is."""
        return max(0.0, (1.0 - self._saved(now)) * self.seconds_per_read)

    def _saved(self, now: float) -> float:
        """Add up what time has brought; it alone brings no more than the first reads, so idling saves nothing."""
        came = (now - self.at) / self.seconds_per_read
        return max(self.saved, min(FIRST, self.saved + came))


@dataclass(frozen=True, slots=True)
class Savings:
    """Reads in hand for asking about the past again: they come with time, and each one made is taken off.

    Over any 30 days they come to no more than a tenth of the allocation, those in hand at the beginning included.

    Attributes:
        at: when they were counted, UTC seconds; 0 before the first were spent.
        in_hand: how many there were, 0 to `AUDITS_IN_HAND`.
    """

    at: int = 0
    in_hand: float = AUDITS_IN_HAND

    def grown(self, now: int, *, rows: int) -> Savings:
        """Add what time has brought.

        Args:
            now: UTC seconds; a clock that was put back brings nothing.
            rows: transactions of the last 30 days, all accounts together.
        """
        a_month = allocation(rows) / FOR_AUDITS - AUDITS_IN_HAND
        came = max(0, now - self.at) * a_month / MONTH
        return Savings(max(now, self.at), min(AUDITS_IN_HAND, max(0.0, self.in_hand) + came))

    def spend(self, reads: int) -> Savings:
        """Take reads off."""
        return replace(self, in_hand=max(0.0, self.in_hand - reads))


def wait_between_looks(quiet: float, *, least: float, longest: float) -> float:
    """Return how long to wait until the next look at an account.

    Args:
        quiet: seconds since a new row was last found.
        least: lower bound, while rows come.
        longest: upper bound, when nothing has happened for long; `least` wins.
    """
    return max(least, min(quiet / QUICKER, longest))
