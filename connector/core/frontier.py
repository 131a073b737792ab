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
* where one request at a time is all there is (many accounts share the pace), one walk goes on as long as it may.

No I/O and no clock: a step is a function of what has been received. One owner, touched only between awaits.
`tests/benchmarks/simulate.py` shows what each rule is worth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil, inf
from typing import TYPE_CHECKING, ClassVar

from connector.core.intervals import Interval, Intervals
from connector.core.times import END_OF_TIME
from connector.core.walk import Density, Tuning, Walk

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(slots=True, eq=False)
class Frontier:
    """The seconds still to be read, and who reads them.

    Attributes:
        todo: everything to read; intervals of `created`.
        likely_start: second before which no row is expected, a hint and never a bound; 0 for none.
        tuning: see `Tuning`.
    """

    todo: Intervals
    likely_start: int = 0
    tuning: Tuning = field(default_factory=Tuning)
    _pool: list[Interval] = field(init=False)
    _walks: list[Walk] = field(init=False, default_factory=list[Walk])
    _density: Density = field(init=False, default_factory=lambda: Density(memory=0.95))
    _asking: Walk | None = field(init=False, default=None)
    _pages: int = field(init=False, default=0)
    _fruitful: int = field(init=False, default=0)
    _newest: int = field(init=False, default=0)
    _expected: float = field(init=False, default=inf)
    _width: float = field(init=False, default=1.0)
    _depths: list[Interval] = field(init=False, default_factory=list[Interval])
    _soundings: list[Walk] = field(init=False, default_factory=list[Walk])

    SETTLED: ClassVar[int] = 200
    """Pages until which what is left is estimated anew after each."""

    SELDOM: ClassVar[int] = 8
    """Afterwards, after every so many."""

    def __post_init__(self) -> None:
        self._pool = list(self.todo)

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
    def _unopened(self) -> list[Interval]:
        return [*self._depths, *self._pool] if self._depths else self._pool

    @property
    def incomplete(self) -> Intervals:
        """The seconds that no finished walk has brought yet: a window counts whole or not at all."""
        return Intervals.of([*self._unopened, *(walk.answers_for for walk in self._walks)])

    def is_complete(self, bounds: Interval) -> bool:
        """Say whether nothing in `bounds` is still to come."""
        start, stop = bounds.start, bounds.stop
        return not any(part.start < stop and start < part.stop for part in self._unopened) and not any(
            walk.floor < stop and start < walk.window.stop for walk in self._walks
        )

    @property
    def expected_pages(self) -> float:
        """Pages thought to be left, from the densities seen; infinite before the first page."""
        return self._expected

    def urgency(self, walk: Walk) -> float:
        """Say how urgent a walk's next page is; the highest goes first.

        The newest window goes first, so that days are completed in turn; but a walk that would otherwise end after all
        the others goes before it, longest first, so that nobody finishes alone.
        """
        left = self._pages_left(walk)
        if left + self.tuning.lead > self._expected / self._width:
            return END_OF_TIME + left
        return float(walk.window.stop)

    def abandon(self) -> None:
        """End every walk where it is: what it has received stays complete, the rest is to be read another time."""
        left = [Interval(walk.floor, walk.unread) for walk in self._walks if walk.floor < walk.unread]
        for walk in self._walks:
            walk.done = True
        self._walks.clear()
        self._soundings.clear()
        self._asking = None
        self._pool = sorted([*self._unopened, *left])
        self._depths = []

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
        if not self._unopened:
            return self._split(width)
        if len(self._walks) >= self._crowd(width):
            return None
        if self._depths:
            self._soundings.append(self._begin(self._depths.pop(), sounding=True))
            return self._soundings[-1]
        if self._soundings and len(self._walks) >= self.tuning.timid * width:
            return None
        return self._next(width)

    def advance(self, walk: Walk, *, rows: Sequence[int], has_more: bool, width: float) -> None:
        """Take note of a page.

        Args:
            walk: the walk it belongs to.
            rows: `created` of the page's rows, newest first.
            has_more: whether the walk's window holds older rows.
            width: as in `open`.

        Afterwards the walk is `done`, or its next page is to be fetched. Rows older than `walk.floor` belong to others.
        """
        self._width = width
        over = not has_more or not rows or rows[-1] < walk.floor
        lowest = walk.floor if over else rows[-1]
        before = walk.unread
        if rows:
            self._newest = max(self._newest, rows[0])
        if self._asking is walk:
            self._asking = None
            before = rows[0] + 1 if rows else before  # the void above says nothing of how dense the rows are
        walk.pages += 1
        walk.rows += len(rows)
        self._pages += 1
        self._fruitful += bool(rows)
        seconds = max(1, before - max(lowest, min(self.likely_start, before - 1)))
        walk.density.add(len(rows), seconds)
        self._density.add(len(rows), seconds)
        if over:
            self._finish(walk)
            if self._soundings:
                self._hear()
            self._estimate()
            return
        walk.unread = lowest + 1
        if self._pages <= self.SETTLED or self._pages % self.SELDOM == 0:
            self._estimate()
        target = self._target(width)
        if self._soundings:
            self._hear()
        elif self._pages_left(walk) > self.tuning.excess * target and (width > 1 or walk.pages >= self.tuning.proven):
            self._give_back(walk, target)
        if (
            self._pages == 1
            and width > 1
            and self._pool
            and self._pool_pages() > self.tuning.first * self._crowd(width)
        ):
            self._sound()

    # Helpers ----------------------------------------------------------------------------------------------------------

    def _next(self, width: float) -> Walk:
        """Open a window at the newest end of the pool."""
        target = self._target(width)
        part = self._pool.pop()
        if not self._density.rows:  # nothing known, or the last window came back empty: ask about all of it
            self._asking = self._begin(part)
            return self._asking
        start = self._carve(part, target)
        if start > part.start:
            self._pool.append(Interval(part.start, start))
        walk = self._begin(Interval(start, part.stop))
        self._estimate()
        return walk

    def _estimate(self) -> None:
        """Estimate what is left: after every page at first, then now and then, as it costs a look at every walk."""
        if not self._density.rows and not self.done:
            self._expected = inf
            return
        pool = self._pool_pages()
        self._expected = pool + sum(self._pages_left(walk) for walk in self._walks)

    def _crowd(self, width: float) -> float:
        crowd = self.tuning.crowd * width + 1 if width > 1 else 1.0
        first = max(self.likely_start, self.todo.parts[0].start if self.todo else 0)
        if first and self._newest - first >= self.tuning.short:
            return crowd
        return min(crowd, max(self.tuning.slow_start, 2 * self._fruitful))

    def _target(self, width: float) -> float:
        if width <= 1:
            return self.tuning.longest
        longest = min(self.tuning.longest, self.tuning.first + self._pages / 50)
        shortest = max(self.tuning.shortest, min(self.tuning.last, self._pages / 80))
        return min(longest, max(shortest, self.expected_pages / (self.tuning.share * width + 1)))

    def _sound(self) -> None:
        """Take parts out of the oldest pool at ages that grow by a factor: they are opened first."""
        part = self._pool.pop(0)
        top = self._walks[0].unread
        young, old = top - part.stop, top - self._likely_start_in(part.start, part.stop)
        count = self.tuning.soundings
        ages = [young * (old / max(1, young)) ** (step / (count + 1)) for step in range(1, count + 1)]
        edges = sorted({part.start, part.stop, *(top - int(age) for age in ages)})
        parts = [Interval(start, stop) for start, stop in pairwise(edges)]
        self._pool = [parts[-1], *self._pool]
        self._depths = parts[:-1][::-1]

    def _hear(self) -> None:
        """Once every sounding has answered, take the density of all of time from them."""
        if self._depths or not all(walk.pages for walk in self._soundings):
            return
        parts = [*self._soundings, *(walk for walk in self._walks if walk not in self._soundings)]
        rows = sum(walk.rows + (0 if walk.done else self._pages_left(walk) * self.tuning.page_size) for walk in parts)
        tops = [min(walk.window.stop, self._newest + 1) for walk in parts]
        seconds = sum(top - self._likely_start_in(walk.floor, top) for walk, top in zip(parts, tops, strict=True))
        self._soundings = []
        if rows:
            memory = Density(memory=self._density.memory)
            memory.rows, memory.seconds = 5.0 * self.tuning.page_size, 5.0 * self.tuning.page_size * seconds / rows
            self._density = memory

    def _begin(self, window: Interval, *, sounding: bool = False) -> Walk:
        density = Density(memory=0.9)
        if self._density.rows and not sounding:
            density.rows = 3.0 * self.tuning.page_size
            density.seconds = density.rows / self._density.value
        walk = Walk(window=window, floor=window.start, unread=window.stop, density=density)
        self._walks.append(walk)
        return walk

    def _finish(self, walk: Walk) -> None:
        walk.done = True
        self._walks.remove(walk)
        if walk.rows == 0:
            self._density = Density(memory=self._density.memory)

    def _carve(self, part: Interval, target: float) -> int:
        """Return where the next window of about `target` pages begins in the newest end of `part`."""
        begin = self._likely_start_in(part.start, part.stop)
        pages = self._density.value * (part.stop - begin) / self.tuning.page_size
        pieces = max(1, round(pages / target))
        if pieces == 1:
            return part.start
        length = (part.stop - begin) / pieces if pieces < 4 else target * self.tuning.page_size / self._density.value  # noqa: PLR2004 - few pieces are made equal, so that no sliver is left
        return max(part.start, part.stop - max(1, ceil(length)))

    def _pool_pages(self) -> float:
        seconds = sum(part.stop - self._likely_start_in(part.start, part.stop) for part in self._unopened)
        return self._density.value * seconds / self.tuning.page_size

    def _pages_left(self, walk: Walk) -> float:
        seconds = walk.unread - self._likely_start_in(walk.floor, walk.unread)
        return max(0.5, walk.density.value * seconds / self.tuning.page_size)

    def _likely_start_in(self, start: int, stop: int) -> int:
        return max(start, min(self.likely_start, stop - 1))

    def _give_back(self, walk: Walk, pages: float) -> None:
        """Put what `walk` has to read beyond so many pages back into the pool."""
        floor = walk.unread - max(1, ceil(pages * self.tuning.page_size / walk.density.value))
        if floor > walk.floor:
            self._pool.append(Interval(walk.floor, floor))
            self._pool.sort()
            walk.floor = floor

    def _split(self, width: float) -> Walk | None:
        """Give the older half of the longest walk to a new one, if it would end long after the others."""
        walk = max((walk for walk in self._walks if walk.pages), key=self._pages_left, default=None)
        if walk is None:
            return None
        left = self._pages_left(walk)
        if left < 2 * self.tuning.shortest or left <= self.expected_pages / width + self.tuning.patience:
            return None
        middle = (self._likely_start_in(walk.floor, walk.unread) + walk.unread) // 2
        if not walk.floor < middle < walk.unread:
            return None
        older = self._begin(Interval(walk.floor, middle))
        walk.floor = middle
        return older
