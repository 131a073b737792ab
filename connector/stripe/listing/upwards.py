"""A second of more than a page, read from below once more: a page above each of its rows where one ended, all at once.

By the time that such a second was read by cursor, rows all over it are known. The page that ends right above one of
them goes up to the one before. So pages that are asked for at the same time are together a reading from the other end,
in a few latencies where it would take one for each page. They say that all is there only where each reaches the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.api.page import StrictOrder, ids_of
from connector.running.concurrency import in_turn
from connector.stripe.listing.place import Place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from connector.core.api.page import Page
    from connector.core.time.intervals import Interval

AT_ONCE = 32
"""Pages of one second that are asked for at once; the pace may let fewer go."""


async def all_shown_again(
    ask: Callable[[Interval, Place], Awaitable[Page]],
    second: Interval,
    ends: Sequence[str],
    known: Collection[str],
) -> bool:
    """Say whether a reading from below shows the rows that are known of a second, and no other.

    Args:
        ask: fetches a page.
        second: all of its rows.
        ends: ids of the rows at which pages ended, newest first, the oldest row of the second last.
        known: ids of all its rows that came.

    Raises:
        ProtocolError: a page breaks the contract.
    """
    every, seen = frozenset(known), {ends[-1]}
    differs: list[str] = []

    async def look(number: int) -> None:
        if differs:
            return
        page = await ask(second, Place(ending_before=ends[number]))
        ids = ids_of(StrictOrder(second).admit(page))
        meets = ends[number - 1] in ids if number else not page.has_more
        if not meets or ends[number] in ids or not every.issuperset(ids):
            differs.append(ends[number])
        seen.update(ids)

    await in_turn(range(len(ends)), look, at_once=min(AT_ONCE, len(ends)))
    return not differs and len(seen) == len(known)
