"""Objects of the small tables as lines of JSON, with the columns that order them beside each line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pyarrow as pa

from connector.tables.arrow import INSTANT, SECOND, arrow_schema
from connector.tables.fields import Json, to_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence


def lines_schema(table: str, keys: Sequence[str]) -> pa.Schema:
    """Return the schema of `to_lines`: the keys, then `line`."""
    known = arrow_schema(table)
    columns = [pa.field(name, known.field(name).type, nullable=False) for name in keys]
    return pa.schema([*columns, pa.field("line", pa.large_binary(), nullable=False)])


def to_lines(objects: Sequence[Json], table: str, keys: Sequence[str]) -> pa.RecordBatch:
    """Convert objects to lines.

    Args:
        objects: as they are to be written, moments among their keys in UTC seconds.
        table: name of the table, for the types of the keys.
        keys: names of the fields by which rows are ordered.
    """
    schema = lines_schema(table, keys)
    columns = [
        pa.array(
            [received[name] * SECOND if schema.field(name).type == INSTANT else received[name] for received in objects],
            kind,
        )
        for name, kind in zip(keys, schema.types, strict=False)
    ]
    lines = pa.array([to_bytes(received, orjson.OPT_APPEND_NEWLINE) for received in objects], pa.large_binary())
    return pa.RecordBatch.from_arrays([*columns, lines], schema=schema)
