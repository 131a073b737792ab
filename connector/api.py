"""From Stripe to a lake, as calls: `sync` and `plan`, and their twins for ordinary code."""

from __future__ import annotations

from dataclasses import fields
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from connector.config import Config
from connector.core.intervals import Interval
from connector.core.partition import Granularity
from connector.core.plan import pieces
from connector.core.plan import plan as plan_work
from connector.core.times import Time, to_seconds
from connector.errors import UsageError
from connector.lake import commit
from connector.lake.store import open_store
from connector.options import Options
from connector.report import Progress, Report, to_document
from connector.stripe.client import ACCOUNT, Client
from connector.stripe.identity import identify
from connector.stripe.pages import ListSource

if TYPE_CHECKING:
    from os import PathLike


async def sync(
    destination: str | PathLike[str],
    *,
    config: Config | None = None,
    since: Time | None = None,
    until: Time | None = None,
    progress: Progress | None = None,
    **options: Any,  # noqa: ANN401 - the fields of `Options`, checked there
) -> Report:
    """Bring every balance transaction of an interval into a lake, reading only what it does not hold.

    Safe to call again for the same interval, and after any interruption: files end up byte for byte the same.

    Args:
        destination: a folder.
        config: whom to ask; from the environment by default.
        since: first moment of `created`; everything by default.
        until: moment after the last, exclusive; everything there is by default.
        progress: filled in as the run goes on.
        options: fields of `connector.options.Options`.

    Returns:
        What was done; also kept in the lake under `_stripe_balance/runs`.

    Raises:
        ConnectorError: what ended the run; what was complete by then is published, and the next run goes on from there.
    """
    began = monotonic()
    chosen = _options(since=since, until=until, **options)
    config = config or Config.from_env()
    store = open_store(destination)
    new = not commit.accounts(store)
    client = Client.over_http(config)
    try:
        if not chosen.dry_run:
            _ask_ahead(client, chosen, new=new)
        run = await anyio.to_thread.run_sync(import_module, "connector.run")  # Arrow takes a while to import
        return await run.Run(store, str(destination), client, chosen, progress or Progress(), began).go()
    finally:
        await client.close()


def run_sync(destination: str | PathLike[str], **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - those of `sync`
    """Call `sync` from ordinary code: plain, JSON-able arguments in, the report as a JSON-able dict out.

    Made for task runners (an Airflow PythonOperator, cron): safe to call again for the same interval. The key comes
    from the environment.

    Args:
        destination: as for `sync`.
        arguments: as for `sync`; besides, fields of `connector.Config` other than the key go to the configuration:
            `api_base`, `api_version`, `context`, `rate`, `max_in_flight`, `api_key_file`.

    Raises:
        ConnectorError: as `sync`.
    """
    return to_document(anyio.run(lambda: sync(destination, **_with_config(arguments))))


async def plan(
    destination: str | PathLike[str],
    *,
    config: Config | None = None,
    since: Time | None = None,
    until: Time | None = None,
    windows: int = 8,
    **options: Any,  # noqa: ANN401 - the fields of `Options`
) -> list[dict[str, Any]]:
    """Cut what is to be read into windows that can be given to tasks of their own.

    No two windows share a file. Each is a dict of plain arguments for `run_sync`.

    Args:
        destination: as for `sync`.
        config: as for `sync`.
        since: as for `sync`; the account's creation by default.
        until: as for `sync`; now by default.
        windows: about how many, at least 1.
        options: fields of `connector.options.Options`.
    """
    chosen = _options(since=since, until=until, **options)
    if windows < 1:
        raise UsageError(f"--windows {windows} must be at least 1")
    client = Client.over_http(config or Config.from_env())
    store = open_store(destination)
    found: list[dict[str, Any]] = []
    try:
        for account in chosen.accounts or (None,):
            identity = await identify(client, account=account, account_id=chosen.account_id)
            manifest = commit.load(store, identity.account)
            work = plan_work(manifest, chosen.asked, now=identity.now, full_refresh=chosen.full_refresh)
            partition = manifest.partition if manifest else chosen.partition or Granularity.DAY
            todo = work.todo.within(Interval(min(identity.created, identity.now), identity.now))
            found.extend(
                {"since": part.start, "until": part.stop, **({"accounts": [account]} if account else {})}
                for part in pieces(todo, windows, partition)
            )
    finally:
        await client.close()
    return found


def run_plan(destination: str | PathLike[str], **arguments: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - those of `plan`
    """Call `plan` from ordinary code; arguments as for `run_sync`, and `windows`."""
    return anyio.run(lambda: plan(destination, **_with_config(arguments)))


def _ask_ahead(client: Client, options: Options, *, new: bool) -> None:
    """Send the requests every run begins with, so that their answers are under way while modules are imported."""
    account = options.accounts[0] if options.accounts else None
    client.begin(ACCOUNT, account=account)
    if new:
        ListSource(client, options.query(account)).begin(options.asked)


_CONFIG_ARGUMENTS = ("api_base", "api_version", "context", "rate", "max_in_flight", "api_key_file")


def _options(*, since: Time | None, until: Time | None, **options: Any) -> Options:  # noqa: ANN401 - checked here
    known = {one.name for one in fields(Options)}
    if unknown := sorted(options.keys() - known):
        raise UsageError(f"there is no option {unknown[0]!r}; there are {', '.join(sorted(known))}")
    if isinstance(options.get("partition"), str):
        try:
            options["partition"] = Granularity(options["partition"])
        except ValueError as error:
            raise UsageError(f"partition {options['partition']!r} is none of day, month, year") from error
    for name in ("expand", "accounts"):
        if name in options:
            options[name] = tuple(options[name])
    return Options(
        since=None if since is None else to_seconds(since, name="--since"),
        until=None if until is None else to_seconds(until, name="--until"),
        **options,
    )


def _with_config(arguments: dict[str, Any]) -> dict[str, Any]:
    """Move the configuration's part of plain arguments into a `Config`."""
    settings = {name: arguments.pop(name) for name in _CONFIG_ARGUMENTS if name in arguments}
    return {"config": Config.from_env(**settings), **arguments} if "config" not in arguments else arguments
