"""The lake read back: exactly the files that the states name, as one stream of Arrow batches whatever their format.

```python
rows = connector.read("lake")
duckdb.sql("select currency, sum(net) from rows group by 1")
rows.to_polars()
rows.to_pandas()
```
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from connector.config.destination import placed
from connector.core.counting import counted
from connector.core.state.tables import SPEC_OF, TRANSACTIONS
from connector.core.suggestions import among_accounts, few
from connector.core.time.times import to_words
from connector.core.units import AccountId
from connector.errors import ConfigError, UsageError
from connector.lake.reading import frames
from connector.lake.reading.moment import Comparer
from connector.lake.reading.table_files import NOTHING
from connector.lake.reading.table_snapshot import TableSnapshot, labels_of, read_again
from connector.lake.state.run_reports import refuse_turned_back, witnessed_records
from connector.lake.state.state_log import recorded_accounts
from connector.lake.state.table_states import TABLE
from connector.lake.state.versions import whole_versions
from connector.lake.stores.base import open_store
from connector.outside_text import shown
from connector.tables.decimals import decimal_schema, needed, with_decimals
from connector.tables.local_date import LOCAL_DATE, local_dates, zone_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from os import PathLike
    from zoneinfo import ZoneInfo

    import pyarrow.dataset as ds


@dataclass(frozen=True, slots=True, repr=False)
class Rows:
    """Rows of a table in a lake, as they are each time they are asked for.

    `to_pandas`, `to_polars` and `to_table` read them into memory. Anything that takes Arrow's stream protocol takes
    them as they are: DuckDB by the variable's name, `polars.DataFrame`, `pyarrow.table`, `pandas.DataFrame.from_arrow`.

    Each reading is of one state of each account, the newest when it begins, whatever runs do meanwhile: a file that was
    replaced before its turn came ends it with a `LakeChangedError`, after which it can be done again. What reads into
    memory does that by itself.

    Attributes:
        columns: names of the columns, in the order they were asked for.
        everything: schema of all columns: the table's, then `account` and the partition column (`created_date` as a
            date, `created_month` as text, `created_year` as a number).
        table: name of the table.
        account: whose rows; None for all accounts.
        destination: the lake, by the name it was given.
        zone: whose clocks the days of `local_date` are by; None without that column.
        decimals: whether amounts are decimals in whole units of their currency, not minor units.
        version: number of the account's record that they are as of; None for the newest each time.
    """

    columns: tuple[str, ...]
    everything: pa.Schema
    _found: TableSnapshot
    table: str = TABLE
    account: str | None = None
    destination: str = ""
    zone: ZoneInfo | None = None
    decimals: bool = False
    version: int | None = None

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError(
            "rows of a lake are not pickled: call `connector.read` in the other process, or hand on `to_table()`"
        )

    def __repr__(self) -> str:
        """Say in one short line what this was when it was made, and what to do with it."""
        held = self._found.accounts
        rows = counted(sum(file.rows for table in held for file in table.files), "row")
        whose = held[0].account if len(held) == 1 else f"{len(held):,} accounts"
        written = to_words(max(table.moment.written for table in held))
        calls = ".to_pandas(), .to_polars() or .to_table()"
        return f"<{self.table} of {shown(self.destination)}: {rows} of {whose} as of {written}; read with {calls}>"

    def to_table(self) -> pa.Table:
        """Return all rows as a `pyarrow.Table`, in memory; raises what `reader` raises, of a file while it is read."""
        return read_again(self._read_all)

    def to_pandas(self) -> Any:  # noqa: ANN401 - of a library that need not be installed
        """Return all rows as a `pandas.DataFrame`, in memory: see `connector.lake.reading.frames`.

        Whole numbers stay whole (`Int64`) and decimals exact (`decimal.Decimal`), also where some are missing.

        Raises:
            ConfigError: pandas is not installed.
            LakeChangedError: a run replaced files each time that they were read.
            StorageError: a file is gone or damaged.
        """
        return frames.to_pandas(self.to_table())

    def to_polars(self) -> Any:  # noqa: ANN401 - of a library that need not be installed
        """Return all rows as a `polars.DataFrame`, in memory.

        Raises:
            ConfigError: polars is not installed.
            LakeChangedError: a run replaced files each time that they were read.
            StorageError: a file is gone or damaged.
        """
        return frames.to_polars(self.to_table())

    @property
    def versions(self) -> dict[str, tuple[tuple[int, int], ...]]:
        """Which records can still be read with `version=`, by account, as ranges: the first number and the last.

        In a lake of files those whose files no later record has replaced; tables keep older files until `maintain`.

        Raises:
            StateError: a record cannot be understood.
            StorageError: the destination cannot be read.
        """
        store, spec = self._found.comparer.store, SPEC_OF[self.table]
        held = [AccountId(account.account) for account in self._found.accounts]
        return {account: whole_versions(store, spec, account) for account in held}

    @property
    def columnar(self) -> bool:
        """Whether the files hold columns: of lines of objects there is a stream, but no `dataset`."""
        return self._found.columnar

    @property
    def schema(self) -> pa.Schema:
        """Schema of the columns asked for."""
        stored = pa.schema([self._field(name) for name in self.columns])
        return decimal_schema(stored, self.table) if self.decimals else stored

    def reader(self) -> pa.RecordBatchReader:
        """Return a stream of batches of bounded size, that can be read once: the rows as they are now.

        Raises:
            StateError: a record cannot be understood.
            StorageError: the destination cannot be read. While the stream is read, a `LakeChangedError` where a run has
                replaced a file whose turn had not come, and a `StorageError` where a file is gone or damaged; other
                libraries tell them as errors of their own.
        """
        return pa.RecordBatchReader.from_batches(self.schema, self._batches(self._now()))

    def dataset(self) -> ds.Dataset:
        """Return a dataset of all columns, to push filters and columns down into (`polars.scan_pyarrow_dataset`).

        It is of the state when it was made, and stays so: its files are open as long as it is there, and what a run
        puts in their places is not in it. Make another one for what is there later.

        Raises:
            ConfigError: when the files are JSON lines, which Arrow cannot read lazily without loss, or `local_date` or
                decimals are asked for, which are in no file; or there are more files than this process may open.
            LakeChangedError: a run replaced files each time that they were opened.
            StorageError: when a file is gone or damaged.
        """
        if not self.columnar:
            raise ConfigError(f"files of format {self._found.form.name} cannot be a dataset; use the rows as a stream")
        if self.zone is not None:
            raise ConfigError("local_date is in no file, so not in a dataset: use the rows as a stream, or no timezone")
        if self.decimals:
            raise ConfigError("decimals are in no file, so not in a dataset: use the rows as a stream, or minor units")
        return read_again(self._dataset_now)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export a new stream (Arrow's PyCapsule interface)."""
        return self.reader().__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """Export the schema (Arrow's PyCapsule interface)."""
        return self.schema.__arrow_c_schema__()

    def _read_all(self) -> pa.Table:
        return self.reader().read_all()

    def _dataset_now(self) -> ds.Dataset:
        return self._now().dataset()

    def _now(self) -> TableSnapshot:
        comparer = self._found.comparer
        if self.version is not None:
            return TableSnapshot.of(self.table, self.account, comparer, self.version)
        return _newest(comparer, self.table, self.account)

    def _batches(self, now: TableSnapshot) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a snapshot, with the columns asked for."""
        if self.decimals:
            stored = self._stored(now, needed(self.columns, self.table))
            return (with_decimals(batch, self.table, self.schema) for batch in stored)
        return self._stored(now, self.columns)

    def _stored(self, now: TableSnapshot, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([self._field(name) for name in columns])
        if not now.columnar:
            lists = now.objects()
            return (
                self._chosen(of_account.to_batch(rows), labels_of(path), schema) for of_account, path, rows in lists
            )
        if self.zone is None:
            return now.batches(columns)
        there = [field.name for field in schema if field != LOCAL_DATE]
        return (self._chosen(batch, {}, schema) for batch in now.batches(list(dict.fromkeys([*there, _CREATED]))))

    def _chosen(self, batch: pa.RecordBatch, labels: Mapping[str, str], schema: pa.Schema) -> pa.RecordBatch:
        """Pick columns from the batch, or from the path they came from."""
        columns = [self._column(field, batch, labels) for field in schema]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    def _column(self, field: pa.Field, batch: pa.RecordBatch, labels: Mapping[str, str]) -> pa.Array:
        if self.zone is not None and field == LOCAL_DATE:
            return local_dates(batch.column(_CREATED), self.zone)
        if field.name in labels:
            return pa.repeat(pa.scalar(labels[field.name]).cast(field.type), batch.num_rows)
        return batch.column(field.name)

    def _field(self, name: str) -> pa.Field:
        return LOCAL_DATE if self.zone is not None and name == LOCAL_DATE.name else self.everything.field(name)


def read(  # noqa: PLR0913 - which rows, in which form, from where
    destination: str | PathLike[str],
    account: str | None = None,
    *,
    table: str = TABLE,
    columns: str | Sequence[str] | None = None,
    timezone: str | None = None,
    decimals: bool = False,
    version: int | None = None,
    storage_options: Mapping[str, str] | None = None,
) -> Rows:
    """Offer the rows of a table of a lake: those in the files that its states and records name, no others.

    Args:
        destination: the lake.
        account: only this account's rows; all accounts by default.
        table: `balance_transactions`, `payouts`, `payout_transactions` or `balances`.
        columns: names of the columns to read, or one; all by default, with `account` and the partition column last.
        timezone: name of a time zone such as `Europe/Paris`: adds the column `local_date`, the day that `created`
            falls on there, as a date; the last one, unless `columns` has it elsewhere. For tables with `created`.
        decimals: give amounts as decimals in whole units of their currency (`decimal128(22, 3)`), those of the parts of
            fees among them; by default they are whole minor units.
        version: number of the record that the rows are to be as of, `lake_record` of `status` and of reports; by
            default the newest. Records are counted by account, so of a lake of several one is to be named. Older ones
            can be read as long as their files are there: see `Rows.versions`.
        storage_options: settings of a bucket's store.

    Returns:
        What reads them, each time that it is asked: only records are read before, and no rows.

    Raises:
        UsageError: there is no such table; or the time zone is no text, or the version no number.
        ConfigError: there is no lake, or no such account, column, time zone or version in it; says which there are.
        StateError: a state cannot be understood, or a report tells of newer records than there are: they were removed,
            and what is left would be fewer rows without a word. With `version` they are read as they were then.
        StorageError: the destination cannot be read.
    """
    zone = None if timezone is None else zone_named(timezone)
    comparer = Comparer(open_store(placed(destination, storage_options)))
    chosen = _newest(comparer, table, account) if version is None else TableSnapshot.of(table, account, comparer)
    if not chosen.accounts:
        raise _nothing(comparer, table, account, str(destination))
    if version is not None:
        account, chosen = _as_of(chosen, version)
    everything = chosen.schema
    return Rows(
        columns=_asked_columns(everything, columns, table=table, local=zone is not None),
        everything=everything,
        _found=chosen,
        table=table,
        account=account,
        destination=str(destination),
        zone=zone,
        decimals=decimals,
        version=version,
    )


def _newest(comparer: Comparer, table: str, account: str | None) -> TableSnapshot:
    """Load what there is now, unless the newest records of what is to be read are gone.

    Args:
        comparer: of the store.
        table: its name.
        account: whose rows are to be read; None for all. Of one, the others of the lake are not looked at.

    Raises:
        StateError: a run's report tells of later records; or a state cannot be understood.
        StorageError: the destination cannot be read.
    """
    store = comparer.store
    witnessed: Mapping[str, int] = {}
    if table == TABLE:  # the reports before the states: runs may go on meanwhile
        held = recorded_accounts(store, TRANSACTIONS) if account is None else [AccountId(account)]
        witnessed = witnessed_records(store, held)
    snapshot = TableSnapshot.of(table, account, comparer)
    there = {files.account: files.moment.number for files in snapshot.accounts}
    for name in witnessed if account is None else [account]:
        refuse_turned_back(name, there.get(name, 0), witnessed)
    return snapshot


def _as_of(snapshot: TableSnapshot, version: int) -> tuple[str, TableSnapshot]:
    """Return the only account of a snapshot, and the snapshot as of a record of it."""
    if type(version) is not int:
        raise UsageError(f"`version` {version!r} is the number of a record, as `status` says it")
    account, *others = [table.account for table in snapshot.accounts]
    if others:
        accounts = few([account, *others])
        raise ConfigError(f"records are counted by account: name one with `account`; accounts here: {accounts}")
    return account, TableSnapshot.of(snapshot.table, account, snapshot.comparer, version)


def _nothing(comparer: Comparer, table: str, account: str | None, destination: str) -> ConfigError:
    """Return the error of a lake that has no rows to be read: none at all, or none of the account asked for."""
    names = [] if account is None else [files.account for files in TableSnapshot.of(table, None, comparer).accounts]
    if account is not None and names:
        return ConfigError(f"there are no rows of {among_accounts(account, names)}")
    return ConfigError(f"there is no lake in {destination}: {NOTHING[table]}")


def _asked_columns(
    everything: pa.Schema, columns: str | Sequence[str] | None, *, table: str, local: bool
) -> tuple[str, ...]:
    """Return the names of the columns to read, in order, with `local_date` if there is to be one."""
    if local and _CREATED not in everything.names:
        raise ConfigError(f"{table} has no `{_CREATED}`, which local_date is made of: read it without timezone")
    known = [*everything.names, *([LOCAL_DATE.name] if local else [])]
    asked = known if columns is None else [columns] if isinstance(columns, str) else [*columns]
    if local and LOCAL_DATE.name not in asked:
        asked.append(LOCAL_DATE.name)
    unknown = [name for name in asked if name not in known]
    if unknown == [LOCAL_DATE.name]:
        raise ConfigError("local_date is the day in a time zone: name it, as timezone='Europe/Paris'")
    if unknown:
        raise ConfigError(f"there is no column {unknown[0]!r}; columns: {', '.join(known)}")
    return tuple(asked)


_CREATED = "created"
