"""One account's part of a run: whose rows these are, what the lake lacks of them, and what became of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil, inf
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from connector.accounts.choice import Guest, at_home, introduced, keep_account
from connector.core.account_failures import OWN
from connector.core.api.allocation import MONTH
from connector.core.api.permissions import is_of_account
from connector.core.planning.audit import doubted
from connector.core.planning.backfill import next_bare
from connector.core.planning.expected import PAGE, Expected
from connector.core.planning.mended import Audit, Healed
from connector.core.planning.plan import NOTHING, Plan, bounds_of, touched_files
from connector.core.planning.rereading import affordable, completing, rereading
from connector.core.run_report import AccountReport, holdings_of
from connector.core.state.account_record import Refusal
from connector.core.state.data_file import parked_seconds
from connector.core.state.partition import checked_account
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.errors import PermissionDeniedError, StorageError
from connector.events import PhaseStarted
from connector.ingest.account_pass import Found, Lap
from connector.ingest.account_plan import Work, lost_files, mending, work_for
from connector.ingest.audit import PastAudit
from connector.lake.reading.held import ids_within
from connector.lake.reading.loss import Mended, mended
from connector.lake.state import table_states
from connector.lake.state.lake_identity import LakeFacts, save_account
from connector.lake.writing.rewrite import StaleFileError
from connector.stripe.listing.probing import expect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.planning.audit import Difference
    from connector.core.state.account_record import AccountRecord
    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState
    from connector.errors import ConnectorError
    from connector.ingest.account_pass import Shared
    from connector.stripe.identity import Identity

MENDINGS = 2
"""Times that a run reads again, at its end, what was lost while it ran."""


BEYOND = 16
"""Pages that reading rows again may take beyond twice what their number says: windows end within pages."""


@dataclass(slots=True)
class AccountRun:
    """One account's part of a run.

    Attributes:
        shared: what it has in common with the others.
        account: connected account to read, or None for the key's own.
        introduced: set once it is known whose rows these are and what is to be read, or that this cannot be known.
    """

    shared: Shared
    account: str | None
    introduced: anyio.Event = field(init=False, default_factory=anyio.Event)
    _identity: Identity | None = field(init=False, default=None)
    _record: AccountRecord | None = field(init=False, default=None)
    _work: Work = field(init=False)
    _lap: Lap | None = field(init=False, default=None)
    _state: TableState | None = field(init=False, default=None)
    _found: Found = field(init=False, default_factory=Found)
    _mended: Mended = field(init=False, default_factory=Mended)
    _damaged: int = field(init=False, default=0)
    _expected: Expected | None = field(init=False, default=None)
    _written: frozenset[str] = field(init=False, default=frozenset())
    _stale: tuple[DataFile, ...] = field(init=False, default=())
    _counted: Intervals = field(init=False, default_factory=Intervals)
    _doubted: Intervals = field(init=False, default_factory=Intervals)
    _audit: Audit = field(init=False, default_factory=Audit)

    def __post_init__(self) -> None:
        self._work = Work(Plan(Intervals((self.shared.options.asked,))))  # until the lake's state is known

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
            self._damaged = len(self._work.lost) + len(self._work.left)
            await self._expect()
            return
        if not self._take():
            return
        shared.services.on_event(PhaseStarted("reading"))
        await self._fill_first()
        await self._read(self._work)
        await self._mend()
        await self._fill()
        await self._backfill()

    @property
    def turn(self) -> int | None:
        """When the account last had its turn to be asked about again, UTC seconds; None where it has no past yet.

        What is known to be damaged is not asked about either: it has to be mended first.
        """
        began_with = self._work.state
        if began_with is None or self._state is None or self._damaged or not began_with.covered:
            return None
        return self._state.audits.turn

    @property
    def recent_rows(self) -> int:
        """Rows of the account's files that hold nothing older than what Stripe's read allocation counts."""
        since = (self._identity.now if self._identity else 0) - MONTH
        files = self._state.files.values() if self._state else ()
        return sum(file.rows for file in files if file.first_created >= since)

    async def audit(self, requests: int) -> None:
        """Ask about the past again, and read again at once what does not agree.

        Args:
            requests: pages to ask for, at most.

        Raises:
            ConnectorError: what ended it; what is known to be lacking is in the state, and the next run reads it.
        """
        identity, state, shared = self._identity, self._state, self.shared
        if identity is None or state is None:
            return
        past = PastAudit(shared.lake, shared.client, self.account, state, identity.now)
        try:
            await past.go(requests)
        except StaleFileError as stale:
            self._stale = (*self._stale, stale.file)
            await self._mend()
            return
        finally:
            self._audit += Audit.of(past.requests, past.rows, past.differences)
        again = Intervals.of(part for one in past.differences for part in one.again)
        await self._doubt(past.state, again)
        if past.differences:
            await self._settle(past.differences)

    def report(self, error: ConnectorError | None = None) -> AccountReport | None:
        """Say what was done, so far; None when there is nothing to say.

        Args:
            error: what ended it, if something did.
        """
        written = (self._lap.state if self._lap else None) or self._state
        if written is None and error is None and not self.shared.options.dry_run:
            return None
        identity = self._identity
        now = identity.now if identity else END_OF_TIME
        asked = self.shared.options.asked
        state = written or self._work.state
        return AccountReport(
            account=identity.account if identity else self.account or "",
            error=None if error is None else str(error),
            asked=(asked.start, min(asked.stop, now)),
            fetched=_pairs(self._work.plan.todo.within(Interval(0, max(1, now)))),
            files_damaged=self._damaged,
            healed=Healed(self._mended.files, self._mended.rows),
            rows_lost=self._mended.gone,
            expected=self._expected,
            lacking=_pairs(self._lacking_of(state)),
            audit=self._audit,
            **({} if state is None else holdings_of(state)),
            **({} if written is None else self._all_found.facts(now)),
        )

    async def reached(self) -> None:
        """Take note that the account is not refused any more, if it was."""
        record = self._record
        if record is not None and record.refused is not None and not self.shared.options.dry_run:
            self._record = replace(record, refused=None)
            await anyio.to_thread.run_sync(save_account, self.shared.lake.store, self._record)

    async def refused(self, error: ConnectorError) -> None:
        """Take note that an account of the lake cannot be reached, and since when.

        That is for `status` to tell: where it cannot be written, nothing is lost.

        Args:
            error: what ended its reading.
        """
        shared, name = self.shared, self._identity.account if self._identity else self.account
        gone = isinstance(error, PermissionDeniedError) and is_of_account(error)
        if not gone or name is None or shared.options.dry_run or name not in shared.destination.facts.accounts:
            return
        with suppress(StorageError):
            facts = await shared.destination.come_to()
            record = self._record or facts.record_of(checked_account(name))
            if record.refused is None:
                since = shared.client.server_now or shared.client.clock.utc()
                noted = replace(record, refused=Refusal(since, error.message))
                await anyio.to_thread.run_sync(save_account, shared.lake.store, noted)

    @property
    def name(self) -> str:
        """The account, as far as it is known."""
        return self._identity.account if self._identity else self.account or OWN

    # Steps ------------------------------------------------------------------------------------------------------------

    async def _prepare(self) -> None:
        """Learn whose lake it is and what it lacks."""
        options, lake = self.shared.options, self.shared.lake
        self._identity = await self._identify()
        self.shared.destination.lease.about(self._identity.account)
        facts = await self.shared.destination.come_to(writes=not options.dry_run)
        identity = self._identity = await self._settle_in(facts, self._identity)
        if self._record is not None and not options.dry_run:
            await anyio.to_thread.run_sync(keep_account, lake.store, facts, self._record)
        self._work = await anyio.to_thread.run_sync(
            work_for, lake, options, identity.account, identity.now, self.shared.allowance
        )
        self._doubted = self._work.state.audits.lacking if self._work.state else Intervals()

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
        self._identity = replace(identity, now=now, sure=min(identity.sure, now))

    async def _settle_in(self, facts: LakeFacts, identity: Identity) -> Identity:
        """Return the account under its name in the lake."""
        guest = Guest(identity, self.account, self.shared.options.account_id)
        self.shared.destination.lease.about(identity.account)
        identity, self._record = await at_home(self.shared.client, self.shared.lake.store, facts, guest)
        return identity

    async def _expect(self) -> None:
        """Learn from a few pages what reading is going to take."""
        identity, shared, plan = self._identity, self.shared, self._work.plan
        if identity is not None:
            query = shared.options.query(self.account)
            todo = plan.todo.minus(plan.refresh)
            found = await expect(
                shared.client, query, todo, begun=identity.created, now=identity.now, few=shared.options.several
            )
            again = len(plan.refresh.parts)  # about a page each
            self._expected = found + Expected(again * PAGE, again, exact=not again)

    def _take(self) -> bool:
        """Say whether the account is ours to read: nobody else of this run does, under whatever name."""
        name = self._identity.account if self._identity else None
        if name is None or name in self.shared.taken:
            return False
        self.shared.taken.add(name)
        return True

    async def _read(self, work: Work, *, most: float = inf) -> int:
        """Read and write what is to be read, and count what of the lost files is there again.

        Args:
            work: what is to be read.
            most: pages to read; the rest stays uncovered.

        Returns:
            The pages read.
        """
        work = replace(work, counted=self._counted)
        lap = self._lap = Lap(self.shared, self.account, work, self._record, most)
        await lap.go(self._identity)
        self._counted = self._counted.union(lap.durable)
        self._doubted = self._doubted.minus(lap.claimed)
        self._state, self._found, self._lap = lap.state, self._all_found, None
        self._written |= lap.written
        if work.lost and self._state is not None:
            lake = self.shared.lake
            self._mended += await anyio.to_thread.run_sync(mended, lake.store, lake.form, work.lost, self._state)
        return lap.pages

    async def _mend(self) -> None:
        """Look at every file once more, and read again what was lost meanwhile, this run's own files included.

        What cannot be had again is counted.
        """
        left: tuple[DataFile, ...] = self._work.left
        for attempt in range(MENDINGS + 1):
            lost = await self._lost_meanwhile(left)
            if not lost or attempt == MENDINGS or self._state is None:
                self._damaged = len(lost) + len(left)
                return
            again, more = self.shared.allowance.share_out(lost)
            left = (*left, *more)
            if again:
                await self._read(mending(self._state, again))

    async def _settle(self, differences: Sequence[Difference]) -> None:
        """Read again what an answer and the lake do not agree on; a row that was seen has to be there in the end."""
        seen = {name: one.again for one in differences for name in one.missing}
        for _ in range(MENDINGS):
            await self._fill()
            if self._state is None or self._lacking_of(self._state):
                return
            seconds = Intervals.of(part for again in seen.values() for part in again)
            there = await self._ids_within(seconds)
            seen = {name: again for name, again in seen.items() if name not in there}
            if not seen:
                return
            await self._doubt(self._state, Intervals.of(part for again in seen.values() for part in again))
        self._mended += Mended(gone=len(seen))
        await self._fill()

    async def _ids_within(self, seconds: Intervals) -> set[str]:
        """Return the ids of the rows of some seconds; files that others have replaced meanwhile are theirs.

        Raises:
            StaleFileError: a file is not as it was written, and reading it again did not help.
        """
        lake = self.shared.lake
        for attempt in range(MENDINGS + 1):
            if self._state is None:
                break
            try:
                return await anyio.to_thread.run_sync(ids_within, lake.store, lake.form, self._state, seconds)
            except StaleFileError as stale:
                if attempt == MENDINGS:
                    raise
                self._stale = (*self._stale, stale.file)
                await self._mend()
        return set()

    async def _doubt(self, state: TableState, seconds: Intervals) -> None:
        """Let the state say that rows are lacking; of seconds that are not covered, a run says nothing."""
        self._doubted = self._doubted.union(seconds.both(state.covered))
        await self._keep(doubted(state, seconds))

    async def _fill_first(self) -> None:
        """Read what an earlier run left lacking of partitions that readers see, before anything newer is visible.

        What this run reads in any case is left to it, lost files are read again as a whole.
        """
        work = self._work
        if work.state is None or not work.state.audits.lacking:
            return
        whole = Intervals.of(bounds_of(file, work.state.partition) for file in (*work.lost, *work.left))
        self._state = work.state
        await self._fill(but_for=work.plan.todo.union(whole))
        self._work = replace(work, state=self._state)

    async def _fill(self, *, but_for: Intervals = NOTHING) -> None:
        """Read what is known to be lacking, as far as what a run may spend on that goes."""
        state, allowance = self._state, self.shared.allowance
        lacking = NOTHING if state is None else state.audits.lacking.minus(but_for)
        if state is None or not lacking or allowance.requests < 1:
            return
        unread = lacking.minus(parked_seconds(state.parked.values()))
        work = Work(rereading(state, unread, read_before=state.covered.union(lacking)), state)
        touched = touched_files(state, unread)
        if len(affordable(touched, allowance.requests)[0]) < len(touched):
            work = replace(work, plan=replace(work.plan, in_part=()))  # what takes several runs holds nothing up
        before = self._found.tally.new
        pages = await self._read(work, most=allowance.requests)
        allowance.spend(pages)
        self._mended += Mended(rows=self._found.tally.new - before)

    async def _backfill(self) -> None:
        """Read rows again for what the lake expands now, as far as what a run may spend on that goes."""
        shared, state = self.shared, self._state
        while shared.options.backfill and state is not None and shared.backfill.requests >= 1:
            chosen, cost = next_bare(state, shared.options.asked, shared.backfill.requests)
            if not chosen:
                await self._keep(replace(state, bare=Intervals()) if not state.bare_rows else state)
                return
            shared.backfill.spend(ceil(cost))
            work = Work(Plan(completing(state, chosen), read_before=state.covered), state)
            await self._read(work, most=2 * ceil(cost) + BEYOND)
            before, state = state, self._state
            if state is not None and state.bare == before.bare:  # others are at it
                return

    async def _keep(self, state: TableState) -> None:
        """Write the state if it says something new."""
        if state != self._state:
            commit = partial(table_states.commit, self.shared.lake.store, state, run=self.shared.run_id)
            self._state = await anyio.to_thread.run_sync(commit)

    async def _lost_meanwhile(self, left: tuple[DataFile, ...]) -> list[DataFile]:
        state = self._state
        if state is None:
            return []
        since, known = self._work.since, {file.path for file in left}
        trusted = self._written.difference(one.path for one in self._stale)
        look = partial(lost_files, self.shared.lake, state, since, trusted)
        self._state, found = await anyio.to_thread.run_sync(look)
        state = self._state
        stale = [file for file in map(state.files.get, (one.path for one in self._stale)) if file is not None]
        known_as = {one.sha256 for one in self._stale}  # what another run has replaced meanwhile is not lost
        stale, self._stale = [one for one in stale if one.sha256 in known_as], ()
        return [file for file in {one.path: one for one in (*found, *stale)}.values() if file.path not in known]

    def _lacking_of(self, state: TableState | None) -> Intervals:
        """Return the seconds found lacking, or known to be at first, and not read since: others read what they find."""
        return state.audits.lacking.both(self._doubted) if state else Intervals()

    @property
    def _all_found(self) -> Found:
        return self._found + self._lap.found if self._lap else self._found

    async def _identify(self) -> Identity:
        """Learn whose rows these are."""
        options = self.shared.options
        met = self.shared.destination.facts.accounts if options.several else ()
        return await introduced(self.shared.client, self.account, account_id=options.account_id, met=met)


def _pairs(intervals: Intervals) -> tuple[tuple[int, int], ...]:
    return tuple((part.start, part.stop) for part in intervals)
