"""The rest of a second of many pages, by several cursors at once: `core/planning/windows/division.py` decides."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from connector.core.api.page import StrictOrder, created_of, ids_of, moment_of
from connector.core.planning.windows.division import BEGIN_PAGES, KEPT_BYTES, Part, Sample, chosen, joined, pages_kept
from connector.core.time.intervals import Interval
from connector.errors import InvalidRequestError, ProtocolError
from connector.running.concurrency import in_turn
from connector.stripe.listing.place import Place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from connector.core.api.page import AnyRow, Page
    from connector.core.planning.windows.division import Rare

AT_ONCE = 16
"""Parts of one second that are read at once; the pace may let fewer requests go."""


@dataclass(slots=True)
class Divided:
    """Reads ahead within one second.

    Attributes:
        ask: fetches a page.
        start: first second of the window that is walked.
        second: the second.
        names: filters that the list knows, and the query does not use itself.
    """

    ask: Callable[[Interval, Place], Awaitable[Page]]
    start: int
    second: int
    names: Collection[str]
    _sample: Sample = field(init=False)
    _pages: int = 0
    _page_size: int = 0
    _at_once: int = 0  # pages
    _off: bool = False
    _rare: tuple[Rare, str | None] | None = None
    _below: Page | None = None
    _lowest: int = 0  # second of the row that is read upwards from
    _lasting: Part | None = None

    def __post_init__(self) -> None:
        self._sample = Sample(self.names)

    def came(self, page: Page) -> None:
        """Take note of a page that came by cursor, all of it of the second."""
        self._pages += 1
        self._page_size = len(page.rows)
        self._at_once = pages_kept(page.bytes)
        self._sample.add(page.rows)

    async def ahead(self, last_id: str, known: Collection[str]) -> list[Page]:
        """Read what follows a row; return it as pages, newest first, each of whose rows follow those before.

        Args:
            last_id: the last row that came.
            known: ids of all rows of the second that came.

        Returns:
            Pages, the first one below the second included where the second is at its end; none where nothing is to be
            gained, or nothing that came can be believed: the rest is to be read by one cursor.

        Raises:
            ProtocolError: a page of the whole list breaks the contract.
        """
        if self._off or self._pages < BEGIN_PAGES or not self._at_once:
            return []
        try:
            parts = await self._parts(last_id, known)
            await self._read(parts)
        except InvalidRequestError:  # a server that knows no such cursor
            parts = []
        pages = [_cut(page, ids) for page, ids in joined(parts, known) or () if ids]
        self._off = self._off or not pages
        if not pages:
            return []
        for page in pages:
            self._sample.add(page.rows)
        if parts[-1].until is None and parts[-1].closed:
            pages = self._with_what_is_below(pages)
        elif len(parts) == 1 and parts[0].below is not None:
            self._lasting = parts[0]
            parts[0].taken()
        return pages

    async def _parts(self, last_id: str, known: Collection[str]) -> list[Part]:
        """Divide what is left, down to where the end of the second is known, or the last rare row of a page is."""
        if self._lasting is not None:
            return [self._lasting] if self._lasting.above == last_id else []
        cursors, goes_on = await self._cursors(known)
        tops = [last_id, *cursors]
        parts = [Part(above, until=until) for above, until in zip(tops, cursors, strict=False)]
        bottom = None if goes_on else await self._bottom()
        self._off = bottom is None and not goes_on  # nothing more to learn from where this ends
        return parts if bottom is None else [*parts, Part(tops[-1], below=bottom)]

    async def _cursors(self, known: Collection[str]) -> tuple[list[str], bool]:
        """Return ids from all over the rest of the second, and whether there are more of their kind below them."""
        rare, after = self._rare or (self._sample.rare(), None)
        if rare is None:
            return [], False
        rare, second = self._sample.again(rare), Interval(self.second, self.second + 1)
        try:
            page = await self.ask(second, Place(starting_after=after, only=(rare.name, rare.value)))
            ids = [row_id for row_id in ids_of(StrictOrder(second).admit(page)) if row_id not in known]
        except (InvalidRequestError, ProtocolError):  # it only says where to begin: without it there are two ends
            return [], False
        goes_on = page.has_more and bool(ids)
        size, most = self._page_size, self._at_once
        cursors = chosen(ids, rare, page_size=size, pages=most, parts=AT_ONCE, goes_on=goes_on)
        self._rare = (rare, cursors[-1] if goes_on else after)
        return cursors, goes_on

    async def _bottom(self) -> str | None:
        """Return the id of the first row below the second, in the window or beyond it; None where there is none."""
        page = await self.ask(Interval(self.start, self.second), Place()) if self.start < self.second else None
        self._below = page if page is not None and (page.rows or page.has_more) else None
        if self._below is None and self.start > 0:
            page = await self.ask(Interval(0, self.start), Place())
        if page is None or not page.rows:
            return None
        first = page.rows[:1]
        self._lowest = created_of(first)[0]
        return ids_of(first)[0]

    def _with_what_is_below(self, pages: list[Page]) -> list[Page]:
        """End the pages of the second with the page below it, where the window has one."""
        if self._below is not None:
            return [*pages, self._below]
        return [*pages[:-1], replace(pages[-1], has_more=False)]

    async def _read(self, parts: Sequence[Part]) -> None:
        """Read each part from above, the last one from below as well, as long as all of them fit."""
        second, kept = Interval(self.second, self.second + 1), 0

        def is_useful(part: Part) -> bool:
            return part.is_open and kept < KEPT_BYTES and not any(other.broken for other in parts)

        async def down(part: Part) -> None:
            nonlocal kept
            while is_useful(part) and not part.ended:
                page = await self.ask(second, Place(starting_after=part.lowest))
                kept += page.bytes
                part.went_down(page, ids_of(StrictOrder(second).admit(page)))

        async def up(part: Part) -> None:
            nonlocal kept
            while is_useful(part) and kept < KEPT_BYTES / 2:
                window = Interval(self._lowest, second.stop) if part.highest == part.below else second
                page = await self.ask(window, Place(ending_before=part.highest))
                kept += page.bytes
                ids = ids_of(StrictOrder(window).admit(page))
                part.went_up(page, ids)
                part.broken = part.broken or (bool(ids) and created_of(page.rows)[-1] != self.second)

        async def read(job: tuple[Callable[[Part], Awaitable[None]], Part]) -> None:
            way, part = job
            await way(part)

        ways = [(down, part) for part in parts] + [(up, part) for part in parts if part.below is not None]
        if ways:
            await in_turn(ways, read, at_once=len(ways))


def _cut(page: Page, ids: Sequence[str]) -> Page:
    """Leave the rows of these ids, which follow each other; more of the window is still to come."""
    if len(ids) == len(page.rows):
        return replace(page, has_more=True)
    start = ids_of(page.rows).index(ids[0])
    return replace(page, rows=page.rows[start : start + len(ids)], has_more=True, is_full=False)


def is_of_one_second(rows: Sequence[AnyRow], second: int) -> bool:
    """Say whether all rows of a page, newest first, are of the second that its last row is of."""
    return bool(rows) and moment_of(rows[0]) == second
