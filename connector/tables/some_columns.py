"""A few columns of objects as received, for readers of JSON lines that need no more, in less time than all take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from connector.tables.arrow import INSTANT, SECOND, arrow_schema
from connector.tables.balance_transactions import to_batch
from connector.tables.columnize import BALANCE_TRANSACTION, columnize, expanded_id
from connector.tables.fields import is_object

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.tables.fields import Json

_WHOLE = frozenset({"fee_details", "source_object", "extra"})
"""Columns that take a look at the whole object."""


def to_some_columns(rows: Sequence[Json], names: Sequence[str]) -> pa.RecordBatch:
    """Return columns of balance transactions, the same as `to_batch` would make.

    Args:
        rows: objects as orjson reads them.
        names: of the columns.

    Raises:
        SchemaError: on exactly the rows on which `to_batch` raises it, as far as these columns show.
    """
    if _WHOLE & set(names):
        return to_batch(rows).select(list(names))
    schema = pa.schema([arrow_schema("balance_transactions").field(name) for name in names])
    columns = [_column(rows, field) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _column(rows: Sequence[Json], field: pa.Field) -> pa.Array:
    fits = BALANCE_TRANSACTION.tests[field.name]
    values: list[Any] = [row.get(field.name) for row in rows]
    values = [value if fits(value) else None for value in values]
    if field.name == "source":
        values = [expanded_id(value) if is_object(value) else value for value in values]
    if not field.nullable and None in values:
        columnize(rows)  # says which row lacks it
    if field.type == INSTANT:
        values = [None if value is None else value * SECOND for value in values]
    return pa.array(values, field.type)
