"""Whether data files are still as they were written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.lake.disk import at_disk, sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.manifest import DataFile
    from connector.lake.store import Store


def changed_files(store: Store, files: Iterable[DataFile]) -> list[DataFile]:
    """Return the files that are gone or whose bytes are not those the manifest has. Blocks; reads every file.

    A run that was killed between a file and the manifest leaves such a file, too.

    Raises:
        StorageError: when the destination cannot be read.
    """
    return [file for file in files if not _as_written(store, file)]


def _as_written(store: Store, file: DataFile) -> bool:
    with store.opened(file.path) as path:
        if path is None:
            return False
        with at_disk(f"reading {file.path}"):
            return path.stat().st_size == file.bytes and sha256_of(path) == file.sha256
