"""Payouts into a lake, and which balance transactions each of them paid out: `sync_payouts`, and its plain twin."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from connector.accounts.choice import chosen_accounts
from connector.blocking import run_plainly
from connector.config.config import Config
from connector.config.moments import interval_given
from connector.core.run_report import Progress
from connector.lake.state.lake_identity import refuse_new
from connector.lake.state.waiting import when_free
from connector.lake.stores.base import open_store
from connector.payouts.report import PayoutsReport, to_document
from connector.payouts.run import PayoutsRun
from connector.stripe.client import Client

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from connector.core.time.times import Time


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
        existing: refuse to make a new lake.
        wait: seconds to wait for another run that holds the lake.
        progress: filled in as the run goes on.

    Returns:
        What was done.

    Raises:
        AccountsError: some of several accounts failed, the others are complete; it has the report.
        DamagedError: something is lost that could not be mended, all else is complete; it has the report.
        ConnectorError: what ended the run; what was complete by then is kept, and the next run goes on from there.
    """
    asked = interval_given(since, until)
    chosen = chosen_accounts(accounts, account_id=account_id)
    store, config, progress = open_store(destination), config or Config.from_env(), progress or Progress()

    def waiting() -> None:
        progress.phase = "waiting for another run"

    async def once() -> PayoutsReport:
        if existing:
            refuse_new(store, str(destination))
        client = Client.over_http(config)
        run = PayoutsRun(store, str(destination), client, asked, began=time.monotonic(), progress=progress)
        run.full_refresh, run.fail_fast = full_refresh, fail_fast
        try:
            return await run.go(chosen, account_id=account_id)
        finally:
            await client.close()

    return await when_free(store, once, wait=wait, waiting=waiting)


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
