"""What rows hold, as one value: equal for the same rows, whatever the format of the files that they were read from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import pyarrow as pa

from connector.core.api.json_text import dumps, loads
from connector.lake.formats.row_columns import Rechunker
from connector.tables.balance_transactions import to_objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from connector.lake.formats.formats import Format

_ROWS = 1_024
"""Rows that are hashed at a time where they are compared as columns."""


@dataclass(frozen=True, slots=True)
class Content:
    """What some rows hold.

    Attributes:
        rows: how many.
        sha256: of them all, in order.
    """

    rows: int
    sha256: str


class Hashing(Protocol):
    """Rows that go by, in order, and what they hold."""

    def add(self, batch: pa.RecordBatch) -> None:
        """Take rows."""
        ...

    def content(self) -> Content:
        """Return what all of them hold."""
        ...


class ColumnHash:
    """Rows compared by their columns, all of them: here and there are files of columns."""

    def __init__(self) -> None:
        self._chunks = Rechunker(rows=_ROWS, step=_ROWS // 8)
        self._hash = hashlib.sha256()
        self._rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """See `Hashing.add`."""
        self._rows += batch.num_rows
        self._take(self._chunks.add(batch))

    def content(self) -> Content:
        """See `Hashing.content`."""
        self._take(self._chunks.rest())
        return Content(self._rows, self._hash.hexdigest())

    def _take(self, chunks: Iterable[pa.RecordBatch]) -> None:
        for chunk in chunks:
            columns = [_values(column) for column in chunk.columns]
            self._hash.update(orjson.dumps(dict(zip(chunk.schema.names, columns, strict=True))))


class ObjectHash:
    """Rows compared as the objects that were received: here or there are lines of JSON.

    Args:
        to_objects: makes objects of a batch.
    """

    def __init__(self, to_objects: Callable[[pa.RecordBatch], list[dict[str, Any]]]) -> None:
        self._to_objects = to_objects
        self._hash = hashlib.sha256()
        self._rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """See `Hashing.add`."""
        self._rows += batch.num_rows
        for received in self._to_objects(batch):
            self._hash.update(dumps(_same_numbers(received), orjson.OPT_SORT_KEYS))

    def content(self) -> Content:
        """See `Hashing.content`."""
        return Content(self._rows, self._hash.hexdigest())


def hashing(form: Format, *, as_columns: bool) -> Hashing:
    """Return what hashes balance transactions of a format.

    Args:
        form: of the files.
        as_columns: whether the format that they are compared with has columns, as this one has.
    """
    return ColumnHash() if as_columns else ObjectHash(lambda batch: objects_of(form, batch))


def objects_of(form: Format, batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return balance transactions as they were received."""
    if form.read_objects is None:
        return to_objects(batch)
    return [loads(line) for line in batch.column("line").to_pylist()]


def _values(column: pa.Array) -> list[Any]:
    """Return values as JSON can have them: moments in Arrow's own units."""
    return (column.view(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()


def _same_numbers(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose rate is written alike, be it whole or not: the column of it has only one way."""
    rate = row.get("exchange_rate")
    return {**row, "exchange_rate": float(rate)} if type(rate) is int and abs(rate) <= 2**53 else row
