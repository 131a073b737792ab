"""Iceberg tables of the lake's own Parquet files: with the other modules of that name what knows pyiceberg.

A table is in a catalog: a SQLite file in the lake, where that is on a disk, or one that pyiceberg is configured for.
What was seen of pyiceberg 0.12, and decided for it:

* `append` and `add_files` of two writers double every row. The overwrite producer is refused whatever the other did, so
  every commit is one of those, tried once: it is not repeated behind our back.
* It makes one snapshot of files that come and files that go; `Table.overwrite` makes two, with a hole between.
* Files are found by the numbers of their columns, and by a name mapping where readers ask for that.
* Each commit leaves one more manifest; the producer of `iceberg_commit` puts them together once there are many.
"""

# pyright: reportMissingImports=false, reportUnknownParameterType=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUntypedBaseClass=false
# pyright: reportPrivateUsage=false, reportUnknownLambdaType=false
# (pyiceberg is an extra, and this is checked without it, too; the producers have names of pyiceberg's own)

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import count, takewhile
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.extras import how_to_install
from connector.core.state.publishing import Contents, Listed
from connector.errors import CommitConflictError, ConfigError
from connector.lake.catalogs.base import ForeignTableError, Tidied, bounds_of
from connector.lake.formats.row_columns import MICROSECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyiceberg.catalog import Catalog
    from pyiceberg.schema import Schema
    from pyiceberg.table import Table, Transaction
    from pyiceberg.types import NestedField

    from connector.core.state.data_file import DataFile as OurFile
    from connector.core.state.publishing import Change
    from connector.lake.catalogs.base import TableShape

try:
    from pyiceberg.conversions import to_bytes
    from pyiceberg.exceptions import NoSuchTableError
    from pyiceberg.io.pyarrow import pyarrow_to_schema
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat, ManifestContent
    from pyiceberg.partitioning import PartitionField, PartitionSpec
    from pyiceberg.table.snapshots import Operation
    from pyiceberg.table.update import AddSchemaUpdate, SetCurrentSchemaUpdate
    from pyiceberg.transforms import IdentityTransform
    from pyiceberg.typedef import Record
    from pyiceberg.types import DateType, IntegerType, StringType, TimestamptzType

    from connector.lake.catalogs.iceberg_catalog import READING, at_catalog
    from connector.lake.catalogs.iceberg_commit import (
        FOLDED_MANIFESTS,
        READ_AT_ONCE,
        Commit,
        Manifests,
        Publishing,
        is_small,
    )
except ImportError as _error:
    raise ConfigError(f"lakes of Iceberg tables need pyiceberg: {how_to_install('iceberg')}") from _error

NAMESPACE = "stripe"
"""Namespace of the tables."""

REVISION = "stripe-balance.revision."
"""Beginning of the table's properties that say up to which record an account's files were published."""

MANY_MANIFESTS = 10
"""Manifests of few files above which upkeep puts them together."""

_ANEW = (
    ": have that undone; or drop the table from its catalog, but not its files (no purge), and the next run makes it"
    " anew, without its history"
)
"""What to do about a table that is not ours any more."""

_ON_DISK = "file://"
_FIRST_PARTITION_ID = 1_000
_EPOCH = date(1970, 1, 1)


