"""What becomes of the state when rows are parked, taken up, or lost: pure steps from one state to the next."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.state.data_file import parked_seconds
from connector.core.time.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from connector.core.state.data_file import ParkedFile
    from connector.core.state.partition import PartitionKey
    from connector.core.state.table_state import TableState


def parked_of(state: TableState, key: PartitionKey) -> tuple[ParkedFile, ...]:
    """Return a partition's parked files, those parked first before the others."""
    return tuple(
        parked_file for _, parked_file in sorted(state.parked.items()) if parked_file.file.first_created in key.bounds
    )


def parked_keys(state: TableState) -> set[PartitionKey]:
    """Return the partitions that have parked rows."""
    return {parked_file.key(state.partition) for parked_file in state.parked.values()}


def with_parked(state: TableState, parked: Iterable[ParkedFile]) -> TableState:
    """Return the state after these files were parked durably."""
    return replace(state, parked=MappingProxyType({**state.parked, **{file.path: file for file in parked}}))


def without_parked(state: TableState, paths: Collection[str]) -> TableState:
    """Return the state after the rows of these files became visible in data files."""
    left = {path: parked_file for path, parked_file in state.parked.items() if path not in paths}
    return replace(state, parked=MappingProxyType(left))


def setting_aside(state: TableState, is_theirs: Callable[[ParkedFile], bool]) -> TableState:
    """Return the state without parked files that other runs at work will take up themselves; they stay recorded.

    Args:
        state: as it is recorded, or as it was set aside before.
        is_theirs: says whether a file is one of those.
    """
    theirs = {path: parked_file for path, parked_file in state.parked.items() if is_theirs(parked_file)}
    aside = MappingProxyType({**state.aside, **theirs})
    return replace(without_parked(state, theirs), aside=aside) if theirs else state


def distrusting(state: TableState, damaged: Iterable[ParkedFile]) -> TableState:
    """Return the state without parked files that are lost: their seconds are read again, whoever else has rows of them.

    Rows of one second may lie in several files, as of a second that was read twice: none of the others is the whole
    answer for it.
    """
    lost = list(damaged)
    seconds = parked_seconds(lost)
    left = without_parked(state, {parked_file.path for parked_file in lost}).parked
    kept = {path: parked_file.answering(parked_file.seconds.minus(seconds)) for path, parked_file in left.items()}
    return replace(state, parked=MappingProxyType(kept))


def due_parked(state: TableState, now: int) -> list[Interval]:
    """Return the seconds of parked rows whose status may have changed: they become visible as they are now."""
    files = (parked_file.file for parked_file in state.parked.values())
    return [
        Interval(file.pending_created[0], file.pending_created[1] + 1)
        for file in files
        if file.pending_created is not None and file.pending_from is not None and file.pending_from <= now
    ]
