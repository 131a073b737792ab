"""Numbers of the tables' columns, as Iceberg has them: a column keeps its own for ever, whatever comes or goes.

They stand in the JSON Schemas as `x-field-id`, those of what a column is made of as `x-member-ids`: of a list's
elements, then of a struct's members. A new column takes the number after the highest there is. Parquet files hold them:
readers of Iceberg find a column by its number.
"""

from __future__ import annotations

from collections import deque
from functools import cache

import pyarrow as pa

from connector import schemas

ID = b"PARQUET:field_id"
"""Key of a field's metadata that Arrow writes Parquet's field ids from."""

_SOURCES = "source_columns"
_ROWS = "balance_transactions"
_TIMES = frozenset({"created_date", "created_month", "created_year"})


@cache
def field_ids(table: str) -> dict[str, tuple[int, ...]]:
    """Return the numbers of each column of a table: its own, then those of its members.

    Columns of expanded sources count among those of balance transactions, and the time that a partition is named by has
    one number, whether it is a day, a month or a year.

    Raises:
        UsageError: there is no such table.
    """
    columns = dict(schemas.load(f"tables/{table}")["properties"])
    if table == _ROWS:
        columns |= dict.fromkeys(_TIMES, columns["created_date"])
        columns |= schemas.load(f"tables/{_SOURCES}")["properties"]
    return {name: (column["x-field-id"], *column.get("x-member-ids", ())) for name, column in columns.items()}


def numbered(schema: pa.Schema, table: str) -> pa.Schema:
    """Return a schema whose fields, nested ones too, have their numbers, and no other metadata.

    Args:
        schema: of columns of the table.
        table: its name.
    """
    ids = field_ids(table)
    return pa.schema([_numbered(field, deque(ids[field.name])) for field in schema])


def _numbered(field: pa.Field, ids: deque[int]) -> pa.Field:
    own = ids.popleft()
    return pa.field(field.name, _with_ids(field.type, ids), field.nullable, {ID: str(own)})


def _with_ids(kind: pa.DataType, ids: deque[int]) -> pa.DataType:
    if pa.types.is_list(kind):
        return pa.list_(_numbered(kind.value_field, ids))
    if not pa.types.is_struct(kind):
        return kind
    own = [ids.popleft() for _ in kind]
    return pa.struct([_numbered(member, deque([number])) for member, number in zip(kind, own, strict=True)])
