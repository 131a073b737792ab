"""Rows that were read and whose partition is not whole yet: parked in files that no reader sees, until it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector.errors import ConnectorError
from connector.lake.formats.formats import parked_form
from connector.lake.stores.disk import at_disk
from connector.lake.writing.file_statistics import Summary
from connector.lake.writing.merge import Reread, merged
from connector.lake.writing.rewrite import Draft, rows_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

    from connector.core.state.data_file import DataFile
    from connector.core.state.partition import PartitionKey
    from connector.core.time.intervals import Intervals
    from connector.lake.formats.formats import Format
    from connector.lake.stores.base import Store
    from connector.lake.writing.runs import SortedRuns


@dataclass(frozen=True, slots=True)
class Leftover:
    """What is to be parked of one partition.

    Attributes:
        key: the partition.
        path: of the parked file.
        within: the seconds that were read.
        source: the rows, as runs or in a staged file of the whole partition; None where there are none.
        staged_rows: how many of those of a staged file were read by this run.
    """

    key: PartitionKey
    path: str
    within: Intervals
    source: SortedRuns | Path | None
    staged_rows: int = 0

    @property
    def rows(self) -> int:
        """Rows that this run read."""
        return self.staged_rows if self.source is None or isinstance(self.source, Path) else self.source.rows


def park_each(store: Store, form: Format, leftovers: Iterable[Leftover]) -> list[DataFile | ConnectorError | None]:
    """Park what is left of some partitions, durable with the next record; None where there are no rows.

    Each goes by itself: what one fails with is told in its place, the others go on. Blocks; belongs in a worker thread.

    Args:
        store: the destination.
        form: format of its data files.
        leftovers: what to park. Runs stay as they are; a staged file is removed.
    """
    outcomes: list[DataFile | ConnectorError | None] = []
    for leftover in leftovers:
        try:
            outcomes.append(park(store, form, leftover))
        except ConnectorError as failure:
            outcomes.append(failure)
    return outcomes


def park(store: Store, form: Format, leftover: Leftover) -> DataFile | None:
    """Park what is left of one partition.

    Raises:
        ProtocolError: when an id comes with two values of `created`.
        StorageError: when the disk does not take the file.
    """
    source = leftover.source
    if source is None:
        return None
    if isinstance(source, Path):
        with form.open_reader(source) as batches:
            file = _written(store, form, leftover.path, rows_inside(batches, leftover.within))
        with at_disk(f"removing {source}"):
            source.unlink(missing_ok=True)
        return file
    return _written(store, form, leftover.path, (batch for batch, _ in merged(source, iter(()), Reread())))


def _written(store: Store, form: Format, path: str, batches: Iterator[pa.RecordBatch]) -> DataFile | None:
    summary = Summary()
    with Draft(store, parked_form(form), path) as draft:
        for batch in batches:
            draft.write(batch)
            summary.add(batch)
        written = draft.finish()
        if written is None:
            return None
        store.publish(written.path, path)
        return summary.data_file(path, size=written.bytes, sha256=written.sha256)
