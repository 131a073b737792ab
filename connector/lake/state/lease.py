"""A run's lease: written when the run begins to write, renewed while it is at work, removed when it ends.

Where a lease cannot be written, or the machine slept so long that others took the run for dead, the run goes on:
commits depend on no lease. What others cleared away meanwhile, the run finds when it wants to publish it.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from connector.core.state.leases import LEASE_VERSION, STALE_SECONDS, Lease, Others, with_changes
from connector.errors import StorageError
from connector.events import OnEvent, RunLapsed, unheard
from connector.lake.state.leases import AT_WORK, clear_leases, clear_leavings, lease_path, others_at_work, write_lease
from connector.lake.state.process import this_process
from connector.running.concurrency import tasks_with_one_error

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from connector.core.state.account_record import KeyPrint
    from connector.core.time.intervals import Interval
    from connector.lake.stores.base import Store
    from connector.running.clock import Clock

RENEW_SECONDS = 20.0
"""How old a lease may become before it is renewed."""

LOOK_SECONDS = 5.0
"""How often a run looks who else is at work, and whether its own lease is due."""

ACCOUNTS_NAMED = 100
"""Accounts that a lease names at most; runs of more know each other by their key."""


@dataclass(slots=True, eq=False)
class RunLease:
    """The lease of one run.

    Attributes:
        store: the lake.
        clock: time.
        lease: what it says.
        on_others: told who else is at work, whenever that was looked at.
        on_event: told where the run may have been taken for dead.
        others: who else was at work when that was looked at last.
    """

    store: Store
    clock: Clock
    lease: Lease
    on_others: Callable[[Others], None] = lambda _: None
    on_event: OnEvent = unheard
    others: Others = field(init=False, default_factory=lambda: Others(0.0, {}))
    _begun: anyio.Event = field(init=False, default_factory=anyio.Event)
    _beginning: anyio.Lock = field(init=False, default_factory=anyio.Lock)
    _renewed: tuple[float, float] = field(init=False, default=(0.0, 0.0))
    _written: Lease | None = field(init=False, default=None)

    @property
    def begun(self) -> bool:
        """Whether the run has begun to write."""
        return self._begun.is_set()

    def about(self, account: str) -> None:
        """Say that the run asks about an account; the lease says so when it is written next."""
        named = self.lease.accounts
        if account not in named and len(named) < ACCOUNTS_NAMED:
            self.lease = with_changes(self.lease, accounts=(*named, account))

    async def begin(self) -> None:
        """Say that the run is at work from here on; what runs that have ended left staged is removed.

        Doing it again does nothing.
        """
        async with self._beginning:
            if not self.begun:
                AT_WORK.add(self.lease.id)
                self.lease = with_changes(self.lease, begun=self.clock.utc())
                self._renewed = (self.clock.now(), float(self.clock.utc()))
                self._take_note(await anyio.to_thread.run_sync(self._begin))
                self._begun.set()

    async def keep(self) -> None:
        """Renew the lease while the run is at work, and look who else is."""
        await self._begun.wait()
        while True:
            await self.clock.sleep(LOOK_SECONDS)
            if (silent := self._silent()) > STALE_SECONDS:
                self.on_event(RunLapsed(silent))
            self._take_note(await anyio.to_thread.run_sync(self._look))

    async def end(self) -> None:
        """Say that the run is over."""
        AT_WORK.discard(self.lease.id)
        if self.begun:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._end)

    def _take_note(self, others: Others) -> None:
        self.others = others
        self.on_others(others)

    def _silent(self) -> float:
        """Return for how long the lease was not renewed, in seconds, by the clock that has gone on furthest.

        The one stands still while a machine sleeps, the other may be set.
        """
        now, utc = self._renewed
        return max(self.clock.now() - now, self.clock.utc() - utc)

    def _begin(self) -> Others:
        self._write()
        others = self._others()
        clear_leavings(self.store, others.may_take)
        clear_leases(self.store, others)
        return others

    def _look(self) -> Others:
        if self._silent() >= RENEW_SECONDS:
            self._write()
        return self._others()

    def _write(self) -> None:
        """Write the lease; where that fails it is tried again at the next look."""
        now, utc = self.clock.now(), self.clock.utc()
        with suppress(StorageError):
            written = with_changes(self.lease, renewed=utc)
            write_lease(self.store, written)
            self._renewed, self._written = (now, float(utc)), written

    def _others(self) -> Others:
        try:
            return others_at_work(self.store, self.lease.id, own=self._written, utc=self.clock.utc)
        except StorageError:
            return Others(self.clock.utc(), {})

    def _end(self) -> None:
        clear_leavings(self.store, lambda run, _: run == self.lease.id)
        with suppress(StorageError):
            self.store.delete(lease_path(self.lease.id))


@asynccontextmanager
async def at_work(lease: RunLease) -> AsyncGenerator[RunLease]:
    """Keep a lease from `RunLease.begin` to the end of the block."""
    try:
        async with tasks_with_one_error() as tasks:
            tasks.start_soon(lease.keep)
            yield lease
            tasks.cancel_scope.cancel()
    finally:
        await lease.end()


def lease_of(run: str, command: str, *, utc: int, asked: Interval | None = None, key: KeyPrint | None = None) -> Lease:
    """Return the lease of a run of this process.

    Args:
        run: its id.
        command: what it does.
        utc: UTC seconds by the machine's clock.
        asked: seconds of `created` it was asked for.
        key: what tells its key from others.
    """
    return Lease(
        lease_version=LEASE_VERSION,
        id=run,
        command=command,
        holder=this_process(),
        begun=utc,
        renewed=utc,
        asked=None if asked is None else (asked.start, asked.stop),
        key=key,
    )
