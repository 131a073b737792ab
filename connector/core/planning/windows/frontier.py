"""Which window of time to walk next: found while walking, not fixed beforehand.

A list of Stripe's is newest first and can only be followed by cursor, so speed comes from walking several disjoint
windows at once. The frontier owns the seconds still to be read. It begins with one walk over everything; that walk's
first page tells how dense the rows are, and windows of a target number of pages are carved off the newest end of the
rest. Each window costs about half a page at its end, so windows are as long as keeping everyone busy allows:

* where the first page promises more than the first windows can hold, a few windows are opened far down, at ages that
  grow by a factor, since one page says little of years;
* a window that proves denser than planned gives its older rest back, so a burst does not keep one walk busy alone;
* a window that comes back empty makes the next one ask about all of the rest, so a void costs one request;
* once there is little left to carve, the walk with most pages left goes first, so that all end together;
* when one walk would still end long after the others, it is split;
* where an end contradicts the densities around it, its seconds are asked about again (`absence`);
* where one request at a time is all there is (many accounts share the pace), one walk goes on as long as it may.

No I/O and no clock: a step is a function of what has been received. One owner, touched only between awaits.
`tests/benchmarks/simulate.py` shows what each rule is worth.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from connector.core.planning.absence.absence import TRIES, Absence, Doubt
from connector.core.planning.windows.estimate import Estimate
from connector.core.planning.windows.probes import ProbeWindows
from connector.core.planning.windows.walk import Density, Tuning, Walk
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

MEMORY = 0.9
"""What a walk's density keeps of what it knows at each of its pages."""

KNOWN_PAGES = 3.0
"""Pages that what is known beforehand counts for in a walk's density."""


