"""After a run that died between a file and the state: the files it published are found, and named again."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.planning.plan import bounds_of
from connector.core.state.data_file import with_changes
from connector.core.time.intervals import Intervals
from connector.lake.stores.disk import at_disk, sha256_of
from connector.lake.writing.file_statistics import Summary

if TYPE_CHECKING:
    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState
    from connector.lake.formats.formats import Format
    from connector.lake.state.intents import Announced
    from connector.lake.stores.base import Store


def recovered(store: Store, form: Format, state: TableState, announced: Announced) -> TableState:
    """Return the state with what a run published that did not live to say so.

    Such a file is whole, for its bytes are those announced, and may hold rows that Stripe lists no more: it is named,
    so that what is read next is merged with it. Nothing of its partition counts as covered, so that all of it is read.
    A file of any other bytes was changed by somebody else, and is left to those who look for such files.

    Blocks; belongs in a worker thread.

    Args:
        store: the destination.
        form: format of its files.
        state: as it is on the disk.
        announced: what the run was going to publish.

    Raises:
        StorageError: when the destination cannot be read.
    """
    files = dict(state.files)
    newer: list[DataFile] = []
    for path, contents in announced.items():
        was, found = files.get(path), _described(store, form, path, contents)
        if found is not None and (was is None or found.sha256 != was.sha256):
            known = {"refreshed": was.refreshed, "witnessed": was.witnessed} if was else {}
            files[path] = with_changes(found, **known)
            newer.append(files[path])
    bounds = Intervals.of(bounds_of(file, state.partition) for file in newer)
    return replace(state, files=MappingProxyType(files), covered=state.covered.minus(bounds))


def _described(store: Store, form: Format, path: str, contents: list[str]) -> DataFile | None:
    """Return the entry of a file as it is, if its bytes are one of these contents."""
    summary = Summary()
    with store.opened(path) as there:
        if there is None:
            return None
        with at_disk(f"reading {path}"):
            sha256 = sha256_of(there)
        if sha256 not in contents:
            return None
        with form.open_reader(there) as batches:
            for batch in batches:
                summary.add(batch)
        with at_disk(f"reading {path}"):
            return summary.data_file(path, written=there, sha256=sha256)
