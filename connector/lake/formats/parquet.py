"""Parquet files: compression, statistics, dictionaries where few values occur, and row groups that bound memory."""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
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


class ParquetWriter:
    """Writes sorted rows as Parquet 2.6, natively: a Python file object below it would hold the interpreter lock.

    zstd is at level 1: on these rows level 3 costs 1.3 times as much and makes files no smaller. A file of few rows has
    Snappy, which begins in no time: a quiet day costs little more than half, and is as large. Columns with a
    dictionary stay as they are: what is left of them is a few bits a row, and beginning to compress costs as much as a
    hundred values. Arrow's own copy of the schema stays out: it says nothing that Parquet's does not, and would double
    the file of a quiet day.

    Args:
        path: local path of the new file.
        schema: of the batches.
        dictionary: columns of few distinct values.
        order: columns by which rows come sorted.
    """

    def __init__(
        self,
        path: Path,
        *,
        schema: pa.Schema,
        dictionary: tuple[str, ...],
        order: tuple[str, ...] = ("created", "id"),
    ) -> None:
        self._rechunker = Rechunker()
        self._group: list[pa.RecordBatch] = []
        self._rows = self._text = 0
        self._schema, self._dictionary, self._order = schema, dictionary, order
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
            self._begun("snappy").write_batch(group[0])  # in three quarters of the time of a table
        elif group:
            table = pa.Table.from_batches(group)
            self._begun().write_table(table, row_group_size=table.num_rows)

    def _begun(self, codec: str = "zstd") -> pq.ParquetWriter:
        """Return the file, begun with the first row group: only then is it known whether there are few rows."""
        if self._file is None:
            self._file = pq.ParquetWriter(
                self._sink,
                self._schema,
                version="2.6",
                **_compression(self._schema, self._dictionary, codec),
                store_schema=False,
                use_dictionary=list(self._dictionary),
                write_statistics=True,
                sorting_columns=_ascending(self._schema, self._order),
            )
        return self._file


@lru_cache(maxsize=16)
def _compression(schema: pa.Schema, dictionary: tuple[str, ...], codec: str) -> _Compression:
    """Return what compresses each column, and how much."""
    compressed = [path for field in schema if field.name not in dictionary for path in _paths(field.name, field.type)]
    codecs = dict.fromkeys(dictionary, "none") | dict.fromkeys(compressed, codec)
    levels = dict.fromkeys(compressed, 1) if codec == "zstd" else None
    return {"compression": codecs, "compression_level": levels}


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


@lru_cache(maxsize=16)
def _ascending(schema: pa.Schema, order: tuple[str, ...]) -> tuple[pq.SortingColumn, ...]:
    return pq.SortingColumn.from_ordering(schema, [(name, "ascending") for name in order])


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
