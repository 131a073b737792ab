"""Frozen periods in a lake: each revision is a file of its own, which is written once and never replaced."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from connector.core.state.frozen import FrozenName, FrozenPeriod, folder, from_document, name_of, to_bytes, to_name
from connector.errors import CommitUnknownError, StateError
from connector.lake.paths import STATE
from connector.lake.state.record_files import record_path
from connector.lake.state.table_states import TABLE
from connector.lake.stores.conditions import ABSENT

if TYPE_CHECKING:
    from connector.core.state.table_state import TableState
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store


def frozen_names(store: Store, account: AccountId) -> list[FrozenName]:
    """Return the periods of an account that are frozen, each by its newest revision, sorted. Blocks.

    Raises:
        StorageError: the lake cannot be read.
    """
    place = f"{STATE}/{folder(account)}"
    names = [to_name(info.path.removeprefix(f"{place}/")) for info in store.list(place)]
    newest = {
        (frozen.period, frozen.zone): frozen for frozen in sorted(frozen for frozen in names if frozen is not None)
    }
    return sorted(newest.values())


def load_frozen(store: Store, account: AccountId, period: str, timezone: str) -> FrozenPeriod | None:
    """Return the newest revision of a frozen period; None where it never was frozen. Blocks.

    Raises:
        StateError: it is damaged, or was changed since it was written.
        StorageError: the lake cannot be read.
    """
    wanted = name_of(period, timezone, 0)
    for frozen in frozen_names(store, account):
        if (frozen.period, frozen.zone) == (wanted.period, wanted.zone):
            return _load(store, account, frozen)
    return None


def keep_frozen(store: Store, frozen: FrozenPeriod) -> None:
    """Write a revision that is not there yet, durably. Blocks.

    Raises:
        CommitConflictError: somebody else has written that revision; nothing was changed.
        CommitUnknownError: whether it is there is not known.
        StorageError: the destination refuses.
    """
    where, data = _path(frozen.account, name_of(frozen.name, frozen.timezone, frozen.revision)), to_bytes(frozen)
    try:
        store.write(where, data, condition=ABSENT)
    except CommitUnknownError:
        there = store.read(where)
        if there is None or there.data != data:
            raise


def record_digest(store: Store, state: TableState) -> str:
    """Return the SHA-256 of the record that a state was loaded up to, in hexadecimal. Blocks.

    Raises:
        StateError: it is gone.
        StorageError: it cannot be read.
    """
    where = record_path(TABLE, state.account, state.number)
    there = store.read(where)
    if there is None:
        raise StateError(f"{where} is gone: restore it from a backup")
    return sha256(there.data).hexdigest()


def _path(account: AccountId, name: FrozenName) -> str:
    return f"{STATE}/{folder(account)}/{name.text}"


def _load(store: Store, account: AccountId, name: FrozenName) -> FrozenPeriod:
    where = _path(account, name)
    there = store.read(where)
    try:
        document = json.loads(there.data if there else b"")
    except (ValueError, RecursionError) as error:
        raise StateError(f"{where} is damaged ({error}); restore it from a backup") from error
    frozen = from_document(document, where=where)
    if frozen.account != account or name_of(frozen.name, frozen.timezone, frozen.revision) != name:
        raise StateError(f"{where} is about {frozen.account}, {frozen.name}: it was renamed or copied; move it away")
    return frozen
