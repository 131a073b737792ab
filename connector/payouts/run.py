"""One run over the payouts of a destination: several accounts at once, one lease, one report."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio.to_thread

import connector
from connector.accounts.choice import refuse_retired, remember_paths
from connector.core.account_failures import AccountFailures
from connector.core.run_report import requests_of
from connector.core.state.unnamed import said_of
from connector.core.time.intervals import Interval
from connector.core.time.times import END_OF_TIME, to_text
from connector.errors import ConnectorError, DamagedError
from connector.events import AccountEnded, AccountFailed, AccountsFound, AccountStarted, PhaseStarted
from connector.lake.catalogs.following import follow
from connector.lake.state.destination import DEFAULT_FORMAT, destination_as_it_is
from connector.lake.state.lease import RunLease, at_work
from connector.payouts.account import AccountPayouts, PayoutsContext
from connector.payouts.report import AccountPayoutsReport, PayoutsOutcome, PayoutsReport, damage_of
from connector.running.concurrency import in_turn
from connector.stripe.client import LIST_TRANSACTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.state.unnamed import Unnamed
    from connector.services import Services
    from connector.stripe.client import Client

ACCOUNTS_AT_ONCE = 16
"""Accounts worked on at once; all of them wait for the same pace."""


@dataclass(slots=True)
class PayoutsRun:
    """One run over one destination, with a client that stays open.

    Attributes:
        services: what it touches.
        client: whom to ask.
        asked: seconds of `created` of the payouts asked for.
        full_refresh: list again what the lake has.
        fail_fast: end with the first account that fails.
        run: names it.
    """

    services: Services
    client: Client
    asked: Interval = field(default_factory=lambda: Interval(0, END_OF_TIME))
    full_refresh: bool = False
    fail_fast: bool = False
    run: str = field(init=False)
    _began: float = field(init=False)
    _lease: RunLease = field(init=False)
    _reports: dict[int, AccountPayoutsReport] = field(init=False, default_factory=dict[int, AccountPayoutsReport])
    _beside: dict[int, tuple[Unnamed, ...]] = field(init=False, default_factory=dict[int, "tuple[Unnamed, ...]"])
    _failed: AccountFailures = field(init=False)
    _format: str = field(init=False, default=DEFAULT_FORMAT)

    def __post_init__(self) -> None:
        self._began = self.services.clock.now()
        self.run = self.services.new_run(self._began)
        self._lease = self.services.lease(self.run, "payouts", self.client, asked=self.asked)
        self.services = replace(self.services, store=self.services.store.of_run(self.run))

    async def go(self, accounts: Sequence[str | None] = (None,), *, account_id: str | None = None) -> PayoutsReport:
        """Work on the accounts, several at once, holding the destination.

        Args:
            accounts: ids of connected accounts, None for the key's own.
            account_id: name of the key's own account, where it may not ask for it.

        Raises:
            AccountsError: some of several accounts failed, the others are complete; it has the report.
            DamagedError: something is lost that could not be mended, all else is complete; it has the report.
            ConnectorError: what ended the run.
        """
        tell = self.services.on_event
        tell(PhaseStarted("reading payouts"))
        tell(AccountsFound(len(accounts)))
        livemode = self.client.config.api_key.livemode
        store = self.services.store
        destination = await anyio.to_thread.run_sync(destination_as_it_is, store, self._lease, livemode)
        before, self._format = destination.facts, destination.format
        refuse_retired(before, accounts)
        remember_paths(self.client, before)
        shared = PayoutsContext(
            self.services,
            self.client,
            self.asked,
            destination,
            full_refresh=self.full_refresh,
            met=before.accounts if len(accounts) > 1 else (),
        )
        self._failed = AccountFailures(len(accounts), fail_fast=self.fail_fast or len(accounts) == 1)

        async def work(position: int) -> None:
            await self._work(AccountPayouts(shared, accounts[position], account_id), position)

        async with at_work(self._lease):
            try:
                await work(0)  # goes ahead until it is known what time Stripe has, and whether the key serves
                await in_turn(range(1, len(accounts)), work, at_once=ACCOUNTS_AT_ONCE)
            finally:
                unpublished = await follow(self.services.store)
        reports = [report for _, report in sorted(self._reports.items())]
        failure = self._failed.failure({report.account: damage for report in reports if (damage := damage_of(report))})
        failure = failure or unpublished
        if failure is None:
            return self._report("complete")
        failure.report = self._report("damaged" if isinstance(failure, DamagedError) else "failed")
        raise failure

    async def _work(self, part: AccountPayouts, position: int) -> None:
        """Work on one account; an error of its own leaves the others alone."""
        failure: ConnectorError | None = None
        pages = self.client.meter.pages
        self.services.on_event(AccountStarted(part.account))
        try:
            await part.go()
            self._failed.succeeded()
        except ConnectorError as error:
            failure = error
            if not self._failed.tolerate(part.name, error, quiet=self.client.meter.pages == pages):
                raise
        finally:
            if (report := part.report(failure)) is not None:
                self._reports[position] = report
            self._beside[position] = part.beside
            told = AccountEnded(part.account) if failure is None else AccountFailed(part.account, failure)
            self.services.on_event(told)

    def _report(self, outcome: PayoutsOutcome) -> PayoutsReport:
        seconds = self.services.clock.now() - self._began
        config = self.client.config
        return PayoutsReport(
            outcome=outcome,
            destination=self.services.destination,
            format=self._format,
            livemode=config.api_key.livemode,
            api_version=config.api_version,
            connector_version=connector.__version__,
            started=to_text(self.services.clock.moment() - seconds),
            duration_seconds=round(seconds, 3),
            requests=requests_of(self.client.meter, rate=config.rate, seconds=seconds, endpoint=LIST_TRANSACTIONS.name),
            accounts=tuple(report for _, report in sorted(self._reports.items())),
            warnings=(
                *self.client.versions.warnings,
                *said_of([one for _, unnamed in sorted(self._beside.items()) for one in unnamed]),
            ),
        )
