"""Lists as blocks: `async with pages(…) as stream`, concurrent inside, nothing left behind outside."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

import anyio

from connector.core.api.asked_for import refuse_others
from connector.core.api.page import Page, Row, decode_page
from connector.core.api.page_size import PAGE_SIZE, TRIES, PageSize, is_heavy
from connector.core.api.protocol import Parameters
from connector.core.ledger.money import currency_code
from connector.core.planning.windows.frontier import Frontier
from connector.core.planning.windows.walk import Tuning
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME
from connector.errors import ApiError, ProtocolError, UsageError
from connector.stripe.client import LIST_TRANSACTIONS
from connector.stripe.identity import as_account
from connector.stripe.listing.events import ListEvents
from connector.stripe.listing.place import Place
from connector.stripe.listing.scan import Received, Scan
from connector.stripe.listing.stream import Stream, produced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager

    from anyio.streams.memory import MemoryObjectSendStream

    from connector.core.api.protocol import Response
    from connector.core.time.intervals import Intervals
    from connector.errors import ConnectorError
    from connector.stripe.client import Client, Endpoint

ORDERED = replace(Tuning(), longest=8, first=8)
"""Shorter windows for ordered reading, where pages wait for their turn in memory."""

LOOK_AHEAD = 100
"""Pages that may wait for their turn in ordered reading."""

FILTERS = frozenset({"currency", "payout", "source", "type"})
"""Filters of the list besides `created` (docs.stripe.com/api/balance_transactions/list)."""

OF_A_FIELD = ("currency", "type")
"""Those of them whose value each row has in a field of the same name."""


def paths_of(expand: Iterable[str]) -> tuple[str, ...]:
    """Return paths to expand, also where one is given by itself."""
    return (expand,) if isinstance(expand, str) else tuple(expand)


def in_each_row(expand: Iterable[str]) -> tuple[str, ...]:
    """Return paths that begin in a row as those that begin in a list of rows.

    Raises:
        UsageError: one begins in a list already, as Stripe's documentation writes them.
    """
    return tuple(f"data.{checked_expansion(path)}" for path in paths_of(expand))


def checked_expansion(path: str) -> str:
    """Return a path to expand if it begins in a row.

    Raises:
        UsageError: says how to write it.
    """
    first, _, rest = path.partition(".")
    if first == "data":
        raise UsageError(f"`expand` {path}: begin with the row's own field, without data.: {rest or 'source'}")
    return path


def chosen_filters(filters: Mapping[str, str | None]) -> Parameters:
    """Return filters as Stripe takes them: currencies in lower case.

    Raises:
        UsageError: there is no such filter, or no such currency.
    """
    if unknown := sorted(filters.keys() - FILTERS):
        raise UsageError(f"there is no filter {unknown[0]!r}; there are {', '.join(sorted(FILTERS))}")
    currency = filters.get("currency")
    return {**filters, **({"currency": currency_code(currency)} if currency is not None else {})}


@dataclass(frozen=True, slots=True)
class Query:
    """What of a list is asked for, apart from its window of time.

    Attributes:
        filters: `currency`, `payout`, `source`, `type`, or what else the list knows; None is left out.
        expand: paths to expand, as Stripe writes them (`data.source`).
        limit: rows of a page, 1 to `PAGE_SIZE`.
        account: connected account to ask as.
        endpoint: the list.
    """

    filters: Parameters = field(default_factory=Parameters)
    expand: tuple[str, ...] = ()
    limit: int = PAGE_SIZE
    account: str | None = None
    endpoint: Endpoint = LIST_TRANSACTIONS


class Decode(Protocol):
    """Makes a page of the body of an answer."""

    def __call__(self, body: bytes, *, request_id: str | None) -> Page:
        """Decode it; see `decode_page`."""
        ...


@dataclass(frozen=True, slots=True)
class ListSource:
    """Pages of a list over the network: the `PageSource` of `scan`.

    Pages with expanded objects in them become smaller where they fail, and larger again later.

    Attributes:
        client: whom to ask.
        query: what is asked for.
        sharers: how many readers share the requests in flight, this one included.
        decode: makes a page of the body of an answer.
        size: how many rows to ask for at once.
    """

    client: Client
    query: Query = field(default_factory=Query)
    sharers: Callable[[], int] = field(default=lambda: 1)
    decode: Decode = decode_page
    size: PageSize = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", PageSize(self.query.limit))

    async def page(self, window: Interval, place: Place, *, urgency: Callable[[], float]) -> Page:
        """See `PageSource.page`."""
        attempt, fresh = 0, place.fresh
        while True:
            asked = self.size.rows
            try:
                ask = partial(
                    self.client.get,
                    self.query.endpoint,
                    parameters=self.parameters(window, place),
                    account=self.query.account,
                    urgency=urgency,
                    give_up=partial(self._is_smaller_better, asked),
                    fresh=fresh,
                )
                response = await as_account(self.client, self.query.account, ask)
            except ApiError as error:
                if not self._worth_less(asked, error):
                    raise
                self.size.failed(asked)
            else:
                self.size.came(asked)
                try:
                    return self._page_in(response, asked)
                except ProtocolError as error:
                    attempt, fresh = attempt + 1, True
                    error.connection = response.connection
                    await self.client.before_asking_again(self.query.endpoint, attempt, error)

    def _page_in(self, response: Response, asked: int) -> Page:
        page = self.decode(response.body, request_id=response.request_id)
        refuse_others(page, kind=self.query.endpoint.kind, filters=self._of_fields)
        return Page(
            page.rows,
            page.has_more,
            page.request_id,
            connection=response.connection,
            is_full=len(page.rows) >= asked,
            bytes=len(response.body),
            seconds=response.seconds,
        )

    @property
    def _of_fields(self) -> Parameters:
        """The filters whose values each row has."""
        return {name: self.query.filters.get(name) for name in OF_A_FIELD}

    @property
    def filters(self) -> Collection[str]:
        """See `PageSource.filters`."""
        if self.query.endpoint != LIST_TRANSACTIONS:
            return ()
        return [name for name in OF_A_FIELD if self.query.filters.get(name) is None]

    @property
    def events(self) -> ListEvents:
        """See `PageSource.events`."""
        return ListEvents(self.client.on_event, self.query.endpoint.name, self.query.account)

    def distrust(self, error: ConnectorError) -> None:
        """See `PageSource.distrust`."""
        self.client.distrust(error)

    @property
    def distrusted(self) -> Collection[int]:
        """See `PageSource.distrusted`."""
        return self.client.transport.distrusted

    def begin(self, window: Interval) -> None:
        """Send the request for a window's first page; `page` will take its answer."""
        self.client.begin(
            self.query.endpoint,
            parameters=self.parameters(window, Place()),
            account=self.query.account,
            give_up=partial(self._is_smaller_better, self.size.rows),
        )

    def _is_smaller_better(self, asked: int, attempts: int, error: ApiError) -> bool:
        return attempts >= TRIES and self._worth_less(asked, error)

    def _worth_less(self, asked: int, error: ApiError) -> bool:
        """Say whether to ask for fewer rows: pages of plain rows do not fail by their size."""
        return bool(self.query.expand) and asked > 1 and is_heavy(error)

    def parameters(self, window: Interval, place: Place) -> Parameters:
        """Return the query of a page. A window up to the end of time is asked for without an upper bound."""
        bounds: dict[str, int] = {}
        if window.start > 0:
            bounds["gte"] = window.start
        if window.stop < END_OF_TIME:
            bounds["lt"] = window.stop
        return {
            **self.query.filters,
            **dict([place.only] if place.only else []),
            "created": bounds,
            "limit": self.size.rows,
            "starting_after": place.starting_after,
            "ending_before": place.ending_before,
            "expand": self.query.expand,
        }

    def width(self) -> float:
        """See `PageSource.width`."""
        return max(1.0, self.client.width(self.query.endpoint, self.query.account) / max(1, self.sharers()))


