"""What a merge found, in counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MergeCounts:
    """Counts of rows; those of parts add up to those of the whole.

    Attributes:
        new: ids that the old file did not have.
        replaced: ids whose row differs from the old file's.
        unchanged: ids read again whose row is the same.
        disappeared: old rows within what was read again that did not come again; they are kept.
        late: new ids created where an earlier run had already read.
        late_first: the earliest `created` among the late, UTC seconds, or None.
        late_last: the latest.
    """

    new: int = 0
    replaced: int = 0
    unchanged: int = 0
    disappeared: int = 0
    late: int = 0
    late_first: int | None = None
    late_last: int | None = None

    @property
    def met(self) -> MergeCounts:
        """The counts of rows that somebody else has brought already, all of them as they are."""
        return MergeCounts(unchanged=self.new + self.replaced + self.unchanged, disappeared=self.disappeared)

    def __add__(self, other: MergeCounts) -> MergeCounts:
        firsts = [counts.late_first for counts in (self, other) if counts.late_first is not None]
        lasts = [counts.late_last for counts in (self, other) if counts.late_last is not None]
        return MergeCounts(
            new=self.new + other.new,
            replaced=self.replaced + other.replaced,
            unchanged=self.unchanged + other.unchanged,
            disappeared=self.disappeared + other.disappeared,
            late=self.late + other.late,
            late_first=min(firsts, default=None),
            late_last=max(lasts, default=None),
        )
