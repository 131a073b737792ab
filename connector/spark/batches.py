"""Rows as batches of exactly the schema that Spark asks for: types, order and nullability to the letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from connector.core.suggestions import did_you_mean
from connector.errors import SchemaError, UsageError
from connector.tables.arrow import arrow_schema
from connector.tables.some_columns import to_some_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.core.api.page import Row

ACCOUNT = "account"
"""The column that says whose a row is; in a lake it is in the path."""

TABLE = "balance_transactions"


def source_schema() -> pa.Schema:
    """Return the columns there are: the account, then those of the table of balance transactions."""
    own = pa.field(ACCOUNT, pa.string(), nullable=False)
    return pa.schema([own, *(pa.field(field.name, field.type, field.nullable) for field in arrow_schema(TABLE))])


def checked_schema(asked: pa.Schema) -> pa.Schema:
    """Return a schema that is asked for, if rows can be brought into it.

    Raises:
        UsageError: it has no column, or there is no such column, or it cannot be of such a type.
    """
    there = source_schema()
    if not asked.names:
        raise UsageError("the schema has no column: a batch without any has no rows to count; ask for id")
    for field in asked:
        if field.name not in there.names:
            hint = did_you_mean(field.name, there.names)
            raise UsageError(f"there is no column {field.name!r}{hint}; there are {', '.join(there.names)}")
        if asked.names.count(field.name) > 1:
            raise UsageError(f"the schema has the column {field.name!r} twice")
        kind = there.field(field.name).type
        if not _can_be(kind, field.type):
            raise UsageError(f"{field.name} is {kind}, and cannot be read as {field.type}")
    return asked


def _can_be(kind: Any, asked: Any) -> bool:  # noqa: ANN401 - types of Arrow
    """Say whether one type can become another; a struct may have fewer fields, and in another order, but no others."""
    if pa.types.is_list(kind) and pa.types.is_list(asked):
        return _can_be(kind.value_type, asked.value_type)
    if pa.types.is_struct(kind) and pa.types.is_struct(asked):
        types = {field.name: field.type for field in kind}
        return all(field.name in types and _can_be(types[field.name], field.type) for field in asked)
    try:
        _as(pa.nulls(0, kind), asked)
    except (pa.ArrowInvalid, NotImplementedError, TypeError):
        return False
    return True


def to_shape(rows: Sequence[Row], account: str, asked: pa.Schema) -> pa.RecordBatch:
    """Convert rows of one account to a schema that was checked; only its columns are made.

    Args:
        rows: as received, a page of them.
        account: whose they are.
        asked: the schema.

    Raises:
        SchemaError: a value does not fit, or is missing where none may be.
    """
    names = [name for name in asked.names if name != ACCOUNT]
    made = to_some_columns(rows, names) if names else None
    columns = [_column(field, made, account, len(rows)) for field in asked]
    return pa.RecordBatch.from_arrays(columns, schema=asked)


def _column(field: pa.Field, made: pa.RecordBatch | None, account: str, rows: int) -> pa.Array:
    array = (
        pa.array([account] * rows, pa.string()) if made is None or field.name == ACCOUNT else made.column(field.name)
    )
    try:
        values = _as(array, field.type)
    except pa.ArrowInvalid as error:
        raise SchemaError(f"{field.name} does not fit into {field.type}: {error}") from error
    if not field.nullable and values.null_count:
        raise SchemaError(
            f"{field.name} is missing in {values.null_count} of {rows} rows, and was asked for as never null"
        )
    return values


def _as(array: Any, kind: pa.DataType) -> Any:  # noqa: ANN401 - an array
    """Return an array as of another type; moments as numbers are seconds, as in Spark's cast and Stripe's API."""
    if array.type == kind:
        return array
    if pa.types.is_list(array.type) and pa.types.is_list(kind):
        array = _with_fields(array, kind)
    if pa.types.is_timestamp(array.type) and not pa.types.is_temporal(kind) and not pa.types.is_string(kind):
        array = array.cast(pa.timestamp("s", array.type.tz)).cast(pa.int64())
    if pa.types.is_decimal(kind) and pa.types.is_integer(array.type):  # Arrow asks for room for any number, else
        array = array.cast(pa.decimal128(38, cast("pa.Decimal128Type", kind).scale))
    if pa.types.is_decimal(kind) and pa.types.is_floating(array.type):  # Arrow rounds a fraction, and not a text of it
        array = array.cast(pa.string())
    return array.cast(kind)


def _with_fields(lists: Any, kind: Any) -> Any:  # noqa: ANN401 - an array of lists, and the type of others
    """Return lists of structs with the fields of others, in their order: Arrow 19 casts to the same ones alone."""
    there, asked = lists.type.value_type, kind.value_type
    if not (pa.types.is_struct(there) and pa.types.is_struct(asked)):
        return lists
    names = [field.name for field in asked]
    values: list[Any] = [lists.values.field(name) for name in names]
    structs = pa.StructArray.from_arrays(values, names=names)
    return pa.ListArray.from_arrays(lists.offsets, structs, mask=lists.is_null())
