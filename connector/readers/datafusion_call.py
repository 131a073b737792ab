"""DataFusion, from Python. What is not declared of partitions is not there, and no message says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.readers.described import Had
from connector.readers.writing import (
    Statement,
    line_notes,
    pairs_of_arrow,
    python_text,
    refuse_patterns,
    without_objects,
    wrapped,
)

if TYPE_CHECKING:
    from connector.readers.described import Column, LakeTable

_CODECS = {"jsonl.zst": '"zstd"', "jsonl.gz": '"gzip"', "jsonl.plain": "None"}
_UTC = "'Timestamp({}, Some(\"UTC\"))'"


def write(table: LakeTable) -> Statement:
    """Write a table of a session context.

    Raises:
        ConfigError: DataFusion cannot read the table in this format, or the place.
    """
    refuse_patterns(table, "*?[]", "DataFusion")
    if table.is_lines:
        return _lines(without_objects(table, "DataFusion"))
    register = "register_parquet" if table.format == "parquet" else "register_arrow"
    text = (
        f"{_HEAD}ctx.{register}(\n    {python_text(table.name)},\n    {python_text(f'{table.folder}/')},\n"
        f"    table_partition_cols=[{', '.join(pairs_of_arrow(table.partitions))}],\n)\n"
        f"{table.name} = ctx.table({python_text(table.name)}).select(\n"
        f"{wrapped(map(python_text, table.names), '    ')},\n)"
    )
    return Statement("python", text, table.names, _notes(table))


_HEAD = "import pyarrow as pa\nfrom datafusion import SessionContext\n\nctx = SessionContext()\n"


def _lines(table: LakeTable) -> Statement:
    files = f"{table.name}_lines"
    columns = wrapped(map(_expression, table.all_columns), "    ")
    text = (
        f"{_HEAD}ctx.register_json(\n    {python_text(files)},\n    {python_text(f'{table.folder}/')},\n"
        f"    schema=pa.schema([\n{wrapped(pairs_of_arrow(table.line_columns()), '        ')},\n    ]),\n"
        f"    file_extension={python_text(table.suffix)},\n    file_compression_type={_CODECS[table.format]},\n"
        f"    table_partition_cols=[{', '.join(pairs_of_arrow(table.partitions))}],\n)\n"
        f'ctx.sql("""\ncreate or replace view {table.name} as select\n{columns}\nfrom {files}\n""")\n'
        f"{table.name} = ctx.table({python_text(table.name)})"
    )
    return Statement("python", text, table.names, (*_notes(table), *line_notes(table)))


def _notes(table: LakeTable) -> tuple[str, ...]:
    if table.is_local:
        return ()
    return ("Register the bucket with ctx.register_object_store first: DataFusion knows none by itself.",)


def _expression(column: Column) -> str:
    if column.had is Had.SECONDS:
        moment = f"arrow_cast({column.name}, {_UTC.format('Second')})"
        return f"arrow_cast({moment}, {_UTC.format('Microsecond')}) as {column.name}"
    return column.name
