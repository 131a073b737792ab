"""A Delta table of the lake's own Parquet files: the only file that knows deltalake.

The log names our files as they are, with figures that were counted when they were written. What was seen of deltalake
1.6, and decided for it:

* Commits that only add files are not checked against each other: two publishers could both add a day. So every commit
  names, for each account it touches, the number of the state's record as that of an application's transaction; then the
  second is refused. Such a number does not stop a commit from being made again: it is asked for before.
* It retries by itself and reports what it finds then. So it is told not to, and after any error the table is read anew.
* Statistics without the number of rows make counts too low, and none at all make a table that cannot be read.
"""

# pyright: reportMissingImports=false, reportUnknownParameterType=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# (deltalake is an extra, and this is checked without it, too)

from __future__ import annotations

import json
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa

from connector.core.extras import how_to_install
from connector.core.state.publishing import Contents, Listed, account_of
from connector.core.units import DAY
from connector.errors import CommitConflictError, ConfigError, StorageError
from connector.lake.catalogs.base import KEEP_DAYS, ForeignTableError, Tidied, bounds_of
from connector.lake.catalogs.delta_store import secrets_of
from connector.lake.stores.bucket_errors import client_message

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator
    from contextlib import AbstractContextManager

    from connector.core.state.data_file import DataFile
    from connector.core.state.publishing import Change
    from connector.lake.catalogs.base import TableShape

try:
    from deltalake import CommitProperties, DeltaTable, Field, Schema, Transaction
    from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
    from deltalake.schema import PrimitiveType
    from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions
except ImportError as _error:
    raise ConfigError(f"lakes of Delta tables need deltalake: {how_to_install('delta')}") from _error

APPLICATION = "stripe-balance"
"""Application that the transactions in the log are of, before a slash and the account."""

_UNFIT = frozenset("[]%")
"""What deltalake cannot have in a path: it panics, or looks elsewhere."""

_RETENTION = "delta.logRetentionDuration"
"""Property of a table: how long the files of its log stay that a checkpoint has made unneeded."""

ABOUT = 0.01
"""Share of the time to keep its log by which what a table says may differ: telling it costs a commit."""

_INTERVAL = re.compile(r"interval (\d+) seconds")

_APPEND_ONLY = "delta.appendOnly"
"""Property of a table: whether nothing may be removed from it."""

_READING = "reading"

_TABLE_EXISTS = re.compile(r"already exists", re.IGNORECASE)

_GONE = re.compile(r"not found|invalid table version|found gap", re.IGNORECASE)
"""What deltalake says of a file of the log that it knew of, and that upkeep has removed since."""

_SPOILT = re.compile(
    r"json error|no table metadata or protocol|parquet error|invalid checkpoint|found gap", re.IGNORECASE
)
"""What it says of a log that a disk or a copy has spoilt: it forces nothing that it writes onto the disk (1.6)."""

_UNABLE = re.compile(r"\bfeatures?\b|column mapping|catalog-managed", re.IGNORECASE)
"""What it says of a table that another engine gave what it cannot read or write, such as clustering (1.6)."""

_DUMPED = re.compile(r"\s*\n\s+0: .*|: ParsedLogPath .*", re.DOTALL)
"""What it adds to its errors for its developers: frames, and its own objects."""

_MAPPING = "delta.columnMapping.mode"
"""Property of a table: whether the names of its columns are other ones than those in its files."""

_ANEW = (
    ": have that undone; or move its folder _delta_log away (that alone: the lake's files are beside it), and the next"
    " run makes the table anew, without its history"
)
"""What to do about a table that is not ours any more."""


