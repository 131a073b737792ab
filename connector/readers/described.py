"""A table of a lake as a reader has to know it: place, format, partitions, and columns with their types.

Columns of Parquet and Arrow files are those of the table. A line of JSON is an object as it was received, so a column
of the table may be had from it another way, or not at all; which way follows from the schemas of the API.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from connector import schemas
from connector.core.state.partition import Granularity
from connector.core.state.tables import TABLES
from connector.errors import ConfigError, UsageError
from connector.lake.catalogs.lake_tables import ICEBERG, settled_catalog
from connector.lake.catalogs.newest_metadata import newest_metadata
from connector.lake.formats.names import TABLE_FORMATS
from connector.lake.reading.table_files import NOTHING, TableFiles, file_schema, table_files
from connector.lake.state.table_states import TABLE
from connector.lake.stores.base import open_store
from connector.tables.arrow import INSTANT

if TYPE_CHECKING:
    from os import PathLike

    from connector.lake.stores.base import Store

DEFAULT_PLACE = "./lake"


class Had(Enum):
    """How a column is had from a file."""

    STORED = auto()
    """As it is."""
    SECONDS = auto()
    """From whole UTC seconds."""
    TEXT_OF_OBJECT = auto()
    """As the JSON text of an object."""
    ID_OF_SOURCE = auto()
    """From `source`: the id of the object that is there."""
    TEXT_OF_SOURCE = auto()
    """From `source`: the JSON text of the object that is there."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        name: its name.
        type: its Arrow type, as declared in `schemas/tables/`.
        nullable: whether it can be null.
        had: how it is had from a file.
    """

    name: str
    type: pa.DataType
    nullable: bool = True
    had: Had = Had.STORED


@dataclass(frozen=True, slots=True)
class LakeTable:
    """A table of a lake.

    Attributes:
        name: of the table, and of its folder.
        place: the lake: a local path, or a URL with its scheme; without a slash at the end.
        format: of the files, as in states, such as `jsonl.zst`.
        columns: those that are had from the files, in the table's order.
        partitions: `account`, and the one of time: in the path.
        missing: columns of the table that cannot be had from files of this format.
        paths: of the files there are, relative to the place; none where no lake was looked at.
        mixed: whether some files lack columns that others have.
        catalog: name of the catalog that an Iceberg table is in; None for that of the lake, and for others.
        metadata: name of the newest file of metadata of an Iceberg table that is in the lake's own catalog.
    """

    name: str
    place: str
    format: str
    columns: tuple[Column, ...]
    partitions: tuple[Column, Column]
    missing: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    mixed: bool = False
    catalog: str | None = None
    metadata: str | None = None

    @property
    def is_lines(self) -> bool:
        """Whether its files are JSON lines."""
        return self.format.startswith("jsonl")

    @property
    def is_listed(self) -> bool:
        """Whether its files are those that a table lists."""
        return self.format in TABLE_FORMATS

    @property
    def is_local(self) -> bool:
        """Whether it is in a folder of this machine."""
        return "://" not in self.place

    @property
    def folder(self) -> str:
        """Folder of the table's files."""
        return f"{self.place.rstrip('/')}/{self.name}"

    @property
    def suffix(self) -> str:
        """Ending of the files' names."""
        return ".jsonl" if self.format == "jsonl.plain" else f".{self.format}"

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The columns, those in the path last."""
        return (*self.columns, *self.partitions)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(column.name for column in self.all_columns)

    def line_columns(self) -> tuple[Column, ...]:
        """Return the fields of a line that the columns are had from, of the types they have there."""
        fields: dict[str, Column] = {}
        for column in self.columns:
            if column.had in {Had.ID_OF_SOURCE, Had.TEXT_OF_SOURCE}:
                fields["source"] = Column("source", pa.string(), had=Had.TEXT_OF_OBJECT)
            elif column.had is Had.SECONDS:
                fields[column.name] = Column(column.name, pa.int64(), column.nullable, Had.SECONDS)
            else:
                fields[column.name] = column
        return tuple(fields.values())

    def without(self, *ways: Had) -> LakeTable:
        """Return the table without the columns that an engine cannot have in one of these ways."""
        kept = tuple(column for column in self.columns if column.had not in ways)
        lost = tuple(column.name for column in self.columns if column.had in ways)
        return replace(self, columns=kept, missing=(*self.missing, *lost))


def described(table: str, destination: str | PathLike[str] | None = None, *, place: str | None = None) -> LakeTable:
    """Describe a table of a lake.

    Args:
        table: `balance_transactions`, `payouts`, `payout_transactions` or `balances`.
        destination: the lake; without it, one in `./lake`, of Parquet files a day.
        place: where the engine finds the lake, if elsewhere: another path, or a URL.

    Raises:
        UsageError: there is no such table.
        ConfigError: there is no lake, or nothing of the table in it; or its path cannot be written in a statement.
        StateError: a state cannot be understood.
        StorageError: the destination cannot be read.
    """
    if table not in TABLES:
        raise UsageError(f"no table is called {table!r}; tables: {', '.join(TABLES)}")
    where = checked_place(place if place is not None else os.fspath(destination or DEFAULT_PLACE))
    if destination is None:
        return _described(table, where, "parquet", file_schema(table, Granularity.DAY))
    accounts = list(table_files(open_store(destination), table))
    if not accounts:
        raise ConfigError(f"there is no lake in {destination}: {NOTHING[table]}")
    paths = tuple(path for files in accounts for path in files.paths)
    form = accounts[0].form.name
    if form == ICEBERG and place is not None:
        raise ConfigError(
            f"{table} in {destination} is an Iceberg table, which names its files by where they are: elsewhere it"
            " cannot be read; leave `at` out, or make a lake there with `stripe-balance convert`"
        )
    known = _described(table, where, form, accounts[0].schema, paths, expanded=_is_expanded(accounts))
    known = replace(known, mixed=any(files.mixed for files in accounts))
    return _in_catalog(known, open_store(destination)) if form == ICEBERG else known


def _in_catalog(table: LakeTable, store: Store) -> LakeTable:
    """Return an Iceberg table with where its catalog is. Blocks."""
    catalog = settled_catalog(store)
    return replace(table, catalog=catalog, metadata=None if catalog else newest_metadata(store, table.name))


def checked_place(text: str) -> str:
    """Return a place as engines take it: a URL as it is, a local path without `~`, whole where it looks like a URL.

    Raises:
        ConfigError: it has characters that cannot be printed, which no statement should have.
        UsageError: it is empty.
    """
    if not text.strip():
        raise UsageError("the place of the lake is empty: name a folder")
    if not text.isprintable():
        raise ConfigError(f"{text!r} has characters that cannot be printed: name the lake by another path, as a link")
    if "://" in text:
        return text.rstrip("/")
    path = Path(text).expanduser() if text.startswith("~") else Path(text)
    looks_otherwise = ":" in text or str(path).startswith("~")  # like a URL; like somebody's home
    return str(path.absolute()) if looks_otherwise else str(path)


def _described(
    table: str, place: str, format_name: str, schema: pa.Schema, paths: tuple[str, ...] = (), *, expanded: bool = False
) -> LakeTable:
    *stored, account, time = [Column(field.name, field.type, field.nullable) for field in schema]
    if not format_name.startswith("jsonl"):
        return LakeTable(table, place, format_name, tuple(stored), (account, time), paths=paths)
    in_lines = _in_lines(table, expanded=expanded)
    columns = tuple(
        Column(column.name, column.type, column.nullable, in_lines[column.name])
        for column in stored
        if column.name in in_lines
    )
    missing = tuple(column.name for column in stored if column.name not in in_lines)
    return LakeTable(table, place, format_name, columns, (account, time), missing, paths)


def _in_lines(table: str, *, expanded: bool) -> dict[str, Had]:
    """Say which columns can be had from lines, and how."""
    if table == "balances":
        return {"snapshot_at": Had.SECONDS, "snapshot": Had.TEXT_OF_OBJECT}
    columns = file_schema(table, Granularity.DAY)
    if table == "payout_transactions":
        return {column.name: Had.SECONDS if column.type == INSTANT else Had.STORED for column in columns}
    api = "balance_transaction" if table == TABLE else "payout"
    fields: dict[str, Any] = schemas.load(f"api/{api}")["properties"]
    columns_had = {name: _way(columns.field(name).type, field["type"]) for name, field in fields.items()}
    if table == TABLE and expanded:
        columns_had |= {"source": Had.ID_OF_SOURCE, "source_object": Had.TEXT_OF_SOURCE}
    return columns_had


def _way(column: pa.DataType, kinds: str | list[str]) -> Had:
    if column == INSTANT:
        return Had.SECONDS
    return Had.TEXT_OF_OBJECT if "object" in kinds and "string" not in kinds else Had.STORED


def _is_expanded(accounts: list[TableFiles]) -> bool:
    return any(path.split(".")[0] == "source" for table in accounts for path in table.expanded)
