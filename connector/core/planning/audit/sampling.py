"""Which windows of a lake to ask Stripe for again, so that few requests find what is missing.

A row that is missing leaves a gap between its neighbours. Gaps in which a whole day passes without a row, the stretches
before the first row and after the last, and those gaps in which most rows were to be expected are asked first; several
that lie close together share a page. The rest of the requests goes to windows drawn at random. An account small enough
is asked for altogether.

Pure: chance is an argument.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from operator import sub
from typing import TYPE_CHECKING

from connector.core.api.page_size import PAGE_SIZE
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Draw = Callable[[int], int]
"""Draws a whole number, at least 0 and below the argument (at least 1)."""

MARK = 16
"""Rows from one mark to the next: 8 bytes of memory for each mark."""

DRAWN = 4
"""Marks that a window drawn at random spans, about: less than a page of rows."""

MOST_GAPS = 4_096
"""Gaps shorter than a day that are remembered, the most unusual ones."""

UNUSUAL = 8
"""A gap is unusual from this many times the mean distance of the rows before it."""

SHARED = PAGE_SIZE - 10
"""Rows between gaps that are asked for with one page; a few less than a page, for rows that are missing."""

TILE = 128 * MARK
"""Rows of a window when everything is asked for: half a page is lost at each window's end."""

TRIES = 4
"""Windows drawn for each one wanted, at most: those that overlap others are drawn again."""

