"""DuckDB.

Files of lines are never sampled: DuckDB 2.0 looks at 32 of them, and reads as null for ever what was null in those.
Folders above the lake are looked at for partitions, too, so columns are named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from connector.readers.described import Had
from connector.readers.writing import (
    Statement,
    escaped,
    line_notes,
    refuse_hive_names,
    refuse_patterns,
    sql_text,
    unreadable,
    wrapped,
)
from connector.tables.arrow import INSTANT

if TYPE_CHECKING:
    from connector.readers.described import Column, LakeTable

_NAMES = {
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.float64(): "DOUBLE",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.string(): "VARCHAR",
    INSTANT: "TIMESTAMPTZ",
}

_CODECS = {"jsonl.zst": "zstd", "jsonl.gz": "gzip", "jsonl.plain": "uncompressed"}


def write(table: LakeTable) -> Statement:
    """Write a view.

    Raises:
        ConfigError: DuckDB cannot read the format, or the place.
    """
    if table.format == "arrow":
        raise unreadable(table, "DuckDB", "it reads Arrow files only with an extension that it downloads")
    refuse_patterns(table, "\\", "DuckDB")
    refuse_hive_names(table, "DuckDB")
    files = sql_text(f"{escaped(table.folder, '*?[', '[{}]'.format)}/**/*{table.suffix}")
    types = ", ".join(f"{sql_text(partition.name)}: {_type(partition.type)}" for partition in table.partitions)
    options = f"hive_partitioning = true, hive_types = {{{types}}}"
    if table.is_lines:
        columns = wrapped(
            [f"{sql_text(column.name)}: {sql_text(_type(column.type))}" for column in table.line_columns()], "    "
        )
        compression = f"compression = '{_CODECS[table.format]}'"  # said, since `?` in a path hides the ending
        options += f",\n  format = 'newline_delimited', {compression}, columns = {{\n{columns}\n  }}"
    elif table.mixed:
        options += ", union_by_name = true"
    reader = "read_json" if table.is_lines else "read_parquet"
    text = (
        f"create or replace view {table.name} as select\n{wrapped(map(_expression, table.all_columns))}\n"
        f"from {reader}({files},\n  {options}\n);"
    )
    return Statement("sql", text, table.names, line_notes(table))


def _expression(column: Column) -> str:
    if column.had is Had.SECONDS:
        return f"to_timestamp({column.name}) as {column.name}"
    if column.had is Had.ID_OF_SOURCE:
        return "case when starts_with(source, '{') then source ->> '$.id' else source end as source"
    if column.had is Had.TEXT_OF_SOURCE:
        return "case when starts_with(source, '{') then source end as source_object"
    return column.name


def _type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"{_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        return f"STRUCT({', '.join(f'{field.name} {_type(field.type)}' for field in kind)})"
    return _NAMES[kind]
