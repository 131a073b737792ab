"""One account's part of a run: whose rows these are, what the lake lacks of them, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from connector.accounts import introduced, refuse_to_mix
from connector.core.failed_accounts import OWN
from connector.core.frontier import Frontier
from connector.core.intervals import Interval, Intervals
from connector.core.manifest import Manifest
from connector.core.page import decode_page
from connector.core.plan import Plan
from connector.core.times import END_OF_TIME
from connector.harvest import Harvest
from connector.intake import Intake
from connector.lake import commit
from connector.lake.journal import Replacements
from connector.lake.shelf import Memory, Shelf
from connector.published import Published
from connector.report import AccountReport, Late, holdings_of
from connector.stripe.pages import ListSource
from connector.stripe.scan import Scan
from connector.tables.transaction import decode_transactions
from connector.work import Work, work_for

if TYPE_CHECKING:
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
        introduced: set once it is known whose rows these are and what is to be read, or that this cannot be known.
    """

    shared: Shared
    account: str | None
    introduced: anyio.Event = field(init=False, default_factory=anyio.Event)
    _identity: Identity | None = field(init=False, default=None)
    _work: Work = field(init=False)
    _harvest: Harvest | None = field(init=False, default=None)
    _damaged: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._work = Work(Plan(Intervals((self.shared.options.asked,))))  # until the lake's state is known

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
        frontier = Frontier(self._work.plan.todo, likely_start=self._identity.created if self._identity else 0)
        with Shelf(shared.lake.store.scratch, memory=shared.memory) as shelf:
            intake = Intake(shared.lake, shelf, frontier, shared.progress)
            harvest = Harvest(intake)
            query = shared.options.query(self.account)
            decode = decode_page if query.expand or shared.lake.redactor else decode_transactions
            source = ListSource(shared.client, query, shared.sharers, decode)
            scan = Scan(source, frontier, harvest.receive, intake.take)
            self._harvest = harvest
            try:
                await harvest.run(self._name, scan.run)
            finally:
                shared.progress.forget(intake)
            await self._look_again(harvest)

    def report(self, error: ConnectorError | None = None) -> AccountReport | None:
        """Say what was done, so far; None when there is nothing to say.

        Args:
            error: what ended it, if something did.
        """
        harvest = self._harvest
        published = harvest.published if harvest else None
        if published is None and error is None and not self.shared.options.dry_run:
            return None
        identity = self._identity
        now = identity.now if identity else END_OF_TIME
        asked = self.shared.options.asked
        manifest = published.manifest if published else self._work.manifest
        return AccountReport(
            account=identity.account if identity else self.account or "",
            error=None if error is None else str(error),
            asked=(asked.start, min(asked.stop, now)),
            fetched=_pairs(self._work.plan.todo.within(Interval(0, max(1, now)))),
            files_damaged=self._damaged,
            **({} if manifest is None else holdings_of(manifest)),
            **(_findings(harvest.intake, published, now) if harvest and published else {}),
        )

    @property
    def name(self) -> str:
        """The account, as far as it is known."""
        return self._identity.account if self._identity else self.account or OWN

    # Steps ------------------------------------------------------------------------------------------------------------

    async def _prepare(self) -> None:
        """Learn whose lake it is and what it lacks."""
        options, lake = self.shared.options, self.shared.lake
        identity = self._identity = await self._identify()
        facts = await self.shared.lease.come_to(hold=not options.dry_run)
        livemode = self.shared.client.config.api_key.livemode
        refuse_to_mix(facts, identity, livemode=livemode, connected=self.account is not None)
        self._work = await anyio.to_thread.run_sync(work_for, lake, options, identity.account, identity.now)

    async def _introduce(self) -> None:
        """Learn whose rows these are, for a lake that does not exist yet: there is nothing to subtract.

        The first page of a run may have been answered before the account was, maybe long before: what counts as the
        present is what could be seen then.
        """
        client = self.shared.client
        began = client.server_now if self.shared.taken else None
        identity = await self._identify()
        now = min(identity.now, began or client.server_began or identity.now)
        self._identity = replace(identity, now=now, sure=min(identity.sure, now))

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
        manifest = self._work.manifest
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
        replacing = Replacements(shared.lake.store, identity.account)
        published = Published(
            shared.lake,
            manifest,
            self._work,
            identity,
            replacing,
            asked=shared.options.asked,
            settle=shared.options.settle,
            api_version=shared.client.config.api_version,
        )
        harvest.publish_to(published)

    async def _identify(self) -> Identity:
        """Learn whose rows these are."""
        options = self.shared.options
        client = self.shared.client
        return await introduced(client, self.account, account_id=options.account_id, several=options.several)

    async def _look_again(self, harvest: Harvest) -> None:
        """Count the files that are not as the manifest has them, whoever changed them, this run's own included."""
        if harvest.published is not None:
            manifest = harvest.published.manifest
            differing = await anyio.to_thread.run_sync(commit.compare, self.shared.lake.store, manifest)
            self._damaged = sum(one.kind != "extra" for one in differing)


def _findings(intake: Intake, published: Published, now: int) -> dict[str, Any]:
    """Return what reading brought, as fields of `AccountReport`."""
    tally = published.tally
    return {
        "rows_received": intake.rows,
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
        "files_written": published.files_written,
        "files_unchanged": published.files_unchanged,
        "drift": tuple(
            {"kind": one.kind, "name": one.name, "count": one.count, "example": one.example}
            for one in intake.drift.findings
        ),
    }


def _pairs(intervals: Intervals) -> tuple[tuple[int, int], ...]:
    return tuple((part.start, part.stop) for part in intervals)
