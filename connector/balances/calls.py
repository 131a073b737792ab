"""Snapshots of balances as calls, of one account or several: `record_balance`, and its twin for ordinary code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

from connector.accounts.choice import chosen_accounts
from connector.balances.run import BalancesRun
from connector.balances.snapshots import Snapshot, figures_of
from connector.config.config import Config
from connector.lake.state.lake_identity import refuse_new
from connector.options.calls import BalanceOptions, RunBalanceOptions
from connector.options.given import arguments_of
from connector.options.metrics import measured
from connector.options.signatures import takes
from connector.running.blocking import run_blocking
from connector.services import Services, carried_out, observed, opened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from connector.events import OnEvent


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
        destination: as for `connector.sync`; its lake, or one of its own.
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
    settings = Config.given(config)
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

    accounts: Sequence[str | None]
    account_id: str | None
    fail_fast: bool
    existing: bool


async def record_balance_with(
    services: Services, config: Config, options: BalanceChoice, *, wait: float
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
        run = BalancesRun(services, client, options.accounts, options.account_id, fail_fast=options.fail_fast)
        return await run.go()
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
            "account": snapshot.account,
            "snapshot_at": snapshot.snapshot_at,
            "balance": dict(snapshot.balance.received),
            "path": snapshot.path,
            "rows": snapshot.rows,
        }
        for snapshot in snapshots
    ]
