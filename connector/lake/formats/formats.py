"""The formats a lake can have, as values: a name, a file ending, a schema, a way in and a way out.

Every writer gives the same bytes for the same rows in the same order, however they are cut into batches.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from connector.errors import ConfigError
from connector.lake.formats import arrow_file, json_lines, parquet
from connector.lake.formats.names import FORMAT_NAMES, TABLE_FORMATS
from connector.tables import balance_transactions
from connector.tables.field_ids import numbered
from connector.tables.source_columns import row_dictionaries, row_schema

if TYPE_CHECKING:
    from pathlib import Path

    from connector.core.state.data_file import DataFile
    from connector.core.state.table_state import TableState


HIVE = "hive"
"""Catalog of a lake whose folders say all."""


class Writer(Protocol):
    """A file being written."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        ...

    def close(self) -> pa.Buffer | None:
        """Finish the file; it is complete, though not yet forced to disk, on return.

        Returns:
            Its bytes, where they came about in memory; else None.
        """
        ...


Reader = AbstractContextManager[Iterator[pa.RecordBatch]]
"""A file being read: a block that offers batches of bounded size, in the file's order."""


@dataclass(frozen=True, slots=True)
class Format:
    """How rows become a file, and come back.

    Attributes:
        name: as in states, for example `jsonl.zst`.
        suffix: ending of the file's name, for example `.jsonl.zst`.
        schema: of the batches written and read.
        open_writer: starts a new file at a local path.
        open_reader: opens a file at a local path.
        open_part: opens a file for some of its columns, given as a schema; None where all are read anyway.
        read_objects: reads a file's objects as they were received; None for formats that Arrow has datasets of.
        catalog: what makes a lake of the files: `hive`, their folders alone; `delta` or `iceberg`, a table's list.
        run: id of the run that writes, which files of a table have in their names.
    """

    name: str
    suffix: str
    schema: pa.Schema
    open_writer: Callable[[Path], Writer]
    open_reader: Callable[[Path], Reader]
    open_part: Callable[[Path, pa.Schema], Reader] | None = None
    read_objects: Callable[[Path], Iterator[list[dict[str, Any]]]] | None = None
    catalog: str = HIVE
    run: str = ""

    @property
    def files(self) -> str:
        """What the files are, by Arrow's name of it; those of tables are Parquet."""
        return self.name if self.catalog == HIVE else "parquet"

    @property
    def file_name(self) -> str:
        """Name of the one data file of a partition, where that is fixed."""
        return f"part-0{self.suffix}"

    def final_path(self, folder: str, sha256: str) -> str:
        """Return where a file of a partition is to be.

        Those of a table have a name of their own for each attempt: whoever reads an older version needs the older file.

        Args:
            folder: of the partition.
            sha256: of the file's bytes.
        """
        if self.catalog == HIVE:
            return f"{folder}/{self.file_name}"
        return f"{folder}/part-{sha256[:12]}-{self.run or secrets.token_hex(8)}{self.suffix}"

    def file_of(self, files: Mapping[str, DataFile], folder: str) -> DataFile | None:
        """Return the file that a state has of a partition; None for none.

        Args:
            files: of the state, by path.
            folder: of the partition.
        """
        if self.catalog == HIVE:
            return files.get(f"{folder}/{self.file_name}")
        return next((file for path, file in files.items() if path.startswith(f"{folder}/")), None)

    def of_run(self, run: str) -> Format:
        """Return the format as a run writes it."""
        return replace(self, run=run)


@dataclass(frozen=True, slots=True)
class TableColumns:
    """What the files of a table hold: its columns, or lines.

    Attributes:
        name: the table's.
        schema: of its columns.
        dictionary: columns of few distinct values.
        order: columns by which rows come sorted.
        lines: schema of its lines: some columns, and `line`.
        to_lines: makes batches of that schema of objects.
    """

    name: str
    schema: pa.Schema
    dictionary: tuple[str, ...]
    order: tuple[str, ...]
    lines: pa.Schema
    to_lines: json_lines.ToLines


PARKED_CHUNK_ROWS = 1_024
"""Rows of a batch of a parked file: many such files are merged at once, and a batch of each is in memory."""


CODECS: dict[str, json_lines.Codec] = {"jsonl.zst": "zstd", "jsonl.gz": "gzip", "jsonl.plain": None}
"""Compression of each of the JSON line formats."""


