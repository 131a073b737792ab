"""ClickHouse: the server, clickhouse-local, and chdb in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from connector.readers.described import Had
from connector.readers.writing import (
    Statement,
    backslashed_text,
    line_notes,
    refuse_hive_names,
    refuse_patterns,
    unreadable,
    wrapped,
)
from connector.tables.arrow import INSTANT

if TYPE_CHECKING:
    from connector.readers.described import Column, LakeTable

_NAMES = {
    pa.bool_(): "Bool",
    pa.date32(): "Date32",
    pa.float64(): "Float64",
    pa.int32(): "Int32",
    pa.int64(): "Int64",
    pa.string(): "String",
    INSTANT: "DateTime64(6, \\'UTC\\')",
}
_FUNCTIONS = {"s3": "s3", "gs": "gcs"}


def write(table: LakeTable) -> Statement:
    """Write a view.

    Raises:
        ConfigError: ClickHouse cannot read the place.
    """
    refuse_patterns(table, "*?{}", "ClickHouse")
    refuse_hive_names(table, "ClickHouse")
    files = backslashed_text(f"{table.folder}/**/*{table.suffix}")
    fields = [f"{column.name} {_declared(column, lines=table.is_lines)}" for column in table.line_columns()]
    fields += [f"{partition.name} {_NAMES[partition.type]}" for partition in table.partitions]
    form = "JSONEachRow" if table.is_lines else {"parquet": "Parquet", "arrow": "Arrow"}[table.format]
    alias = " as line" if table.is_lines else ""
    settings = "use_hive_partitioning = 1"
    if table.is_lines:
        settings += ", input_format_skip_unknown_fields = 1, input_format_json_read_objects_as_strings = 1"
    text = (
        f"create or replace view {table.name} as select\n{wrapped(map(_expression, table.all_columns))}\n"
        f"from {_function(table)}({files}, '{form}', '\n{wrapped(fields, '    ')}\n  '\n){alias}\n"
        f"settings {settings};"
    )
    relative = table.is_local and not table.place.startswith("/")
    where = ("A path is relative to the working directory; a server's, to its user_files_path.",) if relative else ()
    return Statement("sql", text, table.names, (*line_notes(table), *where))


def _function(table: LakeTable) -> str:
    if table.is_local:
        return "file"
    scheme = table.place.split("://")[0]
    if scheme not in _FUNCTIONS:
        raise unreadable(table, "ClickHouse", f"how it reads {scheme}:// is not known here; s3:// and gs:// are")
    return _FUNCTIONS[scheme]


def _expression(column: Column) -> str:
    if column.had is Had.SECONDS:
        return f"toDateTime64({column.name}, 6, 'UTC') as {column.name}"
    if column.had is Had.ID_OF_SOURCE:
        return "if(startsWith(line.source, '{'), JSONExtractString(line.source, 'id'), line.source) as source"
    if column.had is Had.TEXT_OF_SOURCE:
        return "if(startsWith(line.source, '{'), line.source, null) as source_object"
    return column.name


def _declared(column: Column, *, lines: bool) -> str:
    """Declare a column; where a line has null for a number, a type without nulls would make it 0."""
    written = _type(column.type)
    return f"Nullable({written})" if not pa.types.is_nested(column.type) and (column.nullable or lines) else written


def _type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"Array({_type(kind.value_type)})"
    if pa.types.is_struct(kind):
        return f"Tuple({', '.join(f'{field.name} Nullable({_type(field.type)})' for field in kind)})"
    return _NAMES[kind]
