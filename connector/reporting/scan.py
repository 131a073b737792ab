"""An account's rows read back in batches of the columns needed, whatever the format, in bounded memory."""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow ships no annotations, and makes its compute functions when it is imported)

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from connector.lake.formats.row_columns import MICROSECONDS
from connector.lake.reading.dataset import Rows, read
from connector.tables.some_columns import to_some_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState

BATCH = 65_536
"""Rows read at once."""

FRAGMENTS = 2
"""Files read ahead."""


@dataclass(frozen=True, slots=True)
class AccountRows:
    """The rows of one account.

    Attributes:
        state: what the lake holds of it.
        rows: all of them.
    """

    state: TableState
    rows: Rows

    @classmethod
    def of(cls, destination: str | PathLike[str], state: TableState) -> AccountRows:
        """Return the rows that a state names; raises what `connector.read` raises."""
        return cls(state, read(destination, state.account))

    @property
    def names_sources(self) -> bool:
        """Whether `source` is the id of what caused a row, and neither left out nor hashed."""
        options = self.state.options
        return "source" not in {*options.get("omit", ()), *options.get("hash", ())}

    def has(self, column: str) -> bool:
        """Say whether rows have a column."""
        return column in self.rows.everything.names

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
            StorageError: a file is gone or cannot be read.
        """
        files = [one for one in self.state.files.values() if one.first_created < stop and one.last_created >= start]
        inside = [one for one in files if start <= one.first_created and one.last_created < stop]
        within = {one.path for one in inside}
        yield from self._read(inside, columns, where)
        edges = [one for one in files if one.path not in within]
        created = ds.field("created")
        some = (created >= _instant(start)) & (created < _instant(stop))
        yield from self._read(edges, columns, some if where is None else some & where)

    def _read(self, files: list[DataFile], columns: Sequence[str], where: ds.Expression | None) -> Iterator[pa.Table]:
        if not files:
            return
        paths = tuple(sorted(one.path for one in files))
        names = [name for name in columns if self.has(name)]
        chosen = replace(self.rows, paths=paths, columns=tuple(names))
        if self.rows.columnar:
            scanner = chosen.dataset().scanner(
                columns=names, filter=where, batch_size=BATCH, fragment_readahead=FRAGMENTS, batch_readahead=2
            )
            for batch in scanner.to_batches():
                if batch.num_rows:
                    yield pa.Table.from_batches([batch])
            return
        conditions = {"created", "reporting_category", "exchange_rate", "type"} - set(names)
        needed = names if where is None else [*names, *sorted(conditions)]
        lines = replace(chosen, columns=tuple(needed), _to_batch=partial(to_some_columns, names=needed))
        for batch in lines.reader():
            table = pa.Table.from_batches([batch])
            found = table if where is None else table.filter(where)
            if found.num_rows:
                yield found.select(names)


def _instant(second: int) -> pa.Scalar:
    return pa.scalar(second * MICROSECONDS, pa.timestamp("us", tz="UTC"))
