"""Whose past is asked about in a run of many accounts: those that have waited longest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.core.planning.audit.audit import MOST

if TYPE_CHECKING:
    from connector.ingest.account import AccountRun


@dataclass(frozen=True, slots=True)
class Turn:
    """An account that may be asked about.

    Attributes:
        part: its part of the run.
        position: of its report.
        last: when it last had its turn, UTC seconds.
        requests: pages to ask for.
    """

    part: AccountRun
    position: int
    last: int
    requests: int = 0


@dataclass(slots=True)
class Turns:
    """The accounts of a run that have a past; of very many, those whose turn is nearest are remembered.

    Attributes:
        waiting: those, in any order.
        recent_rows: rows of the last 30 days, of all accounts.
    """

    waiting: list[Turn] = field(default_factory=list[Turn])
    recent_rows: int = 0

    def add(self, part: AccountRun, position: int) -> None:
        """Take note of an account that was read to its end."""
        self.recent_rows += part.recent_rows
        if (last := part.turn) is None:
            return
        self.waiting.append(Turn(part, position, last))
        if len(self.waiting) >= 2 * MOST:
            self.waiting = self._nearest()

    def share_out(self, requests: int) -> list[Turn]:
        """Return whose turn it is, with the requests of each: one for each account first, then more for each."""
        chosen = self._nearest()[:requests]
        return [
            Turn(turn.part, turn.position, turn.last, requests // len(chosen) + (at < requests % len(chosen)))
            for at, turn in enumerate(chosen)
        ]

    def _nearest(self) -> list[Turn]:
        return sorted(self.waiting, key=lambda turn: (turn.last, turn.position))[:MOST]
