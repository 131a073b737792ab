"""What a run has to read: asked, less what is covered, and what is due to be read again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from connector.core.planning.coverage.parking import due_parked, parked_keys
from connector.core.planning.coverage.whole import Reading
from connector.core.state.data_file import parked_seconds, with_changes
from connector.core.state.partition import partition_of, partitions_in
from connector.core.time.intervals import Interval, Intervals
from connector.core.time.times import END_OF_TIME
from connector.core.units import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from connector.core.state.data_file import DataFile
    from connector.core.state.partition import Granularity, PartitionKey
    from connector.core.state.table_state import TableState


NOTHING = Intervals()
"""No second."""

RECENTLY = 28 * DAY
"""Seconds of an account's newest time by which its usual density is told: weekends and the turn of a month included."""

REFRESH_AGAIN = 6 * 3600
"""Seconds until rows are read again that stay pending beyond their `available_on`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run's work.

    Attributes:
        todo: seconds to read.
        refresh: those of them that are read again because pending rows there are due.
        read_before: seconds an earlier run had read; a new row there is late.
        refreshes: paths of the files whose rows that may be due are all asked for.
        asked: seconds that the lake was ever asked for, by this run too.
        in_part: visible partitions that an earlier run left in part, or whose rest is parked: nothing newer becomes
            visible before they are whole.
    """

    todo: Intervals
    refresh: Intervals = field(default_factory=Intervals)
    read_before: Intervals = field(default_factory=Intervals)
    refreshes: tuple[str, ...] = ()
    asked: Intervals = field(default_factory=Intervals)
    in_part: tuple[Interval, ...] = ()


def plan(
    state: TableState | None,
    asked: Interval,
    *,
    now: int,
    settle: int = 0,
    full_refresh: bool = False,
    all_due: bool = False,
) -> Plan:
    """Decide what to read: what is known to be lacking is left to the run, which reads it again within bounds.

    What was left in part is completed, also where this run does not ask for it: partitions with parked rows, those that
    this run touches, and visible ones that are older than what it reads.

    Args:
        state: the lake's state, or None for a new lake.
        asked: seconds asked for; up to `END_OF_TIME` for everything there is.
        now: UTC seconds by Stripe's clock.
        settle: seconds before now from which on rows may still come.
        full_refresh: read all of what is asked, covered or not.
        all_due: read again what is due also where it is not asked for.
    """
    whole = Intervals((asked,))
    if state is None:
        return Plan(whole, asked=whole)
    unsettled = Intervals.span(max((part.stop for part in state.covered), default=END_OF_TIME), state.read_until)
    read_before = state.covered.union(unsettled)
    everywhere = Interval(0, END_OF_TIME)
    refresh, refreshes = (Intervals(), ()) if full_refresh else _due(state, everywhere if all_due else asked, now)
    todo = whole if full_refresh else whole.minus(_read(state)).union(refresh)
    reading = reading_of(state, whole, settled=now - settle, again=todo)
    left, in_part = _left_in_part(state, reading, todo)
    todo = Intervals.of([*todo, *left, *due_parked(state, now)])
    return Plan(todo, refresh, read_before, refreshes, reading.asked, in_part)


def _due(state: TableState, asked: Interval, now: int) -> tuple[Intervals, tuple[str, ...]]:
    """Return the seconds where pending rows are due, and the files whose due rows are then all asked for."""
    due = {
        file.path: Intervals.span(file.pending_created[0], file.pending_created[1] + 1).both(state.covered)
        for file in due_files(state, now)
        if file.pending_created is not None
    }
    refresh = Intervals.of(part for parts in due.values() for part in parts).within(asked)
    return refresh, tuple(path for path, parts in due.items() if parts and parts.within(asked) == parts)


def reading_of(state: TableState, asked: Intervals, *, settled: int, again: Intervals = NOTHING) -> Reading:
    """Return what a lake's state says of time; what is known to be lacking is a loss, and no partition in part for it.

    Args:
        state: the state.
        asked: what this run asks for besides.
        settled: the first second that may still get rows.
        again: what this run reads, of which what is lacking counts as not read so far.
    """
    return Reading(state.asked.union(asked), _read(state, again=again), settled)


