"""One account's payouts, into a lake: read what may be new, write it, then list the transactions of what is complete.

plan → payouts → files → record → transactions → files → record. Data files come first, the record last, so what the
record says is in durable files.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from connector.accounts.choice import Guest, at_home, introduced, keep_account
from connector.core.account_failures import OWN
from connector.core.counting import counted
from connector.core.privacy import Privacy
from connector.core.state.claims import Claims
from connector.core.state.data_file import day_of
from connector.core.state.payouts import SETTLE, Payout, days_due, likely_starts, plan_payouts
from connector.core.state.payouts_record import (
    COLUMNS,
    PAYOUTS,
    TRANSACTIONS,
    PayoutsRecord,
    payouts_folder,
    transactions_folder,
)
from connector.core.state.tables import PAYOUTS as SPEC
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.errors import ConnectorError, InvalidRequestError, ProtocolError
from connector.events import AccountIdentified, PartitionStaged, PhaseStarted, StepDone
from connector.lake.reading.unnamed_files import beside
from connector.lake.state.commits import Commits
from connector.lake.state.file_check import changed_files
from connector.lake.state.lake_identity import load_payouts
from connector.lake.state.table_states import options_of
from connector.lake.writing.payout_files import Listed, stage_payouts, stage_transactions
from connector.lake.writing.small_tables import small_table
from connector.payouts.book import Book
from connector.payouts.report import AccountPayoutsReport
from connector.running.concurrency import in_turn
from connector.stripe.payouts import fetch_payouts, transactions_of
from connector.tables.hidden import hidden_columns

if TYPE_CHECKING:
    from collections.abc import Collection

    from connector.core.api.page import Row
    from connector.core.state.payouts import DayDue, PayoutsPlan
    from connector.core.state.unnamed import Unnamed
    from connector.core.units import AccountId
    from connector.lake.state.destination import RunDestination
    from connector.lake.writing.rewrite import PartitionRewrite, StagedFile
    from connector.lake.writing.small_tables import SmallTable
    from connector.services import Services
    from connector.stripe.client import Client
    from connector.stripe.identity import Identity

AT_ONCE = 24
"""Payouts listed, or retrieved, at once for one account; the pace holds their requests back further."""

MOST_REFUSED = 20
"""Payouts whose lists are refused, or are not what was asked for, after which no more of them are asked for."""

WRITERS = 4
"""Files written at once: one waits for the disk while another is encoded."""


@dataclass(slots=True)
class PayoutsContext:
    """What the accounts of a run have in common.

    Attributes:
        services: what the run touches.
        client: whom to ask.
        asked: seconds of `created` of the payouts asked for.
        destination: where the run writes, and what was there when it began.
        full_refresh: list again what the lake has.
        met: accounts that have said who they are in an earlier run; none where only one is asked.
        taken: accounts that somebody of this run works on or has worked on.
        claims: whose each payout is.
        threads: where files are read and written, for all accounts together.
    """

    services: Services
    client: Client
    asked: Interval
    destination: RunDestination
    full_refresh: bool
    met: Collection[str]
    taken: set[AccountId] = field(default_factory=set["AccountId"])
    claims: Claims = field(default_factory=Claims)
    threads: anyio.CapacityLimiter = field(init=False, default_factory=lambda: anyio.CapacityLimiter(WRITERS))


@dataclass(slots=True)
class AccountPayouts:
    """One account's part of a run.

    Attributes:
        shared: what it has in common with the others.
        account: connected account to read, or None for the key's own.
        account_id: name of the key's own account, where it may not ask for it.
        beside: files in its folders that no record names, as they were found at the end.
    """

    shared: PayoutsContext
    account: str | None
    account_id: str | None
    beside: tuple[Unnamed, ...] = field(init=False, default=())
    _identity: Identity | None = field(init=False, default=None)
    _book: Book | None = field(init=False, default=None)
    _again: set[str] = field(init=False, default_factory=set[str])
    _privacy: Privacy = field(init=False, default_factory=Privacy)

    @property
    def name(self) -> str:
        """The account, as far as it is known."""
        return self._identity.account if self._identity else self.account or OWN

    async def go(self) -> None:
        """Bring payouts and transactions home; however it ends, the record names what was written.

        Raises:
            ConnectorError: what ended it; the next run goes on from what the record says.
        """
        shared = self.shared
        identity = self._identity = await introduced(
            shared.client, self.account, account_id=self.account_id, known=self.account in shared.met
        )
        if identity.account in shared.taken:  # under another name
            return
        shared.taken.add(identity.account)
        rows: list[Row] | None = None
        plan = plan_payouts(None, shared.asked, now=identity.now)
        if shared.destination.new:  # a key that may not list payouts makes no lake
            rows, _ = await self._read(plan, identity)
        identity = await self._settle_in(identity)
        book = self._book = await self._opened(identity)
        absent: frozenset[str] = frozenset()
        try:
            if rows is None:
                plan = await book.on_disk(self._planned, book, identity.now)
                rows, absent = await self._read(plan, identity)
            await self._write_payouts(book, plan, (rows, absent), identity)
            await self._list_transactions(book)
        except BaseException:
            with anyio.CancelScope(shield=True), suppress(ConnectorError):  # the first error counts
                await book.commit()
            book.recall()
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await book.commit()
        await book.on_disk(book.commits.end)
        self.beside = await book.on_disk(beside, shared.services.store, SPEC, identity.account, book.record.all_files)

    async def _settle_in(self, identity: Identity) -> Identity:
        """Return the account under its name in the lake, which is held from here on.

        Raises:
            ConfigError: it does not belong there; see `at_home`.
        """
        shared = self.shared
        shared.destination.lease.about(identity.account)
        facts = await shared.destination.come_to()
        guest = Guest(identity, self.account, self.account_id)
        identity, known = await at_home(shared.client, shared.services.store, facts, guest)
        self._identity = identity
        shared.services.on_event(AccountIdentified(self.account, identity.account))
        await anyio.to_thread.run_sync(keep_account, shared.services.store, facts, known)
        return identity

    async def _opened(self, identity: Identity) -> Book:
        """Return the account's record as it is now, opened for changes."""
        shared, store = self.shared, self.shared.services.store
        looked = shared.services.clock.utc()
        there = await anyio.to_thread.run_sync(load_payouts, store, identity.account)
        self._privacy = Privacy.from_lake(await anyio.to_thread.run_sync(options_of, store, identity.account))
        livemode = shared.client.config.api_key.livemode
        new = PayoutsRecord(identity.account, shared.destination.format, livemode=livemode, seen=looked)
        commits = Commits(store, SPEC, identity.account, shared.destination.lease.lease.id)
        if there is not None:
            there = await anyio.to_thread.run_sync(commits.catch_up, there)
        return Book(shared.services, commits, shared.threads, there or new, there, self.account)

    # Payouts ----------------------------------------------------------------------------------------------------------

    def _planned(self, book: Book, now: int) -> PayoutsPlan:
        """Forget files that are not as they were written, and plan. Blocks.

        A run that was killed between a file and the record leaves a file that the record does not know. Files of
        payouts are small: their bytes are compared. Those of transactions are looked at by their size, and by their
        bytes where they are going to be written again.
        """
        store, record = self.shared.services.store, book.record
        lost = changed_files(store, record.files.values())
        lost_lists = changed_files(store, record.transaction_files.values(), full=False)
        record = book.forget([*lost, *lost_lists])
        return plan_payouts(
            record, self.shared.asked, now=now, full_refresh=self.shared.full_refresh, lost=book.lost.seconds
        )

    async def _read(self, plan: PayoutsPlan, identity: Identity) -> tuple[list[Row], frozenset[str]]:
        """Return the payouts planned for, and the ids of those that are not there any more."""
        rows, absent = await fetch_payouts(
            self.shared.client, plan, account=self.account, likely_start=identity.created
        )
        self.shared.claims.take(identity.account, (row["id"] for row in rows))
        return rows, absent

    async def _write_payouts(
        self, book: Book, plan: PayoutsPlan, read: tuple[list[Row], frozenset[str]], identity: Identity
    ) -> None:
        """Write the days of the payouts read, then call the seconds read covered."""
        record, table, (rows, absent) = book.record, self._table(PAYOUTS, book.record), read
        came = {row["id"] for row in rows}
        missing = absent | {
            payout.id for payout in record.payouts.values() if payout.created in plan.todo and payout.id not in came
        }
        days: dict[str, list[Row]] = {}
        for row in sorted(rows, key=lambda row: (row["created"], row["id"])):
            known = record.payouts.get(row["id"])
            if known is not None and known.created != row["created"]:
                raise ProtocolError(f"{row['id']} came with another value of created than before: nothing is kept")
            days.setdefault(payouts_folder(record.account, row["created"]), []).append(row)
        for path, file in record.files.items():
            if table.shows_hidden(file) or record.columns < COLUMNS:
                days.setdefault(path.rpartition("/")[0], [])

        async def write(folder: str) -> None:
            rows = days[folder]

            def make(rewrite: PartitionRewrite) -> StagedFile:
                return stage_payouts(book.services.store, table, rewrite, rows, record.columns)

            staged = await book.stage(table.form, folder, make, payouts=map(Payout.of, rows))
            self._tell(staged)
            counts = staged.counts
            book.counts.update(
                payouts_new=counts.new, payouts_changed=counts.replaced, payouts_unchanged=counts.unchanged
            )

        await in_turn(days, write, at_once=WRITERS)
        book.counts["payouts_disappeared"] = len(missing)
        self._again = came if self.shared.full_refresh else set()
        versions = record.api_versions
        if rows:
            versions = self.shared.client.versions.added_to(versions)
        newest = max(
            [*(row["created"] for row in rows), *(payout.created for payout in record.payouts.values())], default=0
        )
        settled = Intervals.span(0, max(0, identity.present(newest) - SETTLE))
        covered = plan.todo.both(settled)
        book.record = replace(book.record, api_versions=versions)

        def finish(record: PayoutsRecord) -> PayoutsRecord:
            return replace(record, covered=record.covered.union(covered), read_at=identity.now, columns=COLUMNS)

        await book.commit(finish=finish)

    # Transactions -----------------------------------------------------------------------------------------------------

    async def _list_transactions(self, book: Book) -> None:
        """List and write what the lake lacks, day by day of arrival, newest first."""
        again, table = frozenset(self._again), self._table(TRANSACTIONS, book.record)
        lists = book.record.transaction_files.values()
        rewrite = frozenset(day_of(listing.path) for listing in lists if table.shows_hidden(listing))
        due = days_due(book.record, self.shared.asked, again=again, rewrite=rewrite, lost=book.lost.payouts)
        days = {day.start for day in due}
        files = [file for file in book.record.transaction_files.values() if day_of(file.path) in days]
        lost = await book.on_disk(changed_files, book.services.store, files)
        if lost:
            record = book.forget(lost)
            due = days_due(record, self.shared.asked, again=again, rewrite=rewrite, lost=book.lost.payouts)
        starts = likely_starts(book.record.payouts.values())
        reconciled = {payout.id for payout in book.record.payouts.values() if payout.listable}
        refused: list[InvalidRequestError | ProtocolError] = []

        tell = self.shared.services.on_event
        tell(PhaseStarted("reading what payouts paid out", sum(len(day.to_list) for day in due)))

        async def list_one(payout: str) -> list[Listed]:
            try:
                listed = await self._list(payout, starts[payout])
                listed.refuse_anothers(reconciled)
            except (InvalidRequestError, ProtocolError) as error:
                if error.retryable or len(refused) == MOST_REFUSED:
                    raise
                error.message = f"{payout}: {error.message}"
                refused.append(error)
                return []
            finally:
                tell(StepDone())
            return [listed]

        async def list_day(day: DayDue) -> None:
            listed = [lists for payout in day.to_list for lists in await list_one(payout.id)]
            await self._write_day(book, day, listed)

        await in_turn(due, list_day, at_once=AT_ONCE)
        if refused:  # the other payouts have what is theirs
            first, more = refused[0], len(refused) - 1
            first.message += f"; and {counted(more, 'more payout')}" if more else ""
            raise first

    async def _write_day(self, book: Book, day: DayDue, listed: list[Listed]) -> None:
        record = book.record
        table = self._table(TRANSACTIONS, record)
        folder = transactions_folder(record.account, day.start)
        book.empty |= {lists.payout for lists in listed if not lists.batches}

        def make(rewrite: PartitionRewrite) -> StagedFile:
            return stage_transactions(book.services.store, table, rewrite, day, listed)

        staged = await book.stage(table.form, folder, make)
        self._tell(staged)
        counts = staged.counts
        book.counts.update(
            payouts_listed=len(listed), transactions_listed=counts.new, transactions_disappeared=counts.disappeared
        )
        await book.commit(now_and_then=True)

    async def _list(self, payout: str, likely_start: int) -> Listed:
        """List the transactions of one payout: all of them, or an error."""
        listed = Listed(payout)
        stream = transactions_of(self.shared.client, payout, account=self.account, likely_start=likely_start)
        async with stream as pages:
            async for page in pages:
                listed.add(page)
        return listed

    def _table(self, name: str, record: PayoutsRecord) -> SmallTable:
        """Return how a table becomes files, without what the lake hides."""
        return small_table(name, record.format, hidden_columns(name, self._privacy))

    # The report -------------------------------------------------------------------------------------------------------

    def report(self, error: ConnectorError | None = None) -> AccountPayoutsReport | None:
        """Say what was done, so far; None when there is nothing to say.

        Args:
            error: what ended it, if something did.
        """
        asked, text = self.shared.asked, None if error is None else str(error)
        now = self._identity.now if self._identity else END_OF_TIME
        if self._book is not None:
            return self._book.report(asked, now=now, error=text)
        account = self._identity.account if self._identity else self.account or ""
        bounds = (asked.start, min(asked.stop, now))
        return None if error is None else AccountPayoutsReport(account, bounds, error=text)

    def _tell(self, staged: StagedFile) -> None:
        path = staged.file.path if staged.file is not None else None
        told = PartitionStaged(self.account, path, staged.file.rows if staged.file else 0, staged.unchanged)
        self.shared.services.on_event(told)
