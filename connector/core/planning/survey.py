"""Where an account's rows lie, by some pages that are asked for at once, in rounds. Pure.

Rows follow the hours of a day and the days of a week, and a page of a busy account covers a few hours: one at noon and
one at night say nothing of how an account grew between them. So a day is known by three pages, eight hours apart, and
the days that are compared are the same day of a week.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from connector.core.planning.expected import PAGE, Probe
from connector.core.units import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.core.planning.profile import Point
    from connector.core.time.intervals import Interval

MOST, LEAST = 24, 5
"""Pages asked for after the first one."""

PAGES_A_PROBE = 40
"""Pages that are expected for each that is asked for: to know costs a fortieth of reading at most."""

SLICES = 3
"""Pages by which a day is known."""

AGES = (1 / 2, 1 / 4, 1 / 8, 1 / 16)
"""Where to ask first, in parts of the interval before the newest row: most accounts grow."""

ROUND = 3
"""Days asked about at once after those."""

EVEN = 0.2
"""How much what lies between two days may differ from both, in parts of the denser one."""

WEEK = 7 * DAY


@dataclass(slots=True)
class _Day:
    """Time whose density is known by its pages.

    Attributes:
        start: first second that they say something of.
        stop: second after the last.
        densities: rows per second of each page.
    """

    start: int
    stop: int
    densities: list[float] = field(default_factory=list[float])

    @property
    def density(self) -> float:
        return sum(self.densities) / max(1, len(self.densities))


@dataclass(slots=True)
class Survey:
    """Says which pages of an interval to ask for, and where its rows lie by what came.

    Attributes:
        interval: `[start, stop)` of `created`.
        asked: how many pages have come.
    """

    interval: Interval
    asked: int = field(init=False, default=0)
    _newest: Probe | None = field(init=False, default=None)
    _days: dict[int, _Day] = field(init=False, default_factory=dict[int, _Day])
    _of: dict[int, _Day] = field(init=False, default_factory=dict[int, _Day])
    _floor: int = field(init=False)

    def __post_init__(self) -> None:
        self._floor = self.interval.start

    def next_stops(self) -> tuple[int, ...]:
        """Return the seconds before which to ask for a page of the interval each, at once; none when that is enough."""
        newest = self._newest
        if not self.asked:
            return (self.interval.stop,)
        if newest is None or not newest.more:
            return ()
        left = self._most(newest) + 1 - self.asked
        if self.asked == 1:
            age = newest.oldest - self.interval.start
            wanted = [newest.newest + 1, *(self._like(newest.oldest - int(age * part)) for part in AGES)]
        else:
            wanted = list(self._between())
        stops = [stop for day in wanted for stop in self._asked_about(day)]
        return tuple(stops[: max(0, left)])

    def take(self, stop: int, rows: Sequence[int], *, more: bool) -> None:
        """Take a page that was asked for.

        Args:
            stop: second before which it was.
            rows: `created` of its rows, newest first.
            more: whether the list goes on in the interval.
        """
        self.asked += 1
        if not more:
            self._floor = max(self._floor, rows[-1] if rows else stop)
        if self.asked > 1:
            day = self._of[stop]
            (self._take_slice if self._slices > 1 else self._take_page)(day, stop, rows, more=more)
            self._days[day.stop] = day
        elif rows:
            self._newest = newest = Probe(stop, len(rows), rows[0], rows[-1], more)
            self._days[rows[0] + 1] = _Day(rows[-1], rows[0] + 1, [newest.density_within])

    @staticmethod
    def _take_page(day: _Day, stop: int, rows: Sequence[int], *, more: bool) -> None:
        """Take the one page by which a day is known: it is as long as the page."""
        del more
        day.start = rows[-1] if rows else day.start
        day.densities.append(len(rows) / max(1, stop - day.start))

    @staticmethod
    def _take_slice(day: _Day, stop: int, rows: Sequence[int], *, more: bool) -> None:
        """Take a page of a day, of which its own hours count."""
        first = max(day.start, stop - DAY // SLICES)
        known = max(first, rows[-1]) if rows and more else first
        day.densities.append(sum(one >= known for one in rows) / max(1, stop - known))

    def points(self) -> list[Point]:
        """Return rows per second at the beginning and the end of each day that is known.

        After the newest row of all there is nothing, and nothing before the oldest one where that is known.
        """
        newest = self._newest
        if newest is None:
            return []
        found: list[Point] = [(newest.newest + 1, 0.0)]
        for day in self._known:
            found += [(day.stop - 1, day.density), (day.start, day.density)]
        if self._floor > self.interval.start:
            found = [(moment, density) for moment, density in found if moment >= self._floor]
            found.append((self._floor - 1, 0.0))
        return found

    def _most(self, newest: Probe) -> int:
        pages = newest.density_within * self.interval.seconds / PAGE
        return int(min(MOST, max(LEAST, pages / PAGES_A_PROBE)))

    @property
    def _slices(self) -> int:
        """How many pages a day is to be known by: one where few are to be asked for."""
        newest = self._newest
        many = newest is not None and self._most(newest) == MOST and self.interval.seconds >= 4 * WEEK
        return SLICES if many else 1

    @property
    def _known(self) -> list[_Day]:
        """The days that are known, newest first."""
        return sorted(self._days.values(), key=lambda day: -day.stop)

    def _like(self, moment: int) -> int:
        """Return the moment of the same hour and day of the week as the newest row that is nearest."""
        if self._newest is None or self._slices == 1:
            return moment
        end = self._newest.newest + 1
        return end - round((end - moment) / WEEK) * WEEK

    def _asked_about(self, stop: int) -> Iterator[int]:
        """Yield the seconds before which to ask for the pages of a day, the day being known by then."""
        newest, slices = self._newest, self._slices
        if newest is None or not self._floor < stop <= newest.newest + 1:
            return
        if slices == 1 and stop > newest.oldest:
            return  # the first page says it
        day = _Day(max(self.interval.start, stop - DAY), stop)
        for number in range(slices):
            if (at := stop - number * DAY // slices) > day.start and at not in self._of:
                self._of[at] = day
                yield at

    def _between(self) -> list[int]:
        """Return where to ask next: between two known days, where most rows hang on what lies there."""
        days = self._known
        gaps = [(older.stop, newer.start, older.density, newer.density) for newer, older in pairwise(days)]
        gaps.append((self._floor, days[-1].start, 0.0, days[-1].density))
        found: list[int] = []
        for _ in range(ROUND):
            start, stop, low, high = max(gaps, key=_weight)
            middle = self._like((start + stop) // 2)
            if not start < middle < stop:
                break
            found.append(middle)
            gaps.remove((start, stop, low, high))
            between = (low + high) / 2
            gaps += [(start, middle, low, between), (middle, stop, between, high)]
        return found


def _weight(gap: tuple[int, int, float, float]) -> float:
    """Return how many rows hang on what lies between two days."""
    start, stop, low, high = gap
    return max(0, stop - start) * (abs(high - low) + EVEN * max(low, high))
