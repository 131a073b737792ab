"""Snapshots of balances as calls, of one account or several: `record_balance`, and its twin for ordinary code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

import anyio
import anyio.to_thread

from connector.accounts.choice import Guest, at_home, chosen_accounts, introduced, keep_account
from connector.balances.snapshots import Made, Snapshot, ask_balance, figures_of, keep_balance
from connector.config.config import Config
from connector.core.account_failures import OWN, FailedAccounts
from connector.errors import (
    ConnectorError,
    DamagedError,
    UnpublishedError,
)
from connector.events import AccountEnded, AccountFailed, AccountIdentified, AccountsFound, AccountStarted
from connector.lake.catalogs.following import follow
from connector.lake.state.destination import Destination, destination_as_it_is
from connector.lake.state.lake_identity import refuse_new
from connector.lake.state.lease import at_work
from connector.options.calls import BalanceOptions, RunBalanceOptions
from connector.options.given import arguments_of
from connector.options.metrics import measured
from connector.options.signatures import takes
from connector.running.blocking import run_blocking
from connector.running.concurrency import in_turn
from connector.services import Services, carried_out, observed, opened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from connector.core.units import AccountId
    from connector.events import OnEvent
    from connector.stripe.client import Client

ACCOUNTS_AT_ONCE = 16
"""Accounts asked for at once; the pace holds their requests back further."""


@takes(BalanceOptions)
@measured("balance", figures_of)
async def record_balance(
    destination: str | PathLike[str],
    *,
    config: Config | None = None,
    on_event: OnEvent | None = None,
    **options: Unpack[BalanceOptions],
) -> tuple[Snapshot, ...]:
    """Add a snapshot of the balance to a lake, for each account.

    Args:
        destination: a folder; that of `connector.sync`, or one of its own.
        config: whom to ask; from the environment by default.
        on_event: is told what happens, as by `connector.sync`.
        options: see below.

    Returns:
        The snapshots, in the order of the accounts.

    Raises:
        AccountsError: some of several accounts failed; the others' snapshots are in the lake, and are its `report`.
        DamagedError: earlier snapshots are lost; the new ones are in the lake, and are its `report`. Said once.
        StoppedError: it was stopped, by its canceller or deadline.
        ConnectorError: what ended it.
    """
    account_id = options.get("account_id")
    chosen = BalanceChoice(
        chosen_accounts(options.get("accounts", ()), account_id=account_id),
        account_id,
        fail_fast=options.get("fail_fast", False),
        existing=options.get("existing", False),
    )
    settings = config or Config.from_env()
    return await carried_out(
        opened(destination, settings, on_event),
        lambda services: record_balance_with(services, settings, chosen, wait=options.get("wait", 0.0)),
        options,
    )


@dataclass(frozen=True, slots=True)
class BalanceChoice:
    """Whose balances to record; the fields are those of `record_balance`.

    Attributes:
        accounts: connected accounts to read, None standing for the key's own.
        account_id: name of the key's own account.
        fail_fast: end with the first account that fails.
        existing: refuse to make a new lake.
    """

    accounts: Sequence[str | None] = (None,)
    account_id: str | None = None
    fail_fast: bool = False
    existing: bool = False


async def record_balance_with(
    services: Services, config: Config, options: BalanceChoice, *, wait: float = 0.0
) -> tuple[Snapshot, ...]:
    """Do what `record_balance` does, with services that are open already."""

    async def work(services: Services) -> tuple[Snapshot, ...]:
        return await services.when_free(lambda: _once(services, config, options), wait=wait)

    return await observed("record_balance", services, work, rate_limit=config.rate)


async def _once(services: Services, config: Config, options: BalanceChoice) -> tuple[Snapshot, ...]:
    if options.existing:
        refuse_new(services.store, services.destination)
    client = services.client(config)
    try:
        return await _record(services, client, options)
    finally:
        await client.end()


@takes(RunBalanceOptions)
@measured("balance", figures_of)
def run_record_balance(destination: str | PathLike[str], **options: Unpack[RunBalanceOptions]) -> list[dict[str, Any]]:
    """Call `record_balance` from ordinary code.

    Args:
        destination: as for `record_balance`.
        options: see below.

    Returns:
        For each account `account`, `snapshot_at` in UTC seconds, `balance` as received, `path` and `rows`.

    Raises:
        ConnectorError: as `record_balance`.
    """

    async def main() -> tuple[Snapshot, ...]:
        return await record_balance(destination, **arguments_of(options))

    snapshots = run_blocking(main, instead="await connector.record_balance(…)")
    return [
        {
            "account": one.account,
            "snapshot_at": one.snapshot_at,
            "balance": dict(one.balance.received),
            "path": one.path,
            "rows": one.rows,
        }
        for one in snapshots
    ]


async def _record(services: Services, client: Client, options: BalanceChoice) -> tuple[Snapshot, ...]:
    """Ask for each account, a request each; the destination is held from the first answer on."""
    tell, accounts, account_id = services.on_event, options.accounts, options.account_id
    run = services.new_run(services.clock.now())
    store, lease = services.store.of_run(run), services.lease(run, "balance", client)
    taken: dict[int, Snapshot] = {}
    held: list[Destination] = []
    holding = anyio.Lock()
    names: set[AccountId] = set()
    livemode = client.config.api_key.livemode
    failed = FailedAccounts(len(accounts), fail_fast=options.fail_fast or len(accounts) == 1)
    tell(AccountsFound(len(accounts)))
    async with at_work(lease):

        async def record(position: int) -> None:
            account = accounts[position]
            known = bool(held) and account in held[0].facts.accounts
            identity = await introduced(client, account, account_id=account_id, known=known)
            if identity.account in names:  # under another name
                return
            names.add(identity.account)
            snapshot = await ask_balance(client, account, identity.account)
            lease.about(identity.account)
            async with holding:
                if not held:
                    there = await anyio.to_thread.run_sync(destination_as_it_is, store, lease, livemode)
                    await there.come_to()
                    held.append(there)
            identity, known = await at_home(client, store, held[0].facts, Guest(identity, account, account_id))
            made, snapshot = Made(held[0].format, livemode, run), replace(snapshot, account=identity.account)
            taken[position] = await keep_balance(store, made, snapshot)
            await anyio.to_thread.run_sync(keep_account, store, held[0].facts, known)
            tell(AccountIdentified(account, identity.account))

        async def work(position: int) -> None:
            tell(AccountStarted(accounts[position]))
            try:
                await record(position)
                failed.went_well()
                tell(AccountEnded(accounts[position]))
            except ConnectorError as error:
                tell(AccountFailed(accounts[position], error))
                if not failed.spare(accounts[position] or OWN, error):
                    raise

        try:
            await work(0)  # goes ahead until it is known what time Stripe has, and whether the key serves
            await in_turn(range(1, len(accounts)), work, at_once=ACCOUNTS_AT_ONCE)
        finally:
            unpublished = await follow(store)
    return _ended(tuple(one for _, one in sorted(taken.items())), failed, unpublished)


def _ended(
    snapshots: tuple[Snapshot, ...], failed: FailedAccounts, unpublished: UnpublishedError | None
) -> tuple[Snapshot, ...]:
    """Return the snapshots that were taken, or raise what else there is to say, with them as its report."""
    if failed.errors:
        raise failed.summed_up(snapshots)
    if lost := [path for one in snapshots for path in one.lost]:
        error = DamagedError(lost_snapshots(lost))
        error.report = snapshots
        raise error
    if unpublished is not None:
        unpublished.report = snapshots
        raise unpublished
    return snapshots


def lost_snapshots(paths: Sequence[str]) -> str:
    """Say which files of earlier snapshots are lost, and what to do."""
    named = ", ".join(paths[:3]) + (f" and {len(paths) - 3:,} more" if len(paths) > 3 else "")  # noqa: PLR2004 - a line
    files = "1 file of earlier balances is" if len(paths) == 1 else f"{len(paths):,} files of earlier balances are"
    return f"{files} gone or not as written ({named}): Stripe tells no past balance again, look in a backup"
