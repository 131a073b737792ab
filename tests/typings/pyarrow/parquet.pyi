"""Parquet files."""

from collections.abc import Iterator, Sequence
from typing import Literal, Self

from pyarrow import NativeFile, RecordBatch, Schema, Table

class SortingColumn:
    @staticmethod
    def from_ordering(
        schema: Schema, sort_keys: Sequence[tuple[str, Literal["ascending", "descending"]]]
    ) -> tuple[SortingColumn, ...]: ...

class ParquetWriter:
    def __init__(
        self,
        where: NativeFile,
        schema: Schema,
        *,
        version: Literal["1.0", "2.4", "2.6"] = "2.6",
        compression: str | dict[str, str] = "snappy",
        compression_level: int | dict[str, int] | None = None,
        store_schema: bool = True,
        use_dictionary: bool | list[str] = True,
        write_statistics: bool | list[str] = True,
        sorting_columns: Sequence[SortingColumn] | None = None,
    ) -> None: ...
    def write_table(self, table: Table, row_group_size: int | None = None) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *ended: object) -> None: ...

class ParquetFile:
    schema_arrow: Schema
    def __init__(self, source: str | NativeFile, *, pre_buffer: bool = True) -> None: ...
    def iter_batches(
        self, batch_size: int = 65536, *, columns: list[str] | None = None, use_threads: bool = True
    ) -> Iterator[RecordBatch]: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *ended: object) -> None: ...
