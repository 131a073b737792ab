"""Figures of many small files at once, to be compared with those that the state has of each."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from connector.core.ledger.accounting import PENDING
from connector.lake.formats.row_columns import MICROSECONDS, value_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOW_BITS = 32
_NUMBER = "number"


class FileFigures(NamedTuple):
    """What the state has of a file, as far as its rows say it; see `DataFile`."""

    rows: int
    first_created: int
    last_created: int
    net: dict[str, int]
    pending: int
    pending_from: int | None
    pending_created: tuple[int, int] | None


def figures_of(whole: pa.RecordBatch, counts: Sequence[int]) -> list[FileFigures]:
    """Return the figures of files that lie one after the other, each sorted by `created`.

    Args:
        whole: all their rows.
        counts: rows of each file, at least 1.
    """
    ticks = whole.column("created").view(pa.int64())
    *starts, _ = accumulate(counts, initial=0)
    number = pc.list_parent_indices(pa.ListArray.from_arrays(pa.array([*starts, len(ticks)], pa.int32()), ticks))
    first = ticks.take(pa.array(starts, pa.int64())).to_pylist()
    last = ticks.take(pa.array([start + count - 1 for start, count in zip(starts, counts, strict=True)])).to_pylist()
    nets, pending = _nets(whole, number, len(counts)), _pending(whole, ticks, number)
    return [
        FileFigures(
            count, first[at] // MICROSECONDS, last[at] // MICROSECONDS, nets[at], *pending.get(at, (0, None, None))
        )
        for at, count in enumerate(counts)
    ]


def _nets(whole: pa.RecordBatch, number: pa.Array, files: int) -> list[dict[str, int]]:
    """Sum up `net` by file and currency, in two halves, since Arrow's sums wrap around without a word."""
    net = whole.column("net")
    halves = pa.table(
        {
            _NUMBER: number,
            "currency": whole.column("currency"),
            "high": pc.shift_right(net, value_of(net, _LOW_BITS)),
            "low": pc.bit_wise_and(net, value_of(net, 2**_LOW_BITS - 1)),
        }
    )
    sums = halves.group_by([_NUMBER, "currency"], use_threads=False).aggregate([("high", "sum"), ("low", "sum")])
    nets: list[dict[str, int]] = [{} for _ in range(files)]
    for row in sums.to_pylist():
        nets[row[_NUMBER]][row["currency"]] = (row["high_sum"] << _LOW_BITS) + row["low_sum"]
    return nets


def _pending(
    whole: pa.RecordBatch, ticks: pa.Array, number: pa.Array
) -> dict[int, tuple[int, int | None, tuple[int, int] | None]]:
    """Count pending rows by file, with when the first of them is due, and when the first and the last were created."""
    status = whole.column("status")
    mask = pc.equal(status, value_of(status, PENDING))
    if not pc.any(mask).as_py():
        return {}
    due = whole.column("available_on").view(pa.int64())
    waiting = pa.table({_NUMBER: number, "created": ticks, "due": due}).filter(mask)
    wanted: list[tuple[str | list[str], str]] = [
        ([], "count_all"),
        ("created", "min"),
        ("created", "max"),
        ("due", "min"),
    ]
    return {
        row[_NUMBER]: (
            row["count_all"],
            None if row["due_min"] is None else row["due_min"] // MICROSECONDS,
            (row["created_min"] // MICROSECONDS, row["created_max"] // MICROSECONDS),
        )
        for row in waiting.group_by([_NUMBER], use_threads=False).aggregate(wanted).to_pylist()
    }