PageStream = Stream[list[Row]]
"""Pages of 1 to 100 rows as they arrive, each newest first."""


def pages(  # noqa: PLR0913 - two hints and a switch, each with a default
    client: Client,
    query: Query,
    *,
    within: Intervals,
    ordered: bool = False,
    likely_start: int = 0,
    usual: float | None = None,
    wary: bool = True,
    look_ahead: int = LOOK_AHEAD,
) -> AbstractAsyncContextManager[PageStream]:
    """Read a list, several windows of time at once: a block with a stream of pages.

    Args:
        client: whom to ask.
        query: what is asked for.
        within: seconds of `created` to read.
        ordered: newest first over everything, with a bounded look-ahead; else pages come as they arrive, and order
            holds within a page only.
        likely_start: second before which no row is expected, a hint; 0 for none.
        usual: rows per second to expect before anything has come; None where nothing is known: a list that is empty at
            its first page is asked about again.
        wary: whether ends that contradict what is around them are asked about again.
        look_ahead: pages that may wait for their turn in ordered reading, at least 1.
    """

    async def produce(send: MemoryObjectSendStream[list[Row]]) -> None:
        async with send:
            tuning = ORDERED if ordered else Tuning()
            frontier = Frontier(within, likely_start=likely_start, tuning=tuning, wary=wary, usual=usual)
            source = ListSource(client, query)
            if ordered:
                queue = InOrder(frontier, send.send, look_ahead)
                await Scan(source, frontier, queue.receive, opens_more=queue.next_can_be_opened).run()
                await queue.pass_on()
            else:
                await Scan(source, frontier, AsTheyCome(send.send).receive).run()

    return produced(produce)


