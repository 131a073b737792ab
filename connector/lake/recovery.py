"""After a run that died between a file and the manifest: the files it published are found, and named again."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.intervals import Intervals
from connector.core.partition import partition_folder, partition_of
from connector.errors import ConnectorError
from connector.lake.check import changed_files
from connector.lake.commit import TABLE, account_folder
from connector.lake.disk import at_disk, sha256_of
from connector.lake.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.manifest import DataFile, Manifest
    from connector.lake.formats import Format
    from connector.lake.store import Store


def recovered(store: Store, form: Format, manifest: Manifest, announced: Iterable[str]) -> Manifest:
    """Return the manifest with what a run published that did not live to say so.

    Such a file is whole, for it was renamed into place, and may hold rows that Stripe lists no more: it is named, so
    that what is read next is merged with it. Nothing of its partition counts as covered, so that all of it is read.
    A file that cannot be read is forgotten.

    Blocks; belongs in a worker thread.

    Args:
        store: the destination.
        form: format of its files.
        manifest: as it is on the disk.
        announced: files of the manifest that the run might replace; it may have made new ones as well.

    Raises:
        StorageError: when the destination cannot be read.
    """
    known = [manifest.files[path] for path in announced if path in manifest.files]
    newer = {file.path: file for file in changed_files(store, known)}
    new = [
        info.path
        for info in store.list(account_folder(manifest.account))
        if info.path not in manifest.files and info.path.endswith(f"/{form.file_name}")
    ]
    files = dict(manifest.files)
    unsure: list[DataFile] = []
    for path in [*newer, *new]:
        was, found = files.pop(path, None), _described(store, form, path, manifest)
        if found is not None:
            files[path] = replace(found, refreshed=was.refreshed if was else 0)
        unsure += [one for one in (was, found) if one is not None]
    bounds = Intervals.of(partition_of(one.first_created, manifest.partition).bounds for one in unsure)
    return replace(manifest, files=MappingProxyType(files), covered=manifest.covered.minus(bounds))


def _described(store: Store, form: Format, path: str, manifest: Manifest) -> DataFile | None:
    """Return the entry of a file as it is; None when it is gone, cannot be read, or is none of ours."""
    summary = Summary()
    with store.opened(path) as there:
        if there is None:
            return None
        try:
            with form.open_reader(there) as batches:
                for batch in batches:
                    summary.add(batch)
            with at_disk(f"reading {path}"):
                found = summary.data_file(path, written=there, sha256=sha256_of(there))
        except ConnectorError:
            return None
    key = partition_of(found.first_created, manifest.partition)
    ours = f"{partition_folder(TABLE, manifest.account, key)}/{form.file_name}"
    return found if found.rows and path == ours and found.last_created < key.stop else None
