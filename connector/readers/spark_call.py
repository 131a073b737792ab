"""Spark, and Databricks' SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from connector.readers.bucket import in_bucket
from connector.readers.described import Had
from connector.readers.writing import (
    NOT_RUN,
    Statement,
    backslashed_text,
    escaped,
    hive_type,
    line_notes,
    python_text,
    unreadable,
    wrapped,
)
from connector.tables.arrow import INSTANT

if TYPE_CHECKING:
    from connector.readers.described import Column, LakeTable

_NAMES = {
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.float64(): "double",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.string(): "string",
    INSTANT: "timestamp",
}
_PATTERNS = "*?[]{}\\"


def write_spark(table: LakeTable) -> Statement:
    """Write a data frame of the session `spark`.

    Raises:
        ConfigError: Spark cannot read the format.
    """
    if table.format == "arrow":
        raise unreadable(table, "Spark", "it has no reader of Arrow files")
    fields = [
        f"{column.name} {hive_type(column.type, _NAMES)}" for column in (*table.line_columns(), *table.partitions)
    ]
    ends = [", "] * (len(fields) - 1) + [""]
    schema = "\n".join(f"    {python_text(field + end)}" for field, end in zip(fields, ends, strict=True))
    folder = python_text(escaped(table.folder, _PATTERNS, r"\{}".format))
    if table.is_lines:
        columns = wrapped([python_text(_expression(column)) for column in table.all_columns], "    ")
        read = f'.option("mode", "FAILFAST").json({folder}).selectExpr(\n{columns},\n)'
    else:
        read = f".parquet({folder})"
    text = f"{table.name} = spark.read.schema(\n{schema}\n){read}"
    started = ("A path is relative to where Spark was started.",) if _is_relative(table) else ()
    return Statement("python", text, table.names, (*line_notes(table), *started))


def write_databricks(table: LakeTable) -> Statement:
    """Write a view.

    Raises:
        ConfigError: Databricks cannot read the format.
    """
    if table.format == "arrow":
        raise unreadable(table, "Databricks", "read_files has no reader of Arrow files")
    table, notes = in_bucket(table, "s3")
    schema = ", ".join(
        f"{column.name} {hive_type(column.type, _NAMES)}" for column in (*table.line_columns(), *table.partitions)
    )
    options = [
        f"format => '{'json' if table.is_lines else 'parquet'}'",
        f"schema => {backslashed_text(schema)}",
        f"partitionColumns => '{','.join(partition.name for partition in table.partitions)}'",
        *(["mode => 'FAILFAST'"] if table.is_lines else []),
    ]
    folder = backslashed_text(escaped(f"{table.folder}/", _PATTERNS, r"\{}".format))
    text = (
        f"create or replace view {table.name} as select\n{wrapped(map(_expression, table.all_columns))}\n"
        f"from read_files({folder},\n" + ",\n".join(f"  {option}" for option in options) + "\n);"
    )
    return Statement("sql", text, table.names, (f"Databricks: {NOT_RUN}.", *notes, *line_notes(table)))


def _expression(column: Column) -> str:
    if column.had is Had.SECONDS:
        return f"timestamp_seconds({column.name}) as {column.name}"
    if column.had is Had.ID_OF_SOURCE:
        return "case when source like '{%' then get_json_object(source, '$.id') else source end as source"
    if column.had is Had.TEXT_OF_SOURCE:
        return "case when source like '{%' then source end as source_object"
    return column.name


def _is_relative(table: LakeTable) -> bool:
    return table.is_local and not table.place.startswith("/")
