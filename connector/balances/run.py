"""One run that records balances: several accounts at once, one lease, held from the first answer on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from connector.accounts.choice import Guest, at_home, introduced, keep_account
from connector.balances.snapshots import Made, ask_balance, keep_balance
from connector.core.account_failures import OWN, AccountFailures
from connector.errors import ConnectorError, DamagedError
from connector.events import AccountEnded, AccountFailed, AccountIdentified, AccountsFound, AccountStarted
from connector.lake.catalogs.following import follow
from connector.lake.state.destination import destination_as_it_is
from connector.lake.state.lease import at_work
from connector.running.concurrency import in_turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.balances.snapshots import Snapshot
    from connector.core.units import AccountId
    from connector.errors import UnpublishedError
    from connector.lake.state.destination import RunDestination
    from connector.lake.state.lease import RunLease
    from connector.lake.stores.base import Store
    from connector.services import Services
    from connector.stripe.client import Client

ACCOUNTS_AT_ONCE = 16
"""Accounts asked for at once; the pace holds their requests back further."""


@dataclass(slots=True)
class BalancesRun:
    """One run over one destination, with a client that stays open.

    Attributes:
        services: what it touches.
        client: whom to ask.
        accounts: ids of connected accounts, None for the key's own.
        account_id: name of the key's own account, where it may not ask for it.
        fail_fast: end with the first account that fails.
        run: names it.
    """

    services: Services
    client: Client
    accounts: Sequence[str | None]
    account_id: str | None
    fail_fast: bool
    run: str = field(init=False)
    _store: Store = field(init=False)
    _lease: RunLease = field(init=False)
    _failed: AccountFailures = field(init=False)
    _destination: RunDestination | None = field(init=False, default=None)
    _holding: anyio.Lock = field(init=False, default_factory=anyio.Lock)
    _names: set[AccountId] = field(init=False, default_factory=set["AccountId"])
    _taken: dict[int, Snapshot] = field(init=False, default_factory=dict[int, "Snapshot"])

    def __post_init__(self) -> None:
        self.run = self.services.new_run(self.services.clock.now())
        self._store = self.services.store.of_run(self.run)
        self._lease = self.services.lease(self.run, "balance", self.client)
        several = len(self.accounts)
        self._failed = AccountFailures(several, fail_fast=self.fail_fast or several == 1)

    async def go(self) -> tuple[Snapshot, ...]:
        """Record the balance of each account, a request each, several at once; return them in order of the accounts.

        Raises:
            AccountsError: some of several accounts failed; the others' snapshots are its report.
            DamagedError: earlier snapshots are lost; the new ones are its report.
            ConnectorError: what ended the run.
        """
        self.services.on_event(AccountsFound(len(self.accounts)))
        async with at_work(self._lease):
            try:
                await self._work(0)  # goes ahead until it is known what time Stripe has, and whether the key serves
                await in_turn(range(1, len(self.accounts)), self._work, at_once=ACCOUNTS_AT_ONCE)
            finally:
                unpublished = await follow(self._store)
        return self._ended(unpublished)

    async def _work(self, position: int) -> None:
        """Record one account's; an error of its own leaves the others alone."""
        account, tell = self.accounts[position], self.services.on_event
        tell(AccountStarted(account))
        try:
            await self._record(position)
            self._failed.succeeded()
            tell(AccountEnded(account))
        except ConnectorError as error:
            tell(AccountFailed(account, error))
            if not self._failed.tolerate(account or OWN, error):
                raise

    async def _record(self, position: int) -> None:
        account, client, store = self.accounts[position], self.client, self._store
        known = self._destination is not None and account in self._destination.facts.accounts
        identity = await introduced(client, account, account_id=self.account_id, known=known)
        if identity.account in self._names:  # under another name
            return
        self._names.add(identity.account)
        snapshot = await ask_balance(client, account, identity.account)
        self._lease.about(identity.account)
        there = await self._held()
        identity, record = await at_home(client, store, there.facts, Guest(identity, account, self.account_id))
        made = Made(there.format, client.config.api_key.livemode, self.run)
        self._taken[position] = await keep_balance(store, made, replace(snapshot, account=identity.account))
        await anyio.to_thread.run_sync(keep_account, store, there.facts, record)
        self.services.on_event(AccountIdentified(account, identity.account))

    async def _held(self) -> RunDestination:
        """Return the destination, held by whoever has the first answer: a key that may not ask makes no lake."""
        async with self._holding:
            if self._destination is None:
                livemode = self.client.config.api_key.livemode
                there = await anyio.to_thread.run_sync(destination_as_it_is, self._store, self._lease, livemode)
                await there.come_to()
                self._destination = there
            return self._destination

    def _ended(self, unpublished: UnpublishedError | None) -> tuple[Snapshot, ...]:
        """Return the snapshots that were taken, or raise what else there is to say, with them as its report."""
        snapshots = tuple(snapshot for _, snapshot in sorted(self._taken.items()))
        if self._failed.errors:
            raise self._failed.summed_up(snapshots)
        lost = [path for snapshot in snapshots for path in snapshot.lost]
        failure = DamagedError(_lost_snapshots(lost)) if lost else unpublished
        if failure is not None:
            failure.report = snapshots
            raise failure
        return snapshots


def _lost_snapshots(paths: Sequence[str]) -> str:
    """Say which files of earlier snapshots are lost, and what to do."""
    named = ", ".join(paths[:3]) + (f" and {len(paths) - 3:,} more" if len(paths) > 3 else "")  # noqa: PLR2004 - a line
    files = "1 file of earlier balances is" if len(paths) == 1 else f"{len(paths):,} files of earlier balances are"
    return f"{files} gone or not as written ({named}): Stripe tells no past balance again, look in a backup"
