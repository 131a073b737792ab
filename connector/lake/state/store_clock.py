"""What time it is, for those who judge how old files are: no clock that is ahead makes a young one old."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from connector.core.state.run_ids import new_run_id
from connector.errors import StorageError
from connector.lake.paths import STATE
from connector.lake.state.lease import lease_of
from connector.lake.state.leases import AT_WORK, lease_path, write_lease

if TYPE_CHECKING:
    from collections.abc import Generator

    from connector.lake.stores.base import Store


@contextmanager
def moment_of_work(store: Store, command: str) -> Generator[float]:
    """Be at work on a lake for the length of the block, by a lease, and offer what time it is. Blocks.

    That is by the store's clock, which dates our lease as it dates all files, and by ours: the earlier of the two.
    Where the lease is not listed yet, what was changed last tells the time: it was then, at least.

    Args:
        store: the lake.
        command: what is done.

    Raises:
        StorageError: the lake cannot be written, or read.
    """
    now = time.time()
    lease = lease_of(new_run_id(now, secrets.token_hex(4)), command, utc=int(now))
    AT_WORK.add(lease.id)
    try:
        write_lease(store, lease)
        yield min(time.time(), _dated(store, lease_path(lease.id)))
    finally:
        AT_WORK.discard(lease.id)
        with suppress(StorageError):  # the next run clears it away
            store.delete(lease_path(lease.id))


def _dated(store: Store, path: str) -> float:
    """Return when a file was changed, UTC seconds of the store's clock; where it is not listed, when any other was."""
    there = store.info(path)
    changed = there.changed if there is not None else max((file.changed for file in store.list(STATE)), default=0)
    return changed / 1e9
