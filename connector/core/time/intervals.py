"""Half-open intervals of whole UTC seconds, and sets of them.

The state of a lake is such a set: the stretches of `created` whose rows are durably there. What a run has to do is a
subtraction of sets.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_START = attrgetter("start")


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """`[start, stop)` in UTC seconds; never empty.

    Raises:
        ValueError: when `start >= stop`.
    """

    start: int
    stop: int

    def __post_init__(self) -> None:
        if self.start >= self.stop:
            raise ValueError(f"empty interval [{self.start}, {self.stop})")

    @property
    def seconds(self) -> int:
        """Length in seconds, at least 1."""
        return self.stop - self.start

    def __contains__(self, second: int) -> bool:
        return self.start <= second < self.stop

    def overlaps(self, other: Interval) -> bool:
        """Say whether both share a second."""
        return self.start < other.stop and other.start < self.stop


@dataclass(frozen=True, slots=True)
class Intervals:
    """A set of seconds as sorted, disjoint, non-touching intervals. Build it with `of`."""

    parts: tuple[Interval, ...] = ()

    @classmethod
    def of(cls, intervals: Iterable[Interval]) -> Intervals:
        """Join intervals in any order, overlapping or touching or not, into a set."""
        merged: list[Interval] = []
        for part in sorted(intervals, key=_START):
            if merged and part.start <= merged[-1].stop:
                if part.stop > merged[-1].stop:
                    merged[-1] = Interval(merged[-1].start, part.stop)
            else:
                merged.append(part)
        return cls(tuple(merged))

    @classmethod
    def span(cls, start: int, stop: int) -> Intervals:
        """Return `[start, stop)` as a set, empty when `start >= stop`."""
        return cls((Interval(start, stop),)) if start < stop else cls()

    def __iter__(self) -> Iterator[Interval]:
        return iter(self.parts)

    def __bool__(self) -> bool:
        return bool(self.parts)

    def __contains__(self, second: int) -> bool:
        position = bisect_right(self.parts, second, key=_START) - 1
        return position >= 0 and second in self.parts[position]

    @property
    def seconds(self) -> int:
        """Seconds in the set."""
        return sum(part.seconds for part in self.parts)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Start and stop of each part, as records and reports have them."""
        return tuple((part.start, part.stop) for part in self.parts)

    def union(self, other: Intervals) -> Intervals:
        """Seconds in either set."""
        return Intervals.of((*self.parts, *other.parts))

    def minus(self, other: Intervals) -> Intervals:
        """Seconds in this set and not in the other."""
        left: list[Interval] = []
        for part in self.parts:
            start = part.start
            for cut in other.touching(part):
                if cut.start > start:
                    left.append(Interval(start, cut.start))
                start = max(start, cut.stop)
            if start < part.stop:
                left.append(Interval(start, part.stop))
        return Intervals(tuple(left))

    def within(self, bounds: Interval) -> Intervals:
        """Seconds of this set that lie in `bounds`."""
        return Intervals(
            tuple(
                Interval(max(part.start, bounds.start), min(part.stop, bounds.stop)) for part in self.touching(bounds)
            )
        )

    def both(self, other: Intervals) -> Intervals:
        """Seconds in both sets."""
        return Intervals(tuple(part for bounds in other for part in self.within(bounds)))

    def covers(self, bounds: Interval) -> bool:
        """Say whether every second of `bounds` is in the set."""
        return any(part.start <= bounds.start and bounds.stop <= part.stop for part in self.touching(bounds))

    def touching(self, bounds: Interval) -> tuple[Interval, ...]:
        """Return the parts that share a second with `bounds`, whole and in order."""
        parts, stop = self.parts, bounds.stop
        first = max(0, bisect_right(parts, bounds.start, key=_START) - 1) if len(parts) > 1 else 0
        touched: list[Interval] = []
        for place in range(first, len(parts)):
            part = parts[place]
            if part.start >= stop:
                break
            if part.stop > bounds.start:
                touched.append(part)
        return tuple(touched)
