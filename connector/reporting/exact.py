"""Exact sums of Arrow's 64-bit columns, grouped, which Arrow's own would wrap around without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LOW_BITS = 32


def grouped(table: pa.Table, keys: Sequence[str], values: Sequence[str]) -> Iterator[tuple[tuple[Any, ...], list[int]]]:
    """Yield the groups of a table: their keys, then how many rows they have and the sum of each of the values.

    Args:
        table: rows.
        keys: columns to group by; a null is a group of its own.
        values: columns of whole numbers; a null counts nothing.
    """
    if not table.num_rows:
        return
    columns = {name: table.column(name) for name in keys}
    for name in values:
        columns[f"{name}.high"] = pc.shift_right(table.column(name), _LOW_BITS)
        columns[f"{name}.low"] = pc.bit_wise_and(table.column(name), 2**_LOW_BITS - 1)
    halves = [(f"{name}.{half}", "sum") for name in values for half in ("high", "low")]
    groups = pa.table(columns).group_by(list(keys), use_threads=False).aggregate([([], "count_all"), *halves])
    for row in groups.to_pylist():
        sums = [((row[f"{name}.high_sum"] or 0) << _LOW_BITS) + (row[f"{name}.low_sum"] or 0) for name in values]
        yield tuple(row[name] for name in keys), [row["count_all"], *sums]
