"""Which partitions are whole: only those become visible, so that no reader meets half a past day.

A partition is whole when all its seconds that the lake was ever asked for, and that are settled, have been read. What
is newer than a visible partition in part waits until that one is whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from connector.core.state.partition import PartitionKey


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of an account's time.

    Attributes:
        asked: seconds that the lake was ever asked for.
        read: seconds whose rows are in files or parked, or that have none.
        settled: the first second that may still get rows, UTC; a partition can be whole without what lies after it.
    """

    asked: Intervals = field(default_factory=Intervals)
    read: Intervals = field(default_factory=Intervals)
    settled: int = END_OF_TIME

    @property
    def unread(self) -> Intervals:
        """The settled seconds that were asked for and have not been read."""
        if self.settled <= 0:
            return Intervals()
        return self.asked.within(Interval(0, self.settled)).minus(self.read)

    def is_whole(self, bounds: Interval) -> bool:
        """Say whether a partition with these bounds is whole."""
        return not self.unread_of(bounds)

    def unread_of(self, bounds: Interval) -> Intervals:
        """Return the settled seconds of a partition that were asked for and have not been read."""
        if bounds.start >= self.settled:
            return Intervals()
        settled = Interval(bounds.start, min(bounds.stop, self.settled))
        return self.asked.within(settled).minus(self.read)

    def rest_of(self, bounds: Interval) -> Intervals:
        """Return the seconds of a partition that were asked for and have not been read, settled or not."""
        return self.asked.within(bounds).minus(self.read)

    def in_part(self, bounds: Iterable[Interval]) -> list[Interval]:
        """Return those of some partitions that are not whole, in their order."""
        unread = self.unread
        return [interval for interval in bounds if unread.touching(interval)]


def may_become_visible(
    staged: Collection[PartitionKey], first_in_part: int | None
) -> tuple[list[PartitionKey], list[PartitionKey]]:
    """Share out staged partitions into those that become visible now, oldest first, and those that wait.

    Args:
        staged: whole partitions whose files are staged.
        first_in_part: first second of the oldest visible partition that is not whole, and not staged; None for none.
    """
    ordered = sorted(staged)
    if first_in_part is None:
        return ordered, []
    return (
        [key for key in ordered if key.start <= first_in_part],
        [key for key in ordered if key.start > first_in_part],
    )
