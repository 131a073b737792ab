"""Sharing out a batch of any order over its partitions."""

from __future__ import annotations

from connector.core.state.partition import partitions_in
from connector.core.time.intervals import Interval, Intervals
from connector.lake.formats.row_columns import bounds_of, inside


def by_partition(batch, granularity):
    """Share out a batch's rows over their partitions, oldest first; order within each is kept."""
    if not batch.num_rows:
        return
    first, last = bounds_of(batch)
    keys = list(partitions_in(Interval(first, last + 1), granularity))
    if len(keys) == 1:
        yield keys[0], batch
        return
    for key in keys:
        part = batch.filter(inside(batch.column("created"), Intervals((key.bounds,))))
        if part.num_rows:
            yield key, part
