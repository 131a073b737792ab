"""Which stretches of time to list again so that every row that is due comes by, with the fewest pages.

A list is asked for by time, and a page brings a hundred rows that follow each other. So the rows that are due are
covered by stretches of at most a page: each costs one request, as retrieving a single row by its id would, and brings
its neighbours as well. Retrieving could only be cheaper inside one second of several pages.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.core.api.page_size import PAGE_SIZE
from connector.core.time.intervals import Interval, Intervals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class DueStretch:
    """Rows of one file, and which of them are due.

    Attributes:
        rows: how many there are.
        created: of all of them, ascending, UTC seconds; empty when none is due.
        due: `created` of those that are due, ascending.
    """

    rows: int
    created: Sequence[int] = ()
    due: Sequence[int] = ()


def windows_of_pages(stretches: Iterable[DueStretch]) -> Intervals:
    """Return the seconds to list again.

    Args:
        stretches: files in order of time, those without due rows included: they lie between.

    Returns:
        Windows of at most a page of rows each, unless one second holds more; those that touch are joined.
    """
    windows: list[Interval] = []
    begun: tuple[int, int] | None = None  # the first second of the window, and how many rows come before it
    last = 0
    for first_row, end_row, second in _seconds_due(stretches):
        if begun is not None and end_row - begun[1] > PAGE_SIZE:
            windows.append(Interval(begun[0], last + 1))
            begun = None
        begun = begun or (second, first_row)
        last = second
    if begun is not None:
        windows.append(Interval(begun[0], last + 1))
    return Intervals.of(windows)


def _seconds_due(stretches: Iterable[DueStretch]) -> Iterator[tuple[int, int, int]]:
    """Yield each second with due rows, with how many rows come before it, and up to its end."""
    before = 0
    for stretch in stretches:
        seen = -1
        for second in stretch.due:
            if second != seen:
                seen = second
                yield (
                    before + bisect_left(stretch.created, second),
                    before + bisect_right(stretch.created, second),
                    second,
                )
        before += stretch.rows
