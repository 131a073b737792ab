"""What a state says about audits: what was looked at, what waits to be asked about, what is known to lack rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.core.time.intervals import Intervals


@dataclass(frozen=True, slots=True)
class Suspect:
    """A gap between rows that waits to be asked about.

    Attributes:
        start: its first second.
        stop: the second after its last.
        expected: rows to be expected in it, by what is known of other times.
    """

    start: int
    stop: int
    expected: int


@dataclass(frozen=True, slots=True)
class Audits:
    """One account's past, as far as it was asked about again.

    Attributes:
        turn: when the account last had its turn, UTC seconds; 0 for never.
        looked: covered seconds whose gaps were looked at.
        suspects: gaps that wait, the most expected first.
        lacking: seconds in which Stripe lists rows that the lake lacks, not read again yet; never covered.
        asked: covered seconds that the round has asked about, of partitions that it has not gone through yet.
        silent: when covered seconds without any partition were last asked about, UTC seconds; 0 for never.
    """

    turn: int = 0
    looked: Intervals = field(default_factory=Intervals)
    suspects: tuple[Suspect, ...] = ()
    lacking: Intervals = field(default_factory=Intervals)
    asked: Intervals = field(default_factory=Intervals)
    silent: int = 0
