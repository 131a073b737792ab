"""A calendar of an account's UTC days: which are complete, and what is lacking of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from connector.core.time.intervals import Interval, Intervals
from connector.core.units import DAY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

DayStatus = Literal["complete", "pending", "running", "parked", "not_covered", "damaged"]
"""What can be said of a day.

`complete`: the lake has every row of it, and none is pending. `pending`: it has every row, some of which were pending
when last read. `running`: the day is not over. `parked`: rows of it were read and are not visible yet. `not_covered`:
the lake lacks some of it. `damaged`: a file with rows of it is gone, or is not as it was written.
"""

STATUSES: tuple[DayStatus, ...] = ("complete", "pending", "running", "parked", "not_covered", "damaged")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days in a row of which the same is to be said.

    Attributes:
        status: what.
        start: first second of the first day, UTC.
        stop: first second of the day after the last.
    """

    status: DayStatus
    start: int
    stop: int

    @property
    def days(self) -> int:
        """How many days, at least 1."""
        return (self.stop - self.start) // DAY


def calendar_of(
    covered: Intervals,
    *,
    first: int,
    now: int,
    parked: Intervals,
    pending: Collection[int],
    damaged: Collection[int],
) -> tuple[Stretch, ...]:
    """Return the days from the one that `first` is in to today, in order, each once.

    Args:
        covered: seconds whose rows are in the lake.
        first: second before which there is nothing to be lacking.
        now: UTC seconds.
        parked: seconds whose rows are parked; the day of each counts.
        pending: first seconds of the days that have pending rows.
        damaged: first seconds of the days of which files are gone or damaged.
    """
    stretches: list[Stretch] = []
    for start, whole in _days(covered, first, now):
        status = _status(start, whole=whole, now=now, parked=parked, pending=pending)
        status = "damaged" if start in damaged else status
        if stretches and stretches[-1].status == status:
            stretches[-1] = Stretch(status, stretches[-1].start, start + DAY)
        else:
            stretches.append(Stretch(status, start, start + DAY))
    return tuple(stretches)


def gaps_of(asked: Intervals, covered: Intervals, *, first: int) -> Intervals:
    """Return what was asked for and is lacking between rows that are there.

    What comes after the last covered second is no gap: nobody has read it yet.
    """
    if not covered or covered.parts[-1].stop <= first:
        return Intervals()
    return asked.within(Interval(max(0, first), covered.parts[-1].stop)).minus(covered)


def unasked_of(asked: Intervals, covered: Intervals) -> Intervals:
    """Return what nobody ever asked for between times that are there: no gap of a run, and yet no rows."""
    if not covered:
        return Intervals()
    return Intervals.span(covered.parts[0].start, covered.parts[-1].stop).minus(covered).minus(asked)


def complete_up_to(asked: Intervals, covered: Intervals, *, first: int) -> int | None:
    """Return up to when all that was asked for is in the lake, UTC seconds; None where that is no time at all."""
    if not covered:
        return None
    gaps = gaps_of(asked, covered, first=first)
    upto = gaps.parts[0].start if gaps else covered.parts[-1].stop
    return upto if upto > first else None


def _days(covered: Intervals, first: int, now: int) -> Iterator[tuple[int, bool]]:
    """Yield the first second of each day, and whether all of it from `first` on is covered."""
    parts = iter(covered.parts)
    part = next(parts, None)
    for start in range(first - first % DAY, now + 1, DAY):
        needed = max(start, first)
        while part is not None and part.stop <= needed:
            part = next(parts, None)
        yield start, part is not None and part.start <= needed and start + DAY <= part.stop


def _status(start: int, *, whole: bool, now: int, parked: Intervals, pending: Collection[int]) -> DayStatus:
    if now < start + DAY:
        return "running"
    if not whole:
        return "parked" if parked.touching(Interval(start, start + DAY)) else "not_covered"
    return "pending" if start in pending else "complete"
