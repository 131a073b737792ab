"""What a run has to read: asked, less what is covered, and what is due to be read again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.planning.walk import PAGE_SIZE
from connector.core.state.data_file import with_changes
from connector.core.state.partition import partition_of, partitions_in
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.core.state.data_file import DataFile
    from connector.core.state.partition import Granularity, PartitionKey
    from connector.core.state.table_state import TableState


RECENTLY = 28 * DAY
"""Seconds of an account's newest time by which its usual density is told: weekends and the turn of a month included."""

REFRESH_AGAIN = 6 * 3600
"""Seconds until rows are read again that stay pending beyond their `available_on`."""

MENDING = 1_000
"""Requests that a run spends unasked on reading again what the lake has lost; more of them take `--repair`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run's work.

    Attributes:
        todo: seconds to read.
        refresh: those of them that are read again because pending rows there are due.
        read_before: seconds an earlier run had read; a new row there is late.
        refreshes: paths of the files whose rows that may be due are all asked for.
    """

    todo: Intervals
    refresh: Intervals = field(default_factory=Intervals)
    read_before: Intervals = field(default_factory=Intervals)
    refreshes: tuple[str, ...] = ()


def plan(state: TableState | None, asked: Interval, *, now: int, full_refresh: bool = False) -> Plan:
    """Decide what to read: what is known to be lacking is left to `Work`, which has it read again within bounds.

    Args:
        state: the lake's state, or None for a new lake.
        asked: seconds asked for; up to `END_OF_TIME` for everything there is.
        now: UTC seconds by Stripe's clock.
        full_refresh: read all of what is asked, covered or not.
    """
    whole = Intervals((asked,))
    if state is None:
        return Plan(whole)
    unsettled = Intervals.span(max((part.stop for part in state.covered), default=END_OF_TIME), state.read_until)
    read_before = state.covered.union(unsettled)
    if full_refresh:
        return Plan(whole, read_before=read_before)
    due = {
        file.path: Intervals.span(file.pending_created[0], file.pending_created[1] + 1).both(state.covered)
        for file in due_files(state, now)
        if file.pending_created is not None
    }
    refresh = Intervals.of(part for parts in due.values() for part in parts).within(asked)
    refreshes = tuple(path for path, parts in due.items() if parts and parts.within(asked) == parts)
    todo = whole.minus(state.covered).minus(state.audits.lacking).union(refresh)
    return Plan(todo, refresh, read_before, refreshes)


def usual_density(state: TableState | None) -> float | None:
    """Return how many rows per second the newest time of a lake has; None where there is no lake yet.

    Args:
        state: the lake's state.
    """
    if state is None:
        return None
    stop = max((part.stop for part in state.covered if part.stop < END_OF_TIME), default=0)
    recent = Interval(max(0, stop - RECENTLY), max(1, stop))
    seconds = state.covered.within(recent).seconds
    rows = sum(file.rows for file in state.files.values() if file.first_created in recent)
    return rows / seconds if seconds else 0.0


def concluded(state: TableState, work: Plan, *, read_until: int, now: int) -> TableState:
    """Return a state with what a run may say that read all it had planned.

    Args:
        state: with the run's files.
        work: what was planned.
        read_until: newest second that was read up to, exclusive.
        now: UTC seconds, when the run began.
    """
    again = set(work.refreshes)
    files = {path: with_changes(file, refreshed=now) if path in again else file for path, file in state.files.items()}
    return replace(state, read_until=max(state.read_until, read_until), files=MappingProxyType(files))


def due_files(state: TableState, now: int) -> Iterable[DataFile]:
    """Return the files with pending rows whose time has come: `available_on` has no filter and tells no event."""
    return [file for file in state.files.values() if file.pending_from is not None and file.pending_from <= now]


def asked_since(file: DataFile, now: int) -> int:
    """Return the second after which a row has to have become due for its file to be asked about; -1 for any row.

    Rows that were still pending when they were last read after their time are not asked for again at once.
    """
    return -1 if now - file.refreshed >= REFRESH_AGAIN else file.refreshed


def touched_files(state: TableState, todo: Intervals) -> list[DataFile]:
    """Return the files that new rows of `todo` would be merged with."""
    return [file for file in state.files.values() if todo.touching(bounds_of(file, state.partition))]


def without(state: TableState, files: Iterable[DataFile]) -> TableState:
    """Forget files that cannot be trusted, and that their partitions were covered."""
    distrusted = list(files)
    bounds = Intervals.of(bounds_of(file, state.partition) for file in distrusted)
    gone = {file.path for file in distrusted}
    left = {path: file for path, file in state.files.items() if path not in gone}
    return replace(state, files=MappingProxyType(left), covered=state.covered.minus(bounds))


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


def reread(state: TableState, files: Iterable[DataFile]) -> tuple[TableState, Intervals]:
    """Return the state without lost files, and the seconds to read to have their rows again.

    A file may hold rows of time that was not covered yet.
    """
    lost = list(files)
    kept = without(state, lost)
    held = Intervals.of(Interval(file.first_created, file.last_created + 1) for file in lost)
    return kept, state.covered.minus(kept.covered).union(held)


def leaving(work: Plan, files: Iterable[DataFile], partition: Granularity) -> Plan:
    """Return a plan that leaves the partitions of some files alone."""
    left = list(files)
    bounds, paths = Intervals.of(bounds_of(file, partition) for file in left), {file.path for file in left}
    return replace(
        work,
        todo=work.todo.minus(bounds),
        refresh=work.refresh.minus(bounds),
        refreshes=tuple(path for path in work.refreshes if path not in paths),
    )


def bounds_of(file: DataFile, partition: Granularity) -> Interval:
    """Return the seconds of the partition a file holds."""
    return partition_of(file.first_created, partition).bounds


def pieces(todo: Intervals, count: int, partition: Granularity) -> list[Interval]:
    """Cut work into at most `count` pieces of about equal time that share no partition.

    Each can be given to a writer of its own: no two write the same file. A piece may span seconds that are covered;
    they are subtracted when it is carried out.
    """
    if not todo:
        return []
    shares: dict[PartitionKey, Interval] = {}
    for part in todo:
        for key in partitions_in(part, partition):
            start, stop = max(part.start, key.start), min(part.stop, key.stop)
            shares[key] = Interval(shares[key].start if key in shares else start, stop)
    length = -(-sum(share.seconds for share in shares.values()) // count)
    found: list[Interval] = []
    begun, seconds = None, 0
    for share in shares.values():
        begun = share.start if begun is None else begun
        seconds += share.seconds
        if seconds >= length:
            found.append(Interval(begun, share.stop))
            begun, seconds = None, 0
    if begun is not None:
        found.append(Interval(begun, todo.parts[-1].stop))
    return found
