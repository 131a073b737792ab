"""How files come into an Iceberg table and go out: pyiceberg's overwrite producer, with manifests of bounded size.

pyiceberg's own reads every manifest three times for a commit (to find the files, what goes, and what stays), writes one
anew as a whole for a file that goes, keeps those in which nothing is left, and never puts small ones together: a
replaced day of 1,826 took as long as writing 1,825 entries. Here a manifest is read once, by its path, under which it
is never another one; one that is written has at most `LEAF_FILES` files, in order of partition, so that a replaced day
makes that many entries anew; what is empty goes, and small ones are put together once there are many.
"""

# pyright: reportMissingImports=false, reportUnknownParameterType=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUntypedBaseClass=false
# pyright: reportPrivateUsage=false, reportUnknownLambdaType=false
# (pyiceberg is an extra, and this is checked without it, too; the producers have names of pyiceberg's own)

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pyiceberg.exceptions import ValidationException
from pyiceberg.manifest import DataFileContent, ManifestContent, ManifestEntry, ManifestEntryStatus
from pyiceberg.table import Transaction
from pyiceberg.table.update.snapshot import _OverwriteFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyiceberg.io import FileIO
    from pyiceberg.manifest import ManifestFile
    from pyiceberg.table.metadata import TableMetadata
    from pyiceberg.table.snapshots import Operation
    from pyiceberg.table.update import TableUpdate

LEAF_FILES = 200
"""Data files in a manifest that is written, at most."""

FOLDED_MANIFESTS = 16
"""Manifests of few files from which a commit puts them together: opening one takes as long as ten files in it do."""

READ_AT_ONCE = 8
"""Manifests that are read at once in a bucket, where most of it is waiting."""


class Commit(Transaction):
    """A transaction whose metadata is worked out once after each change.

    pyiceberg's own copies all of it, with every snapshot, each time that it is asked for it: thirty times a commit.
    """

    _worked_out: tuple[TableMetadata, tuple[TableUpdate, ...], TableMetadata] | None = None

    @property
    def table_metadata(self) -> TableMetadata:
        """The metadata with what was changed so far."""
        known = self._worked_out
        if known is None or known[0] is not self._table.metadata or known[1] is not self._updates:
            known = self._worked_out = (self._table.metadata, self._updates, super().table_metadata)
        return known[2]


