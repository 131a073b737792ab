"""How far an account's past was asked about again, and how long a whole round takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.cli.display.words import intervals, moment
from connector.core.counting import counted
from connector.core.planning.audit.audit import Round, round_of
from connector.core.units import DAY

if TYPE_CHECKING:
    from connector.cli.display.read_allocation import Reads
    from connector.core.state.table_state import TableState


@dataclass(frozen=True, slots=True)
class AuditRound:
    """One account's past.

    Attributes:
        round: how far the round over everything is.
        waiting: gaps in which rows were to be expected, and that were not asked about yet.
        lacking: intervals known to lack rows.
        a_day: pages of it that runs ask for a day, by those of the last 30 days.
    """

    round: Round
    waiting: int
    lacking: tuple[tuple[int, int], ...]
    a_day: float

    @property
    def days(self) -> float | None:
        """Days until every second has had its turn, gaps that wait included; None where nothing is asked for."""
        return (self.round.pages + self.waiting) / self.a_day if self.a_day else None

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON knows it; times are UTC seconds."""
        return {
            "pages": self.round.pages,
            "never": self.round.never,
            "oldest": self.round.oldest or None,
            "waiting": self.waiting,
            "lacking": [list(span) for span in self.lacking],
            "pages_a_day": round(self.a_day, 2),
            "round_days": None if self.days is None else round(self.days, 1),
        }

    def to_text(self) -> str:
        """Return it as a line for people."""
        if not self.round.pages:
            return "nothing to ask about again yet"
        if self.days is None:
            said = "nothing asked about again of late"
        else:
            pace = f"{self.a_day:.0f}" if self.a_day >= 1 else f"{self.a_day:.1f}"
            said = f"a round takes about {counted(max(1, round(self.days)), 'day')}, at {pace} pages a day"
        since = "" if self.round.never else f", all asked about again since {moment(self.round.oldest)} UTC"
        never = (
            f", {self.round.never:,} of {counted(self.round.pages, 'page')} never yet" if self.round.never else since
        )
        waiting = f"; {counted(self.waiting, 'gap')} to ask about first" if self.waiting else ""
        lacking = f"; known to lack rows: {intervals(self.lacking)}" if self.lacking else ""
        return f"{said}{never}{waiting}{lacking}"


def audit_round_of(state: TableState, reads: Reads) -> AuditRound:
    """Return how far an account's past was asked about again.

    Args:
        state: its record.
        reads: what the runs of the last 30 days asked for.
    """
    audits = state.audits
    a_day = reads.audits.get(state.account, 0) * DAY / reads.seconds
    return AuditRound(round_of(state), len(audits.suspects), audits.lacking.pairs, a_day)
