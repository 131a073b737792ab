"""Daft.

It is told the columns: of its own it takes those of the file that it comes to first, not the same each time, and leaves
out what that one lacks (Daft 0.7). Objects in lines are left out: it gives null for an object in a column of text,
without a word.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from connector.readers.described import Had
from connector.readers.writing import (
    Statement,
    line_notes,
    python_text,
    refuse_hive_names,
    refuse_patterns,
    unreadable,
    without_objects,
    wrapped,
)
from connector.tables.arrow import INSTANT

if TYPE_CHECKING:
    from connector.readers.described import Column, LakeTable

_NAMES = {
    pa.bool_(): "T.bool()",
    pa.date32(): "T.date()",
    pa.float64(): "T.float64()",
    pa.int32(): "T.int32()",
    pa.int64(): "T.int64()",
    pa.string(): "T.string()",
    INSTANT: 'T.timestamp("us", "UTC")',
}

_PLAIN = re.compile(r"[A-Za-z0-9_./-]*")
"""Relative paths that Daft does not take for a URL with a mistake in it."""


def write(table: LakeTable) -> Statement:
    """Write a data frame.

    Raises:
        ConfigError: Daft cannot read the table in this format, or the place.
    """
    if table.format == "arrow":
        raise unreadable(table, "Daft", "it has no reader of Arrow files")
    refuse_patterns(table, "*?[]{}\\", "Daft")
    refuse_hive_names(table, "Daft")
    if table.is_lines:
        table = without_objects(table, "Daft")
    if table.is_local and not _PLAIN.fullmatch(table.place):
        table = replace(table, place=str(Path(table.place).absolute()))
    files = python_text(f"{table.folder}/**/*{table.suffix}")
    there = table.line_columns() if table.is_lines else table.columns
    fields = [f"{python_text(column.name)}: {_type(column.type)}" for column in there]
    schema = f"    infer_schema=False,\n    schema={{\n{wrapped(fields, '        ')},\n    }},\n"
    reader = "read_json" if table.is_lines else "read_parquet"
    text = (
        f"import daft\nfrom daft import DataType as T, col\n\n{table.name} = daft.{reader}(\n    {files},\n"
        f"    hive_partitioning=True,\n{schema}).select(\n{wrapped(map(_expression, table.all_columns), '    ')},\n)"
    )
    return Statement("python", text, table.names, line_notes(table))


def _expression(column: Column) -> str:
    name = python_text(column.name)
    if column.had is Had.SECONDS:
        return f"(col({name}) * 1_000_000).cast({_NAMES[INSTANT]}).alias({name})"
    if column.type == pa.int32():
        return f"col({name}).cast({_NAMES[column.type]})"
    return f"col({name})"


def _type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"T.list({_type(kind.value_type)})"
    if pa.types.is_struct(kind):
        return f"T.struct({{{', '.join(f'{python_text(field.name)}: {_type(field.type)}' for field in kind)}}})"
    return _NAMES[kind]
