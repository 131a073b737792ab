"""What is read again because the lake has lost it: files that are damaged or gone, and time known to lack rows."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.api.page_size import PAGE_SIZE
from connector.core.planning.coverage.plan import Plan, bounds_of, ends_of, reading_of, visible_in
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.state.data_file import DataFile
    from connector.core.state.partition import Granularity
    from connector.core.state.table_state import TableState


def affordable(lost: Iterable[DataFile], requests: float) -> tuple[list[DataFile], float]:
    """Choose which lost files to read again, the newest first.

    Args:
        lost: files that are gone, or not as they were written.
        requests: how many there are to spend.

    Returns:
        The files, and the requests that they are thought to take: a page for each hundred rows, and one more.
    """
    chosen: list[DataFile] = []
    spent = 0.0
    for file in sorted(lost, key=lambda file: -file.last_created):
        cost = file.rows // PAGE_SIZE + 1
        if spent + cost <= requests:
            chosen.append(file)
            spent += cost
    return chosen, spent


def uncovered(state: TableState, files: Iterable[DataFile]) -> TableState:
    """Return the state without the time of the partitions of some files: they cannot be trusted.

    The files stay recorded until others take their place: who comes after a run that was cut off finds them again.
    """
    bounds = Intervals.of(bounds_of(file, state.partition) for file in files)
    return replace(state, covered=state.covered.minus(bounds))


def reread(state: TableState, files: Iterable[DataFile]) -> tuple[TableState, Intervals]:
    """Return the state without the time of lost files, and the seconds to read to have their rows again.

    A file may hold rows of time that was not covered yet.
    """
    lost = list(files)
    kept = uncovered(state, lost)
    held = Intervals.of(Interval(file.first_created, file.last_created + 1) for file in lost)
    return kept, state.covered.minus(kept.covered).union(held)


def forgetting(state: TableState, files: Iterable[DataFile]) -> TableState:
    """Return the state without those of some files that it still has as they are given."""
    gone = {file.path for file in files if file.path in state.files and state.files[file.path].sha256 == file.sha256}
    left = {path: file for path, file in state.files.items() if path not in gone}
    return replace(state, files=MappingProxyType(left)) if gone else state


def leaving(work: Plan, files: Iterable[DataFile], partition: Granularity) -> Plan:
    """Return a plan that leaves the partitions of some files alone."""
    left = list(files)
    bounds, paths = Intervals.of(bounds_of(file, partition) for file in left), {file.path for file in left}
    return replace(
        work,
        todo=work.todo.minus(bounds),
        refresh=work.refresh.minus(bounds),
        in_part=tuple(interval for interval in work.in_part if not bounds.touching(interval)),
        refreshes=tuple(path for path in work.refreshes if path not in paths),
    )


def completing(state: TableState, todo: Intervals) -> Intervals:
    """Return work with the rest of the partitions that it touches: only whole ones become visible.

    Args:
        state: the lake's state.
        todo: what is to be read.
    """
    reading = reading_of(state, Intervals(), settled=END_OF_TIME)
    rests = (part for interval in ends_of(todo, state.partition) for part in reading.rest_of(interval))
    return Intervals.of([*todo, *rests])


def rereading(state: TableState, seconds: Intervals, *, read_before: Intervals) -> Plan:
    """Return the work of reading again what partitions lack: what is newer waits until the older are whole.

    Args:
        state: the lake's state.
        seconds: what is lacking.
        read_before: seconds an earlier run had read; a new row there is late.
    """
    return Plan(completing(state, seconds), read_before=read_before, in_part=visible_in(state, seconds))
