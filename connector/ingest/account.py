"""One account's part of a run: whose rows these are, what the lake lacks of them, and what became of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from connector.accounts.choice import Guest, at_home, introduced, keep_account
from connector.core.account_failures import OWN
from connector.core.api.allocation import MONTH
from connector.core.api.page_size import PAGE_SIZE
from connector.core.api.permissions import is_of_account
from connector.core.planning.coverage.plan import Plan, rows_between
from connector.core.planning.rereading.mended import Audit, Healed
from connector.core.planning.survey.expected import Expected
from connector.core.run_report import AccountReport, holdings_of
from connector.core.state.account_record import Refusal
from connector.core.state.partition import checked_account
from connector.core.state.tables import TRANSACTIONS
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.errors import PermissionDeniedError, StorageError
from connector.events import PhaseStarted
from connector.ingest.account_plan import AccountWork, work_for
from connector.ingest.account_rereading import AccountRereading
from connector.ingest.account_rows import AccountRows
from connector.ingest.audit import PastAudit
from connector.lake.reading.unnamed_files import beside
from connector.lake.state.lake_identity import LakeFacts, save_account
from connector.lake.writing.rewrite import StaleFileError
from connector.stripe.listing.probing import expect

if TYPE_CHECKING:
    from connector.core.state.unnamed import Unnamed
    from connector.errors import ConnectorError
    from connector.ingest.context import SyncContext
    from connector.stripe.identity import Identity


@dataclass(slots=True)
class AccountRun:
    """One account's part of a run.

    Attributes:
        shared: what it has in common with the others.
        account: connected account to read, or None for the key's own.
        introduced: set once it is known whose rows these are and what is to be read, or that this cannot be known.
        beside: files in the account's folder that no record names, as they were found at the end.
    """

    shared: SyncContext
    account: str | None
    introduced: anyio.Event = field(init=False, default_factory=anyio.Event)
    beside: tuple[Unnamed, ...] = field(init=False, default=())
    _rows: AccountRows = field(init=False)
    _again: AccountRereading = field(init=False)
    _work: AccountWork = field(init=False)
    _expected: Expected | None = field(init=False, default=None)
    _audit: Audit = field(init=False, default_factory=Audit)

    def __post_init__(self) -> None:
        self._rows = AccountRows(self.shared, self.account)
        self._again = AccountRereading(self._rows)
        self._work = AccountWork(Plan(Intervals((self.shared.options.asked,))))  # until the lake's state is known

    async def go(self) -> None:
        """Plan, read, write; a dry run only plans.

        Raises:
            ConnectorError: what ended it; what was complete by then is published.
        """
        shared = self.shared
        try:
            if shared.options.dry_run or not shared.destination.new:
                await self._prepare()
            else:
                await self._introduce()
        finally:
            self.introduced.set()
        if shared.options.dry_run:
            self._again.damaged = len(self._work.lost) + len(self._work.left)
            await self._expect()
            return
        if not self._take():
            return
        shared.services.on_event(PhaseStarted("reading"))
        self._work = await self._again.fill_first(self._work)
        await self._rows.read(self._work)
        await self._again.mend(self._work)
        await self._again.fill()
        await self._again.backfill()
        await self._look_beside()

    @property
    def turn(self) -> int | None:
        """When the account last had its turn to be asked about again, UTC seconds; None where it has no past yet.

        What is known to be damaged is not asked about either: it has to be mended first.
        """
        began_with = self._work.state
        if began_with is None or self._rows.state is None or self._again.damaged or not began_with.covered:
            return None
        return self._rows.state.audits.turn

    @property
    def recent_rows(self) -> int:
        """Rows of the time that Stripe's read allocation counts, about: as if those of a file came evenly."""
        if self._rows.state is None:
            return 0
        since = (self._rows.identity.now if self._rows.identity else 0) - MONTH
        return int(rows_between(self._rows.state, Interval(max(0, since), END_OF_TIME)))

    async def audit(self, requests: int) -> None:
        """Ask about the past again, and read again at once what does not agree.

        Args:
            requests: pages to ask for, at most.

        Raises:
            ConnectorError: what ended it; what is known to be lacking is in the state, and the next run reads it.
        """
        identity, state, shared = self._rows.identity, self._rows.state, self.shared
        if identity is None or state is None:
            return
        past = PastAudit(shared.lake, shared.client, self.account, state, identity.now, shared.services.clock.draw)
        try:
            await past.go(requests)
        except StaleFileError as stale:
            self._again.stale = (*self._again.stale, stale.file)
            await self._again.mend(self._work)
            return
        finally:
            self._audit += Audit.of(past.requests, past.rows, past.differences)
        again = Intervals.of(part for difference in past.differences for part in difference.again)
        await self._again.doubt(past.state, again)
        if past.differences:
            await self._again.settle(past.differences, self._work)

    def report(self, error: ConnectorError | None = None) -> AccountReport | None:
        """Say what was done, so far; None when there is nothing to say.

        Args:
            error: what ended it, if something did.
        """
        written = self._rows.newest_state
        if written is None and error is None and not self.shared.options.dry_run:
            return None
        identity = self._rows.identity
        now = identity.now if identity else END_OF_TIME
        asked = self.shared.options.asked
        state = written or self._work.state
        return AccountReport(
            account=identity.account if identity else self.account or "",
            error=None if error is None else str(error),
            asked=(asked.start, min(asked.stop, now)),
            fetched=self._work.plan.todo.within(Interval(0, max(1, now))).pairs,
            files_damaged=self._again.damaged,
            healed=Healed(self._rows.mended.files, self._rows.mended.rows),
            rows_lost=self._rows.mended.gone,
            expected=self._expected,
            lacking=self._rows.lacking_of(state).pairs,
            audit=self._audit,
            **({} if state is None else holdings_of(state)),
            **({} if written is None else self._rows.found.facts(now)),
        )

    async def reached(self) -> None:
        """Take note that the account is not refused any more, if it was."""
        record = self._rows.record
        if record is not None and record.refused is not None and not self.shared.options.dry_run:
            self._rows.record = replace(record, refused=None)
            await anyio.to_thread.run_sync(save_account, self.shared.lake.store, self._rows.record)

    async def refused(self, error: ConnectorError) -> None:
        """Take note that an account of the lake cannot be reached, and since when.

        That is for `status` to tell: where it cannot be written, nothing is lost.

        Args:
            error: what ended its reading.
        """
        shared, name = self.shared, self._rows.identity.account if self._rows.identity else self.account
        gone = isinstance(error, PermissionDeniedError) and is_of_account(error)
        if not gone or name is None or shared.options.dry_run or name not in shared.destination.facts.accounts:
            return
        with suppress(StorageError):
            facts = await shared.destination.come_to()
            record = self._rows.record or facts.record_of(checked_account(name))
            if record.refused is None:
                since = shared.client.server_now or shared.client.clock.utc()
                noted = replace(record, refused=Refusal(since, error.message))
                await anyio.to_thread.run_sync(save_account, shared.lake.store, noted)

    @property
    def name(self) -> str:
        """The account, as far as it is known."""
        return self._rows.identity.account if self._rows.identity else self.account or OWN

    # Steps ------------------------------------------------------------------------------------------------------------

    async def _prepare(self) -> None:
        """Learn whose lake it is and what it lacks."""
        options, lake = self.shared.options, self.shared.lake
        self._rows.identity = await self._identify()
        self.shared.destination.lease.about(self._rows.identity.account)
        facts = await self.shared.destination.come_to(writes=not options.dry_run)
        identity = self._rows.identity = await self._settle_in(facts, self._rows.identity)
        if self._rows.record is not None and not options.dry_run:
            await anyio.to_thread.run_sync(keep_account, lake.store, facts, self._rows.record)
        self._work = await anyio.to_thread.run_sync(
            work_for, lake, options, identity.account, identity.now, self.shared.allowance
        )
        self._rows.doubted = self._work.state.audits.lacking if self._work.state else Intervals()

    async def _look_beside(self) -> None:
        """Look for files in the account's folder that no record names: whoever reads all files takes them, too."""
        state = self._rows.newest_state or self._work.state
        if state is not None:
            look = partial(beside, self.shared.lake.store, TRANSACTIONS, state.account, state.recorded.files)
            self.beside = await anyio.to_thread.run_sync(partial(look, suspected=self._work.beside))

    async def _introduce(self) -> None:
        """Learn whose rows these are, for a lake that does not exist yet: there is nothing to subtract.

        The first page of a run may have been answered before the account was, maybe long before: what counts as the
        present is what could be seen then.
        """
        client = self.shared.client
        began = client.server_now if self.shared.taken else None
        identity = await self._identify()
        now = min(identity.now, began or client.server_began or identity.now)
        identity = await self._settle_in(LakeFacts(), identity)
        self._rows.identity = replace(identity, now=now, sure=min(identity.sure, now))

    async def _settle_in(self, facts: LakeFacts, identity: Identity) -> Identity:
        """Return the account under its name in the lake."""
        guest = Guest(identity, self.account, self.shared.options.account_id)
        self.shared.destination.lease.about(identity.account)
        identity, self._rows.record = await at_home(self.shared.client, self.shared.lake.store, facts, guest)
        return identity

    async def _expect(self) -> None:
        """Learn from a few pages what reading is going to take."""
        identity, shared, plan = self._rows.identity, self.shared, self._work.plan
        if identity is not None:
            query = shared.options.query(self.account)
            todo = plan.todo.minus(plan.refresh)
            expected = await expect(
                shared.client, query, todo, begun=identity.created, now=identity.now, few=shared.options.several
            )
            again = len(plan.refresh.parts)  # about a page each
            self._expected = expected + Expected(again * PAGE_SIZE, again, exact=not again)

    def _take(self) -> bool:
        """Say whether the account is ours to read: nobody else of this run does, under whatever name."""
        name = self._rows.identity.account if self._rows.identity else None
        if name is None or name in self.shared.taken:
            return False
        self.shared.taken.add(name)
        return True

    async def _identify(self) -> Identity:
        """Learn whose rows these are."""
        options = self.shared.options
        created = self.shared.listed.get(self.account or "")
        met = options.several and self.account in self.shared.destination.facts.accounts
        known = met or created is not None
        return await introduced(
            self.shared.client, self.account, account_id=options.account_id, known=known, created=created or 0
        )
