"""What a follower knows of an account, and what it decides: which rows are new, and which seconds to read next.

Rows become visible up to some minutes after their `created`, and nothing says when. So each look reads a trailing
window again, the *look-back*, and the ids delivered from it are remembered until it has moved past them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING, Any, cast

from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME
from connector.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connector.core.api.page import Row

DEFAULT_LOOK_BACK = 900
"""Seconds read again at each look: the 600 that rows have been seen to come late, and half as much again for doubt."""

MOST_ROWS = 10_000
"""New rows read before any is delivered; bounds memory while catching up with a long past."""

LONGEST_WAIT = 300.0
"""Seconds between two attempts of a look that failed, at most."""

_FEW = MOST_ROWS // 8


@dataclass(slots=True)
class Tail:
    """How far the rows of one account have been delivered.

    Attributes:
        floor: every row below this second has been delivered, and is not asked for again.
        begins: until the first look, rows it finds from before this second were there already; 0 afterwards.
        seen: `created` of each row delivered at or above the floor, by id.
    """

    floor: int
    begins: int = 0
    seen: dict[str, int] = field(default_factory=dict[str, int])

    def unseen(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows that have not been delivered."""
        return [row for row in rows if row["id"] not in self.seen]

    def arrived(self, rows: Sequence[Row], window: Interval) -> list[Row]:
        """Take in every row of a window, and return the new ones, oldest first.

        What was listed before following began is remembered as if it had been delivered.
        """
        self.deliver(row for row in rows if row["created"] < self.begins)
        if window.stop == END_OF_TIME:
            self.begins = 0
        return sorted(self.unseen(rows), key=lambda row: (row["created"], row["id"]))

    def deliver(self, rows: Iterable[Row]) -> None:
        """Remember rows as delivered."""
        self.seen.update((row["id"], row["created"]) for row in rows)

    def settle(self, floor: int) -> None:
        """Raise the floor, and forget what lies below: everything there has been delivered."""
        if floor > self.floor:
            self.floor = floor
            self.seen = {row_id: created for row_id, created in self.seen.items() if created >= floor}

    def to_document(self) -> dict[str, Any]:
        """Return what `from_document` takes, as JSON knows it."""
        return {"floor": self.floor, "begins": self.begins, "seen": self.seen}

    @classmethod
    def from_document(cls, document: object) -> Tail:
        """Read what `to_document` wrote.

        Raises:
            ConfigError: it did not.
        """
        if isinstance(document, dict):
            fields = cast("Mapping[str, object]", document)
            floor, begins, seen = (fields.get(name) for name in ("floor", "begins", "seen"))
            if type(floor) is int and type(begins) is int and isinstance(seen, dict):
                ids = cast("Mapping[str, object]", seen)
                if all(type(created) is int for created in ids.values()):
                    return cls(floor, begins, dict(cast("Mapping[str, int]", ids)))
        raise ConfigError("what is kept of an account is not as a follower writes it")


@dataclass(frozen=True, slots=True)
class Stride:
    """How many seconds to read at once: all there is when little is behind, slices of the past otherwise.

    Attributes:
        seconds: length of a slice, at least 1.
        crowded: whether the newest rows are too many to be read together with what is behind.
        edge: end of the last window that held too many; slices do not get longer before it.
    """

    seconds: int = 3_600
    crowded: bool = False
    edge: int = 0

    def window(self, floor: int, settled: int) -> Interval:
        """Return the seconds to read next: up to the end of time, or a slice of what is settled.

        Args:
            floor: everything below has been delivered.
            settled: everything below is visible by now.
        """
        behind = settled - floor
        if behind <= 0 or (behind <= self.seconds and not self.crowded):
            return Interval(floor, END_OF_TIME)
        return Interval(floor, min(settled, floor + self.seconds))

    def most(self, window: Interval, settled: int) -> float:
        """Return after how many new rows to give a window up for a shorter one; infinite where none is left."""
        return inf if window.start >= settled or window.stop - window.start == 1 else MOST_ROWS

    def after(self, window: Interval, rows: int) -> Stride:
        """Return what to go on with after a window of so many rows was read whole."""
        if window.stop == END_OF_TIME:
            return replace(self, crowded=False)
        longer = rows < _FEW and window.stop >= self.edge
        return replace(self, seconds=min(END_OF_TIME, self.seconds * 4)) if longer else self

    def too_long(self, window: Interval) -> Stride:
        """Return what to try instead of a window that held too many rows."""
        if window.stop == END_OF_TIME:
            return replace(self, crowded=True)
        return replace(self, seconds=max(1, (window.stop - window.start) // 8), edge=window.stop)


def wait_after_failure(failures: int, *, jitter: float) -> float:
    """Return seconds until a look is tried again, after so many failures in a row (at least 1): 1 to `LONGEST_WAIT`.

    Args:
        failures: looks that failed, each after its own retries.
        jitter: fraction in [0, 1), drawn by the caller; spreads the wait over its upper half.
    """
    return max(1.0, min(LONGEST_WAIT, 2.0 ** min(failures - 1, 10)) * (0.5 + jitter / 2))
