"""One account's past asked about again: what was newly covered is looked at, pages are asked for and compared."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from connector.core.api.page import StrictOrder, created_of, decode_page, ids_of
from connector.core.planning.audit import audit, suspects
from connector.core.planning.audit.audit import AuditStretch, Difference, Target
from connector.core.time.intervals import Interval, Intervals
from connector.errors import ProtocolError, RateLimitError, ServerError, TransportError
from connector.lake.reading.rows_within import files_within, profile_of, rows_of
from connector.running.concurrency import in_turn
from connector.stripe.listing.place import Place
from connector.stripe.listing.query import ListSource, Query

if TYPE_CHECKING:
    from connector.core.planning.audit.sampling import Draw
    from connector.core.state.audited import Suspect
    from connector.core.state.table_state import TableState
    from connector.lake.layout import Lake
    from connector.stripe.client import Client

AT_ONCE = 8
"""Pages asked for at once."""


@dataclass(frozen=True, slots=True)
class _Question:
    """A window to ask about, and what the lake holds of it: `created` and id of every row of the files it touches."""

    target: Target
    window: Interval
    held: list[tuple[int, str]]


@dataclass(slots=True)
class PastAudit:
    """One account's turn.

    Attributes:
        lake: where its files are.
        client: whom to ask.
        account: connected account to ask as, or None for the key's own.
        state: the state; in the end, with what was witnessed.
        now: UTC seconds.
        draw: chance.
        requests: pages asked for.
        rows: rows compared.
        differences: what does not agree.
    """

    lake: Lake
    client: Client
    account: str | None
    state: TableState
    now: int
    draw: Draw
    requests: int = field(init=False, default=0)
    rows: int = field(init=False, default=0)
    differences: list[Difference] = field(init=False, default_factory=list[Difference])
    _witnessed: list[Target] = field(init=False, default_factory=list[Target])

    async def go(self, requests: int) -> None:
        """Look, ask and compare.

        A server that fails for the moment ends it early: nothing is known to be lost, and the next run asks.

        Args:
            requests: pages to ask for, at most.

        Raises:
            StaleFileError: a file is not as it was written.
            ApiError: an answer breaks the contract, or the request is refused.
            StorageError: a file cannot be read.
        """
        questions = await anyio.to_thread.run_sync(self._prepared, requests)
        source = ListSource(self.client, Query(account=self.account), decode=decode_page)
        with suppress(RateLimitError, ServerError, TransportError):
            await in_turn(questions, lambda question: self._ask(source, question), at_once=AT_ONCE)
        self.state = audit.witnessed(self.state, self._witnessed, now=self.now)

    def _prepared(self, requests: int) -> list[_Question]:
        """Look at what was newly covered, choose, and read what the lake holds. Blocks."""
        for region in suspects.to_look_at(self.state):
            suspected = self._suspects_in(region)
            self.state = replace(self.state, audits=suspects.looked_at(self.state.audits, region, suspected))
        targets = audit.choose(self.state, requests, self.draw, self._created)
        return [self._question(target) for target in targets]

    def _created(self, stretch: AuditStretch) -> list[int]:
        return [second for second, _ in rows_of(self.lake.store, self.lake.form, stretch.files)]

    def _suspects_in(self, region: Interval) -> list[Suspect]:
        wider = suspects.around(self.state, region)
        files = files_within(self.state, Intervals((wider,)))
        profile = profile_of(self.lake.store, self.lake.form, files)
        return suspects.suspects_in(self.state, profile, region)

    def _question(self, target: Target) -> _Question:
        window = audit.window_around(self.state.covered, target.seconds.start, target.seconds.stop, self.draw)
        files = files_within(self.state, Intervals((window,)))
        return _Question(target, window, rows_of(self.lake.store, self.lake.form, files))

    async def _ask(self, source: ListSource, question: _Question) -> None:
        window = question.window
        self.requests += 1
        page = await source.page(window, Place(fresh=True), urgency=lambda: 0.0)
        rows = StrictOrder(window).admit(page)
        if page.has_more and not rows:
            raise ProtocolError("an empty page that promises more rows; try again later", request_id=page.request_id)
        listed = list(zip(created_of(rows), ids_of(rows), strict=True))
        self.rows += len(listed)
        seen = audit.seen_of(question.target.seconds, listed, has_more=page.has_more)
        self._witnessed.append(replace(question.target, seconds=seen))
        source.events.received(page, created_of(rows), pages_left=0.0)
        difference = audit.compare(self.state, window, listed, question.held, has_more=page.has_more)
        if difference is not None:
            self.differences.append(difference)