def _read(state: TableState, *, again: Intervals = NOTHING) -> Intervals:
    """Return the seconds that were read, those of rows known to be lacking among them, unless they are read again."""
    lacking = state.audits.lacking.minus(again)
    return Intervals.of([*state.covered, *lacking, *parked_seconds(state.parked.values())])


def _left_in_part(state: TableState, reading: Reading, todo: Intervals) -> tuple[Intervals, tuple[Interval, ...]]:
    """Return the seconds that complete partitions, and the visible ones that what is newer has to wait for.

    Rows that are parked have been read, but readers of a visible partition do not see them yet.
    """
    partition = state.partition
    parked = {key.bounds for key in parked_keys(state)}
    newest = max((part.stop for part in (*todo, *parked)), default=0)
    not_shown = reading.unread.union(Intervals.of(parked))
    in_part = tuple(interval for interval in visible_in(state, not_shown) if interval.stop < newest)
    left = Intervals.of(
        part for interval in {*in_part, *parked, *ends_of(todo, partition)} for part in reading.rest_of(interval)
    )
    return left, in_part


def visible_in(state: TableState, seconds: Intervals) -> tuple[Interval, ...]:
    """Return the bounds of the visible partitions that share a second with these, the oldest first."""
    files = touched_files(state, seconds) if seconds else ()
    return tuple(sorted(bounds_of(file, state.partition) for file in files))


def ends_of(todo: Intervals, partition: Granularity) -> set[Interval]:
    """Return the bounds of the partitions that intervals begin or end in; others are in them whole, or not at all."""
    return {partition_of(second, partition).bounds for part in todo for second in (part.start, part.stop - 1)}


def usual_density(state: TableState | None) -> float | None:
    """Return how many rows per second the newest time of a lake has; None where there is no lake yet.

    Args:
        state: the lake's state.
    """
    if state is None:
        return None
    stops = [part.stop for part in state.covered if part.stop < END_OF_TIME]
    if not stops:
        return 0.0
    recent = Interval(max(0, stops[-1] - RECENTLY), stops[-1])
    return rows_between(state, recent) / state.covered.within(recent).seconds


def rows_between(state: TableState, seconds: Interval) -> float:
    """Return about how many rows were created in some seconds, as if those of a file came evenly."""
    total = 0.0
    for file in state.files.values():
        shared = min(seconds.stop, file.last_created + 1) - max(seconds.start, file.first_created)
        total += file.rows * max(0, shared) / (file.last_created + 1 - file.first_created)
    return total


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


def bounds_of(file: DataFile, partition: Granularity) -> Interval:
    """Return the seconds of the partition a file holds."""
    return partition_of(file.first_created, partition).bounds


def pieces(
    todo: Intervals, count: int, partition: Granularity, *, weigh: Callable[[Interval], float] | None = None
) -> list[Interval]:
    """Cut work into at most `count` pieces of about equal weight that share no partition.

    Each can be given to a writer of its own: no two write the same file. A piece may span seconds that are covered;
    they are subtracted when it is carried out.

    Args:
        todo: seconds to read.
        count: pieces at most, at least 1.
        partition: time that one file holds.
        weigh: says how many rows to expect in an interval; its seconds count by default.
    """
    if not todo:
        return []
    shares: dict[PartitionKey, Interval] = {}
    for part in todo:
        for key in partitions_in(part, partition):
            start, stop = max(part.start, key.start), min(part.stop, key.stop)
            shares[key] = Interval(shares[key].start if key in shares else start, stop)
    weights = [weigh(share) if weigh else share.seconds for share in shares.values()]
    left, done = sum(weights), 0.0
    cut: list[Interval] = []
    begun = None
    for share, weight in zip(shares.values(), weights, strict=True):
        begun = share.start if begun is None else begun
        done += weight
        if len(cut) < count - 1 and done * (count - len(cut)) >= left > 0:
            cut.append(Interval(begun, share.stop))
            begun, left, done = None, left - done, 0.0
    if begun is not None:
        cut.append(Interval(begun, todo.parts[-1].stop))
    return cut
