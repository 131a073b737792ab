"""How busy an account's hours are beside one another: by the hour of the day and the day of the week, in UTC.

Days and nights may differ sevenfold and more, weekdays and weekends twofold; so what a window has left is not told by
its last pages alone. A weight of each hour of the week is learned from the pages that come. It is a guess to plan by,
and bounds nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf
from operator import neg
from typing import TYPE_CHECKING, ClassVar

from connector.core.units import DAY, WEEK

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR = 3_600
HOURS = WEEK // HOUR


@dataclass(slots=True, eq=False)
class BusyHours:
    """What the pages that came say of the hours of a week.

    Hours are counted from the second 0, a Thursday: no calendar is needed, as a week is as long always.

    Attributes:
        known: whether enough came for `weighted` to say anything.
    """

    known: bool = field(init=False, default=False)
    _rows: list[float] = field(init=False, default_factory=lambda: [0.0] * HOURS)
    _seconds: list[int] = field(init=False, default_factory=lambda: [0] * HOURS)
    _all_rows: float = field(init=False, default=0.0)
    _all_seconds: int = field(init=False, default=0)
    _weights: list[float] = field(init=False, default_factory=list[float])
    _before: list[float] = field(init=False, default_factory=list[float])

    LONGEST: ClassVar[int] = DAY
    """Seconds of a page beyond which it says nothing of hours."""

    MOST: ClassVar[float] = 4.0
    """Times as dense as the average that a page counts at most: one burst says nothing of its weekday."""

    ENOUGH: ClassVar[int] = 2 * WEEK
    """Seconds that pages have to show, all together, before anything is said: a burst alone is no week."""

    DOUBT: ClassVar[float] = 100.0
    """Rows as on the average that each hour of the day, and each day, is taken to have had beside those that came."""

    def saw(self, rows: Sequence[int], start: int, stop: int) -> None:
        """Take a page into account.

        Args:
            rows: `created` of all rows in `[start, stop)`, newest first.
            start: UTC seconds.
            stop: the same, exclusive.
        """
        if not rows or not 0 < stop - start <= self.LONGEST:
            return
        usual = self._all_rows / self._all_seconds if self._all_seconds else inf
        counted = min(1.0, self.MOST * usual * (stop - start) / len(rows))
        newer, end = 0, stop
        while end > start:
            begin = max(start, (end - 1) // HOUR * HOUR)
            older = bisect_right(rows, -begin, key=neg)
            hour = begin // HOUR % HOURS
            self._rows[hour] += counted * (older - newer)
            self._seconds[hour] += end - begin
            newer, end = older, begin
        self._all_rows += counted * len(rows)
        self._all_seconds += stop - start

    def learn(self) -> None:
        """Make weights of what came until now: 1 for an hour as busy as the average."""
        if self._all_seconds < self.ENOUGH:
            return
        by_hour = [self._weight(slice(hour, None, 24)) for hour in range(24)]
        by_day = [self._weight(slice(first, first + 24)) for first in range(0, HOURS, 24)]
        self._weights = [day * hour for day in by_day for hour in by_hour]
        self._before = list(accumulate((weight * HOUR for weight in self._weights), initial=0.0))
        self.known = True

    def weighted(self, start: int, stop: int) -> float:
        """Return the seconds of `[start, stop)`, each counted by how busy its hour is, once that is known."""
        return self._until(stop) - self._until(start) if self.known else float(stop - start)

    def _weight(self, hours: slice) -> float:
        usual = self._all_rows / self._all_seconds
        return (sum(self._rows[hours]) + self.DOUBT) / (usual * sum(self._seconds[hours]) + self.DOUBT)

    def _until(self, second: int) -> float:
        weeks, rest = divmod(second, WEEK)
        hour, over = divmod(rest, HOUR)
        return weeks * self._before[-1] + self._before[hour] + over * self._weights[hour]
