"""BigQuery: external tables over Cloud Storage.

Source: cloud.google.com/bigquery/docs/hive-partitioned-queries, …/reference/standard-sql/data-definition-language,
…/loading-data-cloud-storage-json (gzip is the only compression of lines; whole numbers beyond 2^53).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from connector.readers.bucket import in_bucket
from connector.readers.described import Had
from connector.readers.writing import NOT_RUN, Statement, backslashed_text, line_notes, unreadable, wrapped
from connector.tables.arrow import INSTANT

if TYPE_CHECKING:
    from connector.readers.described import Column, LakeTable

_NAMES = {
    pa.bool_(): "BOOL",
    pa.date32(): "DATE",
    pa.float64(): "FLOAT64",
    pa.int32(): "INT64",
    pa.int64(): "INT64",
    pa.string(): "STRING",
    INSTANT: "TIMESTAMP",
}


def write(table: LakeTable) -> Statement:
    """Write an external table; over lines, a view above it.

    Raises:
        ConfigError: BigQuery cannot read the format, or the place.
    """
    if table.format in {"arrow", "jsonl.zst"}:
        raise unreadable(table, "BigQuery", "of these formats it reads Parquet, and JSON lines plain or in gzip")
    table, notes = in_bucket(table, "gs", engine="BigQuery")
    partitions = ", ".join(f"{partition.name} {_NAMES[partition.type]}" for partition in table.partitions)
    options = [
        f"format = '{'NEWLINE_DELIMITED_JSON' if table.is_lines else 'PARQUET'}'",
        f"uris = [{backslashed_text(f'{table.folder}/*')}]",
        f"hive_partition_uri_prefix = {backslashed_text(table.folder)}",
    ]
    notes = (f"BigQuery: {NOT_RUN}.", *notes, *line_notes(table))
    if not table.is_lines:
        end = _end(partitions, [*options, "enable_list_inference = true"])
        return Statement("sql", f"create or replace external table {table.name}\n{end}", table.names, notes)
    options += ["ignore_unknown_values = true", *(["compression = 'GZIP'"] if table.format == "jsonl.gz" else [])]
    fields = wrapped([f"{column.name} {_declared(column)}" for column in table.line_columns()])
    text = (
        f"create or replace external table {table.name}_lines (\n{fields}\n)\n{_end(partitions, options)}\n\n"
        f"create or replace view {table.name} as select\n{wrapped(map(_expression, table.all_columns))}\n"
        f"from {table.name}_lines;"
    )
    exact = "Its documentation warns that whole numbers beyond 2^53 in lines may be changed: Parquet is safe."
    return Statement("sql", text, table.names, (*notes, exact))


def _end(partitions: str, options: list[str]) -> str:
    written = ",\n".join(f"  {option}" for option in options)
    return f"with partition columns ({partitions})\noptions (\n{written}\n);"


def _declared(column: Column) -> str:
    return "JSON" if column.had is Had.TEXT_OF_OBJECT else _type(column.type)


def _expression(column: Column) -> str:
    name = column.name
    if column.had is Had.SECONDS:
        return f"timestamp_seconds({name}) as {name}"
    if column.had is Had.TEXT_OF_OBJECT:
        return f"if(json_type({name}) = 'null', null, to_json_string({name})) as {name}"
    if column.had is Had.ID_OF_SOURCE:
        return "if(json_type(source) = 'object', json_value(source, '$.id'), json_value(source)) as source"
    if column.had is Had.TEXT_OF_SOURCE:
        return "if(json_type(source) = 'object', to_json_string(source), null) as source_object"
    return name


def _type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"ARRAY<{_type(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"STRUCT<{', '.join(f'{field.name} {_type(field.type)}' for field in kind)}>"
    return _NAMES[kind]
