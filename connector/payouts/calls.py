"""Payouts into a lake, and which balance transactions each of them paid out: `sync_payouts`, and its plain twin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

from connector.accounts.choice import chosen_accounts
from connector.config.config import Config
from connector.config.moments import interval_given
from connector.lake.state.lake_identity import refuse_new
from connector.options.calls import PayoutsOptions, RunPayoutsOptions
from connector.options.given import arguments_of
from connector.options.metrics import measured
from connector.options.signatures import takes
from connector.payouts.report import PayoutsReport, figures_of, to_document
from connector.payouts.run import PayoutsRun
from connector.running.blocking import run_blocking
from connector.services import Services, carried_out, observed, opened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from connector.core.time.intervals import Interval
    from connector.events import OnEvent


@takes(PayoutsOptions)
@measured("payouts", figures_of)
async def sync_payouts(
    destination: str | PathLike[str],
    *,
    config: Config | None = None,
    on_event: OnEvent | None = None,
    **options: Unpack[PayoutsOptions],
) -> PayoutsReport:
    """Bring payouts into a lake, and for every reconciled automatic one the balance transactions it paid out.

    Reads only what the lake lacks and what may have changed: payouts that are under way, reconciled later, or paid less
    than two weeks ago. Safe to call again, and after any interruption.

    Args:
        destination: as for `connector.sync`; its lake, or one of its own.
        config: whom to ask; from the environment by default.
        on_event: is told what happens, as by `connector.sync`.
        options: see below; `full_refresh` lists transactions again, too.

    Returns:
        What was done.

    Raises:
        AccountsError: some of several accounts failed, the others are complete; it has the report.
        DamagedError: something is lost that could not be mended, all else is complete; it has the report.
        StoppedError: it was stopped, by its canceller or deadline.
        ConnectorError: what ended the run; what was complete by then is kept, and the next run goes on from there.
    """
    account_id = options.get("account_id")
    chosen = PayoutsChoice(
        interval_given(options.get("since"), options.get("until")),
        chosen_accounts(options.get("accounts", ()), account_id=account_id),
        account_id,
        full_refresh=options.get("full_refresh", False),
        fail_fast=options.get("fail_fast", False),
        existing=options.get("existing", False),
    )
    settings = Config.given(config)
    return await carried_out(
        opened(destination, settings, on_event),
        lambda services: sync_payouts_with(services, settings, chosen, wait=options.get("wait", 0.0)),
        options,
    )


@dataclass(frozen=True, slots=True)
class PayoutsChoice:
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
    accounts: Sequence[str | None]
    account_id: str | None
    full_refresh: bool
    fail_fast: bool
    existing: bool


async def sync_payouts_with(
    services: Services, config: Config, options: PayoutsChoice, *, wait: float
) -> PayoutsReport:
    """Do what `sync_payouts` does, with services that are open already."""

    async def work(services: Services) -> PayoutsReport:
        return await services.when_free(lambda: _sync(services, config, options), wait=wait)

    return await observed("sync_payouts", services, work, rate_limit=config.rate)


async def _sync(services: Services, config: Config, options: PayoutsChoice) -> PayoutsReport:
    """Do it once."""
    if options.existing:
        refuse_new(services.store, services.destination)
    client = services.client(config)
    run = PayoutsRun(services, client, options.asked, options.full_refresh, options.fail_fast)
    try:
        return await run.go(options.accounts, account_id=options.account_id)
    finally:
        await client.end()


@takes(RunPayoutsOptions)
@measured("payouts", figures_of)
def run_sync_payouts(destination: str | PathLike[str], **options: Unpack[RunPayoutsOptions]) -> dict[str, Any]:
    """Call `sync_payouts` from ordinary code: plain, JSON-able arguments in, the report as a JSON-able dict out.

    Args:
        destination: as for `sync_payouts`.
        options: see below.

    Returns:
        The document of `schemas/payouts_report.json`.

    Raises:
        ConnectorError: as `sync_payouts`.
    """

    async def main() -> PayoutsReport:
        return await sync_payouts(destination, **arguments_of(options))

    return to_document(run_blocking(main, instead="await connector.sync_payouts(…)"))
