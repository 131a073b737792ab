"""Where runs say what they are about to make visible, each in a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.core.state.intent import INTENT_VERSION, Intent, from_json
from connector.core.state.stored_json import struct_to_json
from connector.errors import CommitConflictError
from connector.lake.paths import STATE
from connector.lake.stores.conditions import ABSENT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from connector.core.state.data_file import DataFile
    from connector.core.state.intent import IntendedFile
    from connector.core.units import AccountId
    from connector.lake.paths import FileInfo
    from connector.lake.stores.base import Store
    from connector.lake.stores.conditions import Condition

FOLDER = f"{STATE}/intents"
"""Folder of the intents: in it one for each table, in that one for each account."""


class RunIntents:
    """What one run says of one table and account; one call at a time.

    Args:
        store: the destination.
        table: folder of the table's records.
        account: whose rows.
        run: id of the run.
    """

    def __init__(self, store: Store, table: str, account: AccountId, run: str) -> None:
        self._store = store
        self._table, self._account, self._run = table, account, run
        self._files: list[IntendedFile] = []
        self._attempt = 0
        self._version: Condition = ABSENT

    def write(self, base: int, files: Iterable[IntendedFile]) -> None:
        """Say durably what is going to be made visible, beside what may have been before.

        Args:
            base: number of the record that it goes on from.
            files: the partitions.

        Raises:
            StorageError: the destination refuses; nothing must be made visible then.
        """
        self._files += files
        self._attempt += 1
        intent = Intent(
            intent_version=INTENT_VERSION,
            table=self._table,
            account=self._account,
            run=self._run,
            attempt=self._attempt,
            base=base,
            files=tuple(self._files),
        )
        try:
            self._version = self._store.write(self._path, struct_to_json(intent), condition=self._version)
        except CommitConflictError:  # somebody took over what it said before, or our own answer was lost
            there = self._store.read(self._path)
            self._version = self._store.write(
                self._path, struct_to_json(intent), condition=ABSENT if there is None else there.version
            )

    def settle(self, folders: Collection[str]) -> None:
        """Take note that it is known what became of some partitions: the next intent goes without them."""
        self._files = [file for file in self._files if file.folder not in folders]

    def clear(self) -> None:
        """Take back what was said, unless it is not known yet what became of it.

        Raises:
            StorageError: the destination refuses.
        """
        if self._attempt and not self._files:
            self._store.delete(self._path)
            self._attempt, self._version = 0, ABSENT

    @property
    def _path(self) -> str:
        return f"{_folder(self._table, self._account)}/{self._run}.json"


def others(store: Store, table: str, account: AccountId, run: str = "") -> list[tuple[FileInfo, Intent]]:
    """Return what other runs have said of a table and account; of those at work, and of those that died. Blocks.

    What a file manager leaves in the folder is no run's.

    Raises:
        StateError: an intent is damaged.
        StorageError: the destination cannot be read.
    """
    return [
        (info, from_json(there.data, info.path))
        for info in list(store.list(_folder(table, account)))
        if info.path.endswith(".json")
        and info.path.rpartition("/")[2] != f"{run}.json"
        and (there := store.read(info.path)) is not None
    ]


def announced_paths(
    store: Store, table: str, account: AccountId, files: Mapping[str, DataFile] | None = None
) -> frozenset[str]:
    """Return the paths of which a run has announced another content than is recorded.

    Args:
        store: the lake.
        table: folder of the records.
        account: whose they are.
        files: as they are recorded, by path; what was announced and is recorded by now is left out.
    """
    said = (file.file for _, intent in others(store, table, account) for file in intent.files)
    return frozenset(
        file.path
        for file in said
        if file is not None and (files is None or file.path not in files or files[file.path].sha256 != file.sha256)
    )


def _folder(table: str, account: AccountId) -> str:
    return f"{FOLDER}/{table}/{account}"