@dataclass(slots=True, eq=False)
class Frontier:
    """The seconds still to be read, and who reads them.

    Attributes:
        todo: everything to read; intervals of `created`.
        likely_start: second before which no row is expected, a hint and never a bound; 0 for none.
        tuning: see `Tuning`.
        wary: whether an end that contradicts the densities around it is asked about again; see `Absence`.
        usual: rows per second to expect before anything has come; None where nothing is known of the account.
        present: UTC seconds by Stripe's clock when reading begins, after which no row is expected; 0 for not known.
        first: seconds that others wait for: once the list proves long, windows are opened there before the newest.
        absence: what weighs ends.
        reopened: seconds that were to be read once more after they had been received.
    """

    todo: Intervals
    likely_start: int = 0
    tuning: Tuning = field(default_factory=Tuning)
    wary: bool = False
    usual: float | None = 0.0
    present: int = 0
    first: Intervals = field(default_factory=Intervals)
    absence: Absence = field(init=False)
    reopened: Intervals = field(init=False, default_factory=Intervals)
    _estimate: Estimate = field(init=False)
    _pool: list[Interval] = field(init=False)
    _walks: list[Walk] = field(init=False, default_factory=list[Walk])
    _asking: Walk | None = field(init=False, default=None)
    _width: float = field(init=False, default=1.0)
    _probes: ProbeWindows = field(init=False, default_factory=ProbeWindows)

    def __post_init__(self) -> None:
        self._pool = list(self.todo)
        self._estimate = Estimate(self.tuning, self.likely_start, self._pool[0].start if self._pool else 0)
        self.absence = Absence(self.wary, self.tuning.page_size, usual=self.usual, present=self.present)

    # What is left -----------------------------------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """Whether every second has been received."""
        return not self._unopened and not self._walks

    @property
    def walks(self) -> tuple[Walk, ...]:
        """The open walks."""
        return tuple(self._walks)

    @property
    def pool_stop(self) -> int:
        """End of the newest seconds nobody walks yet; 0 when there are none."""
        return max((part.stop for part in self._unopened), default=0)

    @property
    def open_stop(self) -> int:
        """End of the newest of them that can be opened at any time: what is in doubt may have to wait."""
        return max((part.stop for part in (*self._probes.to_open, *self._pool)), default=0)

    @property
    def _unopened(self) -> list[Interval]:
        apart = [*self._probes.to_open, *(doubt.seconds for doubt in self.absence.doubts)]
        return [*self._pool, *apart] if apart else self._pool

    @property
    def incomplete(self) -> Intervals:
        """The seconds that no finished walk has brought yet: a window counts whole or not at all."""
        return Intervals.of([*self._unopened, *(walk.answers_for for walk in self._walks)])

    @property
    def read(self) -> Intervals:
        """The seconds that finished walks have brought."""
        return self.todo.minus(self.incomplete)

    @property
    def left_again(self) -> Intervals:
        """The seconds that were received, and have to be read again before they count."""
        return self.reopened.both(self.incomplete) if self.reopened else self.reopened

    def is_complete(self, bounds: Interval) -> bool:
        """Say whether nothing in `bounds` is still to come."""
        start, stop = bounds.start, bounds.stop
        return not any(part.start < stop and start < part.stop for part in self._unopened) and not any(
            walk.floor < stop and start < walk.window.stop for walk in self._walks
        )

    @property
    def expected_pages(self) -> float:
        """Pages thought to be left, from the densities seen; infinite before the first page."""
        return self._estimate.left

    def urgency(self, walk: Walk) -> float:
        """Say how urgent a walk's next page is; the highest goes first.

        The newest window goes first, so that days are completed in turn; but a walk that would otherwise end after all
        the others goes before it, longest first, so that nobody finishes alone.
        """
        left = self._estimate.pages_left(walk)
        if left + self.tuning.lead > self._estimate.left / self._width:
            return END_OF_TIME + left
        return float(walk.window.stop)

    def abandon(self) -> None:
        """End every walk where it is: what it has received stays complete, the rest is to be read another time."""
        left = [Interval(walk.floor, walk.unread) for walk in self._walks if walk.floor < walk.unread]
        for walk in self._walks:
            walk.done = True
        self._walks.clear()
        self._asking = None
        self._pool = sorted([*self._unopened, *left])
        self._probes = ProbeWindows()
        self.absence.doubts.clear()

    # Steps ------------------------------------------------------------------------------------------------------------

    def open(self, width: float) -> Walk | None:
        """Open the next window to walk.

        Args:
            width: requests in flight that fill the rate: rate times latency, at least 1.

        Returns:
            A walk to be driven with `advance`, or None when nothing is worth opening now.
        """
        if self._asking is not None:
            return None
        if not self._pool and not self._probes.to_open:
            return self._second(width) or self._split(width)
        if (second := self._second(width)) is not None:
            return second
        return self._first(width) if len(self._walks) < self._estimate.most_open(width) else None

    def advance(self, walk: Walk, *, rows: Sequence[int], has_more: bool, width: float, is_full: bool = False) -> None:
        """Take note of a page.

        Args:
            walk: the walk it belongs to.
            rows: `created` of the page's rows, newest first.
            has_more: whether the walk's window holds older rows.
            width: as in `open`.
            is_full: whether the page has as many rows as were asked for.

        Afterwards the walk is `done`, or its next page is to be fetched. Rows older than `walk.floor` belong to others.
        """
        self._width = width
        end = _End(is_full=is_full or len(rows) >= self.tuning.page_size)
        if rows and rows[-1] < walk.floor:
            ours = next(place for place, second in enumerate(rows) if second < walk.floor)
            rows, end.below = rows[:ours], rows[ours]
        elif has_more and rows:
            end = None
        lowest = walk.floor if end else rows[-1]
        before = walk.unread
        if self._asking is walk:
            self._asking = None
            before = rows[0] + 1 if rows else before  # the void above says nothing of how dense the rows are
        self.absence.saw_gaps(walk, rows)
        walk.pages += 1
        walk.rows += len(rows)
        walk.oldest = rows[-1] if rows else walk.oldest
        self._estimate.note(walk, rows, before=before, lowest=lowest)
        if end:
            self._end(walk, end)
        else:
            self._go_on(walk, lowest)
        if rows:  # an end is weighed by what came before its own page
            self.absence.saw(self._estimate.density.value)

    def _go_on(self, walk: Walk, lowest: int) -> None:
        """Move a walk on, and give back what it has too much of."""
        if walk.doubted is not None and lowest < walk.doubted.seconds.start:
            self._borne_out(walk.doubted, lowest)
            walk.doubted = None
        walk.unread = lowest + 1
        estimate, width = self._estimate, self._width
        if estimate.is_due:
            self._look_ahead()
        target = estimate.target(width)
        if self._probes.walks:
            self._use_probes()
        elif self._has_excess(walk, target):
            self._give_back(walk, target)
        far = width > 1 and estimate.pages == 1 and bool(self._pool)
        if far and estimate.pages_in(self._pool) > self.tuning.first * estimate.most_open(width):
            self._cut_probes()

    def _end(self, walk: Walk, end: _End) -> None:
        """End a walk, and see whether that is believed."""
        doubt = walk.doubted
        if doubt is not None:
            shows_nothing = end.below is None and walk.window.start < walk.floor  # where rows may have been seen
            shown = walk.oldest is not None and walk.oldest < doubt.seconds.start
            if shows_nothing and self._estimate.oldest < walk.floor and self.ask_again(walk):
                return
            self._borne_out(doubt, walk.oldest if shown else end.below)
            walk.doubted = None if shown else doubt
        if end.below is None:
            self._weigh(walk, is_full=end.is_full)
        walk.doubted = None
        walk.done = True
        self._walks.remove(walk)
        if not walk.rows and doubt is None:
            self._estimate.forget()
        if self._probes.walks:
            self._use_probes()
        self._look_ahead()

    # Seconds that are read again --------------------------------------------------------------------------------------

    def reopen(self, seconds: Interval) -> None:
        """Have seconds read again that were received; those still to come are left to whoever brings them.

        What is in doubt is not sure to come: a doubt may be settled by what others show, or be worth no request.
        """
        walks = (walk for walk in self._walks if walk.doubted is None)
        coming = [*self._probes.to_open, *self._pool, *(Interval(walk.floor, walk.unread) for walk in walks)]
        again = Intervals((seconds,)).both(self.todo).minus(Intervals.of(coming))
        self.reopened = self.reopened.union(again)
        self._pool = sorted([*self._pool, *again])

    def ask_again(self, walk: Walk) -> bool:
        """Drop a witness that denied what had been shown; say whether another is still to be heard."""
        doubt = walk.doubted
        if doubt is None or doubt.tries + 1 >= TRIES:
            return False
        self._drop(walk, doubt)
        self.absence.add(replace(doubt, tries=doubt.tries + 1))
        return True

    def refute(self, walk: Walk, shown: Sequence[int]) -> Interval:
        """Drop a witness that showed rows where the first answer had none: they are to be read by narrower windows.

        Args:
            walk: the witness.
            shown: `created` of the rows that the first answer did not show, newest first.

        Returns:
            The seconds in question.
        """
        if walk.doubted is None:
            raise ValueError("not a witness")
        seconds = walk.doubted.seconds
        self._drop(walk, walk.doubted)
        self.absence.refuted += 1
        self._estimate.density.add(len(shown), max(1, min(seconds.stop, shown[0] + 1) - shown[-1]))
        self.absence.saw(self._estimate.density.value)
        edges = sorted({seconds.start, seconds.stop, shown[len(shown) // 2]})
        self._pool = sorted([*self._pool, *(Interval(start, stop) for start, stop in pairwise(edges))])
        return seconds

    def _drop(self, walk: Walk, doubt: Doubt) -> None:
        """End a walk as if it had never been opened; what it was to bring beside its doubt goes back to the pool."""
        walk.done = True
        self._walks.remove(walk)
        if self._asking is walk:
            self._asking = None
        if walk.floor < doubt.seconds.start:
            self._pool = sorted([*self._pool, Interval(walk.floor, doubt.seconds.start)])

    def _weigh(self, walk: Walk, *, is_full: bool) -> None:
        """Leave the seconds of a doubtful end to a second witness."""
        estimate = self._estimate
        doubt = self.absence.weigh(walk, likely_start=self.likely_start, newest=estimate.newest, is_full=is_full)
        if doubt is not None:
            self.absence.add(doubt)
            walk.raised = doubt
            walk.floor = doubt.seconds.stop

    def _borne_out(self, doubt: Doubt, below: int | None) -> None:
        """Take a witness's word: rows that follow each other on a page have nothing between them."""
        self.absence.heard(doubt, below)
        if below is not None:
            passed_over = Intervals.span(below + 1, doubt.seconds.start)
            self._pool = list(Intervals(tuple(self._pool)).minus(passed_over))

    def _second(self, width: float) -> Walk | None:
        """Open a doubt: together with the older rest, where nobody walks that yet, so that it costs nothing."""
        if not self.absence.doubts or not self._probes.answered:
            return None
        estimate = self._estimate
        alone = not self._walks and not self._pool
        doubt = self.absence.next(self.is_complete, pages=estimate.pages, rows=estimate.rows, alone=alone)
        if doubt is None:
            return None
        older = next((part for part in self._pool if part.stop == doubt.seconds.start), None)
        if older is None:
            walk = self._begin(doubt.asked_by(), afresh=True)
            walk.floor = doubt.seconds.start
        else:
            self._pool.remove(older)
            start, known = older.start, bool(estimate.density.rows)
            if known:  # within other bounds than those of the first answer
                whole = Interval(older.start, doubt.seconds.stop)
                start = min(estimate.carve(whole, estimate.target(width)), older.stop - 1)
            if start > older.start:
                self._pool = sorted([*self._pool, Interval(older.start, start)])
            walk = self._begin(Interval(start, doubt.seconds.stop))
            self._asking = None if known else walk
        walk.doubted = doubt
        return walk

    # Helpers ----------------------------------------------------------------------------------------------------------

    def _first(self, width: float) -> Walk | None:
        """Open a window that nobody has asked about yet."""
        probes = self._probes
        if probes.to_open:
            probes.walks.append(self._begin(probes.to_open.pop(), afresh=True))
            return probes.walks[-1]
        part = self._awaited() or self._pool.pop()
        if not self._estimate.density.rows:  # nothing known, or the last window came back empty: ask about all of it
            self._asking = self._begin(part)
            return self._asking
        target = self._estimate.target(width)
        start = self._estimate.carve(part, max(target, self.tuning.meanwhile) if probes.walks else target)
        if start > part.start:
            self._pool = sorted([*self._pool, Interval(part.start, start)])
        walk = self._begin(Interval(start, part.stop))
        self._look_ahead()
        return walk

    def _awaited(self) -> Interval | None:
        """Take out of the pool the newest seconds that others wait for; None for none, or before rows have come."""
        if not (self.first and self._estimate.density.rows):
            return None
        pool = Intervals(tuple(self._pool))
        awaited = pool.both(self.first)
        if not awaited:
            return None
        self._pool = list(pool.minus(Intervals((awaited.parts[-1],))))
        return awaited.parts[-1]

    def _begin(self, window: Interval, *, afresh: bool = False, like: Density | None = None) -> Walk:
        """Begin a walk; `like` says how dense its rows should be, where that is better known than by all of them."""
        known, density = like or self._estimate.density, Density(memory=MEMORY)
        if known.rows and not afresh:
            density.rows = KNOWN_PAGES * self.tuning.page_size
            density.seconds = density.rows / known.value
        walk = Walk(window, floor=window.start, unread=window.stop, density=density, planned=density.value)
        self._walks.append(walk)
        return walk

    def _look_ahead(self) -> None:
        self._estimate.look_ahead([*self._probes.to_open, *self._pool], self._walks)

    def _cut_probes(self) -> None:
        """Take windows out of the oldest pool, to be opened first."""
        part = self._pool.pop(0)
        begin = self._estimate.likely_start_in(part.start, part.stop)
        top, count = self._walks[0].unread, self.tuning.probes
        self._pool.insert(0, self._probes.cut(part, top=top, begin=begin, count=count))

    def _use_probes(self) -> None:
        """Once every probe has answered, take the density of all of time from them."""
        probes = self._probes.walks
        if self._probes.answered:
            self._estimate.learn([*probes, *(walk for walk in self._walks if walk not in probes)])
            probes.clear()

    def _has_excess(self, walk: Walk, target: float) -> bool:
        may = walk.doubted is None and (self._width > 1 or walk.pages >= self.tuning.proven)
        return may and self._estimate.pages_left(walk) > self.tuning.excess * target

    def _give_back(self, walk: Walk, pages: float) -> None:
        """Put what `walk` has to read beyond so many pages back into the pool."""
        floor = walk.unread - max(1, ceil(pages * self.tuning.page_size / walk.density.value))
        if floor > walk.floor:
            self._pool.append(Interval(walk.floor, floor))
            self._pool.sort()
            walk.floor = floor

    def _split(self, width: float) -> Walk | None:
        """Give the older half of the longest walk to a new one, if it would end long after the others."""
        estimate = self._estimate
        going = (walk for walk in self._walks if walk.pages and walk.doubted is None)
        if (walk := max(going, key=estimate.pages_left, default=None)) is None:
            return None
        left = estimate.pages_left(walk)
        least = 2 * self.tuning.meanwhile if self._probes.walks else self.tuning.shortest
        if left < least or left <= estimate.left / width + estimate.patience():
            return None
        middle = (estimate.likely_start_in(walk.floor, walk.unread) + walk.unread) // 2
        if not walk.floor < middle < walk.unread:
            return None
        older = self._begin(Interval(walk.floor, middle), like=walk.density)
        walk.floor = middle
        return older


@dataclass(slots=True)
class _End:
    """How a walk ends: with a full page or not, and with an older row than its own or with nothing."""

    is_full: bool
    below: int | None = None
