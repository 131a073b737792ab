"""Rows of one second that the end of a page parts.

A cursor goes on after a row; what comes next depends on the order of the rows that share its second, of which Stripe
promises nothing. Where that order differs between two requests, a row is shown by neither. So a second that a page's
end parted is counted once more by time, or from its other end where it is longer than a page, within a share of the
requests; and where rows are so dense that most ends part a second, every third page is asked for by time instead of by
cursor, so that it repeats the second whole. Once the order was seen to differ, nothing goes on by cursor alone any
more, and every end before is counted again.

No I/O. One owner, the scan; touched only between awaits.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.core.api.page import created_of, leading_ties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.core.api.page import AnyRow, StrictOrder
    from connector.core.planning.windows.walk import Walk

DENSE = 0.02
"""Rows per second from which a page's end parts a second often enough to look at every third page's."""

EVERY = 3
"""One page in so many is asked for by time there. It repeats about one row and a half of a hundred."""

COUNTS, SHARE = 3, 0.0025
"""Seconds counted once more while the order was never seen to differ: so many, and a share of the pages."""

MOST_COUNTS = 8
"""Times that one second is counted once more."""


@dataclass(slots=True)
class Ties:
    """Watches the ends of pages.

    Attributes:
        unstable: seconds whose rows came in another order, or not at all, in a second answer.
    """

    unstable: set[int] = field(default_factory=set[int])
    _pages: int = 0
    _counted: int = 0
    _counting: Counter[int] = field(default_factory=Counter[int])
    _ends: array[int] = field(default_factory=lambda: array("q"))

    def go_by_time(self, walk: Walk, order: StrictOrder) -> bool:
        """Say whether a walk's next page is asked for by time: with the whole of its last second once more."""
        self._pages += 1
        if order.oldest is None:
            return False
        return bool(self.unstable) or (walk.density.value >= DENSE and walk.pages % EVERY == 0)

    def repeated(self, second: int, known: set[str], rows: list[AnyRow]) -> bool:
        """Compare a page by time with what was known of its first second.

        Returns:
            Whether it shows all that was known; else it says nothing, unless the second is longer than the page: its
            first rows are those that came first, as long as its order has not changed.
        """
        ids = leading_ties(rows, second)
        if not known <= set(ids):
            if len(known) <= len(ids) == len(rows):
                self.unstable.add(second)
            return False
        if set(ids[: len(known)]) != known:
            self.unstable.add(second)
        return True

    def is_repeat(self, order: StrictOrder, rows: list[AnyRow]) -> bool:
        """Say whether a page by cursor shows rows of the cursor's second again: in another order, then."""
        return order.oldest is not None and not order.ties.isdisjoint(leading_ties(rows, order.oldest))

    def worth_counting(self, second: int, known: set[str], *, parted: bool) -> bool:
        """Note where a page ended that was followed by cursor, and say whether its second is counted once more now.

        Args:
            second: of the page's last row; of a page of rows at most.
            known: ids of it that came, on that page and the next.
            parted: whether some came on the next.
        """
        if self.unstable:
            return True
        self._ends.extend((second, len(known), *map(hash, known)))
        if parted and self._counted < COUNTS + SHARE * self._pages:
            self._counted += 1
            return True
        return False

    def count(self, second: int) -> bool:
        """Note that a second is asked for once more, all its rows that came being passed on.

        Returns:
            Whether that may help: it was not asked for so often that its order must be changing with each answer.
        """
        self._counting[second] += 1
        return self._counting[second] <= MOST_COUNTS

    def counted(self, rows: list[AnyRow]) -> None:
        """Note rows that only a second count brought."""
        if self._counting and rows:
            self.unstable |= self._counting.keys() & set(created_of(rows))

    def ends(self) -> Iterator[tuple[int, set[int]]]:
        """Yield once every end that was followed by cursor: its second, and the hashes of the ids that came of it."""
        ends, at = self._ends, 0
        self._ends = array("q")
        while at < len(ends):
            second, count = ends[at], ends[at + 1]
            yield second, set(ends[at + 2 : at + 2 + count])
            at += 2 + count
