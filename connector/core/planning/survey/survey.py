"""Where an account's rows lie, by some pages that are asked for at once, in rounds. Pure.

Rows follow the hours of a day and the days of a week, and a page of a busy account covers a few hours: one at noon and
one at night say nothing of how an account grew between them. So a day is known by three pages, eight hours apart, and
the days that are compared are the same day of a week.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from connector.core.api.page_size import PAGE_SIZE
from connector.core.planning.survey.expected import NewestPage
from connector.core.planning.survey.profile import DensityProfile
from connector.core.units import DAY, WEEK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connector.core.planning.survey.profile import Point
    from connector.core.time.intervals import Interval

MOST, LEAST = 24, 5
"""Pages asked for after the first one."""

PAGES_A_PROBE = 40
"""Pages that are expected for each that is asked for: to know costs a fortieth of reading at most."""

SLICES = 3
"""Pages by which a day is known."""

AGES = (1 / 8, 1 / 4, 1 / 2, 1.0)
"""Where to ask first, in parts of the interval before the newest row: most accounts grow."""

ROUND = 3
"""Days asked about at once after those."""

EVEN = 0.2
"""How much what lies between two days may differ from both, in parts of the denser one."""

LONG = 8 * WEEK
"""Seconds of an interval in which days are compared with the same day of other weeks."""


@dataclass(slots=True)
class _Day:
    """Time whose density is known by its pages.

    Attributes:
        stop: second after its last one.
        first: first second that it may have.
        pages: of each, the second before which it was, `created` of its rows, and whether the list goes on.
    """

    stop: int
    first: int
    pages: list[tuple[int, Sequence[int], bool]] = field(default_factory=list[tuple[int, "Sequence[int]", bool]])

    @property
    def start(self) -> int:
        """Its first second: a day before its end, or that of its oldest row where it has one page only."""
        if len(self.pages) > 1:
            return self.first
        return min((rows[-1] for _, rows, _ in self.pages if rows), default=self.first)

    @property
    def density(self) -> float:
        """Rows per second: of its page, or the mean of its hours, of each as much as the page before its end shows."""
        if len(self.pages) == 1:
            ((_, rows, more),) = self.pages
            return NewestPage(self.stop, len(rows), rows[0], rows[-1], more).density if rows else 0.0
        return sum(_slice(self.first, *page) for page in self.pages) / max(1, len(self.pages))


def _slice(first: int, stop: int, rows: Sequence[int], more: bool) -> float:  # noqa: FBT001 - a page's
    """Return the rows per second of the hours before a page's end, as far as it shows them."""
    start = max(first, stop - DAY // SLICES)
    known = max(start, rows[-1]) if rows and more else start
    return sum(row >= known for row in rows) / max(1, stop - known)


@dataclass(slots=True)
class DensitySurvey:
    """Says which pages of an interval to ask for, and where its rows lie by what came.

    Attributes:
        interval: `[start, stop)` of `created`.
        asked: how many pages have come.
    """

    interval: Interval
    asked: int = field(init=False, default=0)
    _newest: NewestPage | None = field(init=False, default=None)
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
        age, slices, left = newest.oldest - self.interval.start, self._slices, self._most + 1 - self.asked
        if self.asked == 1:
            days = [self._like(newest.oldest - int(age * part)) for part in AGES]
        else:
            days = [stop for stop, day in self._days.items() if self._floor < stop and len(day.pages) < slices]
            days = days or (self._between() if left >= slices else [])
        stops = [stop for day in days for stop in self._pages_of(day, slices, newest.newest + 1)]
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
        if self.asked == 1:
            if not rows:
                return
            self._newest = NewestPage(stop, len(rows), rows[0], rows[-1], more)
            stop = rows[0] + 1
            self._of[stop] = self._day(stop)
        day = self._of[stop]
        day.pages.append((stop, rows, more))
        self._days[day.stop] = day

    def points(self) -> list[Point]:
        """Return rows per second at the beginning and the end of each day that is known.

        After the newest row of all there is nothing, and nothing before the oldest one where that is known.
        """
        newest = self._newest
        if newest is None:
            return []
        points: list[Point] = [(newest.newest + 1, 0.0)]
        for day in self._known:
            points += [(day.stop - 1, self._density(day)), (day.start, self._density(day))]
        if self._floor > self.interval.start:
            points = [(moment, density) for moment, density in points if moment >= self._floor]
            points.append((self._floor - 1, 0.0))
        return points

    @property
    def _most(self) -> int:
        """Pages to ask for after the first one."""
        if self.asked == 1:
            return LEAST
        pages = DensityProfile.of(self.points()).rows(self.interval) / PAGE_SIZE
        return int(min(MOST, max(LEAST, pages / PAGES_A_PROBE)))

    @property
    def _slices(self) -> int:
        """How many pages a day is to be known by: one where few are to be asked for."""
        return SLICES if self._most == MOST and self._weekly else 1

    @property
    def _weekly(self) -> bool:
        """Whether there is time enough to compare the same days of weeks."""
        return self.interval.seconds >= LONG

    @property
    def _known(self) -> list[_Day]:
        """The days that are known, newest first."""
        return sorted(self._days.values(), key=lambda day: -day.stop)

    def _density(self, day: _Day) -> float:
        """Return a day's rows per second; of the newest page, as many as come within some minutes at least."""
        newest = self._newest
        alone = newest is not None and day.stop == newest.newest + 1 and len(day.pages) == 1
        return newest.density_within if newest is not None and alone else day.density

    def _day(self, stop: int) -> _Day:
        return _Day(stop, max(self.interval.start, stop - DAY))

    def _like(self, moment: int) -> int:
        """Return the nearest moment that is at the newest row's hour and day of a week, and not in the first day."""
        first = min(self.interval.start + DAY, self.interval.stop)
        if self._newest is None or not self._weekly:
            return max(moment, first)
        end = self._newest.newest + 1
        nearest = end - round((end - moment) / WEEK) * WEEK
        return nearest if nearest >= first else nearest + WEEK

    def _pages_of(self, stop: int, slices: int, end: int) -> Iterator[int]:
        """Yield the seconds before which to ask for those pages of a day that have not been asked for."""
        if not self._floor < stop <= end:
            return
        day = self._days.get(stop) or self._day(stop)
        for number in range(slices):
            if (at := stop - number * DAY // slices) > day.first and at not in self._of:
                self._of[at] = day
                yield at

    def _between(self) -> list[int]:
        """Return where to ask next: between two known days, where most rows hang on what lies there."""
        days = self._known
        density = self._density
        gaps = [(older.stop, newer.start, density(older), density(newer)) for newer, older in pairwise(days)]
        gaps.append((self._floor, days[-1].start, 0.0, density(days[-1])))
        moments: list[int] = []
        for _ in range(ROUND):
            start, stop, low, high = max(gaps, key=_weight)
            middle = self._like((start + stop) // 2)
            if not start < middle < stop:
                break
            moments.append(middle)
            gaps.remove((start, stop, low, high))
            between = (low + high) / 2
            gaps += [(start, middle, low, between), (middle, stop, between, high)]
        return moments


def _weight(gap: tuple[int, int, float, float]) -> float:
    """Return how many rows hang on what lies between two days."""
    start, stop, low, high = gap
    return max(0, stop - start) * (abs(high - low) + EVEN * max(low, high))
