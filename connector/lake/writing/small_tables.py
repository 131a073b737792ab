"""Files of the small tables: payouts, payout_transactions, balances.

A partition of theirs fits in memory, so it is read whole, changed there, and replaced as a whole. Rows of one format
come in batches of that format's schema; JSON lines hold the objects, Parquet and Arrow their columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.api.json_text import loads
from connector.core.state.data_file import DataFile
from connector.errors import StorageError
from connector.lake.formats.formats import Format, TableColumns, checked_format, format_for
from connector.lake.stores.disk import at_disk, sha256_of, sync_file
from connector.tables import balances, payout_transactions, payouts
from connector.tables.arrow import arrow_schema, dictionary_columns
from connector.tables.hidden import hide
from connector.tables.lines import lines_schema, to_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from connector.lake.stores.base import Store

Objects = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SmallTable:
    """How one small table becomes files of one format.

    Attributes:
        table: its name, and its folder.
        keys: columns that rows are ordered by.
        unique: columns that tell rows apart; of two with the same, the one added later counts. None where rows are only
            added, and never joined.
        form: format of its files.
        to_batch: makes columns of objects.
        to_objects: and back.
        hidden: columns that are null, whatever comes, since the lake does without them.
    """

    table: str
    keys: tuple[str, ...]
    unique: tuple[str, ...]
    form: Format
    to_batch: Callable[[Objects], pa.RecordBatch]
    to_objects: Callable[[pa.RecordBatch], Objects]
    hidden: tuple[str, ...]

    def encode(self, objects: Objects) -> pa.RecordBatch:
        """Return objects in the format's schema, without what is hidden."""
        objects = self.without_hidden(objects)
        return self._to_lines(objects) if self.form.read_objects else self.to_batch(objects)

    def objects(self, rows: pa.RecordBatch) -> Objects:
        """Return rows in the format's schema as objects, moments as UTC seconds."""
        if self.form.read_objects:
            return [loads(line) for line in rows.column("line").to_pylist()]
        return self.to_objects(rows)

    def without_hidden(self, objects: Objects) -> Objects:
        """Return objects without what is hidden."""
        return [hide(received, self.hidden) for received in objects] if self.hidden else objects

    def shows_hidden(self, file: DataFile) -> bool:
        """Say whether a file may hold what is hidden now: it was written when the lake did not do without it."""
        return not set(self.hidden) <= set(file.hidden)

    def empty(self) -> pa.RecordBatch:
        """Return no rows."""
        return pa.RecordBatch.from_pylist([], schema=self.form.schema)

    def joined(self, batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
        """Return all rows in order, each once: of those that `unique` calls the same, the one of the latest batch."""
        rows = pa.concat_batches([self.empty(), *batches])
        if rows.num_rows == 0:
            return rows
        order = pa.array(range(rows.num_rows), pa.int64())
        latest = (
            pa.table([order, *(rows.column(name) for name in self.unique)], names=["_order", *self.unique])
            .group_by(list(self.unique), use_threads=False)
            .aggregate([("_order", "max")])
            .column("_order_max")
        )
        kept = rows.take(latest.combine_chunks())
        return kept.take(pc.sort_indices(kept, [(name, "ascending") for name in self.keys]))

    def _to_lines(self, objects: Objects) -> pa.RecordBatch:
        return to_lines(objects, self.table, self.keys)


def small_table(table: str, format_name: str, hidden: tuple[str, ...] = ()) -> SmallTable:
    """Return how a small table becomes files.

    Args:
        table: `payouts`, `payout_transactions` or `balances`.
        format_name: of the lake, as in its records.
        hidden: columns to be null, of a table of payouts.

    Raises:
        ConfigError: there is no such format.
    """
    keys, unique, to_batch, to_objects = _TABLES[table]
    lines, as_lines = lines_schema(table, keys), partial(to_lines, table=table, keys=keys)
    held = TableColumns(table, arrow_schema(table), dictionary_columns(table), keys, lines, as_lines)
    form = format_for(checked_format(format_name), held)
    return SmallTable(table, keys, unique, form, to_batch, to_objects, hidden)


_TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...], Any, Any]] = {
    "payouts": (("created", "id"), ("id",), payouts.to_batch, payouts.to_objects),
    "payout_transactions": (
        ("payout_id", "created", "balance_transaction_id"),
        ("payout_id", "balance_transaction_id"),
        payout_transactions.from_objects,
        payout_transactions.to_objects,
    ),
    "balances": (("snapshot_at",), (), balances.from_snapshots, balances.to_snapshots),
}


def read_rows(store: Store, form: Format, path: str) -> pa.RecordBatch | None:
    """Return all rows of a file, or None when it is not there. Blocks.

    Raises:
        StorageError: it cannot be read, or its columns are not the table's.
    """
    with store.opened(path) as local:
        if local is None:
            return None
        with form.open_reader(local) as batches:
            return pa.concat_batches([pa.RecordBatch.from_pylist([], schema=form.schema), *batches])


def stage_rows(store: Store, form: Format, folder: str, rows: pa.RecordBatch) -> tuple[DataFile, Path]:
    """Write rows, at least one, as the one file of a folder, durably and not visible yet. Blocks.

    Raises:
        StorageError: the destination does not take it; nothing stays of it.
    """
    path = f"{folder}/{form.file_name}"
    staged = store.staging(path)
    try:
        with at_disk(f"writing {path}"):
            writer = form.open_writer(staged)
            try:
                writer.write(rows)
            finally:
                writer.close()
            sync_file(staged)
            sha256 = sha256_of(staged)
            return DataFile(form.final_path(folder, sha256), rows.num_rows, staged.stat().st_size, sha256), staged
    except BaseException:
        _remove(staged)
        raise


def stored_file(store: Store, path: str, rows: int) -> DataFile:
    """Return the entry of a file that is there. Blocks.

    Raises:
        StorageError: it is not there, or cannot be read.
    """
    with store.opened(path) as local:
        if local is None:
            raise StorageError(f"{path} is gone: something else is at work in this destination")
        with at_disk(f"reading {path}"):
            return DataFile(path, rows, local.stat().st_size, sha256_of(local))


def _remove(staged: Path) -> None:
    with at_disk(f"removing {staged}"):
        staged.unlink(missing_ok=True)
