"""Which rows make up a page: window, filters, cursors, and whether there is more in the direction of travel."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.sandbox.core.ledger import Ledger
    from connector.sandbox.http.query import Span


@dataclass(frozen=True, slots=True)
class Page:
    """Row numbers, newest first, and whether rows remain beyond them in the direction of travel."""

    numbers: Sequence[int]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """What to take from a ledger.

    Attributes:
        window: of `created`.
        now: rows made later do not exist yet.
        limit: rows in a page.
        after: number of the cursor row to go to older rows from.
        before: number of the cursor row to go to newer rows from; at most one of the two.
        positions: only these places of the ledger's order, ascending; None for all.
        keep: a last test of each row number; None to take all.
    """

    window: Span
    now: int
    limit: int
    after: int | None = None
    before: int | None = None
    positions: Sequence[int] | None = None
    keep: Callable[[int], bool] | None = None


def page_of(ledger: Ledger, wanted: Selection) -> Page:
    """Take one page."""
    low = bisect_left(ledger.times, wanted.window.start)
    high = bisect_right(ledger.times, min(wanted.now, wanted.window.stop - 1))
    if wanted.after is not None:
        high = min(high, ledger.position(wanted.after))
    if wanted.before is not None:
        low = max(low, ledger.position(wanted.before) + 1)
    places: Sequence[int] = range(len(ledger)) if wanted.positions is None else wanted.positions
    first, last = bisect_left(places, low), bisect_left(places, high)
    walk = range(first, last) if wanted.before is not None else range(last - 1, first - 1, -1)
    found = _take(ledger, places, walk, wanted)
    has_more = len(found) > wanted.limit
    numbers = found[: wanted.limit]
    return Page(numbers[::-1] if wanted.before is not None else numbers, has_more)


def _take(ledger: Ledger, places: Sequence[int], walk: Sequence[int], wanted: Selection) -> list[int]:
    """At most one row more than a page, in the direction of travel."""
    order, keep, enough = ledger.order, wanted.keep, wanted.limit + 1
    if keep is None:
        return [order[places[at]] for at in walk[:enough]]
    found: list[int] = []
    for at in walk:
        number = order[places[at]]
        if keep(number):
            found.append(number)
            if len(found) == enough:
                break
    return found
