"""One run over one destination: the story from plan to report.

plan → windows → pages → rows → partitions → files → manifest. It runs one way; the next run begins with the manifest.
"""

from __future__ import annotations

import secrets
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import orjson

import connector
from connector.core.frontier import Frontier
from connector.core.intervals import Interval, Intervals
from connector.core.manifest import Manifest
from connector.core.partition import Granularity
from connector.core.plan import Plan, plan, touched_files, without
from connector.core.times import END_OF_TIME, to_text
from connector.errors import ConfigError, ConnectorError, LockedError, StorageError
from connector.harvest import Harvest, Lake
from connector.lake import commit
from connector.lake.check import changed_files
from connector.lake.formats import format_named
from connector.lake.paths import RUNS
from connector.lake.shelf import Shelf
from connector.report import AccountReport, Late, Report, requests_of, to_document
from connector.stripe.client import LIST_TRANSACTIONS
from connector.stripe.identity import UNNAMED, Identity, identify
from connector.stripe.pages import ListSource
from connector.stripe.scan import Scan

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.core.manifest import DataFile
    from connector.lake.store import Store
    from connector.options import Options
    from connector.report import Outcome, Progress
    from connector.stripe.client import Client


@dataclass(slots=True)
class Run:
    """One run over one destination.

    Attributes:
        store: the destination.
        destination: its name as given.
        client: whom to ask.
        options: what is asked for.
        progress: filled in as the run goes on.
        began: when it did, by `time.monotonic`.
    """

    store: Store
    destination: str
    client: Client
    options: Options
    progress: Progress
    began: float
    _accounts: list[AccountReport] = field(init=False, default_factory=list[AccountReport])
    _lock: ExitStack = field(init=False, default_factory=ExitStack)
    _locked: bool = field(init=False, default=False)

    async def go(self) -> Report:
        """Sync every account asked for, one after the other, and keep the report.

        Raises:
            ConnectorError: what ended the run.
        """
        self.progress.meter = self.client.meter
        self.progress.rate_limit = self.client.config.rate
        lake = self._lake()
        with self._lock:
            try:
                for account in self.options.accounts or (None,):
                    await self._sync_account(lake, account)
            except ConnectorError as error:
                with suppress(StorageError):  # the error itself is what there is to say
                    await self._keep(self._report(lake, "failed", error=str(error)))
                raise
            except anyio.get_cancelled_exc_class():
                with suppress(StorageError):
                    await self._keep(self._report(lake, "interrupted", error="interrupted"))
                raise
            report = self._report(lake, "planned" if self.options.dry_run else "complete")
            await self._keep(report)
            return report

    def _lake(self) -> Lake:
        """Return the lake as it is, or as it is to be made.

        Raises:
            ConfigError: when it was made otherwise than is asked for.
        """
        existing = next(iter(commit.manifests(self.store)), None)
        form = format_named(self.options.format or (existing.format if existing else "parquet"))
        partition = self.options.partition or (existing.partition if existing else Granularity.DAY)
        commit.check_destination(self.store, form.name, partition, self.options.of_lake)
        return Lake(self.store, form, partition)

    async def _sync_account(self, lake: Lake, account: str | None) -> None:
        """Plan, read, write, and report."""
        part = AccountPart(self, lake, account)
        if self.options.dry_run:
            await part.prepare()
            self._accounts.append(part.report(None))
            return
        self.progress.phase = "reading"
        if commit.accounts(self.store):
            await part.prepare(self.hold)
        else:
            await part.introduce()
        frontier = Frontier(part.work.todo, likely_start=part.likely_start)
        with Shelf(self.store.scratch) as shelf:
            harvest = Harvest(
                lake, shelf, frontier, self.progress, self.client.config.api_version, read_before=part.work.read_before
            )
            source = ListSource(self.client, self.options.query(account))
            scan = Scan(source, frontier, harvest.receive, harvest.take)

            async def name() -> None:
                await part.name(harvest, self.hold)

            try:
                await harvest.run(name, scan.run)
                await part.look_again(harvest)
            finally:
                if harvest.manifest is not None:
                    self._accounts.append(part.report(harvest))

    @property
    def held(self) -> bool:
        """Whether the destination is ours already."""
        return self._locked

    def hold(self) -> None:
        """Hold the destination from here to the end of the run; it comes into being if it was not there.

        Raises:
            LockedError: another run holds it.
            StorageError: it cannot be written.
        """
        if not self._locked:
            self._lock.enter_context(self.store.lock())
            self._locked = True

    def _report(self, lake: Lake, outcome: Outcome, *, error: str | None = None) -> Report:
        seconds = time.monotonic() - self.began
        started = time.time() - seconds
        config = self.client.config
        return Report(
            run_id=f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(started))}-{secrets.token_hex(4)}",
            outcome=outcome,
            error=error,
            destination=self.destination,
            format=lake.form.name,
            partition=lake.partition.value,
            api_version=config.api_version,
            connector_version=connector.__version__,
            started=to_text(started),
            duration_seconds=seconds,
            requests=requests_of(self.client.meter, rate=config.rate, seconds=seconds, endpoint=LIST_TRANSACTIONS.name),
            accounts=tuple(self._accounts),
        )

    async def _keep(self, report: Report) -> None:
        """Write the report into the lake, if the run came to hold one."""
        if not self._locked:
            return
        text = orjson.dumps(to_document(report), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.store.write, f"{RUNS}/{report.run_id}.json", text)


