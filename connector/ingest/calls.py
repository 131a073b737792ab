"""From Stripe to a lake, as a call: `sync`, and its twin for ordinary code."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from connector.blocking import run_plainly
from connector.config.config import Config
from connector.config.salt import Salt
from connector.core.run_report import Report, to_document
from connector.ingest.options import DEFAULT_AUDIT, DEFAULT_SETTLE, Options, options_of
from connector.lake.state.lake_identity import facts_of, refuse_new
from connector.services import Services, observed, opened
from connector.stripe.client import ACCOUNT, Client
from connector.stripe.listing.query import ListSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from connector.core.time.times import Time
    from connector.events import OnEvent


async def sync(
    destination: str | PathLike[str],
    *,
    config: Config | None = None,
    since: Time | None = None,
    until: Time | None = None,
    wait: float = 0.0,
    on_event: OnEvent | None = None,
    **options: Any,  # noqa: ANN401 - the fields of `Options`, checked there
) -> Report:
    """Bring every balance transaction of an interval into a lake, reading only what it does not hold.

    Safe to call again for the same interval, and after any interruption: files end up byte for byte the same.

    Args:
        destination: a folder.
        config: whom to ask; from the environment by default.
        since: first moment of `created`; everything by default.
        until: moment after the last, exclusive; everything there is by default.
        wait: seconds to wait for another run that holds the lake.
        on_event: is told what happens, see `connector.events`; what it raises ends the run in order, and is raised.
        options: fields of `connector.ingest.options.Options`.

    Returns:
        What was done; also kept in the lake under `_stripe_balance/runs`.

    Raises:
        ConnectorError: what ended the run; what was complete by then is published, and the next run goes on from there.
    """
    chosen = options_of(since=since, until=until, **options)
    config = config or Config.from_env()
    async with opened(destination, config, on_event) as services:
        return await sync_with(services, config, chosen, wait=wait)


async def sync_with(services: Services, config: Config, options: Options, *, wait: float = 0.0) -> Report:
    """Do what `sync` does, with services that are open already.

    Args:
        services: what it touches.
        config: whom to ask.
        options: what to sync.
        wait: seconds to wait for another run that holds the lake.

    Raises:
        ConnectorError: as `sync`.
    """

    async def work(services: Services) -> Report:
        longest = 0.0 if options.dry_run else wait
        return await services.when_free(lambda: _sync(services, config, options), wait=longest)

    return await observed("sync", services, work, rate_limit=config.rate)


async def _sync(services: Services, config: Config, options: Options) -> Report:
    """Do it once."""
    began = services.clock.now()
    if options.existing:
        refuse_new(services.store, services.destination)
    new = not facts_of(services.store).accounts
    client = services.client(config)
    try:
        if not options.dry_run:
            _ask_ahead(client, options, new=new)
        run = await anyio.to_thread.run_sync(import_module, "connector.ingest.run")  # Arrow takes a while to import
        return await run.Run(services, client, options, began).go()
    finally:
        await client.end()


def run_sync(  # noqa: PLR0913 - task runners hand everything they know to a callable that takes any keyword
    destination: str | PathLike[str],
    *,
    since: Time | None = None,
    until: Time | None = None,
    format: str | None = None,  # noqa: A002 - the word of the command line and the state
    partition: str | None = None,
    expand: Sequence[str] = (),
    settle: int = DEFAULT_SETTLE,
    accounts: Sequence[str | None] = (),
    all_accounts: bool = False,
    account_id: str | None = None,
    full_refresh: bool = False,
    repair: bool = False,
    balance: bool = False,
    dry_run: bool = False,
    fail_fast: bool = False,
    existing: bool = False,
    wait: float = 0.0,
    source_columns: bool = False,
    omit: Sequence[str] = (),
    hash: Sequence[str] = (),  # noqa: A002 - as format
    hash_salt_file: str | None = None,
    strict_schema: bool = False,
    audit: float = DEFAULT_AUDIT,
    api_base: str | None = None,
    api_version: str | None = None,
    context: str | None = None,
    rate: float | None = None,
    rate_per_account: bool = False,
    max_in_flight: int | None = None,
    api_key_file: str | None = None,
) -> dict[str, Any]:
    """Call `sync` from ordinary code: plain, JSON-able arguments in, the report as a JSON-able dict out.

    Made for task runners (an Airflow PythonOperator, cron): safe to call again for the same interval. The key comes
    from the environment, or from a file.

    Args:
        destination: a folder.
        since: first moment of `created`, as UTC seconds or ISO 8601; everything by default.
        until: moment after the last, exclusive; everything there is by default.
        format: parquet, jsonl (also jsonl.gz, jsonl.plain) or arrow; by default the lake's, parquet for a new one.
        partition: day, month or year; that of the lake by default, a day for a new one.
        expand: paths to expand in each row, without `data.`.
        settle: seconds before now up to which rows count as all visible.
        accounts: connected accounts to read, None standing for the key's own.
        all_accounts: read the key's own account and every connected one.
        account_id: name of the key's own account, where it may not ask for it.
        full_refresh: read all that is asked for again.
        repair: read again what was changed or lost on the disk.
        balance: add a snapshot of the balance to the lake.
        dry_run: stop before reading.
        fail_fast: end the run with the first account that fails.
        existing: refuse to make a new lake.
        wait: seconds to wait for another run that holds the lake.
        source_columns: whether charges, refunds and payouts among expanded sources have columns.
        omit: columns and paths to leave out, such as `description` or `source.billing_details`.
        hash: columns and paths to replace by a salted hash.
        hash_salt_file: a file whose first line is the salt; else it comes from `STRIPE_BALANCE_SALT`.
        strict_schema: refuse rows that differ from the schema.
        audit: percent of the requests to spend on asking about the past again; 0 for none.
        api_base: see `connector.Config`, as the following.
        api_version: `Stripe-Version`.
        context: `Stripe-Context`.
        rate: requests per second of one endpoint, above 0; infinite for no limit.
        rate_per_account: whether each account has the rate to itself.
        max_in_flight: requests in flight.
        api_key_file: a file whose first line is the key.

    Returns:
        The document of `schemas/run_report.json`.

    Raises:
        ConnectorError: as `sync`.
    """
    settings: dict[str, Any] = {
        "api_base": api_base,
        "api_version": api_version,
        "context": context,
        "rate": rate,
        "rate_per_account": rate_per_account,
        "max_in_flight": max_in_flight,
    }

    async def main() -> Report:
        return await sync(
            destination,
            config=Config.from_env(api_key_file=api_key_file, **settings),
            since=since,
            until=until,
            format=format,
            partition=partition,
            expand=expand,
            settle=settle,
            accounts=accounts,
            all_accounts=all_accounts,
            account_id=account_id,
            full_refresh=full_refresh,
            repair=repair,
            balance=balance,
            dry_run=dry_run,
            fail_fast=fail_fast,
            existing=existing,
            wait=wait,
            source_columns=source_columns,
            omit=omit,
            hash=hash,
            salt=Salt.find(file=hash_salt_file) if hash_salt_file else None,
            strict_schema=strict_schema,
            audit=audit,
        )

    return to_document(run_plainly(main, instead="await connector.sync(…)"))


def _ask_ahead(client: Client, options: Options, *, new: bool) -> None:
    """Send the requests every run begins with, so that their answers are under way while modules are imported."""
    account = options.accounts[0] if options.accounts else None
    client.begin(ACCOUNT, account=account)
    if new and not (account and client.acting.by_context):  # the path to it may be another
        ListSource(client, options.query(account)).begin(options.asked)
