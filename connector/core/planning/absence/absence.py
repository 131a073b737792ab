"""What an answer says is not there: when that is believed, and when it is asked about again.

What a page shows is checked row by row; that it shows nothing more is only a claim, and one that closes time for good.
So a claim that contradicts the densities around it needs a second witness: the same seconds asked about by another
boundary, on another connection. That costs a request, so it is decided by what is expected: a night or a quiet year
passes for what it is.

No I/O and no clock. One owner, the frontier; touched only between awaits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from operator import sub
from typing import TYPE_CHECKING

from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.core.planning.windows.walk import Walk

BY_ITS_OWN_ROWS = 1.0
"""An end contradicts its own walk when more rows are to be expected beyond it than this many times those that came."""

BY_OTHERS = 3.0
"""The same by what came before, or elsewhere: less than a quarter of what was to be expected."""

UNSEEN = 25.0
"""Rows to be expected beyond an end, from which it is asked about again where that is more than in any gap seen: of
rows that come by chance, none leaves such a gap in an account's lifetime."""

ENOUGH = 5
"""Rows of a walk that tell better how dense its window is than others do."""

TIMES = 4.0
"""Times the density of its own rows that such a walk's window may have beyond its end."""

FEW = 300
"""Rows of an account until which the gaps seen say little of those to come."""

SMALL = 1_000
"""Rows of an account below which expectation is worth one witness and no more: a hundred rows are most of it."""

SHARE = 0.005
"""Witnesses for ends that contradict their own walk only, as a share of the pages: a night begins within a window."""

TRIES = 3
"""Witnesses heard about the same seconds before nothing is believed at all."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Seconds that one answer said hold nothing more.

    Attributes:
        seconds: `[start, stop)`.
        expected: rows to be expected there; infinite where the answer contradicts itself.
        sure: whether what came is less than a quarter of what was to be expected.
        void: whether no row came at all. Else the last one's second is the newest of `seconds`: a witness that does not
            show it again is not to be believed either.
        tries: witnesses heard that denied what the first answer had shown.
        unseen: whether nothing speaks against the end but the gaps seen, all of which were to hold fewer rows.
    """

    seconds: Interval
    expected: float
    sure: bool
    void: bool
    tries: int = 0
    unseen: bool = False

    def with_void_below(self, lower: Doubt) -> Doubt:
        """Return both as one."""
        seconds = Interval(lower.seconds.start, self.seconds.stop)
        unseen = self.unseen and lower.unseen
        return Doubt(seconds, self.expected + lower.expected, self.sure or lower.sure, self.void, unseen=unseen)

    def asked_by(self) -> Interval:
        """Return the window to ask for: the same seconds within other bounds than those of the first answer.

        It reaches far below: where there are older rows at all, the witness shows some, or shows that it knows none.
        """
        lower = self.tries if self.seconds.start > self.tries else self.tries + 1
        return Interval(lower if lower < self.seconds.stop else self.seconds.start, self.seconds.stop)


