"""Second witnesses: an answer that showed nothing more is compared with another one about the same seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.core.api.page import created_of, ids_of
from connector.errors import ProtocolError

if TYPE_CHECKING:
    from connector.core.api.page import AnyRow, Page
    from connector.core.planning.absence.delivered import Delivered
    from connector.core.planning.windows.frontier import Frontier
    from connector.core.planning.windows.walk import Walk
    from connector.core.time.intervals import Interval


@dataclass(frozen=True, slots=True)
class SecondAnswers:
    """What second answers came to.

    Attributes:
        confirmed: ends that a second witness confirmed.
        contradicted: ends that it did not: what it showed was read again by narrower windows.
        unstable_ties: seconds whose rows came in another order, or not at all, in another answer.
    """

    confirmed: int = 0
    contradicted: int = 0
    unstable_ties: int = 0

    def __add__(self, other: SecondAnswers) -> SecondAnswers:
        return SecondAnswers(
            self.confirmed + other.confirmed,
            self.contradicted + other.contradicted,
            self.unstable_ties + other.unstable_ties,
        )


ROUNDS = 3
"""Times that the same seconds are read again by narrower windows."""


@dataclass(slots=True)
class Dispute:
    """Rows that one answer showed and another did not.

    Attributes:
        seconds: in question; read again by narrower windows.
        answers: request ids of both, the one that showed nothing first.
        missing: ids that were shown and have not come since.
        rounds: times that these seconds have been in dispute about some of these rows, this one included.
    """

    seconds: Interval
    answers: tuple[str | None, str | None]
    missing: set[str]
    rounds: int = 1

    def error(self) -> ProtocolError:
        """Return what to raise where narrower windows do not bring the rows either."""
        first, second = (answer or "without an id" for answer in self.answers)
        row_id = next(iter(sorted(self.missing)))
        return ProtocolError(
            f"Stripe's answers contradict each other about [{self.seconds.start}, {self.seconds.stop}): the answer"
            f" {first} ended before {len(self.missing)} rows that the answer {second} showed, {row_id} among them, and"
            " narrower windows do not show them either: nothing of it counts as read; run again, and if it stays so,"
            " ask Stripe's support about both",
            request_id=self.answers[1],
            window=(self.seconds.start, self.seconds.stop),
        )


@dataclass(frozen=True, slots=True)
class _Claim:
    """Who said that nothing more is there, and the ids that came of the second before the end."""

    request_id: str | None = None
    edge: frozenset[str] = frozenset()


@dataclass(slots=True)
class Witnesses:
    """Compares second answers with first ones.

    Attributes:
        frontier: what is asked about again, and when.
        delivered: the rows of a first answer's last second, which come again.
        disputes: what is being read again by narrower windows.
    """

    frontier: Frontier
    delivered: Delivered
    disputes: list[Dispute] = field(default_factory=list[Dispute])
    _claims: dict[int, _Claim] = field(default_factory=dict[int, "_Claim"])

    def claimed(self, walk: Walk, page: Page, ties: set[str]) -> None:
        """Note who said that a walk is at its end, and the ids of its last second, if that is asked about again."""
        doubt = walk.raised
        if doubt is None:
            return
        self._claims[doubt.seconds.stop] = _Claim(page.request_id, frozenset() if doubt.void else frozenset(ties))
        if not doubt.void:
            self.delivered.add(doubt.seconds.stop - 1, map(hash, ties))

    def agrees(self, walk: Walk, page: Page, rows: list[AnyRow]) -> bool:
        """Say whether a witness's page says what the first answer said; where not, its walk is dropped.

        Raises:
            ProtocolError: nothing is left to ask: the answers contradict each other.
        """
        doubt = walk.doubted
        if doubt is None:
            return True
        ids, created = ids_of(rows), created_of(rows)
        edge = doubt.seconds.stop - 1
        first = self._claims.get(doubt.seconds.stop, _Claim())
        shown = {
            row_id: second
            for row_id, second in zip(ids, created, strict=True)
            if second in doubt.seconds and row_id not in first.edge and not self.delivered.has(second, row_id)
        }
        if shown:
            self._dispute(walk, shown, (first.request_id, page.request_id))
            return False
        crowded = page.has_more and bool(created) and created[-1] == edge  # the rest of the second is on later pages
        if walk.pages == 0 and not crowded and not first.edge <= set(ids):
            if not self.frontier.ask_again(walk):
                raise Dispute(doubt.seconds, (page.request_id, first.request_id), set(first.edge) - set(ids)).error()
            return False
        return True

    def _dispute(self, walk: Walk, shown: dict[str, int], answers: tuple[str | None, str | None]) -> None:
        """Have what a witness showed read again by narrower windows, if that was not done often enough before.

        Rows that nobody showed before are no contradiction, however often: where rows come just now, each answer may
        show more than the last.
        """
        seconds = self.frontier.refute(walk, list(shown.values()))
        again = (open_dispute for open_dispute in self.disputes if open_dispute.seconds.overlaps(seconds))
        before = [repeated.rounds for repeated in again if not repeated.missing.isdisjoint(shown)]
        dispute = Dispute(seconds, answers, set(shown), 1 + max(before, default=0))
        if dispute.rounds > ROUNDS:
            raise dispute.error()
        self.disputes.append(dispute)

    def received(self, walk: Walk, rows: list[AnyRow]) -> None:
        """Settle the disputes that a page settles.

        Raises:
            ProtocolError: all of the seconds in dispute have been read again, and rows that were shown did not come.
        """
        if not self.disputes:
            return
        ids = set(ids_of(rows))
        for dispute in list(self.disputes):
            dispute.missing -= ids
            if walk.done and self.frontier.is_complete(dispute.seconds):
                if dispute.missing:
                    raise dispute.error()
                self.disputes.remove(dispute)
