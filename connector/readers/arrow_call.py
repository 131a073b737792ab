"""pyarrow, and pandas through it.

Datasets of pyarrow do not know lines ending in `.zst`, and take each field's type from the first file: lines are read
file by file, with types given.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connector.readers.described import Had
from connector.readers.writing import (
    Statement,
    line_notes,
    pairs_of_arrow,
    python_text,
    unreadable,
    without_objects,
    wrapped,
)

if TYPE_CHECKING:
    from connector.readers.described import LakeTable


def write_pyarrow(table: LakeTable) -> Statement:
    """Write a dataset; of lines, a table.

    Raises:
        ConfigError: pyarrow cannot read the table in this format.
    """
    return _lines(table, "pyarrow") if table.is_lines else _dataset(table)


def write_pandas(table: LakeTable) -> Statement:
    """Write a frame with the types of Arrow: in those of NumPy a whole number beside a null is rounded.

    Raises:
        ConfigError: pandas cannot read the table in this format.
    """
    if table.format != "parquet":
        statement = _lines(table, "pandas") if table.is_lines else _dataset(table)
        rows = statement.text if table.is_lines else f"{statement.text}.to_table()"
        return replace(statement, text=f"import pandas as pd\n{rows}.to_pandas(types_mapper=pd.ArrowDtype)")
    text = (
        f"import pandas as pd\nimport pyarrow as pa\nimport pyarrow.dataset as ds\n\n{_schema(table)}\n"
        f"{table.name} = pd.read_parquet(\n    {python_text(table.folder)},\n"
        f'    engine="pyarrow",\n    dtype_backend="pyarrow",\n    schema=schema,\n{_partitioning(table)},\n)'
    )
    return Statement("python", text, table.names)


def _dataset(table: LakeTable) -> Statement:
    text = (
        f"import pyarrow as pa\nimport pyarrow.dataset as ds\n\n{_schema(table)}\n{table.name} = ds.dataset(\n"
        f"    {python_text(table.folder)},\n    format={python_text(table.format)},\n    schema=schema,\n"
        f"{_partitioning(table)},\n)"
    )
    return Statement("python", text, table.names)


def _schema(table: LakeTable) -> str:
    """Give all columns their types: else what the first file lacks, being older, is in none."""
    return f"schema = pa.schema([\n{wrapped(pairs_of_arrow(table.all_columns), '    ')},\n])"


def _partitioning(table: LakeTable) -> str:
    names = ", ".join(python_text(partition.name) for partition in table.partitions)
    return f'    partitioning=ds.partitioning(pa.schema([schema.field(one) for one in [{names}]]), flavor="hive")'


def _lines(table: LakeTable, engine: str) -> Statement:
    if not table.is_local:
        raise unreadable(table, engine, "files of lines are read one by one here, from a local folder")
    table = without_objects(table, engine)
    seconds = [python_text(column.name) for column in table.columns if column.had is Had.SECONDS]
    fields = "[one for one in schema if one.name not in partitions]"
    text = f"""\
from pathlib import Path

import pyarrow as pa
import pyarrow.json as pj

partitions = [{", ".join(python_text(partition.name) for partition in table.partitions)}]
{_schema(table)}
in_lines = pa.schema({fields})
in_seconds = in_lines
for name in [{", ".join(seconds)}]:
    position = schema.get_field_index(name)
    in_lines = in_lines.set(position, pa.field(name, pa.int64()))
    in_seconds = in_seconds.set(position, pa.field(name, pa.timestamp("s", "UTC")))


def rows_of(file):
    rows = pj.read_json(
        file,
        read_options=pj.ReadOptions(block_size=2**26),
        parse_options=pj.ParseOptions(explicit_schema=in_lines, unexpected_field_behavior="ignore"),
    )
    rows = rows.select(in_lines.names).cast(in_seconds)
    for label in file.parts[-3:-1]:
        name, value = label.split("=", 1)
        rows = rows.append_column(name, pa.repeat(pa.scalar(value).cast(schema.field(name).type), len(rows)))
    return rows.cast(schema)


files = sorted(Path({python_text(table.folder)}).glob("*/*/*{table.suffix}"))
{table.name} = pa.concat_tables([schema.empty_table(), *map(rows_of, files)])"""
    return Statement("python", text, table.names, line_notes(table))
