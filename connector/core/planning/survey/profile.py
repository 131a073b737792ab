"""About how many rows an account has where: by the files of its lake, or by a few pages of the list. Pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from connector.core.planning.coverage.plan import bounds_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.state.table_state import TableState
    from connector.core.time.intervals import Interval

Point = tuple[int, float]
"""A moment, UTC seconds, and rows per second there."""


@dataclass(frozen=True, slots=True)
class DensityProfile:
    """Rows per second at some moments, between which they are taken to change evenly, and beyond which not at all.

    Attributes:
        points: in order of time, one a moment; empty where nothing is known, and every second counts the same.
    """

    points: tuple[Point, ...] = ()

    @classmethod
    def of(cls, points: Iterable[Point]) -> DensityProfile:
        """Return the profile of points in any order; of two at a moment, the denser counts."""
        densest: dict[int, float] = {}
        for moment, density in points:
            densest[moment] = max(density, densest.get(moment, 0.0))
        return cls(tuple(sorted(densest.items())))

    @property
    def known(self) -> bool:
        """Whether it says of any time that there are rows."""
        return any(density > 0 for _, density in self.points)

    def density(self, moment: float) -> float:
        """Return the rows per second to expect at a moment."""
        after = bisect_right(self.points, (moment, float("inf")))
        if after == 0:
            return self.points[0][1] if self.points else 0.0
        start, first = self.points[after - 1]
        if after == len(self.points):
            return first
        stop, last = self.points[after]
        return first + (last - first) * (moment - start) / (stop - start)

    def rows(self, interval: Interval) -> float:
        """Return the rows to expect in an interval."""
        inside = [moment for moment, _ in self.points if interval.start < moment < interval.stop]
        edges = [interval.start, *inside, interval.stop]
        return sum((stop - start) * (self.density(start) + self.density(stop)) / 2 for start, stop in pairwise(edges))


def points_of_files(state: TableState) -> list[Point]:
    """Return a point for the middle of each partition of a lake that has a file."""
    points: list[Point] = []
    for file in state.files.values():
        bounds = bounds_of(file, state.partition)
        read = state.covered.within(bounds).seconds
        if read:
            points.append(((bounds.start + bounds.stop) // 2, file.rows / read))
    return points
