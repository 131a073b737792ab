"""Several windows walked at once: one task a window, a straight line in each.

What the tasks share, the frontier, is touched between awaits only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from connector.core.api.page import created_of
from connector.core.planning.absence.delivered import Delivered
from connector.core.planning.absence.ties import Ties
from connector.core.planning.absence.trust import Trust
from connector.core.planning.absence.witness import SecondAnswers, Witnesses
from connector.core.time.intervals import Interval
from connector.errors import ConnectorError
from connector.running.concurrency import tasks_with_one_error
from connector.stripe.listing.walk import WalkPages, moving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import TaskGroup

    from connector.core.api.page import AnyRow, Page
    from connector.core.planning.windows.frontier import Frontier
    from connector.core.planning.windows.walk import Walk
    from connector.stripe.listing.events import ListEvents
    from connector.stripe.listing.walk import PageSource


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
        take: given each page's rows, and the bytes of its body, before the frontier moves: seconds count as read only
            when their rows were taken.
        opens_more: asked before opening; true to open a window however many are open (ordered reading).
        rereads: whether whole windows may be passed on twice, as where rows are merged by their ids.
        ties: watches the ends of pages.
        witnesses: compares second answers with first ones.
    """

    source: PageSource
    frontier: Frontier
    receive: Callable[[Received], Awaitable[None]]
    take: Callable[[list[AnyRow], int], None] = field(default=lambda _rows, _size: None)
    opens_more: Callable[[], bool] = field(default=lambda: False)
    rereads: bool = False
    ties: Ties = field(init=False, default_factory=Ties)
    witnesses: Witnesses = field(init=False)
    _delivered: Delivered = field(init=False, default_factory=Delivered)
    _trust: Trust = field(init=False)
    _events: ListEvents = field(init=False)

    def __post_init__(self) -> None:
        self._events = self.source.events
        self.witnesses = Witnesses(self.frontier, self._delivered)
        self._trust = Trust(self.frontier, rereads=self.rereads)

    @property
    def second_answers(self) -> SecondAnswers:
        """What second answers came to, so far."""
        absence = self.frontier.absence
        return SecondAnswers(absence.confirmed, absence.refuted, len(self.ties.unstable))

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
        return 1e9 if self.opens_more() else self.source.width()

    async def _walk(self, walk: Walk, tasks: TaskGroup) -> None:
        pages = WalkPages(self.source, walk, self.ties, partial(self.frontier.urgency, walk))
        window = walk.window
        self._events.opened(window)
        while not walk.done:
            try:
                page, rows = await pages.next()
                if not self.witnesses.agrees(walk, page, rows):
                    break
                await self._pass_on(pages, page, rows)
            except ConnectorError as failure:
                self.source.distrust(failure)
                self._trust.look(self.source.distrusted, failing=True)
                failure.window = failure.window or (walk.window.start, walk.window.stop)
                raise
            self.open_more(tasks)
        self._events.closed(window)
        self.open_more(tasks)

    async def _pass_on(self, pages: WalkPages, page: Page, rows: list[AnyRow]) -> None:
        """Take a page's rows in, and move on."""
        walk, before = pages.walk, pages.walk.unread
        created = created_of(rows)
        ours = rows
        if created and created[-1] < walk.floor:
            ours = [row for row, second in zip(rows, created, strict=True) if second >= walk.floor]
        shown, ours = ours, self._delivered.new(ours)
        self.take(ours, page.bytes)
        self._trust.came(walk, page)
        self.frontier.advance(
            walk, rows=created, has_more=page.has_more, width=self.source.width(), is_full=page.is_full
        )
        self.witnesses.claimed(walk, page, pages.order.ties)
        self.ties.counted(ours)
        self._count_again(pages)
        self.witnesses.received(walk, shown)
        if walk.done:
            self._trust.finished(walk, self.source.distrusted)
        else:
            self._trust.look(self.source.distrusted)
        told = created if len(ours) == len(created) else created_of(ours)
        self._events.received(page, told, pages_left=self.frontier.expected_pages)
        await self.receive(Received(ours, walk, walk.floor if walk.done else walk.unread, before))

    def _count_again(self, pages: WalkPages) -> None:
        """Have seconds read once more whose rows the end of a page parted, as far as that is worth it.

        Raises:
            ProtocolError: one was read so often that its order must be changing with each answer.
        """
        again = [(second, set(map(hash, known))) for second, known in pages.left()]
        if self.ties.unstable:
            again.extend(self.ties.ends())
        for second, hashes in again:
            self._delivered.add(second, hashes)
            if not self.ties.count(second):
                raise moving(second)
            self.frontier.reopen(Interval(second, second + 1))