@dataclass(slots=True)
class DeltaCatalogTable:
    """A table in its own folder; see `CatalogTable`.

    Attributes:
        shape: what it is made of.
        folder: of the table, as deltalake opens it: an absolute path, or the address of a bucket's folder.
        options: returns those of its store, by deltalake's names, for the moment; nothing for a disk.
        accounts: those that the table may have been published for, whether or not a file of theirs is listed.
        now: UTC seconds.
    """

    shape: TableShape
    folder: str
    options: Callable[[], dict[str, str]] = field(default=dict["str", "str"], repr=False)
    accounts: Collection[str] = ()
    now: Callable[[], float] = time.time
    _table: DeltaTable | None = field(init=False, default=None)
    _opened_by: dict[str, str] = field(init=False, default_factory=dict["str", "str"], repr=False)

    def read(self) -> None:
        """Look at the table as it is now; see `CatalogTable.read`."""
        refuse_unfit(self.folder)
        self._opened_by = self.options()
        with self._told(_READING):
            self._table = self._found()
        if self._table is not None:
            self._refuse_foreign(self._table)

    def _found(self) -> DeltaTable | None:
        for last in (False, False, True):
            try:
                return DeltaTable(self.folder, storage_options=self._opened_by)
            except TableNotFoundError:
                return None
            except (DeltaError, OSError) as error:  # upkeep may have shortened the log under our eyes
                if last or not _GONE.search(str(error)):
                    raise
        return None

    def contents(self) -> Contents | None:
        """Return what the log held; see `CatalogTable.contents`."""
        if self._table is None:
            return None
        try:
            with self._told(_READING):
                return self._contents(self._table)
        except StorageError:  # upkeep may have removed files of the log that the version that was read needs
            self.read()
        if self._table is None:
            return None
        with self._told(_READING):
            return self._contents(self._table)

    def _contents(self, table: DeltaTable) -> Contents:
        files = self._files(table)
        accounts = {*self.accounts, *(account for path in files if (account := account_of(path)) is not None)}
        asked = {name: table.transaction_version(_application(name)) for name in accounts}
        revisions = {name: number for name, number in asked.items() if number is not None}
        return Contents(MappingProxyType(files), MappingProxyType(revisions), table.version())

    def commit(self, change: Change) -> None:
        """Commit a difference, as one version of the table; see `CatalogTable.commit`."""
        added = [self._added(file) for file in change.added]
        with self._told("publishing to"):
            if self._table is None:
                self._create(added, change)
                return
            self._refuse_append_only(self._table, change)
            self._add_columns(self._table)
            self._table.create_write_transaction(
                [*added, *(self._removed(path) for path in change.removed)],
                "append",
                self._table.schema(),
                list(self.shape.partition_columns),
                commit_properties=_properties(change),
            )

    def tidy(self, cutoff: float, *, act: bool) -> Tidied:
        """Write a checkpoint and remove what it makes unneeded of the log, but for the versions that are to stay.

        How long they stay the table itself says, else it is a month, and each look at it lists its log: the more that
        is kept, the longer a commit takes. So it is told to keep what we do, from the beginning.
        """
        table = self._table
        if table is None or not act:
            return Tidied()
        with self._told("shortening the log of"):
            days = max(1, round((time.time() - cutoff) / DAY))  # however long it took to come here
            self._keep_log(table, days * DAY)
            if table.version() > 0:
                table.create_checkpoint()
            table.cleanup_metadata()
        return Tidied()

    @staticmethod
    def _keep_log(table: DeltaTable, seconds: int) -> None:
        """Have the table keep its log for some time, unless somebody else told it, or we did, about the same."""
        there = table.metadata().configuration.get(_RETENTION)
        said = None if there is None else _INTERVAL.fullmatch(there)
        if there is not None and said is None:
            return
        if said is None or abs(int(said[1]) - seconds) > ABOUT * seconds:
            table.alter.set_table_properties({_RETENTION: _kept(seconds)})  # the interpreter stands still meanwhile

    def _create(self, added: list[AddAction], change: Change) -> None:
        create_table_with_add_actions(
            self.folder,
            Schema.from_arrow(self._arrow_schema),
            added,
            "error",
            list(self.shape.partition_columns),
            name=self.shape.name,
            configuration={_RETENTION: _kept(KEEP_DAYS * DAY)},
            storage_options=self._opened_by,
            commit_properties=_properties(change),
        )

    def _files(self, table: DeltaTable) -> dict[str, Listed]:
        listed = pa.table(table.get_add_actions())
        names = listed.column_names
        rows = listed.column("num_records").to_pylist() if "num_records" in names else [None] * listed.num_rows
        partly = self._partly_deleted(table)
        return {
            f"{self.shape.name}/{unquote(path) if '%' in path else path}": Listed(count, size, path not in partly)
            for path, count, size in zip(
                listed.column("path").to_pylist(), rows, listed.column("size_bytes").to_pylist(), strict=True
            )
        }

    @staticmethod
    def _partly_deleted(table: DeltaTable) -> set[str]:
        """Return the paths of files of which rows are marked as deleted; only tables with that feature have such."""
        if "deletionVectors" not in (table.protocol().reader_features or ()):
            return set()
        root = table.table_uri.rstrip("/")
        vectors = pa.table(table.deletion_vectors()).column("filepath").to_pylist()
        return {path.removeprefix(root).removeprefix("/") for path in vectors}

    def _added(self, file: DataFile) -> AddAction:
        path = file.path.removeprefix(f"{self.shape.name}/")
        return AddAction(
            path=path,
            size=file.bytes,
            partition_values=_values(path),
            modification_time=int(self.now() * 1_000),
            data_change=True,
            stats=json.dumps(self._statistics(file)),
        )

    def _statistics(self, file: DataFile) -> dict[str, Any]:
        """Return what is known of a file's rows; whole seconds are exact in Delta's milliseconds."""
        bounds = {
            name: tuple(_moment(part) if isinstance(part, int) else part for part in bound)
            for name, bound in bounds_of(self.shape, file).items()
        }
        if not bounds:
            return {"numRecords": file.rows}
        return {
            "numRecords": file.rows,
            "minValues": {name: low for name, (low, _) in bounds.items()},
            "maxValues": {name: high for name, (_, high) in bounds.items()},
            "nullCount": dict.fromkeys(bounds, 0),
        }

    def _removed(self, path: str) -> RemoveAction:
        own = path.removeprefix(f"{self.shape.name}/")
        at = int(self.now() * 1_000)
        return RemoveAction(own, data_change=True, deletion_timestamp=at, partition_values=_values(own) or None)

    def _add_columns(self, table: DeltaTable) -> None:
        """Add the columns that the table lacks; nothing is in them yet, so it does no harm alone."""
        there = {column.name for column in table.schema().fields}
        wanted = Schema.from_arrow(self._arrow_schema).fields
        if new := [Field(column.name, column.type, nullable=True) for column in wanted if column.name not in there]:
            table.alter.add_columns(new)

    def _refuse_append_only(self, table: DeltaTable, change: Change) -> None:
        """Refuse to replace files where something else has forbidden it.

        Raises:
            ConfigError: says what to take back.
        """
        if change.removed and table.metadata().configuration.get(_APPEND_ONLY, "").lower() == "true":
            raise ConfigError(
                f"something else made the table {self.shape.name} append-only ({_APPEND_ONLY}), so no file in it can be"
                f" replaced: set {_APPEND_ONLY} to false, then run again"
            )

    def _refuse_foreign(self, table: DeltaTable) -> None:
        """Refuse a table that is partitioned otherwise, or has a column of another type, or names it otherwise.

        Raises:
            ForeignTableError: says which.
        """
        metadata = table.metadata()
        partitions, mapping = metadata.partition_columns, metadata.configuration.get(_MAPPING, "none")
        if list(partitions) != list(self.shape.partition_columns):
            raise ForeignTableError(
                f"{self.folder} is a Delta table partitioned by {', '.join(partitions) or 'nothing'}, and not by"
                f" {', '.join(self.shape.partition_columns)}: it is not one of ours{_ANEW}"
            )
        if mapping != "none":
            raise ForeignTableError(
                f"something else gave columns of the table {self.shape.name} names of their own ({_MAPPING} is"
                f" {mapping}), which deltalake does not write{_ANEW}"
            )
        wanted = {column.name: column.type for column in Schema.from_arrow(self._arrow_schema).fields}
        for column in table.schema().fields:
            if column.name in wanted and wanted[column.name] != column.type:
                raise ForeignTableError(
                    f"the column {column.name} of the table {self.shape.name} is {_spoken(column.type)}, and not"
                    f" {_spoken(wanted[column.name])}: it is not one of ours{_ANEW}"
                )

    def _told(self, what: str) -> AbstractContextManager[None]:
        return _told(f"{what} the table {self.shape.name}", secrets_of(self._opened_by))

    @property
    def _arrow_schema(self) -> pa.Schema:
        return without_metadata(self.shape.schema)


