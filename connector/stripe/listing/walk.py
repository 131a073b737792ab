"""One window's pages in turn, held to the contract: by cursor as a rule, by time where a cursor may lose a row."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from connector.core.api.page import Page, StrictOrder, ids_of, leading_ties, moment_of
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME
from connector.errors import NotFoundError, ProtocolError
from connector.stripe.listing.divided import Divided, is_of_one_second
from connector.stripe.listing.place import Place
from connector.stripe.listing.upwards import all_shown_again

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from connector.core.api.page import AnyRow
    from connector.core.planning.absence.ties import Ties
    from connector.core.planning.windows.walk import Walk
    from connector.errors import ConnectorError
    from connector.stripe.listing.events import ListEvents

ALL_TIME = Interval(0, END_OF_TIME)
"""The window that is asked for without bounds."""


STARTING_AFTER = "starting_after"
"""The parameter that a refusal of a cursor names."""

READINGS = 4
"""Times that a second of more than a page is read once more, until two readings agree."""


class PageSource(Protocol):
    """Where pages come from."""

    async def page(self, window: Interval, place: Place, *, urgency: Callable[[], float]) -> Page:
        """Return rows of `window`, newest first, as many as a page holds."""
        ...

    def width(self) -> float:
        """Requests in flight that fill the rate, at least 1."""
        ...

    @property
    def filters(self) -> Collection[str]:
        """Fields of a row that there is a filter for which the query does not use itself."""
        ...

    @property
    def events(self) -> ListEvents:
        """Tells of what is read."""
        ...

    def distrust(self, error: ConnectorError) -> None:
        """Close the connection that an answer against the contract came on."""
        ...

    @property
    def distrusted(self) -> Collection[int]:
        """Connections nothing of which is to be believed; it only grows."""
        ...


@dataclass(slots=True)
class WalkPages:
    """A walk's pages.

    Attributes:
        source: where they come from.
        walk: the window.
        ties: says where a cursor is not enough.
        urgency: how urgent the next page is.
        order: what came so far.
    """

    source: PageSource
    walk: Walk
    ties: Ties
    urgency: Callable[[], float]
    order: StrictOrder = field(init=False)
    _size: int = field(init=False, default=0)
    _left: list[tuple[int, set[str]]] = field(init=False, default_factory=list[tuple[int, set[str]]])
    _ahead: deque[Page] = field(init=False, default_factory=deque["Page"])
    _is_ahead: bool = field(init=False, default=False)
    _divided: Divided | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.order = StrictOrder(self.walk.window)

    async def next(self) -> tuple[Page, list[AnyRow]]:
        """Fetch the next page, and return it with its rows that are new.

        Raises:
            ProtocolError: the page breaks the contract.
        """
        order = self.order
        second, last_id, known, came, count = order.oldest, order.last_id, order.ties, order.tied, len(order.tied)
        page, rows, whole = await self._fetch()
        if not page.has_more or (order.oldest is not None and order.oldest < self.walk.floor):
            order.look_back(page)
        if second is not None and last_id is not None and not whole:
            rows = [*await self._leave(_Edge(second, known, came, count), page, rows), *rows]
        if not self._is_ahead or order.oldest != second:  # a page that was cut says nothing of how many rows fit
            self._size = len(page.rows)
        return page, rows

    def left(self) -> list[tuple[int, set[str]]]:
        """Return once the seconds that are to be counted again, with the ids that came of each."""
        left, self._left = self._left, []
        return left

    async def _ask(self, window: Interval, place: Place) -> Page:
        return await self.source.page(window, place, urgency=self.urgency)

    async def _fetch(self) -> tuple[Page, list[AnyRow], bool]:
        """Return the next page, its new rows, and whether it shows the second of the last row before it whole."""
        order, window = self.order, self.walk.window
        self._is_ahead = bool(self._ahead) or await self._divide()
        if self._is_ahead:
            page = self._ahead.popleft()
            return page, order.admit(page), False
        if order.last_id is None or order.oldest is None:
            page = await self._ask(window, Place(fresh=self.walk.doubted is not None))
            if not page.rows and page.has_more:
                raise self._unkept(page)
            return page, order.admit(page), True
        if self.ties.go_by_time(self.walk, order) and (page_by_time := await self._by_time(order.oldest)) is not None:
            return page_by_time
        return await self._by_cursor(order.oldest)

    async def _by_cursor(self, second: int) -> tuple[Page, list[AnyRow], bool]:
        """Ask for what comes after the last row, which is of this second."""
        order = self.order
        try:
            page = await self._ask(self.walk.window, Place(starting_after=order.last_id))
        except NotFoundError as error:
            if error.param != STARTING_AFTER:
                raise
            return await self._without_cursor(second, error)
        if self.ties.is_repeat(order, page.rows):
            self.ties.unstable.add(second)
            return await self._by_time(second) or await self._apart(second)
        if not page.rows:
            return await self._promised(page, second)
        rows = order.admit(page)
        self._watch(page)
        return page, rows, False

    def _watch(self, page: Page) -> None:
        """Take note of a page all of which is of one second."""
        second = self.order.oldest
        if second is None or not page.has_more or not is_of_one_second(page.rows, second):
            return
        if self._divided is None or self._divided.second != second:
            self._divided = Divided(self._ask, self.walk.window.start, second, self.source.filters)
        self._divided.came(page)

    async def _divide(self) -> bool:
        """Read ahead where the second that is being read has many pages; say whether that brought any."""
        order, divided = self.order, self._divided
        if divided is None or order.last_id is None or order.oldest != divided.second:
            return False
        if not self.ties.unstable:
            self._ahead.extend(await divided.ahead(order.last_id, order.ties))
        return bool(self._ahead)

    async def _by_time(self, second: int) -> tuple[Page, list[AnyRow], bool] | None:
        """Ask for what comes next by time; None where that brings nothing that a cursor has to go past."""
        known = self.order.ties
        if len(known) >= self._size:  # a page by time would show no more than these
            return None
        page = await self._ask(Interval(self.walk.window.start, second + 1), Place())
        if not self.ties.repeated(second, known, page.rows):
            return await self._apart(second) if second in self.ties.unstable else None
        rows = self.order.admit(page, again=True)
        return (page, rows, True) if rows else None

    async def _without_cursor(self, second: int, error: NotFoundError) -> tuple[Page, list[AnyRow], bool]:
        """Ask by time for what comes after a row that the server showed, and says it does not know.

        Raises:
            ProtocolError: that brings nothing new, where more was promised.
        """
        page = await self._ask(Interval(self.walk.window.start, second + 1), Place())
        if rows := self.order.admit(page, again=True):
            return page, rows, True
        window = self.walk.window
        raise ProtocolError(
            f"{self.order.last_id} was listed, and is not known where the list is to go on after it: nothing of its"
            " window is published; try again later",
            request_id=error.request_id,
            window=(window.start, window.stop),
        ) from error

    async def _apart(self, second: int) -> tuple[Page, list[AnyRow], bool]:
        """Read a second of more than a page by itself, whose order changed on the way; then go on below it by time."""
        order, start = self.order, self.walk.window.start
        missed = order.admit(Page(await self._missed(second, order.ties, None), has_more=False))
        page = await self._ask(Interval(start, second), Place()) if start < second else Page([], has_more=False)
        if not page.rows and page.has_more:
            raise self._unkept(page)
        return page, [*missed, *order.admit(page)], True

    async def _promised(self, page: Page, second: int) -> tuple[Page, list[AnyRow], bool]:
        """Look for the rows that a page promised and the next one did not bring.

        A server has been seen to answer with an empty page where the one before promised more, losing the rest of the
        cursor's own second. That second is asked for again by time, and each row taken once by its id. Where it holds
        more rows than a page, this brings nothing new, and the cursor is followed once without bounds of time: only
        the two together confuse the server.
        """
        if page.has_more:
            raise self._unkept(page)
        window = self.walk.window
        again = await self._ask(Interval(window.start, second + 1), Place())
        if rows := self.order.admit(again, again=True):
            return again, rows, True
        page = await self._ask(ALL_TIME, Place(starting_after=self.order.last_id))
        if page.rows:  # the next rows of the list, whatever their time: if none is of the window, it is at its end
            return (within := _cut(page, window)), self.order.admit(within), False
        raise self._unkept(page)

    async def _leave(self, edge: _Edge, page: Page, rows: list[AnyRow]) -> list[AnyRow]:
        """Look once more at a second that a page's end may have parted, once it is left; return what was missed."""
        tied = leading_ties(rows, edge.second)
        if len(tied) == len(rows) and page.has_more:
            return []
        whole = edge.known.union(tied)
        if len(whole) > self._size - bool(self.ties.unstable):  # of the page before, which had more behind it
            came = [*edge.came[: edge.count], *tied]
            size = max(1, self._size)
            ends = [*came[size - 1 : -1 : size], came[-1]]
            if await all_shown_again(self._ask, Interval(edge.second, edge.second + 1), ends, whole):
                return []
            missed = await self._missed(edge.second, whole, ends[-1])
            self.order.also(edge.second, ids_of(missed))
            return missed
        if self.ties.worth_counting(edge.second, whole, parted=bool(tied)):
            self._left.append((edge.second, whole))
        return []

    async def _missed(self, second: int, known: Collection[str], last_id: str | None) -> list[AnyRow]:
        """Read a second of more than a page from its ends in turn, until one reading shows all that ever came of it.

        Args:
            second: all of its rows.
            known: ids that came of it.
            last_id: its oldest row, to begin above; None to begin at the newest.

        Returns:
            The rows that are not among those known.

        Raises:
            ProtocolError: no reading shows all: the order of the rows changes with each.
        """
        every = set(known)
        missed: list[AnyRow] = []
        for _ in range(READINGS):
            rows = await self._reading(Interval(second, second + 1), last_id)
            if rows is None:  # a server that knows no such cursor: nothing to learn
                return missed
            seen = set(ids_of(rows)).union([last_id] if last_id else [])
            missed += [row for row, row_id in zip(rows, ids_of(rows), strict=True) if row_id not in every]
            every |= seen
            if seen == every and every:
                self.ties.unstable.update([second] if missed else [])
                return missed
            self.ties.unstable.add(second)
            last_id = None if last_id else ids_of(rows[-1:])[0] if rows else None
        raise moving(second)

    async def _reading(self, second: Interval, last_id: str | None) -> list[AnyRow] | None:
        """Return the rows of a second: those above its oldest, from there up, or all of them from the newest down.

        None where the page above a row holds that row.
        """
        order, cursor = StrictOrder(second), last_id
        read_rows: list[AnyRow] = []
        while True:
            page = await self._ask(second, _next_place(cursor, up=last_id is not None))
            if last_id is not None and last_id in leading_ties(page.rows, second.start):
                return None
            rows = order.admit(page)
            read_rows += rows
            if not rows or not page.has_more:
                return read_rows
            cursor = ids_of(rows)[0 if last_id is not None else -1]

    def _unkept(self, page: Page) -> ProtocolError:
        window = self.walk.window
        error = ProtocolError(
            "an empty page where more rows were promised: nothing of its window is published; try again later",
            request_id=page.request_id,
            window=(window.start, window.stop),
        )
        error.connection = page.connection
        return error


def moving(second: int) -> ProtocolError:
    """Return what to raise where no two readings of a second agree."""
    return ProtocolError(
        f"the rows of the second {second} come in another order at each answer, and a page does not hold them: nobody"
        " can say which there are; nothing of its window is published; try again later",
        window=(second, second + 1),
    )


@dataclass(frozen=True, slots=True)
class _Edge:
    """Where a page ended: its last row's second, all ids of that second that came, and the first `count` in order."""

    second: int
    known: set[str]
    came: list[str]
    count: int


def _next_place(cursor: str | None, *, up: bool) -> Place:
    return Place(ending_before=cursor) if up else Place(starting_after=cursor)


def _cut(page: Page, window: Interval) -> Page:
    """Leave out the rows older than a window, which a page asked for without bounds may hold."""
    rows = [row for row in page.rows if not _is_older(row, window)]
    return replace(page, rows=rows, has_more=page.has_more and len(rows) == len(page.rows))


def _is_older(row: AnyRow, window: Interval) -> bool:
    created = moment_of(row)
    return type(created) is int and created < window.start
