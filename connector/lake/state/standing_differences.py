"""Differences between files and their records that no run has made: runs may go on while a lake is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.lake.state import intents, state_log

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.core.state.data_file import DataFile
    from connector.core.state.tables import TableSpec
    from connector.core.units import AccountId
    from connector.lake.state.file_check import FileDifference
    from connector.lake.stores.base import Store


def standing(
    store: Store,
    spec: TableSpec[Any],
    account: AccountId,
    files: Mapping[str, DataFile],
    differences: Sequence[FileDifference],
) -> list[FileDifference]:
    """Return the differences that are still ones by what the lake says now. Blocks; asks for nothing where none are.

    A run that has replaced a file has announced that before, and its record comes before it takes that back. What a
    killed run has announced is no difference either: the next run records it, or makes it again.

    Args:
        store: the lake.
        spec: table whose records name the files.
        account: whose they are.
        files: as its records had them, by path.
        differences: how what is there differs from that.

    Raises:
        StateError: a record, or an intent, cannot be understood.
        StorageError: the lake cannot be read.
    """
    if not differences:
        return []
    store.look_again()
    announced = intents.announced_paths(store, spec.name, account)
    newest = state_log.load(store, spec, account)
    now: Mapping[str, DataFile] = {} if newest is None else spec.to_parts(newest).files
    return [
        difference
        for difference in differences
        if difference.path not in announced and _of(now, difference.path) == _of(files, difference.path)
    ]


def _of(files: Mapping[str, DataFile], path: str) -> str | None:
    return files[path].sha256 if path in files else None