def refuse_unfit(folder: str) -> None:
    """Refuse a path that deltalake cannot have.

    Raises:
        ConfigError: says what is wrong with it.
    """
    if unfit := sorted(_UNFIT & set(folder)):
        raise ConfigError(f"{folder}: the path of a Delta table may have no {unfit[0]!r}; use another folder")


def without_metadata(schema: pa.Schema) -> pa.Schema:
    """Return a schema without what its fields say besides name, type and nullability, nested ones too."""
    return pa.schema([_plain(column) for column in schema])


def _plain(field_: pa.Field) -> pa.Field:
    kind = field_.type
    if pa.types.is_list(kind):
        kind = pa.list_(pa.field("element", _plain(kind.value_field).type))
    elif pa.types.is_struct(kind):
        kind = pa.struct([_plain(member) for member in kind])
    return pa.field(field_.name, kind, field_.nullable)


def _spoken(kind: Any) -> str:  # noqa: ANN401 - deltalake's, which has no common class
    """Name a column's type, as Delta does: `long`, or the JSON of one that has parts."""
    return str(kind.type if isinstance(kind, PrimitiveType) else kind.to_json())


def _kept(seconds: int) -> str:
    return f"interval {seconds} seconds"


def _application(account: str) -> str:
    return f"{APPLICATION}/{account}"