@dataclass(frozen=True, slots=True)
class AsTheyCome:
    """Passes pages on in the order they arrive."""

    send: Callable[[list[Row]], Awaitable[None]]

    async def receive(self, got: Received) -> None:
        """Pass one page on."""
        if got.rows:
            await self.send(got.rows)


@dataclass(slots=True)
class InOrder:
    """Passes pages on newest first, keeping those that came too early.

    A page's turn has come when everything newer has been passed on. The walk whose turn it is always goes on; others
    wait when too many pages are kept.
    """

    frontier: Frontier
    send: Callable[[list[Row]], Awaitable[None]]
    look_ahead: int = LOOK_AHEAD
    _turn: int = field(init=False)
    _kept: list[tuple[int, int, Received]] = field(init=False, default_factory=list[tuple[int, int, Received]])
    _count: int = field(init=False, default=0)
    _sending: anyio.Lock = field(init=False, default_factory=anyio.Lock)
    _moved: anyio.Event = field(init=False, default_factory=anyio.Event)

    def __post_init__(self) -> None:
        self._turn = self._below(END_OF_TIME)

    def next_can_be_opened(self) -> bool:
        """Say whether the seconds whose turn it is wait to be opened: they must be, however many walks are open."""
        return self._is_next(self.frontier.open_stop)

    def next_is_unopened(self) -> bool:
        """Say whether nobody walks the seconds whose turn it is."""
        return self._is_next(self.frontier.pool_stop)

    async def receive(self, got: Received) -> None:
        """Keep a page until its turn, pass on those whose turn has come, and wait while too many are kept.

        Rows that a second look brings, of seconds that have been passed on, come at once.
        """
        self._count += 1
        heapq.heappush(self._kept, (-got.stop, self._count, got))
        await self.pass_on()
        while len(self._kept) > self.look_ahead and not got.walk.done and self._is_somebody_elses_turn(got):
            await self._moved.wait()

    def _is_somebody_elses_turn(self, got: Received) -> bool:
        """Say whether another walk is on its way to what comes next.

        Where nobody is, as where an end above waits for its second witness, waiting would have no end: only a walk that
        goes on opens others.
        """
        return not self._is_next(got.walk.unread) and not self.next_is_unopened()

    def _is_next(self, stop: int) -> bool:
        """Say whether nothing that is still to come lies between what was passed on and the seconds that end at `stop`.

        Seconds may count as read without a page of theirs: a second witness passes over a void on its way to older
        rows.
        """
        return stop >= self._turn or self.frontier.is_complete(Interval(stop, self._turn))

    def _below(self, second: int) -> int:
        """Return the newest end, at or below `second`, of what there is to read."""
        parts = [min(part.stop, second) for part in self.frontier.todo if part.start < second]
        return max(parts, default=0)

    async def pass_on(self) -> None:
        """Pass on what is kept and whose turn has come; at the end of reading, all of it.

        An end that is believed without a second witness counts as read with no page of its own.
        """
        async with self._sending:
            while self._kept and self._is_next(self._kept[0][2].stop):
                _, _, got = heapq.heappop(self._kept)
                self._turn = min(self._turn, self._below(got.start))
                if got.rows:
                    await self.send(got.rows)
            moved, self._moved = self._moved, anyio.Event()
            moved.set()
