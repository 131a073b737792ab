"""The rows of data files whose time has come: pending when they were read, and available by now."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.planning.rereading.refresh import DueStretch
from connector.lake.formats.row_columns import MICROSECONDS
from connector.lake.stores.disk import at_disk
from connector.lake.writing.rewrite import StaleFileError

if TYPE_CHECKING:
    from connector.core.state.data_file import DataFile
    from connector.lake.formats.formats import Format
    from connector.lake.stores.base import Store


def due_stretch(store: Store, form: Format, file: DataFile, *, since: int, now: int) -> DueStretch:
    """Read which rows of a file are due: all or, when none of them has become so of late, none.

    Blocks; takes eight bytes of memory a row.

    Args:
        store: the destination.
        form: format of the file.
        file: the state's entry.
        since: seconds after which at least one row has to have become due; see `asked_since`.
        now: UTC seconds.

    Raises:
        StaleFileError: the file is gone.
        StorageError: it cannot be read.
    """
    created, due, latest = array("q"), array("q"), -1
    with store.opened(file.path) as path:
        if path is None:
            raise StaleFileError(file, "it is gone")
        with at_disk(f"reading {file.path}"), form.open_reader(path) as batches:
            for batch in batches:
                seconds = pc.divide(batch.column("created").view(pa.int64()), MICROSECONDS)
                created.frombytes(memoryview(seconds.buffers()[1])[: 8 * len(seconds)])
                available = batch.column("available_on").view(pa.int64())
                waits = pc.equal(batch.column("status"), "pending")
                reached = pc.and_(waits, pc.less_equal(available, now * MICROSECONDS))
                due.extend(seconds.filter(reached).to_pylist())
                moment = pc.max(available.filter(reached)).as_py()
                latest = max(latest, -1 if moment is None else moment // MICROSECONDS)
    return DueStretch(file.rows, created, due) if latest > since else DueStretch(file.rows)
