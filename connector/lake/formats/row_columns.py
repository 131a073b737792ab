"""What the lake needs to know of rows, whatever table they are of: `id`, `created`, and seconds as Arrow holds them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.time.intervals import Interval, Intervals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MICROSECONDS = 1_000_000
"""Units of a `created` column in a second."""

CHUNK_ROWS = 4_096
"""Rows sorted, copied and encoded at a time: enough that Arrow's cost per call vanishes, few enough to be megabytes."""

CHUNK_TEXT = 8 * 2**20
"""Bytes of text that end a chunk early: rows with whole expanded objects in them stay bounded, too."""

FEW_ROWS = 128
"""Rows that are looked at one by one in the time Arrow takes to begin."""


NO = pa.scalar(False, pa.bool_())  # noqa: FBT003 - Arrow's own way to write a value
"""A value of a mask."""


def value_of(column: pa.Array, value: str | int) -> pa.Scalar:
    """Return a value with the type of a column, to compare it with.

    Arrow guesses the type of one that comes without, and imports dateutil for that each time: where that is not
    installed, the search for it takes as long as comparing tens of thousands of rows.
    """
    return pa.scalar(value, column.type)


def created_seconds(batch: pa.RecordBatch) -> list[int]:
    """Return when each row was created, in UTC seconds."""
    return pc.divide(batch.column("created").view(pa.int64()), MICROSECONDS).to_pylist()


def bounds_of(batch: pa.RecordBatch) -> tuple[int, int]:
    """Return the earliest and the latest `created` of a batch that has rows, in UTC seconds."""
    extremes = pc.min_max(batch.column("created"))
    return extremes["min"].value // MICROSECONDS, extremes["max"].value // MICROSECONDS


def inside(created: pa.Array, seconds: Intervals) -> pa.Array:
    """Say for each value of a `created` column whether its second is in the set."""
    ticks = created.view(pa.int64())
    mask = pa.repeat(NO, len(ticks))
    if not len(ticks):
        return mask
    extremes = pc.min_max(ticks)
    span = Interval(extremes["min"].as_py() // MICROSECONDS, extremes["max"].as_py() // MICROSECONDS + 1)
    for part in seconds.touching(span):
        since = pc.greater_equal(ticks, value_of(ticks, part.start * MICROSECONDS))
        until = pc.less(ticks, value_of(ticks, part.stop * MICROSECONDS))
        mask = pc.or_(mask, pc.and_(since, until))
    return mask


def to_rows(table: pa.Table, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return rows as objects, times as UTC seconds: Arrow makes its own of times only where there is data of zones."""
    chosen = table if columns is None else table.select(columns)
    for place, field in enumerate(chosen.schema):
        if pa.types.is_timestamp(field.type):
            seconds = pc.divide(chosen.column(place).cast(pa.int64()), MICROSECONDS)
            chosen = chosen.set_column(place, field.name, seconds)
    return chosen.to_pylist()


def text_bytes(batch: pa.RecordBatch) -> int:
    """Return the bytes of all text and binary values, nested ones aside: equal for equal rows, as `nbytes` is not."""
    if not batch.num_rows:
        return 0
    return sum(_value_bytes(batch.column(position)) for position in _texts(batch.schema))


class Rechunker:
    """Cuts rows into contiguous batches by the rows alone, so that a file's bytes do not depend on how they arrived.

    A batch ends after a fixed number of rows, or earlier where their text is large; always at a multiple of the step.

    Args:
        rows: at which a batch ends.
        step: rows between two looks at the text.
    """

    def __init__(self, rows: int = CHUNK_ROWS, step: int = CHUNK_ROWS // 8) -> None:
        self._rows = rows
        self._step = step
        self._parts: list[pa.RecordBatch] = []
        self._held_rows = 0
        self._text_held = 0
        self._weighed = 0

    def add(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Take rows in; yield every batch that they complete."""
        while batch.num_rows:
            room = self._step - self._held_rows % self._step
            part, batch = batch.slice(0, room), batch.slice(room)
            self._parts.append(part)
            self._held_rows += part.num_rows
            if self._held_rows % self._step == 0 and self._is_full():
                yield self._joined()

    def rest(self) -> Iterator[pa.RecordBatch]:
        """Yield what is left, at most one batch."""
        if self._parts:
            yield self._joined()

    def _is_full(self) -> bool:
        self._text_held += sum(map(text_bytes, self._parts[self._weighed :]))
        self._weighed = len(self._parts)
        return self._held_rows >= self._rows or self._text_held >= CHUNK_TEXT

    def _joined(self) -> pa.RecordBatch:
        joined = self._parts[0] if len(self._parts) == 1 else pa.concat_batches(self._parts)
        self._parts, self._held_rows, self._text_held, self._weighed = [], 0, 0, 0
        return joined


def value_span(column: pa.Array) -> tuple[int, int]:
    """Return where the values of a text or binary column that has rows begin and end in its third buffer, in bytes."""
    offsets = memoryview(column.buffers()[1])
    steps = offsets.cast("q") if _has_values(column.type, large=True) else offsets.cast("i")
    return steps[column.offset], steps[column.offset + len(column)]


@lru_cache(maxsize=16)
def _texts(schema: pa.Schema) -> tuple[int, ...]:
    """Return the positions of the text and binary columns."""
    kinds = enumerate(field.type for field in schema)
    return tuple(at for at, kind in kinds if _has_values(kind, large=False) or _has_values(kind, large=True))


def _value_bytes(column: pa.Array) -> int:
    first, last = value_span(column)
    return last - first


def _has_values(kind: pa.DataType, *, large: bool) -> bool:
    """Say whether a type is text or binary, with offsets of 64 bits when `large`, else of 32."""
    if large:
        return pa.types.is_large_string(kind) or pa.types.is_large_binary(kind)
    return pa.types.is_string(kind) or pa.types.is_binary(kind)
