"""New rows as they come, each once, late ones included: looks at one account after the other, within one budget.

There is no task in the background. A look happens inside `__anext__`, so a follower can be left at any moment, and what
it knows then (`bookmark`) is what has been taken from it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import floor
from typing import TYPE_CHECKING, Any, Self, cast

import anyio

from connector.core.account_failures import without_frames
from connector.core.api.allocation import Budget, wait_between_looks
from connector.core.api.page import ids_of
from connector.core.planning.follow import Stride, Tail, wait_after_failure
from connector.core.planning.windows.frontier import Frontier
from connector.core.state.claims import Claims
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.errors import ApiError, AuthenticationError, ConfigError, ConnectorError, ProtocolError
from connector.stripe.follow.options import BATCH, Batch, FollowOptions, Listener, Unheard, query_of
from connector.stripe.identity import identify
from connector.stripe.listing.query import ListSource
from connector.stripe.listing.scan import Scan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.core.api.page import Row
    from connector.stripe.client import Client
    from connector.stripe.listing.scan import Received

BOOKMARK_VERSION = 1
BROKEN_ANSWERS = 5
"""Answers in a row that may break the API's contract before that is the error it looks like."""


@dataclass(slots=True, eq=False)
class _Watch:
    """One account being followed."""

    source: ListSource
    name: str
    tail: Tail
    due: float
    eventful: float
    stride: Stride = field(default_factory=Stride)
    behind: bool = True
    newest: int = 0
    failures: int = 0
    broken: int = 0


