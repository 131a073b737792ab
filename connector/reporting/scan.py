"""An account's rows read back in batches of the columns needed, whatever the format, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from connector.errors import LakeChangedError
from connector.lake.formats.row_columns import MICROSECONDS
from connector.lake.reading.moment import Comparer
from connector.lake.reading.table_snapshot import TableSnapshot
from connector.lake.state.table_states import TABLE
from connector.lake.stores.base import open_store
from connector.tables.some_columns import to_some_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from os import PathLike

    from connector.core.state.table_state import TableState

BATCH = 32_768
"""Rows read at once, and added up together."""


@dataclass(frozen=True, slots=True)
class AccountScan:
    """The rows of one account, as a state has them.

    Attributes:
        state: what the lake holds of it.
        files: the files that the state names.
    """

    state: TableState
    files: TableSnapshot

    @classmethod
    def of(cls, destination: str | PathLike[str], state: TableState) -> AccountScan:
        """Return the rows that a state names.

        Raises:
            LakeChangedError: it is the newest one no more.
            StorageError: the destination cannot be read.
        """
        files = TableSnapshot.of(TABLE, state.account, Comparer(open_store(destination)))
        if not files.accounts or files.accounts[0].moment.number != state.number:
            raise LakeChangedError(f"a run has committed to {state.account} while its rows were read: read again")
        return cls(state, files)

    @property
    def names_sources(self) -> bool:
        """Whether `source` is the id of what caused a row, and neither left out nor hashed."""
        options = self.state.options
        return "source" not in {*options.get("omit", ()), *options.get("hash", ())}

    def has(self, column: str) -> bool:
        """Say whether rows have a column."""
        return column in self.files.schema.names

    def between(
        self, start: int, stop: int, columns: Sequence[str], where: ds.Expression | None = None
    ) -> Iterator[pa.Table]:
        """Yield the rows created in `[start, stop)`, files in order of time.

        Args:
            start: UTC second.
            stop: the second after the last.
            columns: to read; those that rows do not have are left out.
            where: which rows; all of them by default.

        Raises:
            LakeChangedError: a file has been replaced.
            StorageError: a file is gone or cannot be read.
        """
        files = [file for file in self.state.files.values() if file.first_created < stop and file.last_created >= start]
        inside = {file.path for file in files if start <= file.first_created and file.last_created < stop}
        yield from self._read(inside, columns, where)
        edges = {file.path for file in files} - inside
        created = ds.field("created")
        some = (created >= _instant(start)) & (created < _instant(stop))
        yield from self._read(edges, columns, some if where is None else some & where)

    def _read(self, paths: set[str], columns: Sequence[str], where: ds.Expression | None) -> Iterator[pa.Table]:
        names = [name for name in columns if self.has(name)]
        conditions = {"created", "reporting_category", "exchange_rate", "type"} - set(names)
        needed = names if where is None else [*names, *sorted(conditions)]
        if self.files.columnar:
            tables = _joined(self.files.stored(needed, among=paths, batch_size=BATCH))
        else:
            read = self.files.objects(among=paths)
            tables = (pa.Table.from_batches([to_some_columns(objects, names=needed)]) for _, _, objects in read)
        for table in tables:
            chosen = table if where is None else table.filter(where)
            if chosen.num_rows:
                yield chosen.select(names)


def _joined(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield rows in tables of about `BATCH` rows: what is done with a table takes time however few rows it has."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        if batch.num_rows:
            waiting.append(batch)
            count += batch.num_rows
        if count >= BATCH:
            yield pa.Table.from_batches(waiting)
            waiting, count = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting)


def _instant(second: int) -> pa.Scalar:
    return pa.scalar(second * MICROSECONDS, pa.timestamp("us", tz="UTC"))