class Manifests:
    """Manifests that were read, by their paths: what is under one of them is never another one."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._read: dict[str, list[ManifestEntry]] = {}

    def live(self, manifests: Sequence[ManifestFile], io: FileIO) -> Iterable[tuple[ManifestFile, list[ManifestEntry]]]:
        """Return manifests, each with the entries of files that are in the table; those not read yet are read."""
        new = [manifest for manifest in manifests if manifest.manifest_path not in self._read]
        if new:
            with ThreadPoolExecutor(min(len(new), self._at_once)) as threads:
                entries = threads.map(lambda manifest: manifest.fetch_manifest_entry(io), new)
                self._read.update(zip((manifest.manifest_path for manifest in new), entries, strict=True))
        return [(manifest, self._read[manifest.manifest_path]) for manifest in manifests]

    def keep_only(self, manifests: Sequence[ManifestFile]) -> None:
        """Forget all others."""
        paths = {manifest.manifest_path for manifest in manifests}
        self._read = {path: entries for path, entries in self._read.items() if path in paths}


def is_small(manifest: ManifestFile) -> bool:
    """Say whether a manifest of data files is one of few files, which may be put together with others."""
    return manifest.content == ManifestContent.DATA and 2 * _files_in(manifest) <= LEAF_FILES


def _files_in(manifest: ManifestFile) -> int:
    return (manifest.added_files_count or 0) + (manifest.existing_files_count or 0)


class Publishing(_OverwriteFiles):
    """The overwrite producer.

    Attributes:
        read: manifests that were read so far.
        fold_at: small manifests from which they are put together.
    """

    def __init__(
        self, operation: Operation, transaction: Transaction, io: FileIO, read: Manifests, fold_at: int
    ) -> None:
        super().__init__(operation, transaction, io)
        self.read: Manifests = read
        self.fold_at: int = fold_at

    def _manifests(self) -> list[ManifestFile]:
        """Write the manifests that are to be, and return all of them, those that stay as they are too."""
        status = ManifestEntryStatus
        added = [
            ManifestEntry.from_args(status=status.ADDED, snapshot_id=self._snapshot_id, data_file=file)
            for file in self._added_data_files
        ]
        deleted = self._deleted_entries()  # raises before anything is written
        return [*self._written(added), *self._written(deleted), *self._existing_manifests()]

    def _deleted_entries(self) -> list[ManifestEntry]:
        """Return the entries of files that go.

        Raises:
            ValidationException: one of them is not in the table.
        """
        deleted = [
            self._entry(entry, ManifestEntryStatus.DELETED, self._snapshot_id)
            for _, live in self.read.live(self._data_manifests(), self._io)
            for entry in live
            if entry.data_file in self._deleted_data_files and entry.data_file.content == DataFileContent.DATA
        ]
        self._validate_required_deletes(deleted)
        return deleted

    def _existing_manifests(self) -> list[ManifestFile]:
        """Return the manifests of what stays: as they are, or written anew where a file goes, or there are many.

        Raises:
            ValidationException: a file that comes in is there: its rows would count twice.
        """
        coming = set(self._added_data_files)
        stays: list[ManifestFile] = []
        anew: list[ManifestEntry] = []
        for manifest, live in self.read.live(self._data_manifests(), self._io):
            left = [entry for entry in live if entry.data_file not in self._deleted_data_files]
            if any(entry.data_file in coming for entry in left):
                raise ValidationException(f"a file that is to be added is in {manifest.manifest_path}")
            if len(left) < len(live):
                anew += left
            elif live:
                stays.append(manifest)
        small = [unchanged for unchanged in stays if is_small(unchanged)]
        if len(small) >= self.fold_at:
            anew += [entry for _, live in self.read.live(small, self._io) for entry in live]
            stays = [manifest for manifest in stays if manifest not in small]
        existing = [self._entry(entry, ManifestEntryStatus.EXISTING, entry.snapshot_id) for entry in anew]
        return [*self._written(existing), *stays, *self._delete_manifests()]

    def _written(self, entries: list[ManifestEntry]) -> list[ManifestFile]:
        """Write manifests of entries, in order of partition: each of at most `LEAF_FILES`, and of one spec."""
        written: list[ManifestFile] = []
        by_spec: dict[int, list[ManifestEntry]] = {}
        current = self._transaction.table_metadata.default_spec_id
        for entry in sorted(entries, key=_place):  # files that come have the spec of the table
            spec_id = current if entry.status == ManifestEntryStatus.ADDED else entry.data_file.spec_id
            by_spec.setdefault(spec_id, []).append(entry)
        for spec_id, ours in by_spec.items():
            for start in range(0, len(ours), LEAF_FILES):
                with self.new_manifest_writer(self.spec(spec_id)) as writer:
                    for item in ours[start : start + LEAF_FILES]:
                        writer.add_entry(item)
                written.append(writer.to_manifest_file())
        return written

    def _all_manifests(self) -> list[ManifestFile]:
        there = self._transaction.table_metadata.snapshot_by_name(name=self._target_branch)
        return [] if there is None else there.manifests(self._io)

    def _data_manifests(self) -> list[ManifestFile]:
        return [manifest for manifest in self._all_manifests() if manifest.content == ManifestContent.DATA]

    def _delete_manifests(self) -> list[ManifestFile]:
        return [manifest for manifest in self._all_manifests() if manifest.content != ManifestContent.DATA]

    @staticmethod
    def _entry(entry: ManifestEntry, status: ManifestEntryStatus, snapshot_id: int | None) -> ManifestEntry:
        return ManifestEntry.from_args(
            status=status,
            snapshot_id=snapshot_id,
            sequence_number=entry.sequence_number,
            file_sequence_number=entry.file_sequence_number,
            data_file=entry.data_file,
        )


def _place(entry: ManifestEntry) -> tuple[str, str]:
    """Return what entries are in order of: their partitions, as addresses have them."""
    folder, _, name = entry.data_file.file_path.rpartition("/")
    return folder, name
