"""Payouts into a lake, and which balance transactions each of them paid out: `sync_payouts`, and its plain twin."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio.to_thread

import connector
from connector.account_payouts import AccountPayouts, Shared
from connector.config import Config
from connector.core.intervals import Interval
from connector.core.times import END_OF_TIME, Time, to_seconds, to_text
from connector.errors import (
    AccountsError,
    ApiError,
    AuthenticationError,
    ConnectorError,
    LockedError,
    ManifestError,
    SchemaError,
    UsageError,
)
from connector.lake.facts import LakeFacts, facts_of
from connector.lake.store import open_store
from connector.payouts_report import AccountPayoutsReport, PayoutsOutcome, PayoutsReport, to_document
from connector.plain import run_plainly
from connector.report import Progress, requests_of
from connector.stripe.client import LIST_TRANSACTIONS, Client
from connector.tasks import in_turn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from connector.lake.store import Store

ACCOUNTS_AT_ONCE = 16
"""Accounts worked on at once; all of them wait for the same pace."""

OUTAGE = 5
"""Accounts in a row that fail by what may pass by itself, after which the others are not tried any more."""


async def sync_payouts(  # noqa: PLR0913 - each is an option of its own, given by name
    destination: str | PathLike[str],
    *,
    config: Config | None = None,
    since: Time | None = None,
    until: Time | None = None,
    accounts: Sequence[str | None] = (),
    account_id: str | None = None,
    full_refresh: bool = False,
    fail_fast: bool = False,
    progress: Progress | None = None,
) -> PayoutsReport:
    """Bring payouts into a lake, and for every reconciled automatic one the balance transactions it paid out.

    Reads only what the lake lacks and what may have changed: payouts that are under way, reconciled later, or paid less
    than two weeks ago. Safe to call again, and after any interruption.

    Args:
        destination: a folder; that of `connector.sync`, or one of its own.
        config: whom to ask; from the environment by default.
        since: first moment of the payouts' `created`; everything by default.
        until: moment after the last, exclusive; everything there is by default.
        accounts: connected accounts to read, None standing for the key's own.
        account_id: name of the key's own account, where it may not ask for it.
        full_refresh: list again all that is asked for, transactions included.
        fail_fast: end with the first account that fails; else the others are read all the same.
        progress: filled in as the run goes on.

    Returns:
        What was done.

    Raises:
        AccountsError: some of several accounts failed, the others are complete; it has the report.
        ConnectorError: what ended the run; what was complete by then is kept, and the next run goes on from there.
    """
    began = time.monotonic()
    asked = _asked(since, until)
    chosen = (accounts,) if isinstance(accounts, str) else tuple(dict.fromkeys(accounts))
    if account_id and chosen:
        raise UsageError("--account-id names the key's own account: it does not go with --account")
    store = open_store(destination)
    client = Client.over_http(config or Config.from_env())
    run = PayoutsRun(store, str(destination), client, asked, began=began, progress=progress or Progress())
    run.full_refresh, run.fail_fast = full_refresh, fail_fast
    try:
        return await run.go(chosen or (None,), account_id=account_id)
    finally:
        await client.close()


def run_sync_payouts(  # noqa: PLR0913 - task runners hand everything they know to a callable that takes any keyword
    destination: str | PathLike[str],
    *,
    since: Time | None = None,
    until: Time | None = None,
    accounts: Sequence[str | None] = (),
    account_id: str | None = None,
    full_refresh: bool = False,
    fail_fast: bool = False,
    api_base: str | None = None,
    api_version: str | None = None,
    context: str | None = None,
    rate: float | None = None,
    max_in_flight: int | None = None,
    api_key_file: str | None = None,
) -> dict[str, Any]:
    """Call `sync_payouts` from ordinary code: plain, JSON-able arguments in, the report as a JSON-able dict out.

    Args:
        destination: as for `sync_payouts`, as the following.
        since: as UTC seconds or ISO 8601.
        until: the same.
        accounts: ids, None for the key's own.
        account_id: where the key may not ask for it.
        full_refresh: list everything again.
        fail_fast: end with the first account that fails.
        api_base: see `connector.Config`, as the following.
        api_version: `Stripe-Version`.
        context: `Stripe-Context`.
        rate: requests per second of one endpoint.
        max_in_flight: requests in flight.
        api_key_file: a file whose first line is the key; else it comes from the environment.

    Returns:
        The document of `schemas/payouts_report.json`.

    Raises:
        ConnectorError: as `sync_payouts`.
    """
    settings: dict[str, Any] = {
        "api_base": api_base,
        "api_version": api_version,
        "context": context,
        "rate": rate,
        "max_in_flight": max_in_flight,
    }

    async def main() -> PayoutsReport:
        return await sync_payouts(
            destination,
            config=Config.from_env(api_key_file=api_key_file, **settings),
            since=since,
            until=until,
            accounts=accounts,
            account_id=account_id,
            full_refresh=full_refresh,
            fail_fast=fail_fast,
        )

    return to_document(run_plainly(main, instead="await connector.sync_payouts(…)"))


@dataclass(slots=True)
class PayoutsRun:
    """One run over one destination, with a client that stays open.

    Attributes:
        store: the destination.
        destination: its name as given.
        client: whom to ask.
        asked: seconds of `created` of the payouts asked for.
        full_refresh: list again what the lake has.
        fail_fast: end with the first account that fails.
        progress: filled in as the run goes on.
        began: when it did, by `time.monotonic`.
    """

    store: Store
    destination: str
    client: Client
    asked: Interval = field(default_factory=lambda: Interval(0, END_OF_TIME))
    full_refresh: bool = False
    fail_fast: bool = False
    progress: Progress = field(default_factory=Progress)
    began: float = field(default_factory=time.monotonic)
    _facts: LakeFacts | None = field(init=False, default=None)
    _lock: ExitStack = field(init=False, default_factory=ExitStack)
    _reports: dict[int, AccountPayoutsReport] = field(init=False, default_factory=dict[int, AccountPayoutsReport])
    _errors: dict[str, ConnectorError] = field(init=False, default_factory=dict[str, ConnectorError])
    _failed_in_a_row: int = field(init=False, default=0)
    _format: str = field(init=False, default="parquet")

    async def go(self, accounts: Sequence[str | None] = (None,), *, account_id: str | None = None) -> PayoutsReport:
        """Work on the accounts, several at once, holding the destination.

        Args:
            accounts: ids of connected accounts, None for the key's own.
            account_id: name of the key's own account, where it may not ask for it.

        Raises:
            AccountsError: some of several accounts failed, the others are complete; it has the report.
            ConnectorError: what ended the run.
        """
        progress = self.progress
        progress.meter, progress.rate_limit = self.client.meter, self.client.config.rate
        progress.phase, progress.accounts = "reading payouts", len(accounts)
        before = await anyio.to_thread.run_sync(facts_of, self.store)
        self._format = before.format or self._format
        shared = Shared(
            self.store,
            self.client,
            self.asked,
            full_refresh=self.full_refresh,
            progress=progress,
            hold=self._hold_unless_begun if not before.accounts else self._hold,
            new=not before.accounts,
            several=len(accounts) > 1,
        )

        async def work(position: int) -> None:
            await self._work(AccountPayouts(shared, accounts[position], account_id), position, of=len(accounts))

        with self._lock:
            await work(0)  # goes ahead until it is known what time Stripe has, and whether the key serves
            await in_turn(range(1, len(accounts)), work, at_once=ACCOUNTS_AT_ONCE)
        if not self._errors:
            return self._report("complete")
        failure = AccountsError(self._errors, of=len(accounts))
        failure.report = self._report("failed")
        raise failure

    async def _work(self, part: AccountPayouts, position: int, *, of: int) -> None:
        """Work on one account; an error of its own leaves the others alone."""
        failure: ConnectorError | None = None
        try:
            await part.go()
            self._failed_in_a_row = 0
        except ConnectorError as error:
            error.account = error.account or part.name
            if of == 1 or self.fail_fast or not self._spares_the_others(error):
                raise
            failure = self._errors[part.name] = error
        finally:
            if (report := part.report(failure)) is not None:
                self._reports[position] = report
            self.progress.accounts_done += 1

    def _spares_the_others(self, error: ConnectorError) -> bool:
        self._failed_in_a_row = self._failed_in_a_row + 1 if error.retryable else 0
        if self._failed_in_a_row >= OUTAGE or isinstance(error, AuthenticationError):
            return False
        return isinstance(error, ApiError | ManifestError | SchemaError)

    async def _hold(self) -> LakeFacts:
        """Hold the destination to the end of the run, and say what it holds.

        Raises:
            LockedError: another run holds it.
        """
        if self._facts is None:
            self._lock.enter_context(self.store.lock())
            self._facts = facts_of(self.store)
        return self._facts

    async def _hold_unless_begun(self) -> LakeFacts:
        """Do the same for a destination that was empty when we looked."""
        first = self._facts is None
        facts = await self._hold()
        if first and facts.accounts:
            raise LockedError("another run began this lake a moment ago: run again, to go on from what it wrote")
        return facts

    def _report(self, outcome: PayoutsOutcome) -> PayoutsReport:
        seconds = time.monotonic() - self.began
        config = self.client.config
        return PayoutsReport(
            outcome=outcome,
            destination=self.destination,
            format=self._format,
            api_version=config.api_version,
            connector_version=connector.__version__,
            started=to_text(time.time() - seconds),
            duration_seconds=round(seconds, 3),
            requests=requests_of(self.client.meter, rate=config.rate, seconds=seconds, endpoint=LIST_TRANSACTIONS.name),
            accounts=tuple(report for _, report in sorted(self._reports.items())),
        )


def _asked(since: Time | None, until: Time | None) -> Interval:
    start = 0 if since is None else to_seconds(since, name="--since")
    stop = END_OF_TIME if until is None else to_seconds(until, name="--until")
    if stop <= start:
        raise UsageError("--until must be later than --since: --since is included, --until is not")
    return Interval(start, stop)