@dataclass(slots=True)
class IcebergCatalogTable:
    """A table in a catalog; see `CatalogTable`.

    Attributes:
        shape: what it is made of.
        catalog: where it is.
        root: the lake: an absolute path, or the address of a bucket's folder.
        renew: whether a table of a lake that was moved is made anew, without its history, instead of refused.
        fold_at: manifests of few files from which a commit puts them together.
    """

    shape: TableShape
    catalog: Catalog
    root: str
    renew: bool = False
    fold_at: int = FOLDED_MANIFESTS
    _table: Table | None = field(init=False, default=None)
    _listed: dict[str, DataFile] = field(init=False, default_factory=dict["str", "DataFile"])
    _location: str = field(init=False)
    _schema: Schema = field(init=False)
    _read: Manifests = field(init=False)

    def __post_init__(self) -> None:
        self._location = _address(self.root, self.shape.name)
        self._schema = pyarrow_to_schema(self.shape.schema)  # once: each of thousands of files asks for it
        self._read = Manifests(READ_AT_ONCE if "://" in self.root else 1)

    def read(self) -> None:
        """Look at the table as it is now; see `CatalogTable.read`."""
        here = _address(self.root, self.shape.name)
        self._listed, self._table, self._location = {}, None, here
        with at_catalog(f"{READING} {self.identifier}", root=self.root):
            for _ in range(2):  # what another makes anew, or replaces, in this moment is no table of another place
                try:
                    table = self.catalog.load_table(self.identifier)
                except NoSuchTableError:
                    return
                except FileNotFoundError:
                    continue
                if _is_same_place(there := table.location().rstrip("/"), here):
                    self._table, self._location = table, there
                    break
            else:
                self._moved()
                return
        self._refuse_foreign(table)

    def contents(self) -> Contents | None:
        """Return what the table's manifests held; see `CatalogTable.contents`."""
        if self._table is None:
            return None
        with at_catalog(f"{READING} {self.identifier}", root=self.root):
            try:
                listed = list(self._files(self._table))
            except FileNotFoundError:  # upkeep removes what a version named that was replaced meanwhile
                self.read()
                listed = [] if self._table is None else list(self._files(self._table))
        if (table := self._table) is None:
            return None
        files: dict[str, Listed] = {}
        for data_file, whole in listed:
            path = self._own_path(data_file.file_path)
            self._listed[path] = data_file
            once = path not in files  # else its rows count twice
            files[path] = Listed(data_file.record_count, data_file.file_size_in_bytes, whole and once)
        revisions = {
            name.removeprefix(REVISION): int(number)
            for name, number in table.properties.items()
            if name.startswith(REVISION) and number.isdecimal()
        }
        return Contents(MappingProxyType(files), MappingProxyType(revisions), len(table.metadata.snapshots))

    def _files(self, table: Table) -> Iterator[tuple[DataFile, bool]]:
        """Yield the data files of a table, each with whether none of its rows is deleted."""
        current = table.current_snapshot()
        manifests = [] if current is None else current.manifests(table.io)
        if any(manifest.content != ManifestContent.DATA for manifest in manifests):  # of another tool
            yield from ((task.file, not task.delete_files) for task in table.scan().plan_files())
            return
        self._read.keep_only(manifests)
        for _, live in self._read.live(manifests, table.io):
            yield from ((entry.data_file, True) for entry in live)

    def commit(self, change: Change) -> None:
        """Commit a difference, as one snapshot; see `CatalogTable.commit`."""
        with at_catalog(f"publishing to the table {self.identifier}", root=self.root):
            table = self._table or self._create()
            with Commit(table) as transaction:
                self._add_columns(transaction)
                transaction.set_properties(
                    {f"{REVISION}{account}": str(number) for account, number in change.revisions.items()}
                )
                with self._producer(transaction, self.fold_at) as producer:
                    for path in change.removed:
                        producer.delete_data_file(self._listed[path])
                    for file in change.added:
                        producer.append_data_file(self._added(file, table))

    def tidy(self, cutoff: float, *, act: bool) -> Tidied:
        """Expire snapshots, put manifests together, and say which files of metadata are needed; see `CatalogTable`."""
        table = self._table
        if table is None or (current := table.current_snapshot()) is None:
            return Tidied()
        with at_catalog(f"tidying the table {self.identifier}", root=self.root):
            manifests = sum(map(is_small, current.manifests(table.io)))
            kept = {current.snapshot_id, *(ref.snapshot_id for ref in table.metadata.refs.values())}
            old = [
                snapshot.snapshot_id
                for snapshot in table.metadata.snapshots
                if snapshot.timestamp_ms / 1e3 < cutoff and snapshot.snapshot_id not in kept
            ]
            folded = manifests if manifests > MANY_MANIFESTS else 0
            if act and folded:
                with Commit(table) as transaction, self._producer(transaction, fold_at=folded):
                    pass
            if act and old:
                table.maintenance.expire_snapshots().by_ids(old).commit()
            needed = frozenset(self._needed(table)) if act else None
            return Tidied(len(old), folded, needed, frozenset(self._marked(table)))

    def _producer(self, transaction: Transaction, fold_at: int) -> Publishing:
        io = transaction._table.io  # noqa: SLF001 - as pyiceberg's own producers are made
        return Publishing(Operation.OVERWRITE, transaction, io, self._read, fold_at)

    def _needed(self, table: Table) -> Iterator[str]:
        """Yield the paths of the files of metadata that a table goes by, as far as they are in its folder."""
        yield self._own_path(table.metadata_location)
        yield from (self._own_path(entry.metadata_file) for entry in table.metadata.metadata_log)
        for statistics in (*table.metadata.statistics, *table.metadata.partition_statistics):  # of other engines
            yield self._own_path(statistics.statistics_path)
        for snapshot in table.metadata.snapshots:
            yield self._own_path(snapshot.manifest_list)
            yield from (self._own_path(manifest.manifest_path) for manifest in snapshot.manifests(table.io))

    def _marked(self, table: Table) -> Iterator[str]:
        """Yield the paths of the files of versions that somebody has marked: branches of their own, and tags."""
        current = table.current_snapshot()
        for number in {ref.snapshot_id for ref in table.metadata.refs.values()}:
            snapshot = table.snapshot_by_id(number)
            if snapshot is not None and snapshot != current:
                for _, live in self._read.live(snapshot.manifests(table.io), table.io):
                    yield from (self._own_path(entry.data_file.file_path) for entry in live)

    @property
    def identifier(self) -> str:
        """Name of the table in its catalog."""
        return f"{NAMESPACE}.{self.shape.name}"

    @property
    def location(self) -> str:
        """Address of the table's folder, as the table has it if there is one, without a slash at the end."""
        return self._location

    def _create(self) -> Table:
        """Make the table, empty; its columns come to have the numbers that are in the files."""
        self._make_namespace()
        schema = self._schema
        base = _base(schema)
        table = self.catalog.create_table(
            self.identifier,
            base,
            location=self.location,
            partition_spec=self._partitions(),
            properties={
                "commit.retry.num-retries": "0",
                "format-version": "2",
                "schema.name-mapping.default": base.name_mapping.model_dump_json(),
                "write.metadata.delete-after-commit.enabled": "true",
                "write.metadata.previous-versions-max": "50",
            },
        )
        self._refuse_foreign(table)
        if table.current_snapshot() is not None:  # catalogs give it as it is by now
            raise CommitConflictError(f"the table {self.identifier}: another publisher committed to it; run again")
        return table

    def _make_namespace(self) -> None:
        """Make the namespace, unless it is there: whoever made it, and whatever the catalog says of that.

        A catalog in a database answers all but the first of several at once with an error of its database's, and one
        that lets nobody make namespaces may well have ours.
        """
        try:
            self.catalog.create_namespace(NAMESPACE)
        except Exception:
            if not self.catalog.namespace_exists(NAMESPACE):
                raise

    def _add_columns(self, transaction: Transaction) -> None:
        """Add the columns that the table lacks, by their own numbers."""
        there = transaction.table_metadata.schema()
        known = {column.field_id for column in there.fields}
        new = [
            column.model_copy(update={"required": False})
            for column in self._schema.fields
            if column.field_id not in known
        ]
        if not new:
            return
        schema = type(there)(
            *there.fields, *new, schema_id=1 + max(earlier.schema_id for earlier in transaction.table_metadata.schemas)
        )
        transaction.set_properties({"schema.name-mapping.default": schema.name_mapping.model_dump_json()})
        transaction._apply((AddSchemaUpdate(schema=schema), SetCurrentSchemaUpdate()))  # noqa: SLF001 - `update_schema` would number them itself

    def _partitions(self) -> PartitionSpec:
        schema = self._schema
        return PartitionSpec(
            *(
                PartitionField(schema.find_field(name).field_id, _FIRST_PARTITION_ID + place, IdentityTransform(), name)
                for place, name in enumerate(self.shape.partition_columns)
            )
        )

    def _added(self, file: OurFile, table: Table) -> DataFile:
        ids = {column.name: column.field_id for column in self._schema.fields}
        bounds = bounds_of(self.shape, file)
        return DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=f"{self.location.removesuffix(self.shape.name)}{file.path}",
            file_format=FileFormat.PARQUET,
            partition=self._partition(file.path),
            record_count=file.rows,
            file_size_in_bytes=file.bytes,
            null_value_counts={ids[name]: 0 for name in bounds},
            value_counts={ids[name]: file.rows for name in bounds},
            lower_bounds={ids[name]: _bound(low) for name, (low, _) in bounds.items()},
            upper_bounds={ids[name]: _bound(high) for name, (_, high) in bounds.items()},
            spec_id=table.spec().spec_id,
        )

    def _partition(self, path: str) -> Record:
        account, time = (part.partition("=")[2] for part in path.split("/")[-3:-1])
        kind = self._schema.fields[-1].field_type
        if isinstance(kind, DateType):
            return Record(account, (date.fromisoformat(time) - _EPOCH).days)
        return Record(account, int(time) if isinstance(kind, IntegerType) else time)

    def _own_path(self, address: str) -> str:
        """Return a file's path relative to the lake; one outside the table keeps its address."""
        own = address.removeprefix(f"{self.location}/")
        return f"{self.shape.name}/{own}" if own != address else address

    def _moved(self) -> None:
        """Take note that the catalog's table is of another place.

        Raises:
            ConfigError: unless such a table is to be made anew.
        """
        if not self.renew:
            raise ConfigError(
                f"the table {self.identifier} names files of another place than {self.location}, or its metadata is"
                " gone: if the lake was moved, publish with `repair`, which makes the table anew here, without its"
                " history; if another lake has its tables in this catalog, use a catalog of its own"
            )
        with suppress(NoSuchTableError):  # another one that makes it anew may have come first
            self.catalog.drop_table(self.identifier)

    def _refuse_foreign(self, table: Table) -> None:
        """Refuse a table whose columns have other numbers or types than those in our files, or other partitions.

        Raises:
            ForeignTableError: says which.
        """
        by_name = {column.name: column for column in self._schema.fields}
        by_number = {column.field_id: column for column in self._schema.fields}
        for column in table.schema().fields:
            ours = by_name.get(column.name) or by_number.get(column.field_id)
            if ours is not None and _column(ours) != _column(column):
                raise ForeignTableError(
                    f"a column of the table {self.identifier} is {_column(column)}, and in its files {_column(ours)}:"
                    f" it is not one of ours{_ANEW}"
                )
        if table.spec().fields != self._partitions().fields:
            raise ForeignTableError(
                f"the table {self.identifier} is partitioned by {_spoken(table.spec())}, and not by"
                f" {_spoken(self._partitions())}: it is not one of ours{_ANEW}"
            )