@dataclass(slots=True)
class AccountPart:
    """One account's part of a run.

    Attributes:
        run: the whole.
        lake: where rows go.
        account: connected account to read, or None for the key's own.
        work: what is to be read; everything asked for, until the lake's state is known.
    """

    run: Run
    lake: Lake
    account: str | None
    work: Plan = field(init=False)
    _identity: Identity | None = field(init=False, default=None)
    _manifest: Manifest | None = field(init=False, default=None)
    _damaged: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.work = Plan(Intervals((self.run.options.asked,)))

    @property
    def likely_start(self) -> int:
        """When the account was made, if that is known; 0 else."""
        return self._identity.created if self._identity else 0

    async def prepare(self, hold: Callable[[], None] | None = None) -> None:
        """Learn whose lake it is and what it lacks; files found changed are forgotten, to be read again."""
        options = self.run.options
        identity = self._identity = await self._identify()
        if hold is not None:
            hold()
        self._refuse_to_mix(identity)
        manifest = await anyio.to_thread.run_sync(commit.load, self.lake.store, identity.account)
        self.work = plan(manifest, options.asked, now=identity.now, full_refresh=options.full_refresh)
        if manifest is not None:
            lost = await anyio.to_thread.run_sync(self._distrusted, manifest)
            self._manifest = without(manifest, lost)
            again = manifest.covered.minus(self._manifest.covered)
            self.work = replace(
                self.work, todo=self.work.todo.union(again), read_before=self.work.read_before.minus(again)
            )

    def _distrusted(self, manifest: Manifest) -> list[DataFile]:
        """Return the files whose rows must be read again: those to be merged with that changed, and all when repairing.

        Blocks; belongs in a worker thread.
        """
        store, repair = self.lake.store, self.run.options.repair and not self.run.options.dry_run
        differing = {one.path: one.kind for one in commit.compare(store, manifest, full=repair)}
        lost = changed_files(store, touched_files(manifest, self.work.todo))
        if repair:
            lost += [file for path, file in manifest.files.items() if path in differing and file not in lost]
            for path, kind in differing.items():
                if kind == "extra":
                    store.delete(path)
        return lost

    async def look_again(self, harvest: Harvest) -> None:
        """Count the files that are not as the manifest has them, whoever changed them, this run's own included."""
        if harvest.manifest is not None:
            differing = await anyio.to_thread.run_sync(commit.compare, self.lake.store, harvest.manifest)
            self._damaged = sum(one.kind != "extra" for one in differing)

    async def introduce(self) -> None:
        """Learn whose rows these are, for a lake that does not exist yet: there is nothing to subtract.

        The first page may have been answered before the account was, maybe long before: what counts as the present is
        what could be seen then.
        """
        identity = await self._identify()
        began = self.run.client.server_began
        self._identity = replace(identity, now=min(identity.now, began or identity.now))

    async def name(self, harvest: Harvest, hold: Callable[[], None]) -> None:
        """Give the harvest its manifest: from here on files are written."""
        identity, options = self._identity, self.run.options
        if identity is None:
            return
        if not self.run.held:
            await harvest.answered.wait()  # a key that may not list makes no lake
            hold()
            if commit.accounts(self.lake.store):
                raise LockedError("another run began this lake a moment ago: run again, to go on from what it wrote")
        self.run.progress.account = identity.account
        manifest = self._manifest
        if manifest is None:  # written before any file, so that the lake stays of one kind whatever happens
            manifest = Manifest(
                account=identity.account,
                format=self.lake.form.name,
                partition=self.lake.partition,
                livemode=self.run.client.config.api_key.livemode,
                options=options.of_lake,
            )
            manifest = await anyio.to_thread.run_sync(commit.save, self.lake.store, manifest)
        finished = replace(
            manifest,
            read_until=max(manifest.read_until, min(identity.now, options.asked.stop)),
            refreshed=identity.now if self.work.refreshes_all else manifest.refreshed,
        )
        harvest.named(manifest, finished, settled=identity.now - options.settle)

    def _refuse_to_mix(self, identity: Identity) -> None:
        """Refuse what would double an account's rows under another name, or put test rows beside live ones.

        Raises:
            ConfigError: the key may not say whose it is, and the lake has names; or it says so only now; or it is of
                another mode.
        """
        names = set(commit.accounts(self.lake.store))
        if not identity.known and names and identity.account not in names:
            raise ConfigError(
                f"this key may not read its account, and the lake holds {', '.join(sorted(names)[:3])}:"
                " say with --account-id which of them it is, or use another destination"
            )
        live = self.run.client.config.api_key.livemode
        for manifest in commit.manifests(self.lake.store):
            if None not in {manifest.livemode, live} and manifest.livemode != live:
                modes = {True: "live mode", False: "test mode"}
                raise ConfigError(
                    f"this lake holds {modes[manifest.livemode is True]}, and the key is of {modes[live is True]}:"
                    " use another destination"
                )
        if identity.known and self.account is None and UNNAMED in names and identity.account != UNNAMED:
            raise ConfigError(
                f"this lake was made with a key that could not name its account, and holds its rows as {UNNAMED!r}:"
                f" go on with --account-id {UNNAMED}, or use another destination for {identity.account}"
            )

    def report(self, harvest: Harvest | None) -> AccountReport:
        """Say what was done, so far."""
        identity = self._identity
        manifest = harvest.manifest if harvest else self._manifest
        now = identity.now if identity else END_OF_TIME
        asked = self.run.options.asked
        facts: dict[str, Any] = {}
        if manifest is not None:
            facts |= {
                "covered": _pairs(manifest.covered),
                "lake_rows": manifest.rows,
                "lake_files": len(manifest.files),
                "lake_bytes": sum(file.bytes for file in manifest.files.values()),
                "lake_pending": manifest.pending,
                "net": manifest.net(),
            }
        if harvest is not None:
            tally = harvest.tally
            facts |= {
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
                "files_damaged": self._damaged,
                "drift": tuple(
                    {"kind": one.kind, "name": one.name, "count": one.count, "example": one.example}
                    for one in harvest.drift.findings
                ),
            }
        return AccountReport(
            account=identity.account if identity else "",
            asked=(asked.start, min(asked.stop, now)),
            fetched=_pairs(self.work.todo.within(Interval(0, max(1, now)))),
            **facts,
        )

    async def _identify(self) -> Identity:
        return await identify(self.run.client, account=self.account, account_id=self.run.options.account_id)


def _pairs(intervals: Intervals) -> tuple[tuple[int, int], ...]:
    return tuple((part.start, part.stop) for part in intervals)
