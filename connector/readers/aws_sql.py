"""Athena, and Redshift Spectrum: external tables over S3, whose partitions have to be made known.

Source: docs.aws.amazon.com/athena/latest/ug/create-table, …/msck-repair-table, …/compression-formats,
…/openx-json-serde;
docs.aws.amazon.com/redshift/latest/dg/r_CREATE_EXTERNAL_TABLE, …/c-spectrum-data-files (gzip, snappy, bzip2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from connector.readers.bucket import in_bucket
from connector.readers.described import Had
from connector.readers.writing import (
    NOT_RUN,
    Statement,
    backslashed_text,
    hive_type,
    line_notes,
    sql_text,
    unreadable,
    without_objects,
    wrapped,
)
from connector.tables.arrow import INSTANT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.readers.described import Column, LakeTable

_ATHENA = {
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.float64(): "double",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.string(): "string",
    INSTANT: "timestamp",
}
_REDSHIFT = {**_ATHENA, pa.float64(): "double precision", pa.string(): "varchar(65535)"}
_SERDE = "row format serde 'org.openx.data.jsonserde.JsonSerDe'"
_AT_ONCE = 100
"""Partitions that one statement of Redshift's adds at most."""


def write_athena(table: LakeTable) -> Statement:
    """Write an external table; over lines, a view above it.

    Raises:
        ConfigError: Athena cannot read the format, or the place.
    """
    if table.format == "arrow":
        raise unreadable(table, "Athena", "it has no reader of Arrow files")
    table, notes = in_bucket(table, "s3", engine="Athena")
    name = f"{table.name}_lines" if table.is_lines else table.name
    fields = [f"`{column.name}` {hive_type(column.type, _ATHENA)}" for column in table.line_columns()]
    partitions = ", ".join(f"`{partition.name}` {_ATHENA[partition.type]}" for partition in table.partitions)
    text = (
        f"create external table if not exists {name} (\n{wrapped(fields)}\n)\npartitioned by ({partitions})\n"
        f"{_SERDE if table.is_lines else 'stored as parquet'}\n"
        f"location {backslashed_text(f'{table.folder}/')};\n\nmsck repair table {name};"
    )
    if table.is_lines:
        columns = wrapped(map(_of_athena, table.all_columns))
        text += f"\n\ncreate or replace view {table.name} as select\n{columns}\nfrom {name};"
    after = "Run `msck repair table` after each sync: days that it has not found are not read, and nothing says so."
    return Statement("sql", text, table.names, (f"Athena: {NOT_RUN}.", *notes, after, *line_notes(table)))


def write_redshift(table: LakeTable) -> Statement:
    """Write an external table with its partitions; over lines, a view above it.

    Raises:
        ConfigError: Redshift cannot read the table in this format, or the place.
    """
    if table.format in {"arrow", "jsonl.zst"}:
        raise unreadable(table, "Redshift", "of these formats it reads Parquet, and JSON lines plain or in gzip")
    if table.is_lines:
        table = without_objects(table, "Redshift")
    table, notes = in_bucket(table, "s3", engine="Redshift")
    name = f"YOUR_EXTERNAL_SCHEMA.{table.name}{'_lines' if table.is_lines else ''}"
    fields = [f"{_quoted(column.name)} {hive_type(column.type, _REDSHIFT)}" for column in table.line_columns()]
    partitions = ", ".join(f"{partition.name} {_REDSHIFT[partition.type]}" for partition in table.partitions)
    created = (
        f"create external table {name} (\n{wrapped(fields)}\n)\npartitioned by ({partitions})\n"
        f"{_SERDE if table.is_lines else 'stored as parquet'}\nlocation {sql_text(f'{table.folder}/')};"
    )
    parts = [created, *_added_partitions(table, name)]
    if table.is_lines:
        columns = wrapped(map(_of_redshift, table.all_columns))
        parts.append(f"create or replace view {table.name} as select\n{columns}\nfrom {name}\nwith no schema binding;")
    after = (
        "Partitions are added one by one, again after each sync: days that are not added are not read, and nothing"
        f" says so.{'' if table.paths else ' With DEST, those of the lake are written here.'}"
    )
    return Statement(
        "sql", "\n\n".join(parts), table.names, (f"Redshift: {NOT_RUN}.", *notes, after, *line_notes(table))
    )


def _added_partitions(table: LakeTable, name: str) -> Iterator[str]:
    folders = sorted({path.rpartition("/")[0] for path in table.paths})
    for start in range(0, len(folders), _AT_ONCE):
        lines = [
            f"  partition ({', '.join(_value(label) for label in folder.split('/')[-2:])})"
            f" location {sql_text(f'{table.place}/{folder}/')}"
            for folder in folders[start : start + _AT_ONCE]
        ]
        yield f"alter table {name} add if not exists\n" + "\n".join(lines) + ";"


def _value(label: str) -> str:
    name, value = label.split("=", 1)
    return f"{name} = {value if name == 'created_year' else sql_text(value)}"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _of_athena(column: Column) -> str:
    if column.had is Had.SECONDS:
        return f"cast(at_timezone(from_unixtime({column.name}), 'UTC') as timestamp) as {column.name}"
    if column.had is Had.ID_OF_SOURCE:
        return "if(starts_with(source, '{'), json_extract_scalar(source, '$.id'), source) as source"
    if column.had is Had.TEXT_OF_SOURCE:
        return "if(starts_with(source, '{'), source) as source_object"
    return column.name


def _of_redshift(column: Column) -> str:
    name = _quoted(column.name)
    return f"timestamp 'epoch' + {name} * interval '1 second' as {name}" if column.had is Had.SECONDS else name