def _address(root: str, name: str) -> str:
    folder = f"{root}/{name}"
    return folder if "://" in folder else f"{_ON_DISK}{folder}"


def _is_same_place(there: str, here: str) -> bool:
    """Say whether two addresses are of one folder: on a disk, links may lead to it by another path."""
    if there == here:
        return True
    return there.startswith(_ON_DISK) and here.startswith(_ON_DISK) and _resolved(there) == _resolved(here)


def _resolved(address: str) -> Path:
    return Path(address.removeprefix(_ON_DISK)).resolve()


def _base(schema: Schema) -> Schema:
    """Return the columns that pyiceberg numbers as we do when it makes a table; later ones are added to it.

    It numbers columns from 1 in their order, then what they are made of.
    """
    by_id = {column.field_id: column for column in schema.fields}
    return type(schema)(*(by_id[number] for number in takewhile(by_id.__contains__, count(1))))


def _column(column: NestedField) -> str:
    """Say what a column is found and read by: its name, number and type."""
    return f"{column.name} (number {column.field_id}, {column.field_type})"


def _spoken(spec: PartitionSpec) -> str:
    """Name what a table is partitioned by, as engines do: `created_date`, or `bucket[16] as id_bucket`."""
    fields = [
        partition.name
        if isinstance(partition.transform, IdentityTransform)
        else f"{partition.transform} as {partition.name}"
        for partition in spec.fields
    ]
    return ", ".join(fields) or "nothing"


def _bound(value: int | str) -> bytes:
    if isinstance(value, int):
        return to_bytes(TimestamptzType(), value * MICROSECONDS)
    return to_bytes(StringType(), value)
