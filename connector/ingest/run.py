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
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from connector.accounts.choice import refuse_retired, remember_paths
from connector.balances.snapshots import Made, Snapshot, ask_balance, keep_balance
from connector.core.account_failures import AccountFailures
from connector.core.api.allocation import Savings
from connector.core.planning.audit.audit import requests_for
from connector.core.run_report import AccountReport, Report, damage_of
from connector.core.state.partition import checked_account
from connector.errors import ConnectorError, DamagedError, StorageError
from connector.events import AccountEnded, AccountFailed, AccountsFound, AccountStarted, PhaseStarted
from connector.ingest.account import AccountRun
from connector.ingest.account_plan import Allowance
from connector.ingest.audit_turns import Turn, Turns
from connector.ingest.backfill import take_up
from connector.ingest.context import SyncContext
from connector.ingest.kept_report import KeptReport
from connector.ingest.lake_of_run import kind_to_make, lake_of_run
from connector.lake.catalogs.following import follow
from connector.lake.formats.formats import HIVE, format_named
from connector.lake.state import table_states
from connector.lake.state.destination import LakeBegunError, RunDestination
from connector.lake.state.lease import at_work
from connector.running.concurrency import in_turn, tasks_with_one_error
from connector.stripe.accounts import connected_accounts
from connector.stripe.client import LIST_TRANSACTIONS
from connector.stripe.identity import UNNAMED

