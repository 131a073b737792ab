"""Rows of one partition of which several runs have read a part each: together they may be all of it.

Each of two runs of different times may take a partition that both share for one in part, as it knows what the other was
asked for and not what it has read: it parks its rows, while the other parks its own or makes them visible. Whoever ends
last makes all of it visible.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.planning.coverage.parking import parked_keys
from connector.core.planning.coverage.plan import visible_in
from connector.core.state.data_file import parked_seconds
from connector.core.time.times import END_OF_TIME

if TYPE_CHECKING:
    from collections.abc import Collection

    from connector.core.planning.coverage.whole import Reading
    from connector.core.state.partition import PartitionKey
    from connector.core.state.table_state import TableState


def whole_together(state: TableState, reading: Reading) -> set[PartitionKey]:
    """Return the partitions with parked rows that are whole by what all have read, and wait for no other.

    Rows that others parked are taken where a partition is not whole without them.

    Args:
        state: as it is recorded.
        reading: what is known of the account's time, without the rows that are set aside.
    """
    aside = state.aside.values()
    together = replace(reading, read=reading.read.union(parked_seconds(aside)))
    first = min((interval.start for interval in visible_in(state, together.unread)), default=END_OF_TIME)
    in_part = {key for parked_file in aside if not reading.is_whole((key := parked_file.key(state.partition)).bounds)}
    waiting = in_part | parked_keys(state)
    return {key for key in waiting if key.start < first and together.is_whole(key.bounds)}


def rejoined(state: TableState, keys: Collection[PartitionKey]) -> TableState:
    """Return the state in which rows of some partitions that were set aside are to be taken up with the others."""
    taken = {path: parked_file for path, parked_file in state.aside.items() if parked_file.key(state.partition) in keys}
    if not taken:
        return state
    left = {path: parked_file for path, parked_file in state.aside.items() if path not in taken}
    return replace(state, parked=MappingProxyType({**state.parked, **taken}), aside=MappingProxyType(left))
