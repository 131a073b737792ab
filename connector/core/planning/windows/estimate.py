"""How many rows are left, and how long the next window should be: from the densities of the pages received so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, inf
from typing import TYPE_CHECKING, ClassVar

from connector.core.planning.windows.busy_hours import HOUR, BusyHours
from connector.core.planning.windows.walk import Density, Left, Tuning, Walk
from connector.core.time.times import END_OF_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.time.intervals import Interval


@dataclass(slots=True, eq=False)
class Estimate:
    """What the pages received say of those to come.

    Attributes:
        tuning: see `Tuning`.
        likely_start: second before which no row is expected, a hint; 0 for none.
        first: oldest second that is to be read.
        density: rows per second, lately.
        hours: how busy the hours of a week are.
        pages: pages received.
        rows: rows received.
        newest: latest `created` received; 0 before the first.
        oldest: earliest `created` received.
        left: pages thought to be left; infinite while nothing is known.
    """

    tuning: Tuning
    likely_start: int
    first: int
    density: Density = field(default_factory=lambda: Density(memory=0.95))
    hours: BusyHours = field(default_factory=BusyHours)
    pages: int = 0
    rows: int = 0
    newest: int = 0
    oldest: int = END_OF_TIME
    left: float = inf
    _fruitful: int = 0

    SETTLED: ClassVar[int] = 200
    """Pages until which what is left is estimated anew after each."""

    SELDOM: ClassVar[int] = 8
    """Afterwards, after every so many."""

    LEARNED: ClassVar[int] = 32
    """Pages after which it is learned anew how busy hours are."""

    def note(self, walk: Walk, rows: Sequence[int], *, before: int, lowest: int) -> None:
        """Take a page into account.

        Args:
            walk: the walk it belongs to.
            rows: `created` of its rows, newest first.
            before: second up to which the page speaks of density, exclusive.
            lowest: second down to which it does.
        """
        if rows:
            self.newest = max(self.newest, rows[0])
            self.oldest = min(self.oldest, rows[-1])
        self.pages += 1
        self.rows += len(rows)
        self._fruitful += bool(rows)
        start = max(lowest, min(self.likely_start, before - 1))
        seconds = max(1, before - start)
        walk.density.add(len(rows), seconds)
        walk.left = None
        self.density.add(len(rows), seconds)
        if self.is_due:
            self.hours.saw(rows, start, before)
        if self.pages % self.LEARNED == 0:
            self.hours.learn()

    def forget(self) -> None:
        """Take it that nothing is known of how dense rows are: the last window came back empty."""
        self.density = Density(memory=self.density.memory)

    def learn(self, walks: Sequence[Walk]) -> None:
        """Take the density of all of time from walks that lie all over it."""
        size = self.tuning.page_size
        rows = sum(walk.rows + (0 if walk.done else self.pages_left(walk) * size) for walk in walks)
        tops = [min(walk.window.stop, self.newest + 1) for walk in walks]
        seconds = sum(top - self.likely_start_in(walk.floor, top) for walk, top in zip(walks, tops, strict=True))
        if rows:
            self.forget()
            self.density.rows, self.density.seconds = 5.0 * size, 5.0 * size * seconds / rows

    def look_ahead(self, parts: Sequence[Interval], walks: Sequence[Walk]) -> None:
        """Estimate what is left: after every page at first, then now and then, as it costs a look at every walk."""
        if not self.density.rows and (parts or walks):
            self.left = inf
        else:
            self.left = self.pages_in(parts) + sum(self.pages_left(walk) for walk in walks)

    @property
    def is_due(self) -> bool:
        """Whether it is time to look ahead again."""
        return self.pages <= self.SETTLED or self.pages % self.SELDOM == 0

    def pages_in(self, parts: Sequence[Interval]) -> float:
        """Return how many pages are expected in seconds nobody walks yet."""
        return self.density.value * sum(map(self._seconds_of_rows, parts)) / self.tuning.page_size

    def pages_left(self, walk: Walk) -> float:
        """Return how many pages a walk is expected to have left, at least half a one; asked of each for every page."""
        start, stop, known = walk.floor, self._likely_stop_in(walk.floor, walk.unread), walk.left
        if known is None or known.start != start or known.stop != stop:
            known = walk.left = Left(start, stop, self._pages_between(walk.density, start, stop))
        return known.pages

    def _pages_between(self, density: Density, start: int, stop: int) -> float:
        """Return how many pages are expected in seconds right below those that a density is of."""
        if not density.seconds:
            return 0.5
        start = self.likely_start_in(start, stop)
        rows = density.value * (stop - start)
        if self.hours.known:
            shown = max(HOUR, int(density.seconds))
            rows *= self.hours.weighted(start, stop) / (stop - start) * shown / self.hours.weighted(stop, stop + shown)
        return max(0.5, rows / self.tuning.page_size)

    def most_open(self, width: float) -> float:
        """Return how many walks to keep open."""
        most = self.tuning.most_open * width + 1 if width > 1 else 1.0
        first = max(self.likely_start, self.first)
        if first and self.newest - first >= self.tuning.short:
            return most
        return min(most, max(self.tuning.slow_start, 2 * self._fruitful))

    def target(self, width: float) -> float:
        """Return how many pages the next window should have."""
        if width <= 1:
            return self.tuning.longest
        longest = min(self.tuning.longest, self.tuning.first + self.pages / 10)
        shortest = max(self.tuning.shortest, min(self.tuning.last, self.pages / 80))
        return min(longest, max(shortest, self.left / (self.tuning.share * width + 1)))

    def patience(self) -> float:
        """Return how many pages one walk may be behind all others together before it is split."""
        return self.tuning.patience + min(1.0, self.pages / self.tuning.patient)

    def carve(self, part: Interval, target: float) -> int:
        """Return where the next window of about `target` pages begins in the newest end of `part`."""
        seconds = self._seconds_of_rows(part)
        pages = self.density.value * seconds / self.tuning.page_size
        pieces = max(1, round(pages / target))
        if pieces == 1:
            return part.start
        length = seconds / pieces if pieces < 4 else target * self.tuning.page_size / self.density.value  # noqa: PLR2004 - few pieces are made equal, so that no sliver is left
        return max(part.start, self._likely_stop_in(part.start, part.stop) - max(1, ceil(length)))

    def _seconds_of_rows(self, part: Interval) -> int:
        """Return for how many seconds of a part rows are expected, at least 1."""
        stop = self._likely_stop_in(part.start, part.stop)
        return stop - self.likely_start_in(part.start, stop)

    def _likely_stop_in(self, start: int, stop: int) -> int:
        """Return the end of the seconds of `[start, stop)` where rows are expected: none is newer than the newest.

        What is read again may reach up to the end of time, and a void costs no more windows however long it is.
        """
        return max(start + 1, min(stop, self.newest + 1)) if self.newest else stop

    def likely_start_in(self, start: int, stop: int) -> int:
        """Return the first second of `[start, stop)` where a row is expected, or its last."""
        return max(start, min(self.likely_start, stop - 1))