def format_of(state: TableState) -> Format:
    """Return the format of an account's files, with the columns they have."""
    return format_named(state.format, source_columns=bool(state.options.get("source_columns")))


def format_named(text: str, *, source_columns: bool = False) -> Format:
    """Return the format of balance transactions with this name.

    Args:
        text: one of `FORMAT_NAMES`, or `jsonl` for `jsonl.zst`.
        source_columns: whether rows have the columns of expanded sources.

    Raises:
        ConfigError: for any other name; says which there are. Or for lines with columns, which they do not have.
    """
    name = checked_format(text)
    if name in CODECS and source_columns:
        raise ConfigError(f"lines of {name} are objects as received: `source_columns` is for parquet and arrow")
    return format_for(
        name,
        TableColumns(
            "balance_transactions",
            row_schema(source_columns=source_columns),
            row_dictionaries(source_columns=source_columns),
            ("created", "id"),
            balance_transactions.LINES_SCHEMA,
            balance_transactions.to_lines,
        ),
    )


def checked_format(text: str) -> str:
    """Return the name of a format as states have it.

    Raises:
        ConfigError: there is none; says which there are.
    """
    name = "jsonl.zst" if text == "jsonl" else text
    if name not in FORMAT_NAMES:
        raise ConfigError(f"there is no format {text!r}; choose one of {', '.join(FORMAT_NAMES)}")
    return name


def format_for(name: str, table: TableColumns) -> Format:
    """Return a format as the files of a table have it.

    Args:
        name: one of `FORMAT_NAMES`.
        table: what the files hold.
    """
    if name in CODECS:
        return jsonl_format(CODECS[name], table.lines, table.to_lines)
    if name == "arrow":
        return arrow_format(table.schema)
    return in_catalog(name, parquet_format(table.schema, table.dictionary, order=table.order, table=table.name))


def in_catalog(name: str, form: Format) -> Format:
    """Return Parquet as the files of a lake of some name, one of those of tables or just `parquet`."""
    return replace(form, name=name, catalog=name) if name in TABLE_FORMATS else form


def parquet_format(
    schema: pa.Schema,
    dictionary: tuple[str, ...],
    *,
    order: tuple[str, ...],
    table: str | None,
) -> Format:
    """Return Parquet for any table.

    Args:
        schema: of the batches.
        dictionary: columns of few distinct values.
        order: columns by which rows come sorted.
        table: whose columns these are, so that files have their numbers; None for files without.
    """
    stored = schema if table is None else numbered(schema, table)
    return Format(
        name="parquet",
        suffix=".parquet",
        schema=schema,
        open_writer=partial(parquet.ParquetWriter, layout=parquet.Layout(stored, dictionary, order)),
        open_reader=partial(parquet.open_reader, schema=schema),
        open_part=partial(parquet.open_reader, schema=schema),
    )


def arrow_format(schema: pa.Schema) -> Format:
    """Return Arrow's file format (also known as Feather) for any table."""
    return Format(
        name="arrow",
        suffix=".arrow",
        schema=schema,
        open_writer=partial(arrow_file.ArrowWriter, schema=schema),
        open_reader=partial(arrow_file.open_reader, schema=schema),
    )


def parked_form(form: Format) -> Format:
    """Return how rows of a format wait for their partition to be whole: as Arrow files of small batches."""
    writer = partial(arrow_file.ArrowWriter, schema=form.schema, chunk_rows=PARKED_CHUNK_ROWS)
    return replace(arrow_format(form.schema), open_writer=writer)


def jsonl_format(codec: json_lines.Codec, schema: pa.Schema, to_lines: json_lines.ToLines) -> Format:
    """Return JSON lines for any table.

    Args:
        codec: `zstd`, `gzip`, or None for plain text.
        schema: with a binary column `line`, each value ending in a line feed.
        to_lines: makes batches of the schema from decoded objects.
    """
    name, suffix = {
        "zstd": ("jsonl.zst", ".jsonl.zst"),
        "gzip": ("jsonl.gz", ".jsonl.gz"),
        None: ("jsonl.plain", ".jsonl"),
    }[codec]
    return Format(
        name=name,
        suffix=suffix,
        schema=schema,
        open_writer=partial(json_lines.LinesWriter, codec=codec),
        open_reader=partial(json_lines.open_reader, codec=codec, to_lines=to_lines),
        read_objects=partial(json_lines.read_objects, codec=codec),
    )
