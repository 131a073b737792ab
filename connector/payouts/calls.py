"""Payouts into a lake, and which balance transactions each of them paid out: `sync_payouts`, and its plain twin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.accounts.choice import chosen_accounts
from connector.blocking import run_plainly
from connector.config.config import Config
from connector.config.moments import interval_given
from connector.lake.state.lake_identity import refuse_new
from connector.payouts.report import PayoutsReport, to_document
from connector.payouts.run import PayoutsRun
from connector.services import Services, observed, opened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from connector.core.time.intervals import Interval
    from connector.core.time.times import Time
    from connector.events import OnEvent


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
    existing: bool = False,
    wait: float = 0.0,
    on_event: OnEvent | None = None,
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
        existing: refuse to make a new lake.
        wait: seconds to wait for another run that holds the lake.
        on_event: is told what happens, as by `connector.sync`.

    Returns:
        What was done.

    Raises:
        AccountsError: some of several accounts failed, the others are complete; it has the report.
        DamagedError: something is lost that could not be mended, all else is complete; it has the report.
        ConnectorError: what ended the run; what was complete by then is kept, and the next run goes on from there.
    """
    options = PayoutsOptions(
        interval_given(since, until),
        chosen_accounts(accounts, account_id=account_id),
        account_id,
        full_refresh=full_refresh,
        fail_fast=fail_fast,
        existing=existing,
    )
    config = config or Config.from_env()
    async with opened(destination, config, on_event) as services:
        return await sync_payouts_with(services, config, options, wait=wait)


@dataclass(frozen=True, slots=True)
class PayoutsOptions:
    """What to bring, apart from where to and as whom; the fields are those of `sync_payouts`.

    Attributes:
        asked: seconds of the payouts' `created`.
        accounts: connected accounts to read, None standing for the key's own.
        account_id: name of the key's own account.
        full_refresh: list again all that is asked for.
        fail_fast: end with the first account that fails.
        existing: refuse to make a new lake.
    """

    asked: Interval
    accounts: Sequence[str | None] = (None,)
    account_id: str | None = None
    full_refresh: bool = False
    fail_fast: bool = False
    existing: bool = False


async def sync_payouts_with(
    services: Services, config: Config, options: PayoutsOptions, *, wait: float = 0.0
) -> PayoutsReport:
    """Do what `sync_payouts` does, with services that are open already."""

    async def work(services: Services) -> PayoutsReport:
        return await services.when_free(lambda: _sync(services, config, options), wait=wait)

    return await observed("sync_payouts", services, work, rate_limit=config.rate)


async def _sync(services: Services, config: Config, options: PayoutsOptions) -> PayoutsReport:
    """Do it once."""
    if options.existing:
        refuse_new(services.store, services.destination)
    client = services.client(config)
    run = PayoutsRun(services, client, options.asked, options.full_refresh, options.fail_fast)
    try:
        return await run.go(options.accounts, account_id=options.account_id)
    finally:
        await client.end()


def run_sync_payouts(  # noqa: PLR0913 - task runners hand everything they know to a callable that takes any keyword
    destination: str | PathLike[str],
    *,
    since: Time | None = None,
    until: Time | None = None,
    accounts: Sequence[str | None] = (),
    account_id: str | None = None,
    full_refresh: bool = False,
    fail_fast: bool = False,
    existing: bool = False,
    wait: float = 0.0,
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
        existing: refuse to make a new lake.
        wait: seconds to wait for another run that holds the lake.
        api_base: see `connector.Config`, as the following.
        api_version: `Stripe-Version`.
        context: `Stripe-Context`.
        rate: requests per second of one endpoint, above 0; infinite for no limit.
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
            existing=existing,
            wait=wait,
        )

    return to_document(run_plainly(main, instead="await connector.sync_payouts(…)"))