GAPS_FOR_ONE = 10
"""Requests for gaps, at most, for each request to be spent on windows drawn at random."""


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Seconds without a row.

    Attributes:
        start: the second after the row before it.
        stop: the second of the row after it.
        before: rows before it.
    """

    start: int
    stop: int
    before: int

    @property
    def has_a_day(self) -> bool:
        """Whether a whole UTC day lies in it."""
        return -(-self.start // DAY) * DAY + DAY <= self.stop


@dataclass(slots=True)
class RowProfile:
    """Where an account's rows lie in time, in bounded memory: a mark every so many rows, and the gaps worth asking.

    Attributes:
        rows: rows seen.
        first: `created` of the first, or None.
        last: `created` of the last.
        marks: `created` of every `MARK`th row, from the first.
    """

    rows: int = 0
    first: int | None = None
    last: int = 0
    marks: array[int] = field(default_factory=lambda: array("q"))
    _days: list[Gap] = field(default_factory=list[Gap])
    _short: list[tuple[float, Gap]] = field(default_factory=list[tuple[float, Gap]])

    def add(self, created: Sequence[int]) -> None:
        """Take in rows in order of time; one that comes too late counts as made with the row before it."""
        ordered = list(accumulate(created, max, initial=self.last))[1:]
        for start in range(0, len(ordered), MARK):
            self._add(ordered[start : start + MARK])

    def gaps(self) -> list[Gap]:
        """Return the gaps between rows that are worth asking, oldest first."""
        return sorted([*self._days, *(gap for _, gap in self._short)])

    def expected(self, gap: Gap) -> float:
        """Return the rows to be expected in a gap: those of the same hours a day, and a week, before and after."""
        return self.foreseen(gap) or 0.0

    def foreseen(self, gap: Gap) -> float | None:
        """Return the same; None where no such hours are known."""
        length = gap.stop - gap.start
        days, weeks = -(-length // DAY) * DAY, -(-length // (7 * DAY)) * 7 * DAY
        shifted = [(gap.start + by, gap.stop + by) for by in (-weeks, -days, days, weeks)]
        known = [
            self.rank(stop) - self.rank(start)
            for start, stop in shifted
            if self.first is not None and start >= self.first and stop <= self.last
        ]
        return sum(known) / len(known) if known else None

    def rank(self, second: int) -> float:
        """Return about how many rows were created before a second: between two marks, as if rows came evenly."""
        at = bisect_right(self.marks, second) - 1
        if at < 0 or at + 1 >= len(self.marks):
            return max(0, at) * MARK
        start, stop = self.marks[at], self.marks[at + 1]
        return (at + (second - start) / (stop - start)) * MARK

    def _add(self, created: Sequence[int]) -> None:
        mean = self._mean()
        before = self.last if self.first is not None else created[0]
        if max(map(sub, created, (before, *created))) > UNUSUAL * mean:
            for position, (older, newer) in enumerate(pairwise((before, *created))):
                if newer - older > UNUSUAL * mean:
                    self._remember(Gap(older + 1, newer, self.rows + position), mean)
        self.marks.extend(created[position] for position in range(-self.rows % MARK, len(created), MARK))
        self.first = created[0] if self.first is None else self.first
        self.last = created[-1]
        self.rows += len(created)

    def _mean(self) -> float:
        """Return the mean distance of the latest rows, in seconds; a day at most, so that no empty day is usual."""
        back = min(8, len(self.marks))
        if not back:
            return 0.0
        rows = self.rows - (len(self.marks) - back) * MARK
        return min(DAY / UNUSUAL, (self.last - self.marks[-back]) / rows)

    def _remember(self, gap: Gap, mean: float) -> None:
        if gap.start >= gap.stop:
            return
        if gap.has_a_day:
            self._days.append(gap)
            return
        heapq.heappush(self._short, ((gap.stop - gap.start) / max(mean, 1.0), gap))
        if len(self._short) > MOST_GAPS:
            heapq.heappop(self._short)


@dataclass(frozen=True, slots=True)
class Choice:
    """What to ask for again.

    Attributes:
        windows: disjoint, oldest first.
        everything: whether they are all the seconds there are.
        gaps: stretches without rows that ought to be asked.
        gaps_asked: those of them that lie in the windows.
    """

    windows: tuple[Interval, ...]
    everything: bool
    gaps: int
    gaps_asked: int


def choose(profile: RowProfile, covered: Intervals, *, budget: int | None, draw: Draw) -> Choice:
    """Choose windows.

    Args:
        profile: of the rows in the lake.
        covered: seconds to choose from.
        budget: requests for windows drawn at random, at least 0; up to ten times as many more are spent on gaps. None
            to ask for everything.
        draw: chance.
    """
    pieces = gaps_within(profile, covered)
    groups = [] if budget is None else _ranked(profile, pieces, budget)
    pages = (
        len(covered.parts)
        + sum(profile.rank(interval.stop) - profile.rank(interval.start) for interval in covered) / SHARED
    )
    if budget is None or pages <= budget + max(budget, len(groups)):
        return Choice(_tiles(profile, covered, draw), everything=True, gaps=len(pieces), gaps_asked=len(pieces))
    chosen = Intervals.of(_around(group, draw) for group in groups).both(covered)
    asked = sum(chosen.covers(Interval(piece.start, piece.stop)) for piece in pieces)
    marks = _marks_within(profile, covered)
    drawn = 0
    for _ in range(TRIES * budget if len(marks) > DRAWN else 0):
        window = _drawn(marks, draw)
        if drawn < budget and covered.covers(window) and not chosen.touching(window):
            chosen = chosen.union(Intervals((window,)))
            drawn += 1
    return Choice(chosen.parts, everything=False, gaps=len(pieces), gaps_asked=asked)


def gaps_within(profile: RowProfile, covered: Intervals) -> list[Gap]:
    """Return the covered parts of the gaps, with those before the first row and after the last, oldest first.

    Args:
        profile: of rows.
        covered: seconds that are known.
    """
    first, last = (profile.first, profile.last) if profile.first is not None else (END_OF_TIME, -1)
    edges = [Gap(0, first, 0), Gap(last + 1, END_OF_TIME, profile.rows)] if profile.rows else [Gap(0, END_OF_TIME, 0)]
    return [
        Gap(part.start, part.stop, gap.before)
        for gap in sorted([*edges, *profile.gaps()])
        if gap.start < gap.stop
        for part in covered.within(Interval(gap.start, gap.stop))
    ]


def _ranked(profile: RowProfile, pieces: Iterable[Gap], budget: int) -> list[list[Gap]]:
    """Return the groups of gaps to ask for: edges and empty days, then surprising gaps, as the budget allows."""
    must = [gap for gap in pieces if gap.has_a_day or gap.before in {0, profile.rows}]
    known = set(must)
    others = heapq.nlargest(budget, (gap for gap in pieces if gap not in known), key=profile.expected)
    groups = [*_groups(must), *([gap] for gap in others)]
    return sorted(groups, key=lambda group: -_weight(profile, group))[: GAPS_FOR_ONE * budget]


def _around(group: Sequence[Gap], draw: Draw) -> Interval:
    """Return a window around gaps, its bounds up to a minute beyond them."""
    return Interval(max(0, group[0].start - draw(60)), min(END_OF_TIME, group[-1].stop + draw(60)))


def _groups(gaps: Iterable[Gap]) -> list[list[Gap]]:
    """Put gaps together that have less than a page of rows between them."""
    groups: list[list[Gap]] = []
    for gap in sorted(gaps):
        if groups and gap.before - groups[-1][0].before <= SHARED:
            groups[-1].append(gap)
        else:
            groups.append([gap])
    return groups


def _weight(profile: RowProfile, group: Sequence[Gap]) -> float:
    """Rank a group: the edges of what is covered first, then by the rows to be expected."""
    if any(gap.before in {0, profile.rows} for gap in group):
        return float("inf")
    return sum(profile.expected(gap) for gap in group)


def _marks_within(profile: RowProfile, covered: Intervals) -> Sequence[int]:
    """Return the marks from the first covered second to the last."""
    marks = profile.marks
    if not covered:
        return marks
    return marks[bisect_left(marks, covered.parts[0].start) : bisect_right(marks, covered.parts[-1].stop)]


def _drawn(marks: Sequence[int], draw: Draw) -> Interval:
    """Draw a window of a few marks: each row is as likely as any other to lie in one."""
    first = draw(max(1, len(marks) - DRAWN - 1))
    last = min(first + DRAWN, len(marks) - 2)
    start = marks[first] + draw(1 + marks[first + 1] - marks[first])
    return Interval(start, max(start, marks[last] + draw(1 + marks[last + 1] - marks[last])) + 1)


def _tiles(profile: RowProfile, covered: Intervals, draw: Draw) -> tuple[Interval, ...]:
    """Cut all that is covered into windows of about `TILE` rows, at seconds drawn by chance."""
    marks, step = profile.marks, TILE // MARK
    cuts = [marks[at] + draw(1 + marks[at + 1] - marks[at]) for at in range(step // 2, len(marks) - 1, step)]
    bounds = [0, *sorted({cut for cut in cuts if cut > 0}), END_OF_TIME]
    return tuple(part for start, stop in pairwise(bounds) for part in covered.within(Interval(start, stop)))
