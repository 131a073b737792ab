"""Snowflake: an external table over a stage.

Source: docs.snowflake.com/en/sql-reference/sql/create-external-table, …/create-file-format (zstd is found by itself),
…/user-guide/tables-external-intro (a file that cannot be read is skipped).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from connector.readers.bucket import in_bucket
from connector.readers.described import Had
from connector.readers.writing import NOT_RUN, Statement, backslashed_text, line_notes, unreadable
from connector.tables.arrow import INSTANT

if TYPE_CHECKING:
    from connector.readers.described import Column, LakeTable

_NAMES = {
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.float64(): "double",
    pa.int32(): "number(38, 0)",
    pa.int64(): "number(38, 0)",
    pa.string(): "varchar",
    INSTANT: "timestamp_ntz",
}


def write(table: LakeTable) -> Statement:
    """Write a stage and an external table.

    Raises:
        ConfigError: Snowflake cannot read the format, or the place.
    """
    if table.format == "arrow":
        raise unreadable(table, "Snowflake", "it has no file format of this kind")
    table, notes = in_bucket(table, "s3", "gs", "azure", engine="Snowflake")
    place = f"gcs{table.place.removeprefix('gs')}" if table.place.startswith("gs://") else table.place
    columns = [f"{column.name} {_type(column.type)} as ({_expression(column)})" for column in table.columns]
    columns += [
        f"{partition.name} {_type(partition.type)} as ({_partition(partition)})" for partition in table.partitions
    ]
    form = "type = json" if table.is_lines else "type = parquet, use_logical_type = true"
    text = (
        f"create stage if not exists stripe_balance\n  url = {backslashed_text(f'{place}/')}\n"
        f"  storage_integration = YOUR_INTEGRATION;\n\n"
        f"create or replace external table {table.name} (\n  " + ",\n  ".join(columns) + "\n)\n"
        f"partition by ({', '.join(partition.name for partition in table.partitions)})\n"
        f"location = @stripe_balance/{table.name}/\npattern = '.*/part-0{table.suffix.replace('.', '[.]')}'\n"
        f"file_format = ({form})\nauto_refresh = false;\n\nalter external table {table.name} refresh;"
    )
    after = (
        "Refresh it after each sync: it knows the files of the last refresh.",
        "A file that cannot be read is skipped without an error: compare count(*) with `stripe-balance status`.",
        "Moments are UTC.",
    )
    return Statement("sql", text, table.names, (f"Snowflake: {NOT_RUN}.", *notes, *after, *line_notes(table)))


def _expression(column: Column) -> str:
    name = column.name
    if column.had is Had.SECONDS:
        return f"to_timestamp_ntz(value:{name}::number)"
    if column.had is Had.TEXT_OF_OBJECT:
        return f"iff(typeof(value:{name}) = 'OBJECT', to_json(value:{name}), null)"
    if column.had is Had.ID_OF_SOURCE:
        return "iff(typeof(value:source) = 'OBJECT', value:source:id, value:source)::varchar"
    if column.had is Had.TEXT_OF_SOURCE:
        return "iff(typeof(value:source) = 'OBJECT', to_json(value:source), null)"
    return f"value:{name}" if pa.types.is_nested(column.type) else f"value:{name}::{_type(column.type)}"


def _partition(column: Column) -> str:
    value = f"split_part(split_part(metadata$filename, '{column.name}=', 2), '/', 1)"
    return value if column.type == pa.string() else f"{value}::{_type(column.type)}"


def _type(kind: pa.DataType) -> str:
    return "variant" if pa.types.is_nested(kind) else _NAMES[kind]
