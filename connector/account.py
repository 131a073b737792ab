"""One account's part of a run: whose rows these are, what the lake lacks of them, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from connector.accounts import introduced, refuse_to_mix
from connector.core.failed_accounts import OWN
from connector.core.frontier import Frontier
from connector.core.intervals import Interval, Intervals
from connector.core.manifest import Manifest
from connector.core.page import decode_page
from connector.core.plan import Plan, asked_since, bounds_of, concluded, due_files, plan, touched_files, without
from connector.core.refresh import Stretch, windows_of_pages
from connector.core.times import END_OF_TIME
from connector.harvest import Harvest
from connector.lake import commit, journal
from connector.lake.check import changed_files
from connector.lake.due import due_stretch
from connector.lake.shelf import Memory, Shelf
from connector.report import AccountReport, Late, holdings_of
from connector.stripe.pages import ListSource
from connector.stripe.scan import Scan
from connector.tables.transaction import decode_transactions

if TYPE_CHECKING:
    from connector.core.manifest import DataFile
    from connector.core.units import AccountId
    from connector.destination import Lake
    from connector.errors import ConnectorError
    from connector.lake.lease import Lease
    from connector.options import Options
    from connector.report import Progress
    from connector.stripe.client import Client
    from connector.stripe.identity import Identity


@dataclass(slots=True)
class Shared:
    """What the accounts of a run have in common.

    Attributes:
        lake: where rows go.
        lease: the hold on the destination.
        client: whom to ask.
        options: what is asked for.
        progress: filled in as the run goes on.
        open: accounts being read at the moment; they share the requests in flight.
        taken: accounts somebody of this run reads or has read.
        memory: for rows of all accounts that wait to be written.
    """

    lake: Lake
    lease: Lease
    client: Client
    options: Options
    progress: Progress
    open: int = 0
    taken: set[AccountId] = field(default_factory=set["AccountId"])
    memory: Memory = field(default_factory=Memory)

    def sharers(self) -> int:
        """Return how many accounts share the rate at the moment."""
        return 1 if self.client.config.rate_per_account else self.open


@dataclass(slots=True)
class AccountRun:
    """One account's part of a run.

    Attributes:
        shared: what it has in common with the others.
        account: connected account to read, or None for the key's own.
        work: what is to be read; everything asked for, until the lake's state is known.
        introduced: set once it is known whose rows these are and what is to be read, or that this cannot be known.
    """

    shared: Shared
    account: str | None
    work: Plan = field(init=False)
    introduced: anyio.Event = field(init=False, default_factory=anyio.Event)
    _identity: Identity | None = field(init=False, default=None)
    _manifest: Manifest | None = field(init=False, default=None)
    _harvest: Harvest | None = field(init=False, default=None)
    _lost: Intervals = field(init=False, default_factory=Intervals)
    _left_behind: frozenset[str] = field(init=False, default=frozenset())
    _damaged: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.work = Plan(Intervals((self.shared.options.asked,)))

    async def go(self) -> None:
        """Plan, read, write; a dry run only plans.

        Raises:
            ConnectorError: what ended it; what was complete by then is published.
        """
        shared = self.shared
        try:
            if shared.options.dry_run or not shared.lease.new:
                await self._prepare()
            else:
                await self._introduce()
        finally:
            self.introduced.set()
        if shared.options.dry_run or not self._take():
            return
        shared.progress.phase = "reading"
        frontier = Frontier(self.work.todo, likely_start=self._identity.created if self._identity else 0)
        with Shelf(shared.lake.store.scratch, memory=shared.memory) as shelf:
            harvest = Harvest(
                shared.lake,
                shelf,
                frontier,
                shared.progress,
                shared.client.config.api_version,
                read_before=self.work.read_before,
            )
            query = shared.options.query(self.account)
            decode = decode_page if query.expand or shared.lake.redactor else decode_transactions
            source = ListSource(shared.client, query, shared.sharers, decode)
            scan = Scan(source, frontier, harvest.receive, harvest.take)
            self._harvest = harvest
            try:
                await harvest.run(self._name, scan.run)
            finally:
                shared.progress.forget(harvest)
            await self._look_again(harvest)

    def report(self, error: ConnectorError | None = None) -> AccountReport | None:
        """Say what was done, so far; None when there is nothing to say.

        Args:
            error: what ended it, if something did.
        """
        harvest = self._harvest if self._harvest is not None and self._harvest.manifest is not None else None
        if harvest is None and error is None and not self.shared.options.dry_run:
            return None
        identity = self._identity
        now = identity.now if identity else END_OF_TIME
        asked = self.shared.options.asked
        manifest = harvest.manifest if harvest else self._manifest
        return AccountReport(
            account=identity.account if identity else self.account or "",
            error=None if error is None else str(error),
            asked=(asked.start, min(asked.stop, now)),
            fetched=_pairs(self.work.todo.within(Interval(0, max(1, now)))),
            files_damaged=self._damaged,
            **({} if manifest is None else holdings_of(manifest)),
            **({} if harvest is None else _findings(harvest, now)),
        )

    @property
    def name(self) -> str:
        """The account, as far as it is known."""
        return self._identity.account if self._identity else self.account or OWN

    # Steps ------------------------------------------------------------------------------------------------------------

    async def _prepare(self) -> None:
        """Learn whose lake it is and what it lacks; files found changed are forgotten, to be read again."""
        options, store = self.shared.options, self.shared.lake.store
        identity = self._identity = await self._identify()
        facts = await self.shared.lease.come_to(hold=not options.dry_run)
        livemode = self.shared.client.config.api_key.livemode
        refuse_to_mix(facts, identity, livemode=livemode, connected=self.account is not None)
        manifest = await anyio.to_thread.run_sync(commit.load, store, identity.account)
        self.work = plan(manifest, options.asked, now=identity.now, full_refresh=options.full_refresh)
        if manifest is not None:
            lost = await anyio.to_thread.run_sync(self._distrusted, manifest)
            self._manifest = without(manifest, lost)
            self._lost = Intervals.of(bounds_of(file, manifest.partition) for file in lost)
            if self.work.refresh:
                self.work = await anyio.to_thread.run_sync(self._narrowed, self._manifest, identity.now)
            again = manifest.covered.minus(self._manifest.covered)
            self.work = replace(
                self.work, todo=self.work.todo.union(again), read_before=self.work.read_before.minus(again)
            )

    def _distrusted(self, manifest: Manifest) -> list[DataFile]:
        """Return the files whose rows must be read again: those to be merged with that changed, and all when repairing.

        Blocks; belongs in a worker thread.
        """
        options, store = self.shared.options, self.shared.lake.store
        repair = options.repair and not options.dry_run
        differing = {one.path: one.kind for one in commit.compare(store, manifest, full=repair)}
        left = self._left_behind = journal.left_behind(store, manifest.account)
        suspects = {file.path: file for file in touched_files(manifest, self.work.todo)}
        suspects |= {path: manifest.files[path] for path in left if path in manifest.files}
        lost = changed_files(store, suspects.values())
        if repair:
            lost += [file for path, file in manifest.files.items() if path in differing and file not in lost]
            for path, kind in differing.items():
                if kind == "extra":
                    store.delete(path)
        return lost

    def _narrowed(self, manifest: Manifest, now: int) -> Plan:
        """Return the work with the stretches to refresh cut down to the pages around the rows that are due.

        Blocks; belongs in a worker thread.
        """
        lake, work = self.shared.lake, self.work
        maybe = {file.path for file in due_files(manifest, now)}
        due: set[str] = set()

        def stretch(file: DataFile) -> Stretch:
            if file.path not in maybe:
                return Stretch(file.rows)
            found = due_stretch(lake.store, lake.form, file, since=asked_since(file, now), now=now)
            due.update({file.path} if found.due else ())
            return found

        files = sorted(manifest.files.values(), key=lambda file: file.first_created)
        refresh = work.refresh.both(windows_of_pages(map(stretch, files)))
        todo = work.todo.minus(work.refresh).union(refresh)
        return replace(work, todo=todo, refresh=refresh, refreshes=tuple(due.intersection(work.refreshes)))

    async def _introduce(self) -> None:
        """Learn whose rows these are, for a lake that does not exist yet: there is nothing to subtract.

        The first page of a run may have been answered before the account was, maybe long before: what counts as the
        present is what could be seen then.
        """
        client = self.shared.client
        began = client.server_now if self.shared.taken else None
        identity = await self._identify()
        self._identity = replace(identity, now=min(identity.now, began or client.server_began or identity.now))

    def _take(self) -> bool:
        """Say whether the account is ours to read: nobody else of this run does, under whatever name."""
        name = self._identity.account if self._identity else None
        if name is None or name in self.shared.taken:
            return False
        self.shared.taken.add(name)
        return True

    async def _name(self) -> None:
        """Give the harvest its manifest: from here on files are written."""
        identity, harvest, shared = self._identity, self._harvest, self.shared
        if identity is None or harvest is None:
            return
        manifest = self._manifest
        if manifest is None:  # written before any file, so that the lake stays of one kind whatever happens
            await harvest.answered.wait()  # but not for a key that may not list
            shared.lease.hold()
            manifest = Manifest(
                account=identity.account,
                format=shared.lake.form.name,
                partition=shared.lake.partition,
                livemode=shared.client.config.api_key.livemode,
                options=shared.options.of_lake,
            )
            manifest = await anyio.to_thread.run_sync(commit.save, shared.lake.store, manifest)
        if shared.progress.accounts == 1:
            shared.progress.account = identity.account
        ended = partial(
            concluded, work=self.work, read_until=min(identity.now, shared.options.asked.stop), now=identity.now
        )
        harvest.named(
            manifest,
            ended,
            settled=identity.now - shared.options.settle,
            clock_is_stripes=shared.client.server_now is not None,
            keep_whole=self._lost,
            left_behind=self._left_behind,
        )

    async def _identify(self) -> Identity:
        """Learn whose rows these are."""
        options = self.shared.options
        client = self.shared.client
        return await introduced(client, self.account, account_id=options.account_id, several=options.several)

    async def _look_again(self, harvest: Harvest) -> None:
        """Count the files that are not as the manifest has them, whoever changed them, this run's own included."""
        if harvest.manifest is not None:
            differing = await anyio.to_thread.run_sync(commit.compare, self.shared.lake.store, harvest.manifest)
            self._damaged = sum(one.kind != "extra" for one in differing)


def _findings(harvest: Harvest, now: int) -> dict[str, Any]:
    """Return what reading brought, as fields of `AccountReport`."""
    tally = harvest.tally
    return {
        "rows_received": harvest.rows,
        "rows_new": tally.new,
        "rows_changed": tally.replaced,
        "rows_unchanged": tally.unchanged,
        "rows_disappeared": tally.disappeared,
        "late": Late(
            rows=tally.late,
            first_created=tally.late_first,
            last_created=tally.late_last,
            longest_lag_seconds=max(0, now - tally.late_first) if tally.late_first is not None else 0,
        ),
        "files_written": harvest.files_written,
        "files_unchanged": harvest.files_unchanged,
        "drift": tuple(
            {"kind": one.kind, "name": one.name, "count": one.count, "example": one.example}
            for one in harvest.drift.findings
        ),
    }


def _pairs(intervals: Intervals) -> tuple[tuple[int, int], ...]:
    return tuple((part.start, part.stop) for part in intervals)
