"""Files that other runs of a table have said are coming, and which of them are visible by now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from connector.core.state.data_file import with_changes
from connector.core.state.intent import file_in, follows
from connector.core.state.tables import State
from connector.lake.state import intents
from connector.lake.stores.disk import at_disk, sha256_of

if TYPE_CHECKING:
    from connector.core.state.intent import IntendedFile, Intent
    from connector.core.state.tables import TableSpec
    from connector.core.units import AccountId
    from connector.lake.paths import FileInfo
    from connector.lake.stores.base import Store

S = TypeVar("S", bound=State)


@dataclass(frozen=True, slots=True)
class OthersFiles(Generic[S]):
    """What the other runs of a table and account have intended.

    Attributes:
        store: the destination.
        spec: of the table.
        account: whose rows.
        run: whose others.
    """

    store: Store
    spec: TableSpec[S]
    account: AccountId
    run: str

    def found(self, state: S) -> tuple[list[tuple[FileInfo, Intent]], list[IntendedFile]]:
        """Return what other runs have said, and what of it is visible and not in the state."""
        said = intents.others(self.store, self.spec.name, self.account, self.run)
        entries: dict[str, IntendedFile] = {}
        for _, intent in said:
            for file in intent.files:
                if file.folder not in entries and follows(state.recorded, file) and (entry := self.there(state, file)):
                    entries[file.folder] = entry
        return said, list(entries.values())

    def there(self, state: S, intended: IntendedFile) -> IntendedFile | None:
        """Return an entry, with the version of its file, if the partition is as it was to be."""
        if intended.file is None:
            gone = file_in(state.recorded.files, intended.folder)
            return intended if gone is not None and self.store.version(gone.path) is None else None
        if self._is_old(state, intended, intended.file.path):
            return None
        sha256, version = content_of(self.store, intended.file.path)
        if sha256 != intended.sha256 or version is None:
            return None
        return with_version(self.store, intended, version)

    def _is_old(self, state: S, intended: IntendedFile, path: str) -> bool:
        """Say whether what is there is still what the state has, where that can be seen without its bytes."""
        there = file_in(state.recorded.files, intended.folder)
        known = None if there is None or there.path != path else there.version
        return known is not None and self.store.version(path) == known


def content_of(store: Store, path: str) -> tuple[str | None, str | None]:
    """Return the SHA-256 and the version of what is there; None for both where nothing is."""
    version = store.version(path)
    with store.opened(path) as local:
        if version is None or local is None:
            return None, None
        with at_disk(f"reading {path}"):
            return sha256_of(local), version


def with_version(store: Store, intended: IntendedFile, version: str) -> IntendedFile:
    """Return an entry with the version of its file, where that says something tomorrow."""
    if intended.file is None or not store.versions_last:
        return intended
    return intended.of(with_changes(intended.file, version=version))
