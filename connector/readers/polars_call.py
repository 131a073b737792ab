"""Polars.

The table's folder is named, never a pattern: a list of files or a glob with `[` in its path reads nothing, or others.
In a bucket it ends with a slash: without one it is an object that is not there.
Objects in lines are left out, since Polars 2.1 gives a text for them that is not JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from connector.readers.described import Had
from connector.readers.writing import Statement, line_notes, python_text, without_objects, wrapped
from connector.tables.arrow import INSTANT

if TYPE_CHECKING:
    from connector.readers.described import Column, LakeTable

_NAMES = {
    pa.bool_(): "pl.Boolean",
    pa.date32(): "pl.Date",
    pa.float64(): "pl.Float64",
    pa.int32(): "pl.Int32",
    pa.int64(): "pl.Int64",
    pa.string(): "pl.String",
    INSTANT: 'pl.Datetime("us", "UTC")',
}


def write(table: LakeTable) -> Statement:
    """Write a lazy frame.

    Raises:
        ConfigError: Polars cannot read the table in this format.
    """
    if table.is_lines:
        return _lines(without_objects(table, "Polars"))
    reader = "scan_parquet" if table.format == "parquet" else "scan_ipc"
    partitions = ", ".join(f"{python_text(partition.name)}: {_type(partition.type)}" for partition in table.partitions)
    text = (
        f"import polars as pl\n\n{table.name} = pl.{reader}(\n    {python_text(_folder(table))},\n    glob=False,\n"
        f"    hive_partitioning=True,\n    hive_schema={{{partitions}}},\n)"
    )
    return Statement("python", text, table.names)


def _lines(table: LakeTable) -> Statement:
    fields = [f"{python_text(column.name)}: {_type(column.type)}" for column in table.line_columns()]
    seconds = [python_text(column.name) for column in table.columns if column.had is Had.SECONDS]
    moments = f"pl.from_epoch(pl.col({', '.join(seconds)}))"
    made = [
        f'{moments}.dt.replace_time_zone("UTC").dt.cast_time_unit("us")',
        *map(_partition, table.partitions),
    ]
    text = (
        f"import polars as pl\n\n{table.name} = pl.scan_ndjson(\n    {python_text(_folder(table))},\n    schema={{\n"
        f"{wrapped(fields, '        ')},\n    }},\n"
        '    include_file_paths="file",\n).with_columns(\n'
        + "".join(f"    {line},\n" for line in made)
        + f").select(\n{wrapped([python_text(column.name) for column in table.all_columns], '    ')},\n)"
    )
    return Statement("python", text, table.names, line_notes(table))


def _folder(table: LakeTable) -> str:
    return table.folder if table.is_local else f"{table.folder}/"


def _partition(column: Column) -> str:
    value = (
        f'pl.col("file").str.extract("/{column.name}=([^/]+)/[^/]+$")'
        if column.name != "account"
        else ('pl.col("file").str.extract("/account=([^/]+)/[^/]+/[^/]+$")')
    )
    cast = {pa.date32(): ".str.to_date()", pa.int32(): ".cast(pl.Int32)"}.get(column.type, "")
    return f"{value}{cast}.alias({python_text(column.name)})"


def _type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"pl.List({_type(kind.value_type)})"
    if pa.types.is_struct(kind):
        return f"pl.Struct({{{', '.join(f'{python_text(field.name)}: {_type(field.type)}' for field in kind)}}})"
    return _NAMES[kind]