@dataclass(slots=True)
class Follower:
    """Yields new rows for as long as it is asked: `async for batch in follower`.

    A batch counts as taken when the next one is asked for, or by `took`.

    Attributes:
        options: what to follow.
        bookmark_before: the `bookmark` of an earlier follower, to go on from; then `since` does not count.
        listener: told of what does not end the following.
        refused: accounts that are left out, each with the reason.
    """

    _client: Client
    options: FollowOptions
    bookmark_before: Mapping[str, Any] | None
    listener: Listener = field(default_factory=Unheard)
    refused: dict[str, ApiError] = field(init=False, default_factory=dict[str, ApiError])
    _watches: list[_Watch] = field(init=False, default_factory=list[_Watch])
    _kept: dict[str, Any] = field(init=False)
    _budget: Budget = field(init=False)
    _claims: Claims = field(init=False, default_factory=Claims)
    _ahead: float = field(init=False, default=0.0)
    _machine_ahead: float = field(init=False, default=0.0)
    _failures: int = field(init=False, default=0)
    _lost: set[str] = field(init=False, default_factory=set[str])
    _looked: _Watch | None = field(init=False, default=None)
    _floor: int = field(init=False, default=0)
    _waiting: deque[Row] = field(init=False, default_factory=deque["Row"])
    _handed: Batch | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._kept = _accounts_kept(self.bookmark_before, self._about)
        self._budget = Budget(self.options.reads_per_month, self._client.clock.now())

    # What its user calls ----------------------------------------------------------------------------------------------

    def __aiter__(self) -> Self:
        """Iterate over batches; there is no end to them."""
        return self

    async def __anext__(self) -> Batch:
        """Return the next batch, however long it takes to come.

        Raises:
            ConnectorError: what trying again does not mend; or every account is refused.
        """
        self.took()
        while not self._waiting:
            await self._look()
        rows = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        watch = cast("_Watch", self._looked)
        self._handed = Batch(watch.name, rows, last=not self._waiting)
        return self._handed

    def took(self, count: int | None = None) -> None:
        """Count the first rows of the batch handed out last as taken, all by default; the others will come again."""
        batch, self._handed = self._handed, None
        if batch is None or self._looked is None:
            return
        taken = batch.rows if count is None else batch.rows[:count]
        self._looked.tail.deliver(taken)
        self._waiting.extendleft(reversed(batch.rows[len(taken) :]))
        if not self._waiting:
            self._looked.tail.settle(self._floor)

    def bookmark(self) -> dict[str, Any]:
        """Return, as JSON knows it, what a later follower needs to go on: every row taken so far is behind it."""
        followed = {watch.name: watch.tail.to_document() for watch in self._watches}
        return {"version": BOOKMARK_VERSION, "about": self._about, "accounts": self._kept | followed}

    # Looks ------------------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        """Wait until the account that is due next may be looked at, and look."""
        if not self._watches:
            await self._introduce()
            return
        watch = min(self._watches, key=lambda candidate: candidate.due)
        now = self._client.clock.now()
        wait = max(watch.due - now, 0.0 if watch.behind else self._budget.wait(now))
        if wait > 0:
            self.listener.waiting()
            await self._client.clock.sleep(wait)
        before = self._reads
        try:
            await self._read(watch)
        except ApiError as error:
            self._spend(before)
            self._failed(watch, error)
        else:
            self._spend(before)
            self._succeeded(watch.name)

    async def _introduce(self) -> None:
        """Learn whose the key is, and what time it is at Stripe's; then everything is due at once."""
        accounts = self.options.accounts
        before = self._reads
        try:
            identity = await identify(self._client, account=accounts[0] if len(accounts) == 1 else None)
        except ConnectorError as error:
            self._failures += 1
            if not (error.retryable or (isinstance(error, ProtocolError) and self._failures < BROKEN_ANSWERS)):
                raise
            self._trouble("", error)
            await self._client.clock.sleep(wait_after_failure(self._failures, jitter=self._client.clock.jitter()))
            return
        finally:
            self._spend(before)
        self._set_clock()
        now = self._client.clock.now()
        since, today = self.options.first_second, self._now()
        present = min(today, self._machines())
        for account in accounts:
            name = account or identity.account
            if any(watch.name == name for watch in self._watches):  # the key's own account, named once more by its id
                continue
            if (kept := self._kept.get(name)) is not None:
                tail = Tail.from_document(kept)
            elif since is None:
                tail = Tail(max(0, present - self.options.look_back), begins=today)
            else:
                tail = Tail(since)
            source = ListSource(self._client, query_of(self.options, account))
            self._watches.append(_Watch(source, name, tail, due=now, eventful=now))
        self._succeeded("")

    async def _read(self, watch: _Watch) -> None:
        """Read the next seconds of an account, and line up the new rows among them."""
        present = min(self._now(), max(self._machines(), watch.newest))
        settled = present - self.options.look_back
        window = watch.stride.window(watch.tail.floor, settled)
        most = watch.stride.most(window, settled)
        rows = await self._rows(watch, window, most)
        self._set_clock()
        now = self._client.clock.now()
        watch.failures = watch.broken = 0
        if rows is None:
            watch.stride, watch.behind, watch.due = watch.stride.too_long(window), True, now
            return
        watch.newest = max([watch.newest, *(row["created"] for row in rows)])
        if len(self._watches) > 1:
            self._claims.take(watch.name, ids_of(rows))
        new = watch.tail.arrived(rows, window)
        watch.stride = watch.stride.after(window, len(rows))
        watch.behind = window.stop < END_OF_TIME
        self._looked, self._floor = watch, min(window.stop, settled)
        self._waiting.extend(new)
        if new:
            watch.eventful = now
        else:
            watch.tail.settle(self._floor)
        quiet = now - watch.eventful
        wait = wait_between_looks(quiet, least=self.options.interval, longest=self.options.longest_wait)
        watch.due = now if watch.behind else now + wait

    async def _rows(self, watch: _Watch, window: Interval, most: float) -> list[Row] | None:
        """Return the rows of a window that were not delivered; None when there are more than `most`."""
        rows: list[Row] = []
        enough = anyio.CancelScope()

        async def receive(got: Received) -> None:
            rows.extend(watch.tail.unseen(got.rows))
            if len(rows) > most:
                enough.cancel()

        with enough:
            await Scan(watch.source, Frontier(Intervals((window,))), receive).run()
        return None if len(rows) > most else rows

    # What goes wrong --------------------------------------------------------------------------------------------------

    def _failed(self, watch: _Watch, error: ApiError) -> None:
        """Have the look tried again later, or leave the account out.

        Raises:
            ApiError: neither helps.
        """
        watch.failures += 1
        watch.broken = watch.broken + 1 if isinstance(error, ProtocolError) else 0
        if error.retryable or 0 < watch.broken < BROKEN_ANSWERS:
            wait = wait_after_failure(watch.failures, jitter=self._client.clock.jitter())
            watch.due = self._client.clock.now() + wait
            error.account = error.account or watch.name
            watch.behind = False  # a server that fails is not asked more often than the budget has it
            self._trouble(watch.name, error)
            return
        if isinstance(error, AuthenticationError) or self.options.fail_fast or len(self.options.accounts) == 1:
            raise error
        error.account = error.account or watch.name
        self.refused[watch.name] = error
        self.listener.refused(watch.name, error)
        self._watches.remove(watch)
        self._kept[watch.name] = watch.tail.to_document()
        self._succeeded(watch.name)
        if not self._watches:
            raise error
        without_frames(error)

    def _trouble(self, name: str, error: ConnectorError) -> None:
        if not self._lost:
            self.listener.lost(error)
        self._lost.add(name)

    def _succeeded(self, name: str) -> None:
        if name in self._lost:
            self._lost.remove(name)
            if not self._lost:
                self.listener.back()

    # Time and reads ---------------------------------------------------------------------------------------------------

    @property
    def _reads(self) -> int:
        """Requests so far that Stripe has answered, and counted."""
        statuses = self._client.meter.statuses
        return sum(statuses.values()) - statuses.get(0, 0)

    def _spend(self, before: int) -> None:
        rows = len(self._waiting)
        self._budget = self._budget.spend(self._reads - before, rows=rows, now=self._client.clock.now())

    def _set_clock(self) -> None:
        """Learn how far Stripe's clock is ahead of ours: too little rather than too much, by what its answer took."""
        machine, elapsed = self._client.clock.utc(), self._client.clock.now()
        self._ahead = (self._client.server_now or machine) - elapsed
        self._machine_ahead = machine - elapsed

    def _now(self) -> int:
        """Return UTC seconds by Stripe's clock."""
        return floor(self._client.clock.now() + self._ahead)

    def _machines(self) -> int:
        """Return UTC seconds by the machine's clock.

        Where Stripe's is ahead of it, only a row shows that time has come: what was passed over is never read.
        """
        return floor(self._client.clock.now() + self._machine_ahead)

    @property
    def _about(self) -> dict[str, Any]:
        """What rows are followed, whoever's they are: a bookmark is good for these only."""
        filters = {name: value for name, value in sorted(self.options.filters.items()) if value is not None}
        return {"filters": filters, "livemode": self._client.config.api_key.livemode}


def _accounts_kept(bookmark: Mapping[str, Any] | None, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a bookmark says of each account.

    Raises:
        ConfigError: it is none, or about other rows.
    """
    if bookmark is None:
        return {}
    accounts = bookmark.get("accounts")
    if bookmark.get("version") != BOOKMARK_VERSION or not isinstance(accounts, dict):
        raise ConfigError("the bookmark is not one this version wrote")
    if bookmark.get("about") != about:
        raise ConfigError(
            "the bookmark is about other rows: it was kept with other filters, or with a key of another mode"
        )
    kept = cast("dict[str, Any]", accounts)
    for document in kept.values():
        Tail.from_document(document)
    return dict(kept)
