"""The lake read back: exactly the files that the states name, as one stream of Arrow batches whatever their format.

```python
rows = connector.read("lake")
duckdb.sql("select currency, sum(net) from rows group by 1")
rows.to_polars()
rows.to_pandas()
```
"""

# pyright: reportUnknownParameterType=false
# (pyarrow ships no annotations)

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds

from connector.core.counting import counted
from connector.errors import ConfigError, StorageError
from connector.lake.reading import frames
from connector.lake.reading.table_files import NOTHING, holdings
from connector.lake.state.table_states import TABLE
from connector.lake.stores.base import Store, open_store
from connector.tables.balance_transactions import to_batch
from connector.tables.decimals import decimal_schema, needed, with_decimals
from connector.tables.local_date import LOCAL_DATE, local_dates, zone_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from os import PathLike
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from connector.lake.formats.formats import Format


@dataclass(frozen=True, slots=True, repr=False)
class Rows:
    """Rows of a table in a lake, read anew each time they are asked for.

    `to_pandas`, `to_polars` and `to_table` read them into memory. Anything that takes Arrow's stream protocol takes
    them as they are: DuckDB by the variable's name, `polars.DataFrame`, `pyarrow.table`, `pandas.DataFrame.from_arrow`.

    Attributes:
        paths: the files, relative to the destination, by account and time.
        columns: names of the columns, in the order they were asked for.
        everything: schema of all columns: the table's, then `account` and the partition column (`created_date` as a
            date, `created_month` as text, `created_year` as a number).
        table: name of the table.
        zone: whose clocks the days of `local_date` are by; None without that column.
        decimals: whether amounts are decimals in whole units of their currency, not minor units.
    """

    paths: tuple[str, ...]
    columns: tuple[str, ...]
    everything: pa.Schema
    _form: Format
    _store: Store
    table: str = TABLE
    _to_batch: Callable[[list[dict[str, Any]]], pa.RecordBatch] = to_batch
    zone: ZoneInfo | None = None
    decimals: bool = False

    def __repr__(self) -> str:
        """Say in one short line what this is, and what to do with it."""
        accounts = len({_labels(path)["account"] for path in self.paths})
        files = f"{counted(len(self.paths), f'{self._form.name} file')} of {counted(accounts, 'account')}"
        columns = ", ".join(self.columns[:COLUMNS_NAMED]) + ", …" * (len(self.columns) > COLUMNS_NAMED)
        named = f"{counted(len(self.columns), 'column')} ({columns})"
        return f"<{self.table}: {files}, {named}; read with .to_pandas(), .to_polars() or .to_table()>"

    def to_table(self) -> pa.Table:
        """Return all rows as a `pyarrow.Table`, in memory; raises what `reader` raises."""
        return self.reader().read_all()

    def to_pandas(self) -> Any:  # noqa: ANN401 - of a library that need not be installed
        """Return all rows as a `pandas.DataFrame`, in memory: see `connector.lake.reading.frames`.

        Whole numbers stay whole (`Int64`) and decimals exact (`decimal.Decimal`), also where some are missing.

        Raises:
            ConfigError: pandas is not installed.
            StorageError: a file is gone.
        """
        return frames.to_pandas(self.to_table())

    def to_polars(self) -> Any:  # noqa: ANN401 - of a library that need not be installed
        """Return all rows as a `polars.DataFrame`, in memory.

        Raises:
            ConfigError: polars is not installed.
            StorageError: a file is gone.
        """
        return frames.to_polars(self.to_table())

    @property
    def columnar(self) -> bool:
        """Whether the files hold columns: of lines of objects there is a stream, but no `dataset`."""
        return self._form.read_objects is None

    @property
    def schema(self) -> pa.Schema:
        """Schema of the columns asked for."""
        stored = pa.schema([self._field(name) for name in self.columns])
        return decimal_schema(stored, self.table) if self.decimals else stored

    def reader(self) -> pa.RecordBatchReader:
        """Return a stream of batches of bounded size, that can be read once.

        Raises:
            StorageError: when a file is gone; a stream of lines raises it, as `OSError`, while it is read.
        """
        if self.decimals:
            plain = replace(self, columns=needed(self.columns, self.table), decimals=False).reader()
            return pa.RecordBatchReader.from_batches(
                self.schema, (with_decimals(batch, self.table, self.schema) for batch in plain)
            )
        if not self.columnar:
            return pa.RecordBatchReader.from_batches(self.schema, self._parsed())
        if self.zone is None:
            return self._dataset().scanner(columns=list(self.columns)).to_reader()
        stored = [one.name for one in self.schema if one != LOCAL_DATE]
        batches = self._dataset().scanner(columns=list(dict.fromkeys([*stored, _CREATED]))).to_reader()
        return pa.RecordBatchReader.from_batches(self.schema, (self._chosen(batch, {}) for batch in batches))

    def dataset(self) -> ds.Dataset:
        """Return a dataset of all columns, to push filters and columns down into (`polars.scan_pyarrow_dataset`).

        Raises:
            ConfigError: when the files are JSON lines, which Arrow cannot read lazily without loss, or `local_date` or
                decimals are asked for, which are in no file.
            StorageError: when a file is gone.
        """
        if not self.columnar:
            raise ConfigError(f"files of format {self._form.name} cannot be a dataset; use the rows as a stream")
        if self.zone is not None:
            raise ConfigError("local_date is in no file, so not in a dataset: use the rows as a stream, or no timezone")
        if self.decimals:
            raise ConfigError("decimals are in no file, so not in a dataset: use the rows as a stream, or minor units")
        return self._dataset()

    def _dataset(self) -> ds.Dataset:
        for path in self.paths:
            with self._store.opened(path) as local:
                _present(local, path)
        return ds.dataset(
            [self._store.address(path) for path in self.paths],
            schema=self.everything,
            format=self._form.name,
            partitioning=ds.partitioning(pa.schema(list(self.everything)[-2:]), flavor="hive"),
            partition_base_dir=self._store.address(self.table),
        )

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export a new stream (Arrow's PyCapsule interface)."""
        return self.reader().__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """Export the schema (Arrow's PyCapsule interface)."""
        return self.schema.__arrow_c_schema__()

    def _parsed(self) -> Iterator[pa.RecordBatch]:
        read_objects = self._form.read_objects
        if read_objects is None:
            return
        for path in self.paths:
            with self._store.opened(path) as local:
                for objects in read_objects(_present(local, path)):
                    yield self._chosen(self._to_batch(objects), _labels(path))

    def _chosen(self, batch: pa.RecordBatch, labels: Mapping[str, str]) -> pa.RecordBatch:
        """Pick columns from the batch, or from the path they came from."""
        columns = [self._column(field, batch, labels) for field in self.schema]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _column(self, field: pa.Field, batch: pa.RecordBatch, labels: Mapping[str, str]) -> pa.Array:
        if self.zone is not None and field == LOCAL_DATE:
            return local_dates(batch.column(_CREATED), self.zone)
        if field.name in labels:
            return pa.repeat(pa.scalar(labels[field.name]).cast(field.type), batch.num_rows)
        return batch.column(field.name)

    def _field(self, name: str) -> pa.Field:
        return LOCAL_DATE if self.zone is not None and name == LOCAL_DATE.name else self.everything.field(name)


def read(
    destination: str | PathLike[str],
    account: str | None = None,
    *,
    table: str = TABLE,
    columns: Sequence[str] | None = None,
    timezone: str | None = None,
    decimals: bool = False,
) -> Rows:
    """Offer the rows of a table of a lake: those in the files that its states and records name, no others.

    Args:
        destination: the lake.
        account: only this account's rows; all accounts by default.
        table: `balance_transactions`, `payouts`, `payout_transactions` or `balances`.
        columns: names of the columns to read; all by default, with `account` and the partition column last.
        timezone: name of a time zone such as `Europe/Paris`: adds the column `local_date`, the day that `created`
            falls on there, as a date; the last one, unless `columns` has it elsewhere. For tables with `created`.
        decimals: give amounts as decimals in whole units of their currency (`decimal128(22, 3)`), those of the parts of
            fees among them; by default they are whole minor units.

    Raises:
        ConfigError: when there is no lake, no such table, account, column or time zone; says which there are.
        ManifestError: when a state cannot be understood.
        StorageError: when the destination cannot be read.
    """
    zone = None if timezone is None else zone_named(timezone)
    store = open_store(destination)
    found = list(holdings(store, table))
    if not found:
        raise ConfigError(f"there is no lake in {destination}: {NOTHING[table]}")
    chosen = [one for one in found if account in {None, one.account}]
    if not chosen:
        raise ConfigError(f"there are no rows of {account}; accounts here: {', '.join(one.account for one in found)}")
    everything = chosen[0].schema
    return Rows(
        paths=tuple(path for holding in chosen for path in holding.paths),
        columns=_asked_columns(everything, columns, table=table, local=zone is not None),
        everything=everything,
        _form=chosen[0].form,
        _store=store,
        table=table,
        _to_batch=chosen[0].to_batch,
        zone=zone,
        decimals=decimals,
    )


def _asked_columns(everything: pa.Schema, columns: Sequence[str] | None, *, table: str, local: bool) -> tuple[str, ...]:
    """Return the names of the columns to read, in order, with `local_date` if there is to be one."""
    if local and _CREATED not in everything.names:
        raise ConfigError(f"{table} has no `{_CREATED}`, which local_date is made of: read it without timezone")
    known = [*everything.names, *([LOCAL_DATE.name] if local else [])]
    asked = known if columns is None else [*columns]
    if local and LOCAL_DATE.name not in asked:
        asked.append(LOCAL_DATE.name)
    unknown = [name for name in asked if name not in known]
    if unknown == [LOCAL_DATE.name]:
        raise ConfigError("local_date is the day in a time zone: name it, as timezone='Europe/Paris'")
    if unknown:
        raise ConfigError(f"there is no column {unknown[0]!r}; columns: {', '.join(known)}")
    return tuple(asked)


_CREATED = "created"

COLUMNS_NAMED = 6
"""Columns that the rows in one line name; the others are counted."""


def _labels(path: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in path.split("/") if "=" in part)


def _present(local: Path | None, path: str) -> Path:
    if local is None:
        raise StorageError(f"{path} is gone, though the state names it; `stripe-balance status` says what else is")
    return local
