"""One run over one destination: the story from plan to report.

plan → windows → pages → rows → partitions → files → state. It runs one way; the next run begins with the state.
"""

from __future__ import annotations

from collections import deque
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from math import ceil, inf
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

import connector
from connector.accounts.choice import refuse_retired, remember_paths
from connector.balances.snapshots import Made, Snapshot, ask_balance, keep_balance
from connector.core.account_failures import FailedAccounts
from connector.core.documents import to_json
from connector.core.planning.audit import requests_for
from connector.core.run_report import AccountReport, Report, damage_of, requests_of, to_document
from connector.core.state.partition import Granularity, checked_account
from connector.core.time.times import to_text
from connector.errors import ConnectorError, DamagedError, StorageError
from connector.events import AccountEnded, AccountFailed, AccountsFound, AccountStarted, PhaseStarted
from connector.ingest.account import AccountRun
from connector.ingest.account_pass import Shared
from connector.ingest.account_plan import Allowance
from connector.ingest.audit_turns import Turn, Turns
from connector.ingest.backfill import refuse_new_columns, take_up
from connector.lake.catalogs.following import follow
from connector.lake.catalogs.lake_tables import check_tables
from connector.lake.formats.formats import HIVE, format_named
from connector.lake.layout import Lake
from connector.lake.paths import RUNS
from connector.lake.state import table_states
from connector.lake.state.audit_savings import load_savings, save_savings
from connector.lake.state.destination import Destination, LakeBegunError
from connector.lake.state.lake_identity import facts_of
from connector.lake.state.lake_kind import kind_of
from connector.lake.state.lease import at_work
from connector.lake.state.run_reports import refuse_turned_back, thin_reports, witnessed_records
from connector.outside_text import document_without_keys, in_json
from connector.running.concurrency import in_turn, tasks_with_one_error
from connector.stripe.accounts import connected_accounts
from connector.stripe.client import LIST_TRANSACTIONS
from connector.stripe.identity import UNNAMED
from connector.tables.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from connector.core.run_report import Outcome
    from connector.errors import AccountsError, UnpublishedError
    from connector.events import OnEvent
    from connector.ingest.options import Options
    from connector.lake.stores.base import Store
    from connector.services import Services
    from connector.stripe.client import Client

SPARE_ACCOUNTS = 16
"""Accounts open beyond those that keep the pace busy with one request each: some are writing, some just beginning."""

AUDITS_AT_ONCE = 4
"""Accounts whose past is asked about at once."""

BUSY = 3.0
"""Accounts open for each request in flight that fills the pace."""


