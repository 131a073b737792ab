"""Parked files against the state: which are lost, and which no state names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.lake.state.file_check import changed_files
from connector.lake.writing.parking import parked_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from connector.core.state.data_file import ParkedFile
    from connector.core.units import AccountId
    from connector.lake.stores.base import Store


def damaged(store: Store, parked: Iterable[ParkedFile]) -> list[ParkedFile]:
    """Return the parked files that are gone or not as they were written. Blocks.

    Raises:
        StorageError: when the destination cannot be read.
    """
    files = list(parked)
    wrong = {file.path for file in changed_files(store, [one.file for one in files])}
    return [one for one in files if one.file.path in wrong]


def sweep_parked(store: Store, table: str, account: AccountId, named: Collection[str]) -> None:
    """Remove an account's parked files that are not among those its state names: a run that died left them. Blocks.

    Raises:
        StorageError: when the destination cannot be read or written.
    """
    for info in list(store.list(parked_folder(table, account))):
        if info.path not in named:
            store.delete(info.path)
