"""Several windows walked at once: one task a window, a straight line in each.

What the tasks share, the frontier, is touched between awaits only.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from connector.core.intervals import Interval
from connector.core.page import StrictOrder, created_of
from connector.core.times import END_OF_TIME
from connector.errors import ConnectorError, ProtocolError
from connector.tasks import tasks_with_one_error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import TaskGroup

    from connector.core.frontier import Frontier
    from connector.core.page import AnyRow, Page
    from connector.core.walk import Walk


ALL_TIME = Interval(0, END_OF_TIME)
"""The window that is asked for without bounds."""


class PageSource(Protocol):
    """Where pages come from."""

    async def page(self, window: Interval, *, starting_after: str | None, urgency: Callable[[], float]) -> Page:
        """Return the rows of `window` older than the cursor, newest first, as many as a page holds."""
        ...

    def width(self) -> float:
        """Requests in flight that fill the rate, at least 1."""
        ...

    def distrust(self, error: ConnectorError) -> None:
        """Close the connection that an answer against the contract came on."""
        ...


@dataclass(frozen=True, slots=True)
class Received:
    """What one page brought.

    Attributes:
        rows: its rows that belong to this walk, newest first, as received.
        walk: the walk it came by.
        start: every second of the walk at or above this one has been received.
        stop: the same, before this page; equal to `start` while the walk stays inside one second.
    """

    rows: list[AnyRow]
    walk: Walk
    start: int
    stop: int


@dataclass(slots=True)
class Scan:
    """Drives a frontier to its end.

    Attributes:
        source: where pages come from.
        frontier: what is to be read.
        receive: given each page once the frontier has moved; may await to slow us.
        take: given each page's rows before the frontier moves: seconds count as read only when their rows were taken.
        beyond_crowd: asked before opening; true to open a window however many are open (ordered reading).
    """

    source: PageSource
    frontier: Frontier
    receive: Callable[[Received], Awaitable[None]]
    take: Callable[[list[AnyRow]], None] = field(default=lambda _: None)
    beyond_crowd: Callable[[], bool] = field(default=lambda: False)

    async def run(self) -> None:
        """Read everything.

        Raises:
            ConnectorError: the first thing that went wrong in any window; the other windows are abandoned.
        """
        async with tasks_with_one_error() as tasks:
            self.open_more(tasks)

    def open_more(self, tasks: TaskGroup) -> None:
        """Start walking as many windows as are worth opening now."""
        while (walk := self.frontier.open(self._width())) is not None:
            tasks.start_soon(self._walk, walk, tasks)

    def _width(self) -> float:
        return 1e9 if self.beyond_crowd() else self.source.width()

    async def _walk(self, walk: Walk, tasks: TaskGroup) -> None:
        order = StrictOrder(walk.window)
        promised = False
        while not walk.done:
            try:
                page, rows = await self._next(walk, order, promised=promised)
            except ConnectorError as failure:
                self.source.distrust(failure)
                failure.window = failure.window or (walk.window.start, walk.window.stop)
                raise
            promised = page.has_more
            before = walk.unread
            created = created_of(rows)
            if created and created[-1] < walk.floor:
                rows = [row for row, second in zip(rows, created, strict=True) if second >= walk.floor]
            self.take(rows)
            self.frontier.advance(walk, rows=created, has_more=page.has_more, width=self.source.width())
            await self.receive(Received(rows, walk, walk.floor if walk.done else walk.unread, before))
            self.open_more(tasks)

    async def _next(self, walk: Walk, order: StrictOrder, *, promised: bool) -> tuple[Page, list[AnyRow]]:
        """Fetch the next page and hold it to the contract.

        A server has been seen to answer with an empty page where the one before promised more, losing the rest of the
        cursor's own second. That second is asked for again by time, and each row taken once by its id. Where it holds
        more rows than a page, this brings nothing new, and the cursor is followed once without bounds of time: only
        the two together confuse the server.
        """

        def urgency() -> float:
            return self.frontier.urgency(walk)

        page = await self.source.page(walk.window, starting_after=order.last_id, urgency=urgency)
        if page.rows:
            return page, order.admit(page)
        if not promised and not page.has_more:
            return page, []
        if order.oldest is not None and not page.has_more:
            again = Interval(walk.window.start, order.oldest + 1)
            page = await self.source.page(again, starting_after=None, urgency=urgency)
            if rows := order.admit(page, again=True):
                return page, rows
            page = await self.source.page(ALL_TIME, starting_after=order.last_id, urgency=urgency)
            if page.rows:  # the next rows of the list, whatever their time: if none is of the window, it is at its end
                return (within := _cut(page, walk.window)), order.admit(within)
        error = ProtocolError(
            "an empty page where more rows were promised: nothing of its window is published; try again later",
            request_id=page.request_id,
            window=(walk.window.start, walk.window.stop),
        )
        error.connection = page.connection
        raise error


def _cut(page: Page, window: Interval) -> Page:
    """Leave out the rows older than a window, which a page asked for without bounds may hold."""
    rows = [row for row in page.rows if not _is_older(row, window)]
    return replace(page, rows=rows, has_more=page.has_more and len(rows) == len(page.rows))


def _is_older(row: AnyRow, window: Interval) -> bool:
    created = row.get("created") if isinstance(row, dict) else row.created
    return type(created) is int and created < window.start
