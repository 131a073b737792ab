"""Rows read from a file take the shape that is written today, or are refused."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from connector.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path


@contextmanager
def readable(path: Path) -> Generator[None]:
    """Turn a complaint about a file, Arrow's or the system's, into a `StorageError` that names it."""
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise StorageError(f"{path} cannot be read ({error}); remove it and sync its days again") from error


def conformed(batches: Iterable[pa.RecordBatch], schema: pa.Schema, path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a file with exactly this schema; a column that did not exist when it was written is null.

    Raises:
        StorageError: when the file cannot be read on, or a column has another type, is missing though it may not be
            null, or is one we do not know.
    """
    with readable(path):
        for batch in batches:
            yield _conform(batch, schema, path)


def refuse_unknown(names: Iterable[str], schema: pa.Schema, path: Path) -> None:
    """Refuse a file that has columns which are not in a schema.

    Raises:
        StorageError: it has.
    """
    unknown = set(names) - set(schema.names)
    if unknown:
        raise StorageError(f"{path} has columns {sorted(unknown)} that this version does not know: upgrade it")


def _conform(batch: pa.RecordBatch, schema: pa.Schema, path: Path) -> pa.RecordBatch:
    refuse_unknown(batch.schema.names, schema, path)
    return pa.RecordBatch.from_arrays([_column(batch, field, path) for field in schema], schema=schema)


def _column(batch: pa.RecordBatch, field: pa.Field, path: Path) -> pa.Array:
    if field.name not in batch.schema.names:
        if not field.nullable:
            raise StorageError(f"{path} lacks the column {field.name!r}: sync to a new destination")
        return pa.nulls(batch.num_rows, field.type)
    column = batch.column(field.name)
    if column.type != field.type:
        raise StorageError(f"{path} holds {field.name!r} as {column.type}, not {field.type}: sync to a new destination")
    return column