def _properties(change: Change) -> CommitProperties:
    transactions = [Transaction(_application(account), number) for account, number in change.revisions.items()]
    return CommitProperties(max_commit_retries=0, app_transactions=transactions)


def _values(path: str) -> dict[str, str | None]:
    """Return the values of a partition, from the path of a file of it, below the table's folder."""
    return {name: value for name, _, value in (part.partition("=") for part in path.split("/")[:-1])}


def _moment(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.000Z"


@contextmanager
def _told(what: str, secrets: Collection[str]) -> Generator[None]:
    """Have errors of deltalake be ours.

    What deltalake says is not passed on where it may quote rows, nor what lets us in.
    """
    try:
        yield
    except (DeltaError, OSError, ValueError) as error:
        raise _ours(error, what, secrets) from error


def _ours(error: Exception, what: str, secrets: Collection[str]) -> ConfigError | StorageError:
    """Return what an error of deltalake comes to; one that comes of another publisher's commit is a conflict."""
    text, reading = str(error), what.startswith(_READING)
    words = client_message(Exception(_DUMPED.sub("", text)), secrets)
    if _UNABLE.search(text):
        return ForeignTableError(f"{what}: something else gave it what deltalake cannot do ({words}){_ANEW}")
    if isinstance(error, CommitFailedError):
        return CommitConflictError(f"{what}: another publisher committed first ({type(error).__name__}); run again")
    if _TABLE_EXISTS.search(text):
        return CommitConflictError(f"{what}: another publisher made it first; run again")
    if _GONE.search(text) and not reading:
        return CommitConflictError(f"{what}: its log changed meanwhile ({words})")
    if _SPOILT.search(text) and reading:
        return StorageError(
            f"{what}: its log is damaged ({words}): restore its folder _delta_log from a backup; or move that away, and"
            " the next run makes the table anew, without its history"
        )
    return StorageError(f"{what}: {words}")
