"""Windows opened far down before the others, to learn how dense the rows are there: one page says little of years."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from connector.core.time.intervals import Interval

if TYPE_CHECKING:
    from connector.core.planning.windows.walk import Walk


@dataclass(slots=True, eq=False)
class ProbeWindows:
    """Windows far down: those still to be opened, and those that have not all answered yet.

    Attributes:
        to_open: windows to open, the next one last.
        walks: those opened, until all have answered.
    """

    to_open: list[Interval] = field(default_factory=list[Interval])
    walks: list[Walk] = field(default_factory=list["Walk"])

    def cut(self, part: Interval, *, top: int, begin: int, count: int) -> Interval:
        """Take windows out of the oldest seconds, at ages that grow by a factor.

        Args:
            part: the seconds.
            top: second that ages are told from.
            begin: second of `part` before which no row is expected.
            count: windows to take.

        Returns:
            What is left of `part`: its newest end.
        """
        young, old = top - part.stop, top - begin
        ages = [young * (old / max(1, young)) ** (step / (count + 1)) for step in range(1, count + 1)]
        edges = sorted({part.start, part.stop, *(top - int(age) for age in ages)})
        *to_open, left = [Interval(start, stop) for start, stop in pairwise(edges)]
        self.to_open = to_open[::-1]
        return left

    @property
    def answered(self) -> bool:
        """Whether none is still to be opened, and each has brought a page."""
        return not self.to_open and all(walk.pages for walk in self.walks)