@dataclass(slots=True)
class Run:
    """One run over one destination.

    Attributes:
        services: what it touches.
        client: whom to ask.
        options: what is asked for.
        began: when it did, by the services' clock.
        publishes: whether it brings the tables of a lake that has some up to date at its end.
        run_id: names the run in its report and in what it commits and parks; begins with its start.
    """

    services: Services
    client: Client
    options: Options
    began: float
    publishes: bool = True
    run_id: str = field(init=False)
    _store: Store = field(init=False)
    _tell: OnEvent = field(init=False)
    _reports: dict[int, AccountReport] = field(init=False, default_factory=dict[int, AccountReport])
    _failed: FailedAccounts = field(init=False)
    _past: Turns = field(init=False, default_factory=Turns)
    _coming: bool = field(init=False, default=False)
    _done: int = field(init=False, default=0)
    _moved: anyio.Event = field(init=False, default_factory=anyio.Event)

    def __post_init__(self) -> None:
        self._tell = self.services.on_event
        self.run_id = self.services.new_run(self.began)
        self._store = self.services.store.of_run(self.run_id)
        self._failed = FailedAccounts(0, fail_fast=self.options.fail_fast or not self.options.several)

    async def go(self) -> Report:
        """Sync every account asked for, several at once, and keep the report.

        Raises:
            AccountsError: some of several accounts failed; the others are complete.
            DamagedError: the lake has lost what could not be mended; all else is complete.
            ConnectorError: what ended the run.
        """
        begun = bool(table_states.accounts(self._store))  # then it stays of the kind it is, and is looked at once
        lake = self._lake()
        form, of_lake = lake.form.name, self.options.of_lake
        takes_up = self.options.backfill
        accept = partial(table_states.check_destination, self._store, form, lake.partition, of_lake, takes_up=takes_up)
        lease = self.services.lease(self.run_id, "sync", self.client, asked=self.options.asked)
        async with at_work(lease):
            there = self._store, lease
            destination = Destination(*there) if begun else Destination(*there, self._kind(lake), accept)
            refuse_retired(destination.facts, self.options.accounts)
            remember_paths(self.client, destination.facts)
            allowance = Allowance(requests=inf if self.options.repair else self.services.tuning.reread_requests)
            backfill = Allowance(requests=self.services.tuning.backfill_requests)
            shared = Shared(
                lake, destination, self.services, self.client, self.options, self.run_id, allowance, backfill
            )
            if begun and takes_up and not self.options.dry_run:
                await destination.come_to()
                await anyio.to_thread.run_sync(take_up, self._store, self.options.of_lake, self.run_id)
            try:
                await self._sync_accounts(shared)
                await self._audit_the_past()
            except LakeBegunError:
                raise
            except ConnectorError as error:
                await self._publish(destination)
                vars(error)["report"] = report = self._report(lake, "failed", error=str(error))
                with suppress(StorageError):  # the error itself is what there is to say
                    await self._keep(destination, report)
                raise
            except anyio.get_cancelled_exc_class() as stopped:
                await self._publish(destination)
                vars(stopped)["report"] = report = self._report(lake, "interrupted", error="interrupted")
                with suppress(StorageError):
                    await self._keep(destination, report)
                raise
            return await self._ended(lake, destination)

    async def _ended(self, lake: Lake, destination: Destination) -> Report:
        """Keep the report of a run that came to its end, and return it, or raise what some accounts ended with."""
        unpublished = await self._publish(destination)
        failure = self._failure() or unpublished
        if failure is None:
            report = self._report(lake, "planned" if self.options.dry_run else "complete")
            return await self._kept(destination, report)
        outcome = "damaged" if isinstance(failure, DamagedError) else "failed"
        failure.report = await self._kept(destination, self._report(lake, outcome, error=str(failure)))
        raise failure

    async def _publish(self, destination: Destination) -> UnpublishedError | None:
        """Bring the tables of a lake that has some up to date, and return what that failed with."""
        of_tables = format_named(destination.format).catalog != HIVE
        if not (self.publishes and destination.written and of_tables):
            return None
        return await follow(self._store, repair=self.options.repair, catalog=self.options.catalog)

    def _failure(self) -> AccountsError | DamagedError | None:
        """Return what some accounts ended with, if any did not end well."""
        damages = {
            one.account: damage for _, one in sorted(self._reports.items()) if (damage := damage_of(one)) is not None
        }
        if self.options.dry_run:
            damages = {}  # nothing was to be mended
        return self._failed.failure(damages)

    def _lake(self) -> Lake:
        """Return the lake as it is, or as it is to be made.

        Raises:
            ConfigError: when it was made otherwise than is asked for.
        """
        existing = next(iter(table_states.states(self._store)), None)
        options = self.options
        there = existing.format if existing else facts_of(self._store).format
        kind: Mapping[str, Any] = {} if existing else kind_of(self._store)
        form = format_named(
            options.format or there or kind.get("format", "parquet"), source_columns=options.source_columns
        )
        if there is not None:
            table_states.refuse_another("format", there, form.name)
        made = existing.partition if existing else Granularity(kind.get("partition", Granularity.DAY))
        partition = options.partition or made
        table_states.check_destination(self._store, form.name, partition, options.of_lake, takes_up=options.backfill)
        refuse_new_columns(existing, options, form)
        check_tables(self._store, form.catalog, options.catalog)
        redactor = Redactor(options.privacy, options.salt) if options.privacy else None
        strict, columns = options.strict_schema, options.source_columns
        begun = table_states.accounts(self._store)
        witnessed = witnessed_records(self._store, begun)
        if not (begun or options.repair):  # else each account is looked at when its turn comes
            for account in witnessed:
                refuse_turned_back(account, 0, witnessed)
        form = form.of_run(self.run_id)
        return Lake(self._store, form, partition, redactor, strict, columns, self.run_id, witnessed)

    def _kind(self, lake: Lake) -> dict[str, Any]:
        """Return how a new lake is to be made."""
        livemode = self.client.config.api_key.livemode
        mode = {} if livemode is None else {"livemode": livemode}
        return {
            "format": lake.form.name,
            "partition": lake.partition.value,
            "options": self.options.of_lake,
            **mode,
        }

    # Accounts ---------------------------------------------------------------------------------------------------------

    async def _sync_accounts(self, shared: Shared) -> None:
        """Read the accounts in turn, as many at once as keep the pace busy: a task for each of those, no more.

        The first one goes ahead until it is known whose lake it is, and what time Stripe has.
        """
        async with tasks_with_one_error() as tasks:
            waiting = deque(self.options.accounts or (None,))
            self._coming = self.options.all_accounts
            if self._coming:
                tasks.start_soon(self._list_accounts, waiting, shared.destination.facts.retired)
            for position in count():
                while shared.open >= self._most_open() or (self._coming and not waiting):
                    self._moved = anyio.Event()
                    await self._moved.wait()
                self._count_accounts(position + len(waiting))
                if not waiting:
                    return
                account = waiting.popleft()
                part = AccountRun(shared, account)
                shared.open += 1
                tasks.start_soon(self._sync_account, part, position)
                if self.client.server_now is None:
                    await part.introduced.wait()

    def _count_accounts(self, accounts: int) -> None:
        """Take note of how many accounts there are, as far as is known."""
        if accounts != self._failed.of:
            self._failed.of = accounts
            self._tell(AccountsFound(accounts, self._done))

    async def _list_accounts(self, waiting: deque[str | None], retired: Collection[str]) -> None:
        """Find the connected accounts while the first of them are being read; those that are retired are left out."""
        async with aclosing(connected_accounts(self.client)) as pages:
            async for page in pages:
                waiting.extend(account for account in page if account not in retired)
                self._moved.set()
        self._coming = False
        self._moved.set()

    def _most_open(self) -> int:
        """Return how many accounts may be open: each has at least one request under way or in line."""
        each = self.client.config.rate_per_account
        width = self.client.gate.pace.cap.current if each else self.client.width(LIST_TRANSACTIONS)
        return ceil(BUSY * width) + SPARE_ACCOUNTS

    async def _sync_account(self, part: AccountRun, position: int) -> None:
        """Sync one account, and keep what there is to report of it; an error of its own leaves the others alone."""
        failure: ConnectorError | None = None
        balance: Snapshot | None = None
        self._tell(AccountStarted(part.account))
        try:
            if self.options.balance and not self.options.dry_run:  # asked first: a key that may not ends here
                balance = await ask_balance(self.client, part.account, UNNAMED)
            await part.go()
            await part.reached()
            balance = await self._keep_balance(part, balance)
            self._failed.went_well()
            self._past.add(part, position)
        except ConnectorError as error:
            failure = error
            await part.refused(error)
            if not self._failed.spare(part.name, error):
                raise
        finally:
            if (report := part.report(failure)) is not None:
                taken = balance.snapshot_at if balance is not None and failure is None else None
                lost = len(balance.lost) if balance is not None else 0
                self._reports[position] = replace(report, balance_at=taken, snapshots_lost=lost)
            part.introduced.set()  # also where it did not come to that: whoever waits goes on with the next
            part.shared.open -= 1
            self._done += 1
            self._tell(AccountEnded(part.account) if failure is None else AccountFailed(part.account, failure))
            self._moved.set()

    async def _audit_the_past(self) -> None:
        """Spend a few requests on asking about what earlier runs read, of the accounts whose turn it is."""
        if not self._past.waiting or self.options.audit == 0:
            return
        self._tell(PhaseStarted("asking about the past"))
        now = self.client.server_now or self.services.clock.utc()
        savings = await anyio.to_thread.run_sync(partial(load_savings, self._store, now=now))
        savings = savings.grown(now, rows=self._past.recent_rows)
        requests = requests_for(self.client.meter.requests, percent=self.options.audit, in_hand=savings.in_hand)

        async def audit(turn: Turn) -> None:
            failure: ConnectorError | None = None
            try:
                await turn.part.audit(turn.requests)
            except ConnectorError as error:
                failure = error
                if not self._failed.spare(turn.part.name, error):
                    raise
            finally:
                was = self._reports[turn.position]
                if (report := turn.part.report(failure)) is not None:
                    report = replace(report, balance_at=was.balance_at, snapshots_lost=was.snapshots_lost)
                    self._reports[turn.position] = report

        await in_turn(self._past.share_out(requests), audit, at_once=AUDITS_AT_ONCE)
        if spent := sum(one.audit.requests for one in self._reports.values()):
            await anyio.to_thread.run_sync(save_savings, self._store, savings.spend(spent))

    async def _keep_balance(self, part: AccountRun, balance: Snapshot | None) -> Snapshot | None:
        """Add the balance to the lake, once the account's rows are there."""
        if balance is None or part.report() is None:
            return None
        snapshot = replace(balance, account=checked_account(part.name))
        livemode = self.client.config.api_key.livemode
        return await keep_balance(self._store, Made(part.shared.lake.form.name, livemode, self.run_id), snapshot)

    # The report -------------------------------------------------------------------------------------------------------

    def _report(self, lake: Lake, outcome: Outcome, *, error: str | None = None) -> Report:
        seconds = self.services.clock.now() - self.began
        started = self.services.clock.utc() - seconds
        config = self.client.config
        return Report(
            run_id=self.run_id,
            outcome=outcome,
            error=error,
            destination=self.services.destination,
            format=lake.form.name,
            partition=lake.partition.value,
            livemode=config.api_key.livemode,
            api_version=config.api_version,
            connector_version=connector.__version__,
            started=to_text(started),
            duration_seconds=seconds,
            requests=requests_of(self.client.meter, rate=config.rate, seconds=seconds, endpoint=LIST_TRANSACTIONS.name),
            accounts=tuple(report for _, report in sorted(self._reports.items())),
            not_found=lake.redactor.not_found if lake.redactor else (),
            warnings=(*sorted(self._store.lacks), *_of_connections(len(self.client.transport.distrusted))),
        )

    async def _kept(self, destination: Destination, report: Report) -> Report:
        """Keep the report of a run whose rows are all kept; where that fails, it says so: nothing is lost."""
        try:
            await self._keep(destination, report)
        except StorageError as error:
            return replace(report, warnings=(*report.warnings, f"the run's report could not be kept: {error}"))
        return report

    async def _keep(self, destination: Destination, report: Report) -> None:
        """Write the report into the lake, if the run came to write to one."""
        if not destination.written:
            return
        document = document_without_keys(to_document(report), (self.client.config.api_key.reveal(),))
        text = in_json(to_json(document).decode()).encode()
        with anyio.CancelScope(shield=True):
            if report.outcome == "complete":  # before there is one more: what was listed may tell it
                thin = partial(thin_reports, self._store, days=self.options.keep_runs)
                await anyio.to_thread.run_sync(partial(thin, now=int(self.services.clock.utc())))
            await anyio.to_thread.run_sync(self._store.write, f"{RUNS}/{report.run_id}.json", text)


def _of_connections(distrusted: int) -> tuple[str, ...]:
    """Say that connections were closed, as what came on them could not be believed."""
    if not distrusted:
        return ()
    connections = "a connection was" if distrusted == 1 else f"{distrusted:,} connections were"
    came = "an answer came that nobody had asked for, or that cannot be right"
    return (f"{connections} closed: {came}; is there a faulty proxy on the way?",)
