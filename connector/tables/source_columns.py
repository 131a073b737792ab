"""Columns of expanded sources: what is asked for most of each kind, beside `source_object`.

Which they are, of what type, and where in the object each is found, `schemas/tables/source_columns.json` says. They are
a convenience: `source_object` is the truth, and what does not fit a column is null in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from connector import schemas
from connector.core.api.fields import object_of
from connector.core.api.json_text import plain
from connector.tables.arrow import INSTANT, SECOND, arrow_schema, dictionary_columns
from connector.tables.fields import Json, is_flag, is_instant, is_text, is_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TABLE = "source_columns"
_ROWS = "balance_transactions"


@cache
def row_schema(*, source_columns: bool) -> pa.Schema:
    """Return the schema of balance transactions, with the columns of their sources at the end if asked for."""
    schema = arrow_schema(_ROWS)
    return pa.schema([*schema, *arrow_schema(_TABLE)]) if source_columns else schema


@cache
def row_dictionaries(*, source_columns: bool) -> tuple[str, ...]:
    """Name the columns of `row_schema` in which few distinct values occur."""
    return (*dictionary_columns(_ROWS), *(dictionary_columns(_TABLE) if source_columns else ()))


def source_arrays(sources: Sequence[Json | None], rows: int) -> dict[str, pa.Array]:
    """Convert expanded sources to their columns.

    Args:
        sources: one for each row, null where there is none; or none at all.
        rows: how many rows there are.
    """
    if not sources:
        return {field.name: pa.nulls(rows, field.type) for field in arrow_schema(_TABLE)}
    return {column.name: column.array(sources) for column in _columns()}


@dataclass(frozen=True, slots=True)
class _Column:
    """One column: of which kind of object, where in it, and of which type."""

    name: str
    kind: str | None
    path: tuple[str, ...]
    type: pa.DataType
    fits: Callable[[object], bool]

    def array(self, sources: Sequence[Json | None]) -> pa.Array:
        values = [None if source is None else self._value(source) for source in sources]
        if self.type == INSTANT:
            values = [None if value is None else value * SECOND for value in values]
        return pa.array(values, self.type)

    def _value(self, source: Json) -> Any:  # noqa: ANN401 - of the column's type, which `fits` has checked
        if self.kind is not None and source.get("object") != self.kind:
            return None
        value: object = source
        for name in self.path:
            value = (object_of(value) or {}).get(name)
        if self.type == pa.string() and (expanded := object_of(value)) is not None:
            value = expanded.get("id")  # expanded in turn
        value = plain(value)
        return value if self.fits(value) else None


@cache
def _columns() -> tuple[_Column, ...]:
    tests = {pa.string(): is_text, pa.int64(): is_whole, pa.bool_(): is_flag, INSTANT: is_instant}
    described = schemas.load(f"tables/{_TABLE}")["properties"]
    return tuple(
        _Column(
            field.name,
            described[field.name].get("x-object"),
            tuple(described[field.name]["x-path"].split(".")),
            field.type,
            tests[field.type],
        )
        for field in arrow_schema(_TABLE)
    )