if TYPE_CHECKING:
    from connector.core.run_report import Outcome
    from connector.core.state.unnamed import Unnamed
    from connector.errors import AccountsError, UnpublishedError
    from connector.events import OnEvent
    from connector.ingest.options import Options
    from connector.lake.layout import Lake
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
class SyncRun:
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
    publishes: bool
    run_id: str = field(init=False)
    _store: Store = field(init=False)
    _tell: OnEvent = field(init=False)
    _run_report: KeptReport = field(init=False)
    _reports: dict[int, AccountReport] = field(init=False, default_factory=dict[int, AccountReport])
    _beside: dict[int, tuple[Unnamed, ...]] = field(init=False, default_factory=dict[int, "tuple[Unnamed, ...]"])
    _failed: AccountFailures = field(init=False)
    _past: Turns = field(init=False, default_factory=Turns)
    _savings: Savings = field(init=False, default_factory=Savings)
    _coming: bool = field(init=False, default=False)
    _done: int = field(init=False, default=0)
    _moved: anyio.Event = field(init=False, default_factory=anyio.Event)

    def __post_init__(self) -> None:
        self._tell = self.services.on_event
        self.run_id = self.services.new_run(self.began)
        self._store = self.services.store.of_run(self.run_id)
        days = self.options.keep_runs
        self._run_report = KeptReport(self.services, self.client, self._store, self.run_id, self.began, days)
        self._failed = AccountFailures(0, fail_fast=self.options.fail_fast or not self.options.several)

    async def go(self) -> Report:
        """Sync every account asked for, several at once, and keep the report.

        Raises:
            AccountsError: some of several accounts failed; the others are complete.
            DamagedError: the lake has lost what could not be mended; all else is complete.
            ConnectorError: what ended the run.
        """
        begun = bool(table_states.accounts(self._store))  # then it stays of the kind it is, and is looked at once
        now = self.client.server_now or self.services.clock.utc()
        lake = lake_of_run(self._store, self.options, self.run_id, now=now)
        self._savings = lake.savings
        form, of_lake = lake.form.name, self.options.of_lake
        takes_up = self.options.backfill
        accept = partial(table_states.check_destination, self._store, form, lake.partition, of_lake, takes_up=takes_up)
        lease = self.services.lease(self.run_id, "sync", self.client, asked=self.options.asked)
        async with at_work(lease):
            there = self._store, lease
            made = kind_to_make(lake, self.options, livemode=self.client.config.api_key.livemode)
            destination = RunDestination(*there) if begun else RunDestination(*there, made, accept)
            refuse_retired(destination.facts, self.options.accounts)
            remember_paths(self.client, destination.facts)
            allowance = Allowance(requests=inf if self.options.repair else self.services.tuning.reread_requests)
            backfill = Allowance(requests=self.services.tuning.backfill_requests)
            shared = SyncContext(
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
                vars(error)["report"] = report = self._reported(lake, "failed", error=str(error))
                with suppress(StorageError):  # the error itself is what there is to say
                    await self._run_report.keep(destination, report)
                raise
            except anyio.get_cancelled_exc_class() as stopped:
                await self._publish(destination)
                vars(stopped)["report"] = report = self._reported(lake, "interrupted", error="interrupted")
                with suppress(StorageError):
                    await self._run_report.keep(destination, report)
                raise
            return await self._ended(lake, destination)

    async def _ended(self, lake: Lake, destination: RunDestination) -> Report:
        """Keep the report of a run that came to its end, and return it, or raise what some accounts ended with."""
        unpublished = await self._publish(destination)
        failure = self._failure() or unpublished
        if failure is None:
            report = self._reported(lake, "planned" if self.options.dry_run else "complete")
            return await self._run_report.kept(destination, report)
        outcome = "damaged" if isinstance(failure, DamagedError) else "failed"
        failure.report = await self._run_report.kept(destination, self._reported(lake, outcome, error=str(failure)))
        raise failure

    async def _publish(self, destination: RunDestination) -> UnpublishedError | None:
        """Bring the tables of a lake that has some up to date, and return what that failed with."""
        of_tables = format_named(destination.format).catalog != HIVE
        if not (self.publishes and destination.written and of_tables):
            return None
        return await follow(self._store, repair=self.options.repair, catalog=self.options.catalog)

    def _reported(self, lake: Lake, outcome: Outcome, *, error: str | None = None) -> Report:
        """Return what the run has come to by now."""
        accounts = (account for _, account in sorted(self._reports.items()))
        beside = [file for _, unnamed in sorted(self._beside.items()) for file in unnamed]
        return self._run_report.made(lake, outcome, accounts, savings=self._savings, beside=beside, error=error)

    def _failure(self) -> AccountsError | DamagedError | None:
        """Return what some accounts ended with, if any did not end well."""
        damages = {
            account.account: damage
            for _, account in sorted(self._reports.items())
            if (damage := damage_of(account)) is not None
        }
        if self.options.dry_run:
            damages = {}  # nothing was to be mended
        return self._failed.failure(damages)

    # Accounts ---------------------------------------------------------------------------------------------------------

    async def _sync_accounts(self, shared: SyncContext) -> None:
        """Read the accounts in turn, as many at once as keep the pace busy: a task for each of those, no more.

        The first one goes ahead until it is known whose lake it is, and what time Stripe has.
        """
        async with tasks_with_one_error() as tasks:
            waiting = deque(self.options.accounts or (None,))
            self._coming = self.options.all_accounts
            if self._coming:
                tasks.start_soon(self._list_accounts, waiting, shared)
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

    async def _list_accounts(self, waiting: deque[str | None], shared: SyncContext) -> None:
        """Find the connected accounts while the first of them are being read; those that are retired are left out."""
        retired = shared.destination.facts.retired
        async with aclosing(connected_accounts(self.client)) as pages:
            async for page in pages:
                shared.listed |= page
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
        pages = self.client.meter.pages
        self._tell(AccountStarted(part.account))
        try:
            if self.options.balance and not self.options.dry_run:  # asked first: a key that may not ends here
                balance = await ask_balance(self.client, part.account, UNNAMED)
            await part.go()
            await part.reached()
            balance = await self._keep_balance(part, balance)
            self._failed.succeeded()
            self._past.add(part, position)
        except ConnectorError as error:
            failure = error
            await part.refused(error)
            if not self._failed.tolerate(part.name, error, quiet=self.client.meter.pages == pages):
                raise
        finally:
            if (report := part.report(failure)) is not None:
                taken = balance.snapshot_at if balance is not None and failure is None else None
                lost = len(balance.lost) if balance is not None else 0
                self._reports[position] = replace(report, balance_at=taken, snapshots_lost=lost)
            if unnamed := (*part.beside, *(() if balance is None else balance.beside)):
                self._beside[position] = unnamed
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
        grown = self._savings.grown(now, rows=self._past.recent_rows)
        requests = requests_for(self.client.meter.requests, percent=self.options.audit, in_hand=grown.in_hand)

        async def audit(turn: Turn) -> None:
            failure: ConnectorError | None = None
            pages = self.client.meter.pages
            try:
                await turn.part.audit(turn.requests)
            except ConnectorError as error:
                failure = error
                if not self._failed.tolerate(turn.part.name, error, quiet=self.client.meter.pages == pages):
                    raise
            finally:
                was = self._reports[turn.position]
                if (report := turn.part.report(failure)) is not None:
                    report = replace(report, balance_at=was.balance_at, snapshots_lost=was.snapshots_lost)
                    self._reports[turn.position] = report

        try:
            await in_turn(self._past.share_out(requests), audit, at_once=AUDITS_AT_ONCE)
        finally:
            if spent := sum(report.audit.requests for report in self._reports.values()):
                self._savings = grown.spend(spent)

    async def _keep_balance(self, part: AccountRun, balance: Snapshot | None) -> Snapshot | None:
        """Add the balance to the lake, once the account's rows are there."""
        if balance is None or part.report() is None:
            return None
        snapshot = replace(balance, account=checked_account(part.name))
        livemode = self.client.config.api_key.livemode
        return await keep_balance(self._store, Made(part.shared.lake.form.name, livemode, self.run_id), snapshot)
