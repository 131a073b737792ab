"""Whether rows differ, whatever their columns are."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from connector.lake.formats.row_columns import NO


def differing(left: pa.RecordBatch, right: pa.RecordBatch) -> int:
    """Count the rows in which two batches of one schema and length differ; null equals null."""
    differs = pa.repeat(NO, left.num_rows)
    for array, other in zip(left.columns, right.columns, strict=True):
        if not array.equals(other):
            differs = pc.or_(differs, _unequal(array, other))
    return pc.sum(differs).as_py() or 0


def _unequal(left: pa.Array, right: pa.Array) -> pa.Array:
    if pa.types.is_nested(left.type):
        return pa.array([not left.slice(row, 1).equals(right.slice(row, 1)) for row in range(len(left))], pa.bool_())
    one_is_null = pc.xor(left.is_null(), right.is_null())
    return pc.or_(one_is_null, pc.fill_null(pc.not_equal(left, right), fill_value=False))
