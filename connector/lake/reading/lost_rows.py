"""What became of lost files: how many of their rows are there again, and how many are gone for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from connector.core.state.data_file import folder_of
from connector.core.state.intent import contents
from connector.core.time.intervals import Intervals
from connector.errors import StorageError
from connector.lake.formats.row_columns import inside
from connector.lake.stores.disk import at_disk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState
    from connector.lake.formats.formats import Format
    from connector.lake.stores.base import Store


@dataclass(frozen=True, slots=True)
class Mended:
    """What reading lost files again came to.

    Attributes:
        files: files that were lost and are there again.
        rows: rows that were lost and are there again.
        gone: rows that were lost and that Stripe lists no more.
    """

    files: int = 0
    rows: int = 0
    gone: int = 0

    def __add__(self, other: Mended) -> Mended:
        return Mended(self.files + other.files, self.rows + other.rows, self.gone + other.gone)


def mended(store: Store, form: Format, lost: Iterable[DataFile], state: TableState) -> Mended:
    """Compare lost files with those that took their places; of a file that has grown, the rows of the old one's time.

    Blocks; belongs in a worker thread.

    Args:
        store: the destination.
        form: format of its files.
        lost: as the state had them.
        state: as it is, once all that they held was read again.

    Raises:
        StorageError: when a file cannot be read.
    """
    total, now = Mended(), contents(state.files)  # by partition: a file of a table has another name each time
    for was in lost:
        file = now.get(folder_of(was.path))
        there = 0 if file is None else _rows_until(store, form, file, was.last_created)
        total += Mended(int(file is not None), min(there, was.rows), max(0, was.rows - there))
    return total


def _rows_until(store: Store, form: Format, file: DataFile, last: int) -> int:
    """Return how many rows of a file were created up to a second, that one included."""
    if file.last_created <= last:
        return file.rows
    with store.opened(file.path) as path:
        if path is None:
            raise StorageError(f"{file.path} is gone again: something else is at work in this destination")
        with at_disk(f"reading {file.path}"), form.open_reader(path) as batches:
            within = Intervals.span(0, last + 1)
            return sum(pc.sum(inside(batch.column("created"), within)).as_py() or 0 for batch in batches)
