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
"""Rows of a file up to which all its columns are plain and compressed by Snappy: zstd, and a dictionary, take longer to
begin than so few values take."""

_READ_ROWS = CHUNK_ROWS // 2

_BUFFER = 2**16
"""Bytes gathered for the disk: Parquet is written in pieces of some hundred."""


class _Encoding(TypedDict):
    compression: str | dict[str, str]
    compression_level: dict[str, int] | None
    use_dictionary: bool | list[str]


_OF_FEW_ROWS = _Encoding(compression="snappy", compression_level=None, use_dictionary=False)


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
    def of_many_rows(self) -> _Encoding:
        """How each column of a file of more than few rows is encoded."""
        plain = [field for field in self.schema if field.name not in self.dictionary]
        compressed = [path for field in plain for path in _paths(field.name, field.type)]
        return _Encoding(
            compression=dict.fromkeys(self.dictionary, "none") | dict.fromkeys(compressed, "zstd"),
            compression_level=dict.fromkeys(compressed, 1),
            use_dictionary=list(self.dictionary),
        )

    @cached_property
    def ascending(self) -> tuple[pq.SortingColumn, ...]:
        """What a file says of its order."""
        return pq.SortingColumn.from_ordering(self.schema, [(name, "ascending") for name in self.order])


class ParquetWriter:
    """Writes sorted rows as Parquet 2.6, natively: a Python file object below it would hold the interpreter lock.

    zstd is at level 1: on these rows level 3 costs 1.3 times as much and makes files no smaller. Columns with a
    dictionary are not compressed: what is left of them is a few bits a row. A file of few rows has Snappy, which begins
    in no time, and no dictionaries: a quiet day costs half, and is as large. It comes about in memory, and goes to the
    disk in one piece. Arrow's own copy of the schema stays out: it says nothing that Parquet's does not, and would
    double the file of a quiet day.

    Args:
        path: local path of the new file.
        layout: its columns.
    """

    def __init__(self, path: Path, *, layout: Layout) -> None:
        self._path, self._layout = path, layout
        self._rechunker = Rechunker()
        self._group: list[pa.RecordBatch] = []
        self._rows = self._text = 0
        self._sink: pa.NativeFile | None = None
        self._file: pq.ParquetWriter | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows; encodes whenever a row group is complete."""
        for chunk in self._rechunker.add(batch):
            self._add(chunk)

    def close(self) -> pa.Buffer | None:
        """Encode what is left, and write the footer.

        Returns:
            The file's bytes, if its rows are one chunk or none; else None.
        """
        if self._file is None and not self._group:
            return self._written_at_once()
        try:
            self._group.extend(self._rechunker.rest())
            self._end_group()
        finally:
            self._close()
        return None

    def _written_at_once(self) -> pa.Buffer:
        """Write a file of at most one chunk: made in memory, so that it need not be read for its hash."""
        chunks = list(self._rechunker.rest())
        few = sum(chunk.num_rows for chunk in chunks) <= FEW_ROWS
        sink = pa.BufferOutputStream()
        with self._begun(sink, _OF_FEW_ROWS if few else self._layout.of_many_rows) as file:
            _write_group(file, chunks)
        content = sink.getvalue()
        self._path.write_bytes(content)
        return content

    def _add(self, chunk: pa.RecordBatch) -> None:
        self._group.append(chunk)
        self._rows += chunk.num_rows
        self._text += text_bytes(chunk)
        if self._rows >= GROUP_ROWS or self._text >= GROUP_TEXT:
            self._end_group()

    def _end_group(self) -> None:
        group, self._group, self._rows, self._text = self._group, [], 0, 0
        if self._file is None:
            self._sink = pa.BufferedOutputStream(pa.OSFile(str(self._path), "wb"), _BUFFER)
            self._file = self._begun(self._sink, self._layout.of_many_rows)
        _write_group(self._file, group)

    def _close(self) -> None:
        try:
            if self._file is not None:
                self._file.close()
        finally:
            if self._sink is not None:
                self._sink.close()

    def _begun(self, sink: pa.NativeFile, encoding: _Encoding) -> pq.ParquetWriter:
        return pq.ParquetWriter(
            sink,
            self._layout.schema,
            version="2.6",
            **encoding,
            store_schema=False,
            write_statistics=True,
            sorting_columns=self._layout.ascending,
        )


def _write_group(file: pq.ParquetWriter, chunks: list[pa.RecordBatch]) -> None:
    if chunks:
        table = pa.Table.from_batches(chunks)
        file.write_table(table, row_group_size=table.num_rows)


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
        file = pq.ParquetFile(str(path), pre_buffer=False)  # else threads of Arrow's read ahead: for far stores
    with file:
        wanted = None if part is None else _all_paths(part)
        if wanted is not None:
            with readable(path):
                refuse_unknown(file.schema_arrow.names, schema, path)
        yield conformed(file.iter_batches(_READ_ROWS, columns=wanted, use_threads=False), part or schema, path)
