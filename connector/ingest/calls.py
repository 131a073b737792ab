"""From Stripe to a lake, as a call: `sync`, and its twin for ordinary code."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Unpack

import anyio.to_thread

from connector.config.config import Config
from connector.core.run_report import Report, figures_of, to_document
from connector.ingest.options import Options, options_of
from connector.lake.state.lake_id import refuse_another
from connector.lake.state.lake_identity import facts_of, refuse_new
from connector.options.calls import RunSyncOptions, SyncOptions
from connector.options.given import arguments_of
from connector.options.metrics import measured
from connector.options.signatures import takes
from connector.running.blocking import run_blocking
from connector.services import Services, carried_out, observed, opened
from connector.stripe.client import ACCOUNT, Client
from connector.stripe.listing.query import ListSource

if TYPE_CHECKING:
    from os import PathLike

    from connector.events import OnEvent


@takes(SyncOptions)
@measured("sync", figures_of)
async def sync(
    destination: str | PathLike[str],
    *,
    config: Config | None = None,
    on_event: OnEvent | None = None,
    **options: Unpack[SyncOptions],
) -> Report:
    """Bring every balance transaction of an interval into a lake, reading only what it does not hold.

    Safe to call again for the same interval, and after any interruption: files end up byte for byte the same.

    Args:
        destination: a folder, or a bucket's address such as `s3://bucket/lake`; made where there is none.
        config: whom to ask; from the environment by default.
        on_event: is told what happens, see `connector.events`; what it raises ends the run in order, and is raised.
        options: see below.

    Returns:
        What was done; also kept in the lake under `_stripe_balance/runs`.

    Raises:
        UsageError: an option makes no sense.
        AccountsError: some of several accounts failed; the others are complete, and it has the report.
        DamagedError: the lake has lost what could not be mended; all else is complete, and it has the report.
        StoppedError: it was stopped, by its canceller or deadline.
        ConnectorError: what ended the run; what was complete by then is published, and the next run goes on from there.
    """
    chosen = options_of(options)
    settings = Config.given(config)
    return await carried_out(
        opened(destination, settings, on_event),
        lambda services: sync_with(services, settings, chosen, wait=options.get("wait", 0.0)),
        options,
    )


async def sync_with(
    services: Services, config: Config, options: Options, *, wait: float, publishes: bool = True
) -> Report:
    """Do what `sync` does, with services that are open already.

    Args:
        services: what it touches.
        config: whom to ask.
        options: what to sync.
        wait: seconds to wait for other runs to end.
        publishes: whether it brings the tables of a lake that has some up to date; of many tasks, one does.

    Raises:
        ConnectorError: as `sync`.
    """

    async def work(services: Services) -> Report:
        longest = 0.0 if options.dry_run else wait
        return await services.when_free(lambda: _sync(services, config, options, publishes=publishes), wait=longest)

    return await observed("sync", services, work, rate_limit=config.rate)


async def _sync(services: Services, config: Config, options: Options, *, publishes: bool) -> Report:
    """Do it once."""
    began = services.clock.now()
    if options.existing:
        refuse_new(services.store, services.destination)
    if options.lake is not None:
        refuse_another(services.store, options.lake)
    new = not facts_of(services.store).accounts
    client = services.client(config)
    try:
        if not options.dry_run:
            _ask_ahead(client, options, new=new)
        run = await anyio.to_thread.run_sync(import_module, "connector.ingest.run")  # Arrow takes a while to import
        return await run.SyncRun(services, client, options, began, publishes).go()
    finally:
        await client.end()


@takes(RunSyncOptions)
@measured("sync", figures_of)
def run_sync(destination: str | PathLike[str], **options: Unpack[RunSyncOptions]) -> dict[str, Any]:
    """Call `sync` from ordinary code: plain, JSON-able arguments in, the report as a JSON-able dict out.

    Made for task runners (cron, a task of your own; Airflow has `connector.airflow`): safe to call again for the same
    interval. The key comes from the environment, or from a file.

    Args:
        destination: as for `sync`.
        options: see below.

    Returns:
        The document of `schemas/run_report.json`.

    Raises:
        ConnectorError: as `sync`.
    """

    async def main() -> Report:
        return await sync(destination, **arguments_of(options))

    return to_document(run_blocking(main, instead="await connector.sync(…)"))


def _ask_ahead(client: Client, options: Options, *, new: bool) -> None:
    """Send the requests every run begins with, so that their answers are under way while modules are imported."""
    account = options.accounts[0] if options.accounts else None
    client.begin(ACCOUNT, account=account)
    if new and not (account and client.acting.by_context):  # the path to it may be another
        ListSource(client, options.query(account)).begin(options.asked)
