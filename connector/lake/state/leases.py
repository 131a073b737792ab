"""Leases on disk: who is at work on a lake, and what runs that are not any more have left there."""

from __future__ import annotations

from contextlib import suppress
from time import time
from typing import TYPE_CHECKING

from connector.core.state.leases import Lease, Others, Sign, is_old, lease_in, moment_of, to_bytes
from connector.errors import StorageError
from connector.lake.paths import LEASES
from connector.lake.state.parked_files import sweep_parked
from connector.lake.state.process import has_ended, this_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.core.state.leases import Holder
    from connector.lake.paths import FileInfo
    from connector.lake.stores.base import Store

AT_WORK: set[str] = set()
"""Runs of this process that are at work: of the others of this process it is known that they have ended."""


def lease_path(run: str) -> str:
    """Return where a run's lease is."""
    return f"{LEASES}/{run}.json"


def write_lease(store: Store, lease: Lease) -> None:
    """Write a lease, for the first time or again. Blocks.

    Raises:
        StorageError: the destination refuses.
    """
    store.write(lease_path(lease.id), to_bytes(lease))


def others_at_work(store: Store, run: str = "", *, own: Lease | None = None, utc: Callable[[], float] = time) -> Others:
    """Look who else is at work on a lake. Blocks.

    Args:
        store: the lake.
        run: our own run; empty where we are none.
        own: its lease, as it was written last, which then is not read; None where that is not known.
        utc: UTC seconds by the machine's clock.

    Raises:
        StorageError: the lake cannot be read.
    """
    here = this_process()
    listed = {_run_of(info): info for info in store.list(LEASES) if info.path.endswith(".json")}
    mine = listed.pop(run, None)
    sign = None if mine is None else _sign(store, run, mine, here) if own is None else Sign(run, _seconds(mine), own)
    now = moment_of((_seconds(info) for info in listed.values()), sign, utc())
    signs = {
        name: Sign(name, _seconds(info)) if is_old(_seconds(info), now) else _sign(store, name, info, here)
        for name, info in listed.items()  # one that is old is not read, there may be thousands
    }
    return Others(now, signs)


def clear_leavings(store: Store, may_take: Callable[[str, int], bool]) -> None:
    """Remove what runs left that no state names: as a rule there is nothing. Blocks.

    That is housekeeping: what cannot be removed stays for the next run.

    Args:
        store: the lake.
        may_take: says of what a run left, by its id and when that was last changed, whether it may go.
    """
    with suppress(StorageError):
        store.clear(may_take)
    with suppress(StorageError):
        sweep_parked(store, may_take)


def clear_leases(store: Store, others: Others) -> None:
    """Remove the leases of runs that are not at work any more, once nothing is left of those. Blocks."""
    for sign in others.signs.values():
        if not sign.is_live(others.now):
            with suppress(StorageError):
                store.delete(lease_path(sign.run))


def _sign(store: Store, run: str, info: FileInfo, here: Holder) -> Sign:
    """Return what a lease's file tells."""
    there = store.read(info.path)
    lease = None if there is None else lease_in(there.data, run)
    return Sign(run, _seconds(info), lease, ended=lease is not None and _has_ended(lease, here))


def _has_ended(lease: Lease, here: Holder) -> bool:
    if lease.holder == here:
        return lease.id not in AT_WORK
    return has_ended(lease.holder, here)


def _run_of(info: FileInfo) -> str:
    return info.path.rpartition("/")[2].removesuffix(".json")


def _seconds(info: FileInfo) -> float:
    return info.changed / 1e9