@dataclass(slots=True)
class Absence:
    """Weighs the ends of walks.

    Attributes:
        wary: whether ends are weighed at all.
        page_size: rows of a full page; fewer expected rows than that are not worth a request.
        usual: rows per second to expect where nothing has come yet; None in a lake that knows nothing.
        present: UTC seconds by Stripe's clock, after which no row is expected; 0 when it is not known.
        widest: most rows that were to be expected in a gap between two rows that came.
        doubts: what waits for a second witness.
        confirmed: claims that a second witness has borne out.
        refuted: claims that a second witness has shown to be wrong.
    """

    wary: bool
    page_size: int
    usual: float | None = 0.0
    present: int = 0
    widest: float = 0.0
    doubts: list[Doubt] = field(default_factory=list[Doubt])
    confirmed: int = 0
    refuted: int = 0
    _asked: int = 0
    _around: float = 0.0
    _passed_over: Intervals = field(default_factory=Intervals)

    def saw(self, density: float) -> None:
        """Remember how dense rows were lately, in rows per second: a void does not make that unknown."""
        self._around = density or self._around

    def saw_gaps(self, walk: Walk, created: Sequence[int]) -> None:
        """Remember how many rows were to be expected in the widest gap of a walk's last page.

        The quieter of both sides tells: where rows are dense on one side only, the gap begins a quieter time.

        Args:
            walk: as it was before this page.
            created: of the page's rows, newest first.
        """
        if not created:
            return
        known = created if walk.oldest is None else (walk.oldest, *created)
        after = len(created) / max(1, known[0] - known[-1])
        self.widest = max(self.widest, walk.gap * min(walk.before_gap or after, after))
        walk.gap, walk.before_gap = max(map(sub, known, known[1:]), default=0), walk.density.value

    def add(self, doubt: Doubt) -> None:
        """Take in a doubt; voids that touch are asked about together."""
        for other in self.doubts:
            upper, lower = (other, doubt) if other.seconds.start > doubt.seconds.start else (doubt, other)
            if lower.void and lower.seconds.stop == upper.seconds.start and not (lower.tries or upper.tries):
                self.doubts.remove(other)
                self.add(upper.with_void_below(lower))
                return
        self.doubts = sorted([*self.doubts, doubt], key=lambda candidate: candidate.seconds)

    def next(self, is_complete: Callable[[Interval], bool], *, pages: int, rows: int, alone: bool) -> Doubt | None:
        """Take the doubt that is most worth a witness now.

        A void waits until what lies above it has been read, since one witness clears up a whole void from its top. What
        speaks against an end may be no more than a night: that is asked about within bounds, until one claim was found
        wrong; from then on always.

        Args:
            is_complete: says whether nothing of some seconds is still to come.
            pages: pages received so far.
            rows: rows received so far.
            alone: whether nothing else is under way: what is not asked about now is believed.
        """
        self.doubts = [
            candidate for candidate in self.doubts if not candidate.unseen or candidate.expected > self.widest
        ]
        ready = [
            candidate
            for candidate in self.doubts
            if alone or not candidate.void or is_complete(_second_above(candidate))
        ]
        ready = [candidate for candidate in ready if self._is_worth_it(candidate, pages, rows, alone=alone)]
        if not ready:
            if alone:
                self.doubts.clear()
            return None
        few = rows < SMALL and not self.refuted  # the newest clears up most of what lies below it
        doubt = max(
            ready,
            key=lambda candidate: (
                candidate.expected if not few or candidate.expected == inf else 0.0,
                candidate.seconds,
            ),
        )
        self.doubts.remove(doubt)
        self._asked += doubt.expected < inf
        return doubt

    def _is_worth_it(self, doubt: Doubt, pages: int, rows: int, *, alone: bool) -> bool:
        if self.refuted or doubt.expected == inf:
            return True
        if doubt.unseen and rows < FEW:
            return False
        if rows < SMALL:  # one, of whatever is in doubt in the end
            return alone and not self._asked
        return doubt.sure or doubt.unseen or self._asked < 1 + pages * SHARE

    def heard(self, witness: Doubt, below: int | None) -> None:
        """Note that a witness bore a claim out: what it passed over on the way to its next row is empty, too.

        Args:
            witness: what was doubted.
            below: `created` of the newest row older than that; None when it knows of none.
        """
        self.confirmed += 1
        lowest = witness.asked_by().start if below is None else below + 1
        passed_over = Intervals.span(lowest, witness.seconds.start)
        if below is not None:  # rows that follow each other on a page show more than an answer that shows none
            self._passed_over = self._passed_over.union(passed_over)
        self.doubts = [doubt for doubt in self.doubts if not passed_over.covers(doubt.seconds)]

    def weigh(self, walk: Walk, *, likely_start: int, newest: int, is_full: bool) -> Doubt | None:
        """Say which seconds of an end have to be asked about again before they count.

        Args:
            walk: a walk whose answer said that nothing is left between its floor and the last row.
            likely_start: second before which no row is expected; 0 for none.
            newest: latest `created` seen so far.
            is_full: whether the page that said so is full: a page that ends exactly there is one in a hundred.

        Returns:
            The seconds from the walk's floor up to and with that of its last row; None when the end is believed.
        """
        if not self.wary:
            return None
        claimed = self._claimed(walk)
        if claimed is None:
            return None
        rows = walk.rows if walk.doubted is None else 0
        first_of_all = rows == 0 and self.usual is None and not self._around and newest == 0 and walk.doubted is None
        latest = max(self.present, newest + 1) if newest or self.present else END_OF_TIME
        top = min(claimed.stop, latest)
        unheard = Intervals.span(max(claimed.start, likely_start), top).minus(self._passed_over)
        seconds = unheard.seconds
        last = latest if self.usual is not None else newest + 1  # a new account may be silent since its last row
        shown, others = _shown_by(walk, rows, last), max(walk.planned, self._around or self.usual or 0.0)
        if rows >= ENOUGH:
            others = min(others, TIMES * rows / _seconds_shown(walk, last))
        by_itself = self._if_surprising(seconds * shown, BY_ITS_OWN_ROWS * rows)
        by_others = self._if_surprising(seconds * others, BY_OTHERS * rows)
        expected, sure = max(by_itself, by_others), by_others > 0
        unseen = 0.0 if expected else self._if_unseen(seconds * (shown if rows >= ENOUGH else max(shown, others)))
        full = is_full and walk.doubted is None
        if first_of_all or full:
            expected, unseen = inf, 0.0
        void = walk.oldest is None or walk.oldest >= claimed.stop
        doubt = Doubt(claimed, expected or unseen, sure, void, unseen=bool(unseen))
        return doubt if doubt.expected else None

    def _if_unseen(self, expected: float) -> float:
        return expected if expected >= UNSEEN and expected > self.widest > 0 else 0.0

    def _if_surprising(self, expected: float, limit: float) -> float:
        return expected if expected >= self.page_size and expected > limit else 0.0

    @staticmethod
    def _claimed(walk: Walk) -> Interval | None:
        """Return the seconds of an end that nobody has borne out yet; None when a second witness already has."""
        stop = walk.oldest + 1 if walk.oldest is not None else walk.window.stop
        if walk.doubted is not None:
            stop = min(stop, walk.doubted.seconds.start)
        return Interval(walk.floor, stop) if walk.floor < stop else None


def _shown_by(walk: Walk, rows: int, latest: int) -> float:
    """Return the density of a walk's own rows, in rows per second, the void that its end claims left out.

    Else an end would speak for itself: one row and "no more" are as few as they say, whatever the rows before showed.
    """
    if not rows or walk.oldest is None:
        return 0.0
    return max(walk.density.value, rows / _seconds_shown(walk, latest))


def _seconds_shown(walk: Walk, latest: int) -> int:
    """Return the seconds between the last row of a walk and its window's end, at least 1."""
    return max(1, min(walk.window.stop, latest) - (walk.window.stop if walk.oldest is None else walk.oldest))


def _second_above(doubt: Doubt) -> Interval:
    return Interval(doubt.seconds.stop, doubt.seconds.stop + 1)
