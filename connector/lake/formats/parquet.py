"""Parquet files: compression, statistics, dictionaries where few values occur, and row groups that bound memory."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, TypedDict

import pyarrow as pa
import pyarrow.parquet as pq

from connector.lake.formats.row_columns import CHUNK_ROWS, Rechunker, text_bytes
from connector.lake.formats.schema_check import conformed, readable, refuse_unknown

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

GROUP_ROWS = 32_768
"""Rows at which a row group ends. DuckDB and Spark skip and share out work by row group; a group's encoded
pages wait in memory until it is complete."""

GROUP_TEXT = 16 * 2**20
"""Bytes of text after which a row group ends early, so that rows with whole expanded objects in them stay bounded."""

FEW_ROWS = 128
"""Rows of a file up to which it is compressed by Snappy: zstd takes longer to begin than to compress as little."""

_READ_ROWS = CHUNK_ROWS // 2

_BUFFER = 2**16
"""Bytes gathered for the disk: Parquet is written in pieces of some hundred."""


class _Compression(TypedDict):
    compression: dict[str, str]
    compression_level: dict[str, int] | None


@dataclass(frozen=True, eq=False)
class Layout:
    """The columns of Parquet files and how each is written, worked out once for all files of a format.

    Attributes:
        schema: of the batches.
        dictionary: columns of few distinct values.
        order: columns by which rows come sorted.
    """

    schema: pa.Schema
    dictionary: tuple[str, ...]
    order: tuple[str, ...] = ("created", "id")

    @cached_property
    def of_few_rows(self) -> _Compression:
        """What compresses each column of a file of few rows."""
        return {"compression": self._codecs("snappy"), "compression_level": None}

    @cached_property
    def of_many_rows(self) -> _Compression:
        """The same of a file of more."""
        return {"compression": self._codecs("zstd"), "compression_level": dict.fromkeys(self._compressed, 1)}

    @cached_property
    def ascending(self) -> tuple[pq.SortingColumn, ...]:
        """What a file says of its order."""
        return pq.SortingColumn.from_ordering(self.schema, [(name, "ascending") for name in self.order])

    @cached_property
    def _compressed(self) -> list[str]:
        fields = (field for field in self.schema if field.name not in self.dictionary)
        return [path for field in fields for path in _paths(field.name, field.type)]

    def _codecs(self, codec: str) -> dict[str, str]:
        return dict.fromkeys(self.dictionary, "none") | dict.fromkeys(self._compressed, codec)


class ParquetWriter:
    """Writes sorted rows as Parquet 2.6, natively: a Python file object below it would hold the interpreter lock.

    zstd is at level 1: on these rows level 3 costs 1.3 times as much and makes files no smaller. A file of few rows has
    Snappy, which begins in no time: a quiet day costs little more than half, and is as large. Columns with a
    dictionary stay as they are: what is left of them is a few bits a row, and beginning to compress costs as much as a
    hundred values. Arrow's own copy of the schema stays out: it says nothing that Parquet's does not, and would double
    the file of a quiet day.

    Args:
        path: local path of the new file.
        layout: its columns.
    """

    def __init__(self, path: Path, *, layout: Layout) -> None:
        self._rechunker = Rechunker()
        self._group: list[pa.RecordBatch] = []
        self._rows = self._text = 0
        self._layout = layout
        self._sink = pa.BufferedOutputStream(pa.OSFile(str(path), "wb"), _BUFFER)
        self._file: pq.ParquetWriter | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows; encodes whenever a row group is complete."""
        for chunk in self._rechunker.add(batch):
            self._add(chunk)

    def close(self) -> None:
        """Encode what is left, and write the footer."""
        try:
            self._group.extend(self._rechunker.rest())
            self._end_group(is_all=self._file is None)
        finally:
            try:
                self._begun().close()
            finally:
                self._sink.close()

    def _add(self, chunk: pa.RecordBatch) -> None:
        self._group.append(chunk)
        self._rows += chunk.num_rows
        self._text += text_bytes(chunk)
        if self._rows >= GROUP_ROWS or self._text >= GROUP_TEXT:
            self._end_group()

    def _end_group(self, *, is_all: bool = False) -> None:
        group, self._group, self._rows, self._text = self._group, [], 0, 0
        if is_all and len(group) == 1 and group[0].num_rows <= FEW_ROWS:
            self._begun(self._layout.of_few_rows).write_batch(group[0])  # in three quarters of the time of a table
        elif group:
            table = pa.Table.from_batches(group)
            self._begun().write_table(table, row_group_size=table.num_rows)

    def _begun(self, compression: _Compression | None = None) -> pq.ParquetWriter:
        """Return the file, begun with the first row group: only then is it known whether there are few rows."""
        if self._file is None:
            layout = self._layout
            self._file = pq.ParquetWriter(
                self._sink,
                layout.schema,
                version="2.6",
                **(compression or layout.of_many_rows),
                store_schema=False,
                use_dictionary=list(layout.dictionary),
                write_statistics=True,
                sorting_columns=layout.ascending,
            )
        return self._file


@lru_cache(maxsize=16)
def _all_paths(schema: pa.Schema) -> list[str]:
    return [path for field in schema for path in _paths(field.name, field.type)]


def _paths(name: str, kind: pa.DataType) -> Iterator[str]:
    """Yield the columns that Parquet has for a field, as it calls them."""
    if pa.types.is_list(kind):
        yield from _paths(f"{name}.list.element", kind.value_type)
    elif pa.types.is_struct(kind):
        for member in kind:
            yield from _paths(f"{name}.{member.name}", member.type)
    else:
        yield name


@contextmanager
def open_reader(path: Path, part: pa.Schema | None = None, *, schema: pa.Schema) -> Generator[Iterator[pa.RecordBatch]]:
    """Offer a Parquet file's rows in batches of a few thousand, in order, with exactly this schema.

    Args:
        path: local path of the file.
        part: the columns wanted, and of structs in lists the members: the rest is not decoded; None for all.
        schema: of the file.

    Raises:
        StorageError: when the file is not Parquet, or its columns are not the schema's.
    """
    with readable(path):
        file = pq.ParquetFile(str(path))
    with file:
        wanted = None if part is None else _all_paths(part)
        if wanted is not None:
            with readable(path):
                refuse_unknown(file.schema_arrow.names, schema, path)
        yield conformed(file.iter_batches(_READ_ROWS, columns=wanted, use_threads=False), part or schema, path)
