"""What a state says about audits: what was looked at, what waits to be asked about, what is known to lack rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connector.core.time.intervals import Interval, Intervals


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
        asked: covered seconds that the round has asked about, of partitions that it has not gone through yet.
        silent: when covered seconds without any partition were last asked about, UTC seconds; 0 for never.
        lacking: seconds in which Stripe lists rows that the lake lacks, not read again yet; never covered.
    """

    turn: int = 0
    looked: Intervals = field(default_factory=Intervals)
    suspects: tuple[Suspect, ...] = ()
    lacking: Intervals = field(default_factory=Intervals)
    asked: Intervals = field(default_factory=Intervals)
    silent: int = 0

    def to_document(self) -> dict[str, Any]:
        """Return the part `audit` of the state's document."""
        return {
            "turn": self.turn,
            "looked": [[part.start, part.stop] for part in self.looked],
            "suspects": [[one.start, one.stop, one.expected] for one in self.suspects],
            "lacking": [[part.start, part.stop] for part in self.lacking],
            "asked": [[part.start, part.stop] for part in self.asked],
            "silent": self.silent,
        }

    @staticmethod
    def of(entry: dict[str, Any] | None) -> Audits:
        """Read that part; a state written before there were audits has none.

        Raises:
            KeyError, TypeError, ValueError: it is no such part.
        """
        if entry is None:
            return Audits()
        return Audits(
            turn=int(entry["turn"]),
            looked=_intervals(entry["looked"]),
            suspects=tuple(Suspect(int(start), int(stop), int(rows)) for start, stop, rows in entry["suspects"]),
            lacking=_intervals(entry["lacking"]),
            asked=_intervals(entry["asked"]),
            silent=int(entry["silent"]),
        )


def _intervals(pairs: list[list[int]]) -> Intervals:
    return Intervals.of(Interval(int(start), int(stop)) for start, stop in pairs)
